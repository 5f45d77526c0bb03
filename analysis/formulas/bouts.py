"""Bouts: when a limb moves, by hysteresis on its speed."""

from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.formulas.gaps import runs
from asyconv.analysis.formulas.sampling import FAST_HZ

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MOVE_ABOVE_MM_S: Final = 20.0


MOVE_WHILE_MM_S: Final = 10.0


ABOVE_FLOORS: Final = 2.5


WHILE_FLOORS: Final = 1.6


PAUSE_MAX_S: Final = 0.3


def moving_mask(
    speed_mm_s: Floats, valid: Bools, fs_hz: float, effective_hz: float, floor_mm_s: float | Floats
) -> Bools:
    """Hysteresis mask [N] of movement: above max(20 mm/s, 2.5 floors), kept while above max(10 mm/s, 1.6 floors).

    `floor_mm_s` is one for all samples or one for each [N].
    Pauses up to 0.3 s are merged, never across a gap; bouts shorter than 0.2 s (0.5 s below 25 Hz) are dropped.
    False where not `valid`.
    """
    known = np.where(valid, speed_mm_s, 0.0)
    above = known > np.maximum(MOVE_ABOVE_MM_S, ABOVE_FLOORS * floor_mm_s)
    while_ = known > np.maximum(MOVE_WHILE_MM_S, WHILE_FLOORS * floor_mm_s)
    moving = np.zeros(len(known), bool)
    for start, stop in runs(while_):
        moving[start:stop] = above[start:stop].any()
    pause_max = PAUSE_MAX_S * fs_hz + 1e-6
    for start, stop in runs(~moving):
        inner = start > 0 and stop < len(moving)
        if inner and stop - start <= pause_max and valid[start:stop].all():
            moving[start:stop] = True
    shortest = bout_min_s(effective_hz) * fs_hz - 1e-6
    for start, stop in runs(moving):
        if stop - start < shortest:
            moving[start:stop] = False
    return moving


def bout_min_s(effective_hz: float) -> float:
    """Shortest bout that the rate can resolve, in s."""
    return 0.2 if effective_hz >= FAST_HZ else 0.5
