"""Tables of DeepLabCut: three header rows (four with individuals), then x, y and likelihood in pixels by frame."""

from pathlib import Path
from typing import Any, Final

import asyconv
from asyconv.exchange.facts import facts_of, write_beside
from asyconv.exchange.regular import regular
from asyconv.exchange.tables import text_table
from asyconv.skeleton import JOINTS
from asyconv.tracks import Tracks
from asyconv.whole_files import write_whole

COORDS: Final = {"x": "x_px", "y": "y_px", "likelihood": "confidence"}


def write(tracks: Tracks, path: Path) -> list[str]:
    """Write pixels; the scorer names program and model, and says where the infant is simulated."""
    tracks, rate_hz = regular(tracks)
    model = "".join(c if c.isalnum() or c in "-." else "-" for c in str(tracks.meta.get("model_name") or "unknown"))
    scorer = f"asyconv-{asyconv.__version__}_{model}" + ("_SIMULATED" if tracks.meta.get("simulated") else "")
    columns: dict[str, Any] = {"frame": tracks.frame - 1}
    for j, joint in enumerate(JOINTS):
        columns |= {f"{joint} {coord}": getattr(tracks, name)[:, j] for coord, name in COORDS.items()}
    header = [
        ["scorer", *[scorer] * (len(columns) - 1)],
        ["bodyparts", *(joint for joint in JOINTS for _ in COORDS)],
        ["coords", *list(COORDS) * len(JOINTS)],
    ]
    lines = "".join(",".join(cells) + "\n" for cells in header)
    write_whole(path, lines + text_table(columns))
    write_beside(path, facts_of(tracks, "px", rate_hz=rate_hz))
    return []
