"""Sheets of labels and flat pictures written to a folder, and the labels that they say."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from asyconv.labels.label_sheets import SHEET_COLUMNS, LabelSheet
from asyconv.skeleton import JOINTS

HEADER = ";".join(["image", *SHEET_COLUMNS])
SHEET_NAMES = {joint: joint.replace("wrist", "hand").replace("ankle", "foot") for joint in JOINTS}


def cells(frame: int, **points: str) -> list[str]:
    """Cells of a row: joint j at (100 + 10 j, 200 + frame), or what `points` says."""
    said = {SHEET_NAMES[name]: f"{100 + 10 * j},{200 + frame}" for j, name in enumerate(JOINTS)}
    said |= {"head": "5,5", "neck": "-1,-1"} | {SHEET_NAMES.get(name, name): text for name, text in points.items()}
    return [f"{frame}_8bit.png", *(said[column] for column in SHEET_COLUMNS)]


def labels(frame: int) -> npt.NDArray[np.float64]:
    """What `cells` says without `points`, [12, 2]."""
    return np.array([[100.0 + 10 * j, 200.0 + frame] for j in range(len(JOINTS))])


def write_sheet(path: Path, rows: Sequence[Sequence[str]], end: str = "\n", header: str = HEADER) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(end.join([header, *(";".join(row) for row in rows), ""]).encode())
    return path


def write_pictures(folder: Path, frames: Sequence[int], value: int = 600, bits: int = 16) -> None:
    """Flat pictures of 640x480, ``<frame>_16bit.png`` or ``<frame>_8bit.png``."""
    folder.mkdir(parents=True, exist_ok=True)
    picture = np.full((480, 640), value, np.uint16 if bits == 16 else np.uint8)
    for frame in frames:
        assert cv2.imwrite(str(folder / f"{frame}_{bits}bit.png"), picture)


def assert_every_missing_label_has_a_reason(sheet: LabelSheet) -> None:
    """A label is a number >= 0, or said to be missing, or its row has a fault."""
    for row in sheet.rows:
        known = row.xy_px[np.isfinite(row.xy_px)]
        assert (known >= 0).all()
        assert row.faults or row.name is not None
