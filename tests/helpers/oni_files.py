"""Small OpenNI files and their pictures."""

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

from asyconv.recordings.stream import Recording
from tests.helpers import oni_bytes as twin

Depth = npt.NDArray[np.uint16]


def coded(table: list[int], first: int, *codes: int) -> bytes:
    return struct.pack(f"<H{len(table)}HH", len(table), *table, first) + bytes(codes)


def picture(seed: int, shape: tuple[int, int] = (6, 8)) -> Depth:
    rng = np.random.default_rng(seed)
    return rng.choice([0, 0, 0, 700, 701, 702, 810, 2000], size=shape).astype(np.uint16)


def depths(recording: Recording) -> list[Depth]:
    return [frame.depth for frame in recording.frames()]


def twin_file(path: Path, *records: bytes, header: bytes = twin.HEADER) -> Path:
    path.write_bytes(header + b"".join(records))
    return path
