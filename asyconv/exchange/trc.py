"""Marker files of OpenSim (.trc): tab-separated, millimetres, an empty cell for what is missing."""

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
    """Write the markers in the camera's frame; joints that were never seen are left out, and named."""
    need_mm(tracks, "TRC")
    tracks, rate_hz = regular(tracks)
    seen = [j for j in range(len(JOINTS)) if np.isfinite(tracks.x_mm[:, j]).any()]
    never = [JOINTS[j] for j in range(len(JOINTS)) if j not in seen]
    n, rate = len(tracks.frame), f"{rate_hz:.6f}"
    keys = {
        "DataRate": rate, "CameraRate": rate, "NumFrames": str(n), "NumMarkers": str(len(seen)), "Units": "mm",
        "OrigDataRate": rate, "OrigDataStartFrame": "1", "OrigNumFrames": str(n),
    }  # fmt: skip
    columns: dict[str, Any] = {"frame": tracks.frame, "time_s": tracks.time_s.round(6)}
    for j in seen:
        columns |= {f"{JOINTS[j]} {axis}": getattr(tracks, f"{axis}_mm")[:, j] for axis in "xyz"}
    header = [
        ["PathFileType", "4", "(X/Y/Z)", f"{tracks.meta['recording_id']}.trc"],
        list(keys),
        list(keys.values()),
        ["Frame#", "Time", *(cell for j in seen for cell in (JOINTS[j], "", ""))],
        ["", "", *(f"{axis}{k + 1}" for k in range(len(seen)) for axis in "XYZ"), ""],
        [],
    ]
    lines = "".join("\t".join(cells) + "\n" for cells in header)
    columns["end"] = np.full(n, np.nan)  # OpenSim passes over the last cell of a line if it is empty
    write_whole(path, lines + text_table(columns, "\t"))
    turn = "OpenSim expects y to point up: turn the markers by X = x, Y = -z, Z = y for a camera above the infant"
    write_beside(path, facts_of(tracks, "mm", rate_hz=rate_hz, opensim=turn, markers_left_out=never))
    return [f"left out, because no frame shows them: {', '.join(never)}"] if never else []
