"""Coordination: do two limbs, or two joints of a limb, move at the same time, and which comes first.

On log(1 + speed), so that one strong movement does not decide. Two limbs that slow down in the same quiet state
correlate without moving together; a lag is given only where the correlation exceeds what shifted time gives. Marchi
2020 found coordination not related to age.
"""

from dataclasses import replace
from typing import Any, Final

import numpy as np

from asyconv.analysis.formulas.bouts import onsets
from asyconv.analysis.formulas.coordination import SHIFTS_MIN, Lag, lag, starting_together
from asyconv.analysis.formulas.spectra import SEGMENT_S, coherence, windows
from asyconv.analysis.formulas.statistics import pearson
from asyconv.analysis.measures.gates import ANGLE, TOGETHER
from asyconv.analysis.measures.measure import LEFT_RIGHT, Arguments, Measure
from asyconv.analysis.series.angles import BENDS, RAISES
from asyconv.analysis.series.parts import LimbEpoch, PairEpoch


def _speeds(pair: PairEpoch) -> Arguments:
    """log(1 + speed) of both limbs [N], where both have one."""
    first, second = (limb.series.speed_mm_s for limb in pair.limbs)
    return tuple(np.where(pair.both_valid, np.log1p(np.nan_to_num(speed)), np.nan) for speed in (first, second))


def _lag(pair: PairEpoch) -> Arguments | str:
    """The lag of both limbs, and the samples it is of."""
    first, second = _speeds(pair)
    largest = lag(first, second, pair.epoch.fs_hz)
    return (largest, pair.both_valid) if np.isfinite(largest.bound) else f"too short for {SHIFTS_MIN} shifts"


def _lag_above_chance(largest: Lag, _: Any) -> float:
    return largest.lag_s if largest.correlation > largest.bound else float("nan")


def _onsets(pair: PairEpoch) -> Arguments:
    first, second = (onsets(limb.series.bouts, len(limb.series.valid)) for limb in pair.limbs)
    return first, second, pair.epoch.fs_hz


def _within_the_limb(limb: LimbEpoch) -> Arguments:
    angles = limb.series.angles.deg
    return angles[BENDS[limb.kind]], angles[RAISES[limb.kind]]


MARCHI: Final = "Marchi 2020, doi 10.1016/j.earlhumdev.2020.104942"
SHIN: Final = "after Shin 2022, doi 10.1038/s41598-022-07139-x"
STILL: Final = "no variation in common samples"


# fmt: off
def _pair(**declared: Any) -> Measure:
    """A measure of two limbs."""
    return Measure(**{"scope": "pair", "unit": "", "gates": TOGETHER, "decimals": 2, **declared})


MEASURES: Final[tuple[Measure, ...]] = (
    _pair(name="corr_speed_r", label="Correlation of speed",
          formula="Pearson r of log(1 + speed), samples valid for both", value=pearson, of=_speeds, otherwise=STILL,
          source=MARCHI, caution="a common quiet state raises it"),
    _pair(name="xcorr_max", label="Largest lagged correlation",
          formula="maximum within 1 s of the cross-correlation of log(1 + speed)",
          value=lambda largest, _: largest.correlation, of=_lag, source="after Meinecke 2006 (unverified)",
          caution="by chance alone it is above zero: see its bound"),
    _pair(name="xcorr_bound", label="Bound of lagged correlation by chance",
          formula="95th percentile of the same maximum round every shift of more than 5 s",
          value=lambda largest, _: largest.bound, of=_lag),
    _pair(name="lag_s", label="Lag", unit="s", formula="lag of the largest correlation, given above its bound; "
          "positive: the limb named second comes later", value=_lag_above_chance, of=_lag,
          otherwise="correlation not above that of shifted time", caution="resolved to one sample"),
    _pair(name="coherence_mean", label="Coherence 0.3 to 2 Hz", formula="mean magnitude-squared coherence of log(1 + "
          "speed), Welch windows of 10 s", gates=replace(TOGETHER, run_min_s=SEGMENT_S), value=coherence,
          of=lambda pair: (*_speeds(pair), pair.epoch.fs_hz), otherwise=STILL,
          n=lambda a, b, fs_hz: windows(np.isfinite(a + b), fs_hz), at_least=(8, "windows of 10 s"),
          caution="chance gives about 1 / windows"),
    _pair(name="co_onset_rate", label="Starting together", value=starting_together, of=_onsets,
          formula="share of bouts that start within 0.33 s of one of the other limb - the same share over shifted time",
          n=lambda a, b, _: int(min(a.sum(), b.sum())), at_least=(10, "bouts of each limb seen to start"),
          otherwise=f"too short for {SHIFTS_MIN} shifts", caution="a bout that goes on after a gap does not count"),
    _pair(name="angle_similarity_r", label="Likeness of left and right angle", formula="Pearson r of left and right "
          "elbow, or knee", gates=replace(ANGLE, needs_sides=True), value=pearson, of=lambda pair: tuple(
          limb.series.angles.deg[BENDS[limb.kind]] for limb in pair.common), otherwise=STILL, source=SHIN,
          caution="changes of posture weigh most", parts=LEFT_RIGHT),
    Measure(name="intralimb_r", label="Coupling within the limb", unit="", scope="limb", gates=ANGLE, decimals=2,
            formula="Pearson r of elbow and shoulder elevation, or knee and hip", value=pearson, of=_within_the_limb,
            otherwise=STILL, source="after Heriza 1988, Phys Ther 68:1687",
            caution="noise of the middle joint is in both angles"),
)
# fmt: on
