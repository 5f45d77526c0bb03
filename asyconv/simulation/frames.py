"""The frames of a simulated infant: what the sensor reports, and which joints are seen."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from asyconv.simulation.infant import Infant
from asyconv.simulation.scene import sensed_depth, true_depth
from asyconv.simulation.visible import visible_joints

Progress = Callable[[int, int], None]
"""``progress(done, total)`` is told of the frames of all infants together."""


def frames_of(infant: Infant) -> Iterator[tuple[int, npt.NDArray[np.uint16], npt.NDArray[np.bool_]]]:
    """Index, sensed depth u16 [480, 640] in mm and visible joints [12] of every frame of `infant`."""
    for index in range(len(infant.motion.time_s)):
        z_mm, part = true_depth(infant, index)
        yield index, sensed_depth(infant, index, z_mm), visible_joints(infant, index, z_mm, part)


def told_of(progress: Progress, before: int, total: int) -> Callable[[int], None]:
    """What is told of the frames of one infant, of the `total` of all, after those `before` it."""
    return lambda done: progress(before + done, total)
