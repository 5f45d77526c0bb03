"""The frames of a simulated infant: what the sensor reports, and which joints and limbs are seen."""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.simulation.infant import FPS_HZ, Infant
from asyconv.simulation.scene import sensed_depth, true_depth
from asyconv.simulation.visible import visible_joints
from asyconv.skeleton import LIMBS

Progress = Callable[[int, int], None]
"""``progress(done, total)`` is told of the frames of all infants together."""

LOOKED_AT_S: Final = 2.0
"""Seconds between the frames at which limbs are looked at: each must be rendered."""


def frames_of(infant: Infant) -> Iterator[tuple[int, npt.NDArray[np.uint16], npt.NDArray[np.bool_]]]:
    """Index, sensed depth u16 [480, 640] in mm and visible joints [12] of every frame of `infant`."""
    for index in range(len(infant.motion.time_s)):
        z_mm, part = true_depth(infant, index)
        yield index, sensed_depth(infant, index, z_mm), visible_joints(infant, index, z_mm, part)


def limbs_visible_pct(infant: Infant) -> npt.NDArray[np.float64]:
    """Share of the time in which all three joints of each limb are visible, %, [4], by a frame every `LOOKED_AT_S`."""
    indices = range(0, len(infant.motion.time_s), round(LOOKED_AT_S * FPS_HZ))
    joints = np.array([visible_joints(infant, index, *true_depth(infant, index)) for index in indices])
    return np.array([100.0 * joints[:, list(chain)].all(axis=1).mean() for chain in LIMBS.values()])


def told_of(progress: Progress, before: int, total: int) -> Callable[[int], None]:
    """What is told of the frames of one infant, of the `total` of all, after those `before` it."""
    return lambda done: progress(before + done, total)
