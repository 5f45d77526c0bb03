"""A simulated infant whose wrists and ankles swing as sines, to measure what of a movement comes through.

Each limb's outer segment swings about its elbow or knee, in the plane of the bed; four limbs at four frequencies at a
time. Three stretches of 6 s show every frequency twice.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from asyconv.simulation.body import Array
from asyconv.simulation.infant import Infant, frame_times
from asyconv.simulation.scene import BARE, make_infant
from asyconv.skeleton import LIMBS

FREQUENCIES_HZ: Final = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0)
STRETCH_S: Final = 6.0
STRETCHES: Final = 3
SWING_MM: Final = 12.0
EDGE_S: Final = 0.5  # swings begin and end within it, and nothing is measured there


@dataclass(frozen=True)
class Swing:
    """One limb (name) swinging at `frequency_hz` from `start_s` to `end_s`."""

    limb: str
    frequency_hz: float
    start_s: float
    end_s: float


def swings() -> list[Swing]:
    """Every swing of the recording, stretch by stretch."""
    count = len(FREQUENCIES_HZ)
    return [
        Swing(limb, FREQUENCIES_HZ[(4 * n + k) % count], n * STRETCH_S, (n + 1) * STRETCH_S)
        for n in range(STRETCHES)
        for k, limb in enumerate(LIMBS)
    ]


def swinging_infant(seed: int, number: int) -> Infant:
    """Infant `number` of `seed`, still but for its swings, uncovered, over the 18 s at 30 frames/s."""
    time_s = frame_times(STRETCHES * STRETCH_S)
    resting = make_infant(seed, number, time_s, moving=False, condition=BARE)
    joints = resting.joints_bed.copy()
    for swing in swings():
        _, middle, end = LIMBS[swing.limb]
        joints[:, end] = _swung(joints[:, middle], joints[:, end], swing, time_s)
    return replace(resting, joints_bed=joints)


def _swung(middle: Array, end: Array, swing: Swing, time_s: Array) -> Array:
    """`end` [N, 3] turned about `middle` in the plane of the bed; the distance between them stays."""
    arm = end - middle
    flat_mm = np.linalg.norm(arm[:, :2], axis=-1)
    ramp = np.clip(np.minimum(time_s - swing.start_s, swing.end_s - time_s) / EDGE_S, 0.0, 1.0)
    angle = ramp * SWING_MM / flat_mm * np.sin(2 * np.pi * swing.frequency_hz * (time_s - swing.start_s))
    cos, sin = np.cos(angle), np.sin(angle)
    turned = np.stack([cos * arm[:, 0] - sin * arm[:, 1], sin * arm[:, 0] + cos * arm[:, 1], arm[:, 2]], axis=-1)
    return np.asarray(middle + turned)
