"""Smoothness of whole bouts, and the movement units they are made of, from positions low-passed at 6 Hz.

SPARC and the log dimensionless jerk hold for one movement from rest to rest, so they are taken over bouts that were
seen whole, with a peak of at least 5 floors. Both fall with the duration and the number of strokes of a bout: compare
bouts of like duration. Kanemaru 2014 (doi 10.1016/j.earlhumdev.2014.05.004) found more jerk at 36-44 weeks in infants
with later cerebral palsy; their index has another form.
"""

from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np

from asyconv.analysis.formulas.bouts import Bouts, per_bout
from asyconv.analysis.formulas.kinematics import curvature
from asyconv.analysis.formulas.smoothness import Unit, log_dimensionless_jerk, movement_units, rise_times_s, sparc
from asyconv.analysis.formulas.statistics import median, per_minute
from asyconv.analysis.measures.amount import QUICK_AMOUNT
from asyconv.analysis.measures.measure import Arguments, Measure, size_of_first
from asyconv.analysis.series.parts import LimbEpoch

CLEAR_FLOORS: Final = 5.0
CURVED_FLOORS: Final = 3.0
ENOUGH_BOUTS: Final = (10, "bouts seen whole with a peak of 5 floors")
ENOUGH_UNITS: Final = (10, "movement units")
SHORT_S: Final = (0.2, 0.6)
LONG_S: Final = (0.6, 1.2)


def _quick_floor_mm_s(limb: LimbEpoch) -> float:
    return limb.series.quick_floor.value or 0.0


def _clear_bouts(limb: LimbEpoch, least_s: float, most_s: float) -> Bouts:
    """Bouts of the limb that last from `least_s` to below `most_s` and whose peak is at least 5 floors."""
    bouts, speed = limb.series.bouts, limb.series.quick_speed_mm_s
    ranges = zip(bouts.start.tolist(), bouts.stop.tolist(), strict=True)
    peaks = np.array([np.max(speed[start:stop]) for start, stop in ranges])
    seconds = (bouts.stop - bouts.start) / limb.epoch.fs_hz
    return bouts.kept((peaks >= CLEAR_FLOORS * _quick_floor_mm_s(limb)) & (seconds >= least_s) & (seconds < most_s))


def _of_bouts(limb: LimbEpoch, formula: Any, least_s: float = 0.0, most_s: float = np.inf) -> Arguments:
    """`formula` of the quick speed over each clear bout [K]."""
    of_one_bout = partial(formula, fs_hz=limb.epoch.fs_hz)
    return (per_bout(of_one_bout, limb.series.quick_speed_mm_s, _clear_bouts(limb, least_s, most_s)),)


def _units(limb: LimbEpoch) -> list[Unit]:
    """Movement units that peak while the limb moves."""
    units = movement_units(limb.series.quick_speed_mm_s, _quick_floor_mm_s(limb))
    return [unit for unit in units if limb.series.moving[unit.peak]]


def _peaks(limb: LimbEpoch) -> Arguments:
    """Samples with the peak of a movement unit, and those in which the limb moves."""
    peaks = np.zeros(len(limb.series.moving), bool)
    peaks[[unit.peak for unit in _units(limb)]] = True
    return peaks, limb.series.moving, limb.epoch.fs_hz


def _rise_times_ms(limb: LimbEpoch) -> Arguments:
    speed, least = limb.series.quick_speed_mm_s, CLEAR_FLOORS * _quick_floor_mm_s(limb)
    clear = [unit for unit in _units(limb) if speed[unit.peak] >= least]
    return (1000 * rise_times_s(speed, limb.epoch.fs_hz, clear),)


def _curvature_1_m(limb: LimbEpoch) -> Arguments:
    fast = limb.series.moving & (limb.series.quick_speed_mm_s > CURVED_FLOORS * _quick_floor_mm_s(limb))
    return (np.where(fast, 1000 * curvature(limb.series.quick_mm, limb.epoch.fs_hz), np.nan),)


BALASUBRAMANIAN: Final = "Balasubramanian 2015, J NeuroEng Rehabil 12:112"
CUT: Final = "speed low-passed at 6 Hz; changes with cut-off and rate"
UNIT: Final = "PMC4981505 (abstract only)"
JERK: Final = "-ln[(T^3 / v_peak^2) integral (d2v/dt2)^2 dt]"


# fmt: off
def _measure(**declared: Any) -> Measure:
    """A measure of smoothness of a limb."""
    return Measure(**{"scope": "limb", "gates": QUICK_AMOUNT, "caution": CUT, **declared})


MOVEMENT_UNITS: Final = _measure(
    name="mu_per_min_active", label="Movement units", unit="1/min", value=per_minute, of=_peaks, n=size_of_first,
    formula="movement units / minutes in which the limb moves", at_least=ENOUGH_UNITS, source=UNIT)

MEASURES: Final[tuple[Measure, ...]] = (
    _measure(name="bout_ldlj_median", label="Smoothness of bouts (LDLJ)", unit="", tier="core", decimals=2,
             formula=f"median over bouts seen whole, with a peak of at least 5 floors, of {JERK}", value=median,
             of=partial(_of_bouts, formula=log_dimensionless_jerk), at_least=ENOUGH_BOUTS, source=BALASUBRAMANIAN,
             caution=f"closer to 0 is smoother; falls with the duration: read it beside the median bout; ends slower "
             f"than 10 mm/s are cut off; {CUT}"),
    *(_measure(name=f"bout_ldlj_{word}_median", label=f"Smoothness of {word} bouts (LDLJ)", unit="", decimals=2,
               formula=f"median over bouts of {least_s:g} to {most_s:g} s of {JERK}", value=median,
               of=partial(_of_bouts, formula=log_dimensionless_jerk, least_s=least_s, most_s=most_s),
               at_least=ENOUGH_BOUTS, source=BALASUBRAMANIAN)
      for word, (least_s, most_s) in (("short", SHORT_S), ("long", LONG_S))),
    _measure(name="bout_sparc_median", label="Smoothness of bouts (SPARC)", unit="", decimals=2,
             formula="median over bouts seen whole, with a peak of at least 5 floors, of the spectral arc length of "
             "speed, cut-off 10 Hz, amplitude 0.05", value=median, of=partial(_of_bouts, formula=sparc),
             at_least=ENOUGH_BOUTS, source=BALASUBRAMANIAN),
    MOVEMENT_UNITS,
    _measure(name="rise_time_10_90_ms", label="Rise of speed, 10 to 90 %", unit="ms",
             formula="median over movement units of the time from 10 to 90 % of the peak", value=median,
             of=_rise_times_ms, at_least=ENOUGH_UNITS, decimals=0),
    _measure(name="curvature_median_1_m", label="Curvature", unit="1/m", gates=replace(QUICK_AMOUNT, needs_mm=True),
             formula="median of |v x a| / |v|^3 over samples faster than 3 floors", value=median, of=_curvature_1_m,
             otherwise="no movement above three floors", source="after Gima 2019, PTJ 99:701"),
)
# fmt: on
