"""Annotated data sets written to be checked: an infant that lies still, its pictures, and where findings lie."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from asyconv.labels.check import Finding
from asyconv.labels.label_sheets import cells_of, write_label_sheet

Array = npt.NDArray[np.float64]
POSE = np.array(
    [[380, 260], [375, 300], [355, 330], [285, 330], [265, 300], [262, 262],
     [350, 90], [375, 130], [348, 160], [292, 160], [265, 130], [290, 88]], float
)  # fmt: skip
FRAMES = list(range(1, 60, 5))
SHEET = "result_pz1.csv"
FLAT = cv2.imencode(".png", np.full((480, 640), 600, np.uint16))[1].tobytes()

Where = Counter[tuple[str, int | None, str]]


def where(findings: tuple[Finding, ...] | list[Finding]) -> Where:
    return Counter((one.file, one.row, one.kind) for one in findings)


def still_labels() -> Array:
    """Labels [12, 12, 2] of an infant that lies still, each click a little off, never twice in the same pixels."""
    wobble = np.random.default_rng(4).integers(-3, 4, size=(len(FRAMES), 12, 2))
    return POSE + wobble


def write_data_set(root: Path, rows: list[tuple[str, list[str]]], pictures: list[int], infant_id: str = "pz1") -> Path:
    folder = root / infant_id
    folder.mkdir(parents=True)
    for frame in pictures:
        (folder / f"{frame}_16bit.png").write_bytes(FLAT)
    write_label_sheet(root / f"result_{infant_id}.csv", rows)
    return root


def write_labels(root: Path, labels: Array) -> Path:
    names = (f"{frame}_8bit.png" for frame in FRAMES)
    return write_data_set(root, [(name, cells_of(xy)) for name, xy in zip(names, labels, strict=True)], FRAMES)


def drop_pictures(*frames: int) -> Callable[[Path], None]:
    def spoil(root: Path) -> None:
        for frame in frames:
            (root / "pz1" / f"{frame}_16bit.png").unlink()

    return spoil
