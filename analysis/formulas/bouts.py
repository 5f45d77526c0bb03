"""Bouts and rests: when a limb moves, by hysteresis on its speed, and for how long.

A bout that touches a gap or an end of the recording is cut: it counts in rates, not in durations.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.formulas.gaps import runs, seen
from asyconv.analysis.formulas.sampling import FAST_HZ

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

MOVE_ABOVE_MM_S: Final = 20.0
MOVE_WHILE_MM_S: Final = 10.0
ABOVE_FLOORS: Final = 2.5
WHILE_FLOORS: Final = 1.6
HARMLESS_FLOOR_MM_S: Final = MOVE_WHILE_MM_S / WHILE_FLOORS  # up to this floor both thresholds stay at 20 and 10 mm/s
PAUSE_MAX_S: Final = 0.3


@dataclass(frozen=True)
class Bouts:
    """Bouts as sample ranges [start, stop) [K]; `cut_start` and `cut_stop` say at which ends they touch the unknown."""

    start: Ints
    stop: Ints
    cut_start: Bools
    cut_stop: Bools

    def __len__(self) -> int:
        """Number of bouts."""
        return len(self.start)

    @property
    def cut(self) -> Bools:
        """Which bouts were not seen whole [K]."""
        return self.cut_start | self.cut_stop

    def kept(self, mask: Bools) -> "Bouts":
        """The bouts in `mask` [K]."""
        return Bouts(self.start[mask], self.stop[mask], self.cut_start[mask], self.cut_stop[mask])

    def within(self, first: int, stop: int) -> "Bouts":
        """The bouts that begin in the samples [first, stop), counted from `first`."""
        inside = self.kept((self.start >= first) & (self.start < stop))
        return replace(inside, start=inside.start - first, stop=inside.stop - first)


def bouts(moving: Bools, valid: Bools) -> Bouts:
    """The runs of `moving` [N]; those that touch a sample that is not `valid` [N], or an end, are cut there."""
    ranges = np.array(runs(moving), np.int64).reshape(-1, 2)
    seen = np.concatenate([[False], valid, [False]])  # before the first and after the last sample nothing is known
    return Bouts(ranges[:, 0], ranges[:, 1], ~seen[ranges[:, 0]], ~seen[ranges[:, 1] + 1])


def durations_s(bouts: Bouts, n: int, fs_hz: float) -> Floats:
    """Duration (s) of each bout seen whole, at the sample of `n` where it starts; NaN elsewhere.

    Long bouts are cut more often, so the durations are too short where much is cut.
    """
    out = np.full(n, np.nan)
    out[bouts.start] = np.where(bouts.cut, np.nan, (bouts.stop - bouts.start) / fs_hz)
    return out


def rests_s(bouts: Bouts, valid: Bools, fs_hz: float) -> Floats:
    """Time (s) from the end of a bout to the start of the next, at the sample of `valid` [N] where that starts.

    NaN elsewhere, and where not all of the time between was seen. Movement below the threshold counts as rest.
    """
    out = np.full(len(valid), np.nan)
    for before, after in zip(bouts.stop[:-1].tolist(), bouts.start[1:].tolist(), strict=True):
        if valid[before:after].all():
            out[after] = (after - before) / fs_hz
    return out


def starts(bouts: Bouts, n: int) -> Bools:
    """Mark the samples of `n` at which a bout starts; a bout that goes on after a gap starts there, too."""
    out = np.zeros(n, bool)
    out[bouts.start] = True
    return out


def onsets(bouts: Bouts, n: int) -> Bools:
    """Mark the samples of `n` at which a bout was seen to start; the end of a gap is no onset."""
    out = np.zeros(n, bool)
    out[bouts.start[~bouts.cut_start]] = True
    return out


def per_bout(formula: Callable[[Floats], float], x: Floats, bouts: Bouts) -> Floats:
    """`formula` of `x` [N] over each bout seen whole [K]; NaN where `x` has a gap in it."""
    kept = ~bouts.cut & (bouts.stop <= len(x))
    pieces = [x[start:stop] for start, stop in zip(bouts.start[kept].tolist(), bouts.stop[kept].tolist(), strict=True)]
    return np.array([formula(piece) if np.isfinite(piece).all() else np.nan for piece in pieces], float)


def burstiness(intervals_s: Floats) -> float:
    """(SD - mean) / (SD + mean) of the intervals that were seen (no unit; -1 clockwork, 0 Poisson, 1 bursts).

    From 180 s it rests on few intervals; one change of state makes a burst (Goh and Barabasi 2008).
    """
    values = seen(intervals_s)
    return float((values.std() - values.mean()) / (values.std() + values.mean())) if len(values) else float("nan")


def moving_mask(
    speed_mm_s: Floats, valid: Bools, fs_hz: float, effective_hz: float, floor_mm_s: float | Floats
) -> Bools:
    """Hysteresis mask [N] of movement: above max(20 mm/s, 2.5 floors), kept while above max(10 mm/s, 1.6 floors).

    `floor_mm_s` is one for all samples or one for each [N]. Pauses up to 0.3 s are merged, never across a gap; bouts
    shorter than 0.2 s (0.5 s below 25 Hz) are dropped. False where not `valid`.
    """
    valid_speed_mm_s = np.where(valid, speed_mm_s, 0.0)
    above = valid_speed_mm_s > np.maximum(MOVE_ABOVE_MM_S, ABOVE_FLOORS * floor_mm_s)
    while_ = valid_speed_mm_s > np.maximum(MOVE_WHILE_MM_S, WHILE_FLOORS * floor_mm_s)
    moving = np.zeros(len(valid_speed_mm_s), bool)
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
