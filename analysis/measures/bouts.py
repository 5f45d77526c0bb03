"""Bouts and rest: stretches of movement by hysteresis on speed, and the pauses between them.

A bout starts where the speed is above max(20 mm/s, 2.5 floors) and reaches as far as it stays above max(10 mm/s, 1.6
floors); pauses up to 0.3 s are merged; bouts under 0.2 s (0.5 s below 25 Hz) are dropped. Bouts that touch a gap or an
end are cut: they count in rates, not in durations.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.formulas.bouts import burstiness, durations_s, rests_s, starts
from asyconv.analysis.formulas.statistics import interquartile_range, median, per_minute, percentile, share_pct
from asyconv.analysis.measures.amount import HAYES, QUICK_AMOUNT
from asyconv.analysis.measures.gates import AMOUNT
from asyconv.analysis.measures.measure import Arguments, Measure, size_of_first, stated
from asyconv.analysis.series.parts import BodyEpoch, LimbEpoch

Floats = npt.NDArray[np.float64]

TWITCH_MAX_S: Final = 0.5
INTERVALS_MIN: Final = 15
FUKUMOTO: Final = "after Fukumoto 1981, Brain Dev 3:37"


@dataclass(frozen=True)
class Bout:
    """One bout of one limb: its speed (mm/s) sample by sample."""

    fs_hz: float
    speed_mm_s: Floats


def _durations(limb: LimbEpoch) -> Arguments:
    return (durations_s(limb.series.bouts, len(limb.series.valid), limb.epoch.fs_hz),)


def _rests(limb: LimbEpoch) -> Arguments:
    return (rests_s(limb.series.bouts, limb.series.valid, limb.epoch.fs_hz),)


def _starts(limb: LimbEpoch) -> Arguments:
    return starts(limb.series.bouts, len(limb.series.valid)), limb.series.valid, limb.epoch.fs_hz


def _twitches(limb: LimbEpoch) -> Arguments:
    return _durations(limb)[0] < TWITCH_MAX_S, limb.series.valid, limb.epoch.fs_hz


def _among_any(body: BodyEpoch, fewest: int, most: int) -> Arguments:
    """Samples in which between `fewest` and `most` limbs move, and those in which any does, where all are seen."""
    any_limb = (body.active_limbs >= 1) & body.seen
    return any_limb & (body.active_limbs >= fewest) & (body.active_limbs <= most), any_limb


# fmt: off
def _limb(**declared: Any) -> Measure:
    """A measure of the bouts or rests of a limb."""
    return Measure(**{"scope": "limb", "gates": AMOUNT, "source": HAYES, **declared})


MEASURES: Final[tuple[Measure, ...]] = (
    _limb(name="bouts_per_min", label="Bouts", unit="1/min", tier="core", formula="bouts / analysed minutes; bouts "
          "shorter than 0.2 s (0.5 s below 25 Hz) are dropped", value=per_minute, of=_starts, n=size_of_first,
          caution="a bout cut by a gap counts as two"),
    *(_limb(name=f"bout_dur_{short}_s", label=label, unit="s", formula=f"{words} of the durations of bouts seen whole",
            value=value, of=_durations, otherwise="no bout seen whole", decimals=2,
            tier="core" if short == "median" else "extended",
            caution="long bouts are cut more often and then left out")
      for short, label, words, value in (
          ("median", "Median bout", "median", median), ("iqr", "IQR of bouts", "P75 - P25", interquartile_range),
          ("p90", "P90 bout", "90th percentile", partial(percentile, level=90.0)))),
    _limb(name="rest_median_s", label="Median rest", unit="s", tier="core",
          formula="median time between bouts, where all of it was seen", value=median, of=_rests,
          otherwise="no rest between two bouts seen whole",
          caution="slow movement below the threshold counts as rest"),
    _limb(name="twitch_per_min", label="Bouts under 0.5 s", unit="1/min", gates=QUICK_AMOUNT, source=FUKUMOTO,
          formula="whole bouts shorter than 0.5 s / analysed minutes", value=per_minute, of=_twitches, n=size_of_first,
          caution="not a reflex and not a seizure"),
    _limb(name="censored_bouts", label="Bouts cut", unit="", formula="bouts that touch a gap or an end", value=stated,
          of=lambda limb: (float(limb.series.bouts.cut.sum()), limb.series.bouts.cut | True), decimals=0),
    _limb(name="burstiness", label="Burstiness of rests", unit="",
          formula="(SD - mean) / (SD + mean) of the times between bouts", value=burstiness, of=_rests,
          at_least=(INTERVALS_MIN, "rests between bouts"),
          source="Goh and Barabasi 2008, EPL 81:48002", caution="rests on few intervals", decimals=2),
    *(Measure(name=f"{name}_pct", label=label, unit="%", scope="body", gates=AMOUNT, source=FUKUMOTO, value=share_pct,
              formula=f"samples with {words} moving / samples with any limb moving, all four seen",
              of=partial(_among_any, fewest=fewest, most=most), otherwise="no movement of any limb")
      for name, label, words, fewest, most in (("localised", "One limb alone", "exactly one limb", 1, 1),
                                               ("gross", "Three or four limbs", "three or four limbs", 3, 4))),
    Measure(name="duration_s", label="Duration", unit="s", scope="bout", formula="samples of the bout / sampling rate",
            value=stated, of=lambda bout: (len(bout.speed_mm_s) / bout.fs_hz,),
            caution="a cut bout lasted longer than that"),
    Measure(name="path_mm", label="Path", unit="mm", scope="bout", formula="sum of speed x sample time over the bout",
            value=stated, of=lambda bout: (bout.speed_mm_s.sum() / bout.fs_hz,),
            caution="not the distance between its ends"),
    Measure(name="speed_max_mm_s", label="Largest speed", unit="mm/s", scope="bout",
            formula="maximum of speed over the bout", value=stated, of=lambda bout: (bout.speed_mm_s.max(),),
            caution="noise makes it larger"),
)
# fmt: on
