"""Smoothness of single movement units, from the endpoint's speed low-passed at 6 Hz.

A movement unit is a peak of speed that stands out by max(10 mm/s, 3 floors) from the minima on either side and reaches
20 % of the P99 speed (thresholds of Clifton 1994 and Konczak 1997, as defined in PMC4981505, abstract only). It runs
between the lowest speeds on either side, but not into rest: it ends where the speed has fallen to 5 % of its peak.

The values depend on the cut-off, on the sampling rate and on the duration of the unit. Kanemaru 2014 (doi
10.1016/j.earlhumdev.2014.05.004) found more jerk at 36-44 weeks in infants with later cerebral palsy; their index has
another form than LDLJ.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.formulas.kinematics import derivative
from asyconv.analysis.formulas.sampling import FAST_HZ
from asyconv.analysis.formulas.smoothness import Unit, ldlj, movement_units, sparc
from asyconv.analysis.measures.definition import Measure, Value
from asyconv.analysis.measures.gates import ANALYSED_MIN_S, COVERAGE_MIN_PCT, Gates
from asyconv.analysis.series.epochs import LimbEpoch
from asyconv.analysis.series.floor import FLOOR_MAX_MM_S

Floats = npt.NDArray[np.float64]

CLEAR_FLOORS: Final = 5.0
UNITS_MIN: Final = 10
MU_GATES: Final = Gates(True, COVERAGE_MIN_PCT, ANALYSED_MIN_S, FLOOR_MAX_MM_S, fs_min_hz=FAST_HZ, units_min=UNITS_MIN)
FAST: Final = Gates(True, COVERAGE_MIN_PCT, ANALYSED_MIN_S, FLOOR_MAX_MM_S, fs_min_hz=FAST_HZ)
CURVED_FLOORS: Final = 3.0


def quick_speed(limb: LimbEpoch) -> Floats:
    """Speed [N] (mm/s) of the endpoint relative to its root, low-passed at 6 Hz."""
    return np.asarray(np.linalg.norm(derivative(limb.motion.quick_mm, limb.fs_hz), axis=1))


def _units(limb: LimbEpoch) -> tuple[Floats, list[Unit]]:
    """Quick speed and the movement units that peak while the limb moves."""
    speed = quick_speed(limb)
    return speed, [u for u in movement_units(speed, limb.motion.quick_floor.value or 0.0) if limb.moving[u.peak]]


def _per_unit(limb: LimbEpoch, of: Callable[[Floats, Unit], float]) -> Floats:
    """`of` the speed and each unit whose peak is at least 5 floors."""
    speed, units = _units(limb)
    clear = [u for u in units if speed[u.peak] >= CLEAR_FLOORS * (limb.motion.quick_floor.value or 0.0)]
    values = np.array([of(speed, unit) for unit in clear])
    return np.asarray(values[np.isfinite(values)])


def _summary(values: Floats, spread: bool) -> Value:
    if len(values) < UNITS_MIN:
        return Value(None, len(values), f"{len(values)} movement units, needs {UNITS_MIN}")
    low, middle, high = np.percentile(values, [25, 50, 75])
    return Value(float(high - low if spread else middle), len(values))


def sparc_of(spread: bool) -> Callable[[LimbEpoch], Value]:
    """Median or IQR of SPARC over movement units."""

    def unit_sparc(limb: LimbEpoch) -> Value:
        """Median or IQR of SPARC over movement units with a peak of at least 5 floors (no unit). Noise lowers it."""
        return _summary(_per_unit(limb, lambda v, u: sparc(v[u.start : u.stop], limb.fs_hz)), spread)

    return unit_sparc


def ldlj_of(spread: bool, least_s: float = 0.0, most_s: float = np.inf) -> Callable[[LimbEpoch], Value]:
    """Median or IQR of LDLJ over movement units that last from `least_s` to below `most_s`."""

    def unit_ldlj(limb: LimbEpoch) -> Value:
        """Median or IQR of LDLJ over movement units, maybe of one duration, with a peak of 5 floors (no unit)."""

        def of(v: Floats, u: Unit) -> float:
            inside = least_s <= (u.stop - u.start) / limb.fs_hz < most_s
            return ldlj(v[u.start : u.stop], limb.fs_hz) if inside else float("nan")

        return _summary(_per_unit(limb, of), spread)

    return unit_ldlj


def mu_per_min_active(limb: LimbEpoch) -> Value:
    """Movement units / minutes in which the limb moves (1/min). Counts the pieces of movement, not the movements."""
    n = len(_units(limb)[1])
    if n < UNITS_MIN:
        return Value(None, n, f"{n} movement units, needs {UNITS_MIN}")
    return Value(60 * n * limb.fs_hz / float(limb.moving.sum()), n)


def mu_per_m(limb: LimbEpoch) -> Value:
    """Movement units / path while moving (1/m); many on a short path is halting movement, or noise."""
    n = len(_units(limb)[1])
    if n < UNITS_MIN:
        return Value(None, n, f"{n} movement units, needs {UNITS_MIN}")
    return Value(1000 * n * limb.fs_hz / float(limb.speed_mm_s[limb.moving].sum()), n)


def rise_time_10_90_ms(limb: LimbEpoch) -> Value:
    """Median time (ms) from 10 to 90 % of a unit's peak speed on its rising side. Not the reaction to anything."""

    def rise(v: Floats, u: Unit) -> float:
        flank = v[u.start : u.peak + 1] / v[u.peak]
        if len(flank) < 2 or flank[0] > 0.1:  # it rose out of the unit before: its beginning is not seen
            return float("nan")
        return 1000 / limb.fs_hz * (_last_crossing(flank, 0.9) - _last_crossing(flank, 0.1))

    return _summary(_per_unit(limb, rise), False)


def _last_crossing(rising: Floats, level: float) -> float:
    """Where `rising` last goes through `level`, in samples, on straight lines between them."""
    i = int(np.flatnonzero(rising <= level)[-1])
    return i + float((level - rising[i]) / (rising[i + 1] - rising[i]))


def curvature_median_1_m(limb: LimbEpoch) -> Value:
    """Median of |v x a| / |v|^3 over samples faster than 3 floors (1/m): 1 / radius. Not defined at rest."""
    velocity = derivative(limb.motion.quick_mm, limb.fs_hz)
    turning = np.linalg.norm(np.cross(velocity, derivative(velocity, limb.fs_hz)), axis=1)
    size = np.linalg.norm(velocity, axis=1)
    with np.errstate(invalid="ignore"):
        fast = limb.moving & np.isfinite(turning) & (size > CURVED_FLOORS * (limb.motion.quick_floor.value or 0.0))
    if not fast.any():
        return Value(None, 0, "no movement above three floors")
    return Value(1000 * float(np.median(turning[fast] / size[fast] ** 3)), int(fast.sum()))


def accel_kurtosis_pc1(limb: LimbEpoch) -> Value:
    """Excess kurtosis (Gaussian: 0; no unit) of the first principal component of acceleration while moving.

    After the index of Fontana 2021, which has accelerometers and another normalisation: not equal to it.
    """
    velocity = derivative(limb.motion.quick_mm, limb.fs_hz)
    accel = derivative(velocity, limb.fs_hz)[limb.moving]
    accel = accel[np.isfinite(accel).all(axis=1)]
    if len(accel) < 2 * UNITS_MIN:
        return Value(None, len(accel), "no movement above the threshold")
    centred = accel - accel.mean(axis=0)
    first = centred @ np.linalg.eigh(centred.T @ centred)[1][:, -1]
    return Value(float((first**4).mean() / (first**2).mean() ** 2 - 3), len(accel))


SMOOTH: Final = "Balasubramanian 2015, J NeuroEng Rehabil 12:112"
CUT: Final = "speed low-passed at 6 Hz; changes with cut-off and rate"
UNIT: Final = "PMC4981505 (abstract only)"

# fmt: off
MEASURES: Final[tuple[Measure, ...]] = (
    *(Measure(f"sparc_{short}", f"SPARC, {word}", "", "limb", f"{word} over movement units of the spectral arc length "
              "of "
              "speed, cut-off 10 Hz, amplitude 0.05", sparc_of(spread), MU_GATES, SMOOTH, CUT, "extended", 2)
      for short, word, spread in (("median", "median", False), ("iqr", "P75 - P25", True))),
    *(Measure(f"ldlj_{short}", f"LDLJ, {word}", "", "limb", f"{word} over movement units{bin_words} of "
              "-ln[(T^3 / v_peak^2) integral (d2v/dt2)^2 dt]", ldlj_of(spread, *seconds), MU_GATES, SMOOTH, CUT +
              ("" if bin_words else "; compare like durations only"), "extended", 2)
      for short, word, bin_words, spread, seconds in (
          ("median", "median", "", False, ()), ("iqr", "P75 - P25", "", True, ()),
          ("short_median", "median", " of 0.2 to 0.6 s", False, (0.2, 0.6)),
          ("long_median", "median", " of 0.6 to 1.2 s", False, (0.6, 1.2)))),
    Measure("mu_per_min_active", "Movement units", "1/min", "limb", "movement units / minutes in which the limb moves",
            mu_per_min_active, MU_GATES, UNIT, CUT, "extended"),
    Measure("mu_per_m", "Movement units per metre", "1/m", "limb", "movement units / metres of path while moving",
            mu_per_m, MU_GATES, UNIT, CUT, "extended"),
    Measure("rise_time_10_90_ms", "Rise of speed, 10 to 90 %", "ms", "limb", "median over movement units of the time "
            "from 10 to 90 % of the peak", rise_time_10_90_ms, MU_GATES, caution=CUT, tier="extended", decimals=0),
    Measure("curvature_median_1_m", "Curvature", "1/m", "limb", "median of |v x a| / |v|^3 over samples faster than 3 "
            "floors", curvature_median_1_m, FAST, "after Gima 2019, PTJ 99:701", CUT, "extended"),
    Measure("accel_kurtosis_pc1", "Kurtosis of the main acceleration", "", "limb", "fourth moment / variance^2 - 3 of "
            "the first principal component of acceleration while moving", accel_kurtosis_pc1, FAST,
            "after Fontana 2021, fped.2021.720502", CUT, "extended", 2),
)
# fmt: on
