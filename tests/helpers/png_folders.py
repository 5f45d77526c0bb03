"""Small folders of pictures."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from asyconv.recordings.stream import Recording

Depth = npt.NDArray[np.uint16]


def smooth(n: int) -> Depth:
    """A slope of depths of a crib, a little different from picture to picture."""
    return (700 + np.add.outer(np.arange(40), np.arange(40)) + n).astype(np.uint16)


def named(folder: Path, names: list[str], times: str | None = None, file: str = "timestamps.csv") -> Path:
    folder.mkdir(exist_ok=True)
    for n, name in enumerate(names):
        cv2.imwrite(str(folder / name), smooth(n))
    if times is not None:
        (folder / file).write_text(times)
    return folder


def times_of(recording: Recording) -> list[float]:
    return [frame.time_s for frame in recording.frames()]
