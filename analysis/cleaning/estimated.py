"""Estimated positions: every joint through the estimator, in pixels and in millimetres, and which gaps are bridged.

A find's SD is `FIND_SD_MM` where the joint is surely there, about the error that joints have over a tenth of a second,
and grows as confidence falls, its own or the mean of half a second to either side: a joint that comes and goes is half
hidden, and then found where its visible rest is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning.estimator import Steps, estimate
from asyconv.analysis.cleaning.positions import Positions
from asyconv.analysis.cleaning.timebase import TimeBase
from asyconv.analysis.formulas.filters import RUN_MIN_SAMPLES, stiffness
from asyconv.analysis.formulas.gaps import runs, whole
from asyconv.analysis.formulas.noise import white_noise
from asyconv.analysis.formulas.sampling import FAST_HZ
from asyconv.analysis.formulas.windows import means_between

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

FIND_SD_MM: Final = 1.76
DOUBT: Final = 0.15
"""Lack of confidence at which the SD of a find has grown by the factor 1.4."""
SURE: Final = 0.95
STEADY: Final = 0.75
"""Mean confidence about a sample, 0 where there is no find: a sure joint with a gap of 0.2 s still has it."""
STEADY_S: Final = 0.5
UNSURE_SD: Final = 2.5
"""A find whose SD is more than so many times that of a sure one is none: with a confidence below 0.6 it is more likely
that of another place, and many such finds agree on it."""
GATE_MAX: Final = 0.9
QUICK_HZ: Final = 6.0
BRIDGE_SD_MM: Final = 4.0
BRIDGE_S: Final = 1.0
EDGE: Final = 0.4
"""Of a period of the cut-off: how near the end of what was found its speed would be noisier."""


@dataclass(frozen=True)
class Estimated:
    """Joints [N, 12] through the estimator: positions [N, 12, D], their SD per axis and the SD of their speed.

    NaN where a joint is neither found nor bridged. `usual_speed_sd` [12] is the SD of the speed of a joint found surely
    throughout.
    """

    points: Floats
    sd: Floats
    speed_sd: Floats
    usual_speed_sd: Floats


def find_sd(at: Positions, points: Floats, gate: float) -> Floats:
    """SD of each find of `points` [N, 12, D] by its confidence, in units of that of a sure one.

    Confidence counts from the `gate` to 1, as if that were from 0.5: others' scales are their own.
    """
    confidence = 1 - np.minimum(1, (1 - np.nan_to_num(at.confidence)) / (1 - min(gate, GATE_MAX)) / 2)
    steady = _mean_about(np.where(whole(points), confidence, 0.0), at.time.fs_hz, at.excluded)
    lacking = np.maximum(SURE - confidence, STEADY - np.nan_to_num(steady, nan=1.0))
    return np.asarray(np.sqrt(1 + (np.maximum(lacking, 0.0) / DOUBT) ** 2))


def _mean_about(values: Floats, fs_hz: float, excluded: Bools) -> Floats:
    """Mean of `values` [N, J] within half a second to either side.

    What is `excluded` [N], or before the first or after the last sample, does not count; NaN where nothing does.
    """
    reach = max(1, round(STEADY_S * fs_hz))
    place = np.arange(len(values))
    first, stop = np.maximum(place - reach, 0), np.minimum(place + reach + 1, len(values))
    return means_between(values, ~excluded[:, None], first, stop)


def wanted(found: Bools, excluded: Bools, reach: int) -> Bools:
    """Samples [N] with a find, and those in gaps of at most `reach` samples with no excluded one among them."""
    place = np.arange(len(found))
    barred = np.cumsum(excluded)
    before = np.maximum.accumulate(np.where(found, place, -1))
    after = np.minimum.accumulate(np.where(found, place, len(found))[::-1])[::-1]
    inside = (before >= 0) & (after < len(found))
    a, b = np.where(inside, before, 0), np.where(inside, after, 0)
    return np.asarray(inside & (b - a <= reach + 1) & (barred[a] == barred[b]) & ~excluded)


def estimated(
    at: Positions, points: Floats, unit: float, cutoff_hz: float, relative_sd: Floats, *, evidence: bool
) -> Estimated:
    """Every joint of `points` [N, 12, D] through the estimator; `unit` is a millimetre in their unit.

    The motion of `at` takes part where `evidence` says so.
    """
    fs_hz = at.time.fs_hz
    edge = max(1, round(EDGE * fs_hz / cutoff_hz))
    motion = at.motion if evidence else None
    out = np.full_like(points, np.nan)
    sd, speed_sd = np.full((2, *points.shape[:2]), np.nan)
    usual = np.full(points.shape[1], np.nan)
    for j in range(points.shape[1]):
        found = whole(points[:, j])
        alive = wanted(found, at.excluded, round(BRIDGE_S * fs_hz))
        white = float(np.sqrt((white_noise(points[:, j], fs_hz) ** 2).mean())) if fs_hz >= FAST_HZ else np.nan
        sure = float(np.fmax(FIND_SD_MM * unit, white))
        steps = () if motion is None else motion.steps(j, found)
        quick = np.zeros(len(found), bool) if motion is None else motion.quick[:, j]
        soft = _soft(np.where(quick, max(cutoff_hz, quick_hz(at.time)), cutoff_hz), fs_hz)
        result = estimate(points[:, j], sure * relative_sd[:, j], alive, sure * soft, edge, steps)
        given = found | _bridged(found, alive, result.sd < BRIDGE_SD_MM * unit, steps)
        for start, stop in runs(given):
            given[start:stop] &= stop - start >= RUN_MIN_SAMPLES
        out[given, j], sd[given, j] = result.position[given], result.sd[given]
        speed_sd[given, j] = fs_hz * result.speed_sd[given]
        usual[j] = fs_hz * sure * _usual(fs_hz, cutoff_hz, points.shape[2])
    return Estimated(out, sd, speed_sd, usual)


def _soft(cutoff_hz: Floats, fs_hz: float) -> Floats:
    """SD of second differences, in SDs of a sure find, for a band [N] up to `cutoff_hz`."""
    return np.asarray([1 / np.sqrt(stiffness(hz, fs_hz)) for hz in np.unique(cutoff_hz)])[
        np.unique(cutoff_hz, return_inverse=True)[1]
    ]


def quick_hz(time: TimeBase) -> float:
    """The wider band: of quick movement that pictures confirm, and of the series for smoothness and spectra."""
    return min(QUICK_HZ, time.effective_hz / 3)


def _bridged(found: Bools, alive: Bools, sure: Bools, steps: Sequence[Steps]) -> Bools:
    """Samples [N] between finds that are given: whole gaps of `sure` positions, and all of these that steps hold."""
    held = np.zeros(len(found), bool)
    for step in steps:
        known = np.asarray((step.information != 0).any(axis=(1, 2)))
        for shift in range(step.lag):
            held[shift : len(held)] |= known[: len(held) - shift]
    out = ~found & alive & sure & held
    for start, stop in runs(~found & alive):
        if sure[start:stop].all():
            out[start:stop] = True
    return out


@cache
def _usual(fs_hz: float, cutoff_hz: float, dims: int) -> float:
    """SD per sample of the speed of a joint that is found throughout with an SD of 1."""
    n = 6 * max(10, round(fs_hz / cutoff_hz))
    soft = _soft(np.full(n, cutoff_hz), fs_hz)
    result = estimate(np.zeros((n, dims)), np.ones(n), np.ones(n, bool), soft, 1)
    return float(result.speed_sd[n // 2])
