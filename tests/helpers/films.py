"""Films of a simulated infant."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from asyconv.recordings.oni_writer import OniWriter
from asyconv.simulation.frames import frames_of
from asyconv.simulation.infant import HFOV_RAD, VFOV_RAD, Infant

TIME_S = np.arange(90) / 30.0


def films(infant: Infant) -> list[npt.NDArray[np.uint16]]:
    return [depth for _, depth, _ in frames_of(infant)]


def write(
    path: Path,
    frames: list[npt.NDArray[np.uint16]],
    mirrored: bool = False,
    simulated: bool = True,
    times_s: npt.NDArray[np.float64] | None = None,
) -> Path:
    """Write frames at `times_s`, else 30 a second; 30 is what the file states in any case."""
    height, width = frames[0].shape
    with OniWriter(
        path, width, height, 30.0, hfov_rad=HFOV_RAD, vfov_rad=VFOV_RAD, mirrored=mirrored, simulated=simulated
    ) as writer:
        for index, depth in enumerate(frames):
            writer.write(depth, round((index / 30 if times_s is None else times_s[index]) * 1e6))
    return path
