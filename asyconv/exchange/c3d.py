"""C3D, the file of gait laboratories: markers in millimetres, missing ones invalid."""

import errno
import os
import tempfile
from pathlib import Path
from typing import Final

import numpy as np

from asyconv.errors import InputError
from asyconv.exchange.facts import as_text, facts_of
from asyconv.exchange.regular import need_mm, regular
from asyconv.skeleton import JOINTS
from asyconv.tracks import Tracks
from asyconv.whole_files import write_whole

FRAMES_MAX: Final = 65_535
"""The format counts frames in 16 bits."""


def write(tracks: Tracks, path: Path) -> list[str]:
    """Write the markers in the camera's frame; the group ASYCONV holds the facts and the notice."""
    import ezc3d

    need_mm(tracks, "C3D")
    tracks, rate_hz = regular(tracks)
    if len(tracks.frame) > FRAMES_MAX:
        raise InputError(f"C3D holds at most {FRAMES_MAX} frames, and this recording has {len(tracks.frame)}")
    xyz = np.stack([tracks.x_mm, tracks.y_mm, tracks.z_mm]).astype(np.float64)  # [3, N, 12]
    points = np.ones((4, len(JOINTS), len(tracks.frame)))
    points[:3] = xyz.transpose(0, 2, 1)
    missing = np.isnan(points).any(axis=0)
    points[:3, missing] = np.nan
    file = ezc3d.c3d()
    file["parameters"]["POINT"]["RATE"]["value"] = [rate_hz]
    file["parameters"]["POINT"]["LABELS"]["value"] = list(JOINTS)
    file["parameters"]["POINT"]["UNITS"]["value"] = ["mm"]
    facts = facts_of(tracks, "mm", rate_hz=rate_hz)
    about = {"NOTICE": facts["notice"], "AXES": facts["axes"], "FACTS": as_text(facts)}
    for name, text in about.items():
        ascii_text = text.replace("…", "...").encode("ascii", "replace").decode()
        pieces = [ascii_text[k : k + 120] for k in range(0, len(ascii_text), 120)]  # a dimension holds 255 at most
        file.add_parameter("ASYCONV", name, pieces)
    file["data"]["points"] = points
    file["data"]["meta_points"]["residuals"] = np.where(missing, -1.0, 0.0)[None]
    with tempfile.TemporaryDirectory() as folder:
        named = Path(folder) / "export.c3d"
        file.write(str(named))
        content = named.read_bytes()
    points_at = 512 * (int.from_bytes(content[16:18], "little") - 1)  # in blocks from 1; 4 numbers a point follow
    if len(content) < points_at + 16 * missing.size:  # ezc3d writes on where a disk is full
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    write_whole(path, content)
    return []
