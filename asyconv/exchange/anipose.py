"""Tables of Anipose: x, y, z in millimetres, error, number of cameras and score of each joint by frame."""

from pathlib import Path
from typing import Any

import numpy as np

from asyconv.exchange.facts import facts_of, write_beside
from asyconv.exchange.regular import need_mm, regular
from asyconv.exchange.tables import text_table
from asyconv.skeleton import JOINTS
from asyconv.tracks import Tracks
from asyconv.whole_files import write_whole


def write(tracks: Tracks, path: Path) -> list[str]:
    """Write millimetres; there is one camera, no reprojection error, and the camera's frame is not turned."""
    need_mm(tracks, "Anipose")
    tracks, rate_hz = regular(tracks)
    n = len(tracks.frame)
    columns: dict[str, Any] = {}
    for j, joint in enumerate(JOINTS):
        found = np.isfinite(tracks.x_mm[:, j])
        columns |= {f"{joint}_{axis}": getattr(tracks, f"{axis}_mm")[:, j] for axis in "xyz"}
        columns[f"{joint}_error"] = np.full(n, np.nan, np.float32)
        columns[f"{joint}_ncams"] = found.astype(np.int32)
        columns[f"{joint}_score"] = tracks.confidence[:, j]
    columns |= {f"M_{row}{column}": np.full(n, float(row == column)) for row in range(3) for column in range(3)}
    columns |= {f"center_{axis}": np.zeros(n) for axis in range(3)}
    columns["fnum"] = tracks.frame - 1
    write_whole(path, ",".join(columns) + "\n" + text_table(columns))
    write_beside(path, facts_of(tracks, "mm", rate_hz=rate_hz))
    return []
