"""Bouts and rest: stretches of movement by hysteresis on speed, and the pauses between them.

A bout starts where the speed is above max(20 mm/s, 2.5 floors) and reaches as far as it stays above max(10 mm/s, 1.6
floors); pauses up to 0.3 s are merged; bouts under 0.2 s (0.5 s below 25 Hz) are dropped. Bouts that touch a gap or an
end are cut: they count in rates, not in durations.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.formulas.bootstrap import Quantiles
from asyconv.analysis.measures.amount import HAYES, QUICK_AMOUNT, ratio
from asyconv.analysis.measures.definition import Measure, Value, value_of
from asyconv.analysis.measures.gates import AMOUNT, ANALYSED_MIN_S, COVERAGE_MIN_PCT, Gates
from asyconv.analysis.series.epochs import BodyEpoch, LimbEpoch
from asyconv.analysis.series.floor import FLOOR_MAX_MM_S

Floats = npt.NDArray[np.float64]

TWITCH_MAX_S: Final = 0.5
INTERVALS_MIN: Final = 15
FUKUMOTO: Final = "after Fukumoto 1981, Brain Dev 3:37"


@dataclass(frozen=True)
class Bout:
    """One bout of one limb: its speed (mm/s) sample by sample."""

    fs_hz: float
    speed_mm_s: Floats


def duration_s(bout: Bout) -> Value:
    """Samples of the bout / sampling rate (s); a cut bout lasted longer than that."""
    return Value(len(bout.speed_mm_s) / bout.fs_hz, len(bout.speed_mm_s))


def path_mm(bout: Bout) -> Value:
    """Sum of speed x sample time (mm), along the endpoint relative to its root; not the distance between its ends."""
    return Value(float(bout.speed_mm_s.sum() / bout.fs_hz), len(bout.speed_mm_s))


def speed_max_mm_s(bout: Bout) -> Value:
    """Largest speed of the bout (mm/s); noise makes it larger."""
    return Value(float(bout.speed_mm_s.max()), len(bout.speed_mm_s))


def _starts(limb: LimbEpoch, value: Callable[[int, int, bool], float]) -> Floats:
    """`value` of each bout at the sample where it starts, [N]; NaN elsewhere."""
    out = np.full(len(limb.valid), np.nan)
    for (start, stop), cut in zip(limb.bouts, limb.censored, strict=True):
        out[start - limb.first] = value(start, stop, cut)
    return out


def _durations(limb: LimbEpoch) -> Floats:
    """Duration (s) of each bout seen whole, at its start [N]; NaN elsewhere."""
    return _starts(limb, lambda start, stop, cut: np.nan if cut else (stop - start) / limb.fs_hz)


def _rests(limb: LimbEpoch) -> Floats:
    """Time (s) from the end of a bout to the start of the next, at the latter [N]; NaN where it was not all seen."""
    out = np.full(len(limb.valid), np.nan)
    for (_, before), (after, _) in zip(limb.bouts[:-1], limb.bouts[1:], strict=True):
        if limb.valid[max(0, before - limb.first) : after - limb.first].all():
            out[after - limb.first] = (after - before) / limb.fs_hz
    return out


def bouts_per_min(limb: LimbEpoch) -> Value:
    """Bouts that begin in the epoch / analysed minutes (1/min); a bout cut by a gap counts as two (Hayes 1993)."""
    starts = np.isfinite(_starts(limb, lambda start, stop, cut: 1.0))
    return value_of(ratio(starts.astype(float), limb.valid / limb.fs_hz / 60), len(limb.bouts))


def duration_quantile(*levels: float) -> Callable[[LimbEpoch], Value]:
    """Quantile of the durations of bouts seen whole (s), or the difference of two."""

    def duration(limb: LimbEpoch) -> Value:
        """Quantile, or difference of two, of the durations of bouts seen whole (s).

        Long bouts are cut more often, so this is too low where much is cut.
        """
        return _quantile(_durations(limb), levels, "no bout seen whole")

    return duration


def rest_quantile(*levels: float) -> Callable[[LimbEpoch], Value]:
    """Quantile of the rests between bouts (s)."""

    def rest(limb: LimbEpoch) -> Value:
        """Quantile of the time between bouts seen whole (s). Slow movement below the threshold counts as rest."""
        return _quantile(_rests(limb), levels, "no rest between two bouts seen whole")

    return rest


def _quantile(values: Floats, levels: tuple[float, ...], reason: str) -> Value:
    n = int(np.isfinite(values).sum())
    if not n:
        return Value(None, 0, reason)
    if len(levels) == 2:
        return value_of(Quantiles(values, levels, lambda q: q[..., 1] - q[..., 0]), n)
    return value_of(Quantiles(values, levels), n)


def twitch_per_min(limb: LimbEpoch) -> Value:
    """Whole bouts shorter than 0.5 s / analysed minutes (1/min; Fukumoto 1981). Not a reflex and not a seizure."""
    with np.errstate(invalid="ignore"):
        short = _durations(limb) < TWITCH_MAX_S
    return value_of(ratio(short.astype(float), limb.valid / limb.fs_hz / 60), int(short.sum()))


def censored_bouts(limb: LimbEpoch) -> Value:
    """Bouts that touch a gap or an end of the recording (count)."""
    return Value(float(sum(limb.censored)), len(limb.bouts))


def burstiness(limb: LimbEpoch) -> Value:
    """(SD - mean) / (SD + mean) of the rests between bouts (no unit; -1 clockwork, 0 Poisson, 1 bursts).

    From 180 s it rests on few intervals; of a change of state it makes a burst.
    """
    rests = _rests(limb)
    rests = rests[np.isfinite(rests)]
    if len(rests) < INTERVALS_MIN:
        return Value(None, len(rests), f"{len(rests)} rests between bouts, needs {INTERVALS_MIN}")
    spread, mean = float(rests.std()), float(rests.mean())
    return Value((spread - mean) / (spread + mean), len(rests))


def together_of(fewest: int, most: int) -> Callable[[BodyEpoch], Value]:
    """Share (%) of the time with any limb moving in which between `fewest` and `most` limbs move."""

    def together(body: BodyEpoch) -> Value:
        """Share of samples with any limb moving in which so many do (%), where all four are seen (Fukumoto 1981)."""
        any_limb = (body.active_limbs >= 1) & body.seen
        inside = any_limb & (body.active_limbs >= fewest) & (body.active_limbs <= most)
        if not any_limb.any():
            return Value(None, 0, "no movement of any limb")
        return value_of(ratio(inside.astype(float), any_limb.astype(float), 100), int(any_limb.sum()))

    return together


# fmt: off
MEASURES: Final[tuple[Measure, ...]] = (
    Measure("bouts_per_min", "Bouts", "1/min", "limb", "bouts / analysed minutes; bouts shorter than 0.2 s (0.5 s "
            "below "
            "25 Hz) are dropped", bouts_per_min, AMOUNT, HAYES, "a bout cut by a gap counts as two"),
    *(Measure(f"bout_dur_{short}_s", label, "s", "limb", f"{words} of the durations of bouts seen whole",
              duration_quantile(*levels), AMOUNT, HAYES, "long bouts are cut more often and then left out", decimals=2)
      for short, label, words, levels in (
          ("median", "Median bout", "median", (50.0,)), ("iqr", "IQR of bouts", "P75 - P25", (25.0, 75.0)),
          ("p90", "P90 bout", "90th percentile", (90.0,)), ("max", "Longest bout", "maximum", (100.0,)))),
    Measure("twitch_per_min", "Bouts under 0.5 s", "1/min", "limb", "whole bouts shorter than 0.5 s / analysed minutes",
            twitch_per_min, QUICK_AMOUNT, FUKUMOTO),
    Measure("censored_bouts", "Bouts cut", "", "limb", "bouts that touch a gap or an end", censored_bouts, AMOUNT,
            decimals=0),
    Measure("rest_median_s", "Median rest", "s", "limb", "median time between bouts, where all of it was seen",
            rest_quantile(50.0), AMOUNT, HAYES, "slow movement below the threshold counts as rest"),
    Measure("rest_max_s", "Longest rest", "s", "limb", "longest time between bouts, where all of it was seen",
            rest_quantile(100.0), AMOUNT, HAYES, "slow movement below the threshold counts as rest"),
    Measure("burstiness", "Burstiness of rests", "", "limb", "(SD - mean) / (SD + mean) of the times between bouts",
            burstiness, Gates(True, COVERAGE_MIN_PCT, ANALYSED_MIN_S, FLOOR_MAX_MM_S, bouts_min=INTERVALS_MIN + 1),
            caution="rests on few intervals", decimals=2),
    Measure("localised_pct", "One limb alone", "%", "body", "samples with exactly one limb moving / samples with any "
            "limb moving, all four seen", together_of(1, 1), AMOUNT, FUKUMOTO),
    Measure("gross_pct", "Three or four limbs", "%", "body", "samples with three or four limbs moving / samples with "
            "any limb moving, all four seen", together_of(3, 4), AMOUNT, FUKUMOTO),
    Measure("duration_s", "Duration", "s", "bout", "samples of the bout / sampling rate", duration_s),
    Measure("path_mm", "Path", "mm", "bout", "sum of speed x sample time over the bout", path_mm),
    Measure("speed_max_mm_s", "Largest speed", "mm/s", "bout", "maximum of speed over the bout", speed_max_mm_s,
            caution="noise makes it larger"),
)
# fmt: on
