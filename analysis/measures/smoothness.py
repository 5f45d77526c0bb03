"""Smoothness of single movement units, from the endpoint's speed low-passed at 6 Hz.

A movement unit is a peak of speed that stands out by max(10 mm/s, 3 floors) from the minima on either side and reaches
20 % of the P99 speed (thresholds of Clifton 1994 and Konczak 1997, as defined in PMC4981505, abstract only). It runs
between the lowest speeds on either side, but not into rest: it ends where the speed has fallen to 5 % of its peak.

The values depend on the cut-off, on the sampling rate and on the duration of the unit. Kanemaru 2014 (doi
10.1016/j.earlhumdev.2014.05.004) found more jerk at 36-44 weeks in infants with later cerebral palsy; their index has
another form than LDLJ.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.signal import find_peaks

from asyconv.analysis.formulas.gaps import runs
from asyconv.analysis.formulas.kinematics import derivative
from asyconv.analysis.formulas.sampling import FAST_HZ
from asyconv.analysis.measures.definition import Measure, Value
from asyconv.analysis.measures.gates import ANALYSED_MIN_S, COVERAGE_MIN_PCT, Gates
from asyconv.analysis.series.epochs import LimbEpoch
from asyconv.analysis.series.floor import FLOOR_MAX_MM_S

Floats = npt.NDArray[np.float64]

PROMINENCE_MM_S: Final = 10.0
PROMINENCE_FLOORS: Final = 3.0
PEAK_SHARE_OF_P99: Final = 0.2
EDGE_SHARE: Final = 0.05
CLEAR_FLOORS: Final = 5.0
UNITS_MIN: Final = 10
MU_GATES: Final = Gates(True, COVERAGE_MIN_PCT, ANALYSED_MIN_S, FLOOR_MAX_MM_S, fs_min_hz=FAST_HZ, units_min=UNITS_MIN)
FAST: Final = Gates(True, COVERAGE_MIN_PCT, ANALYSED_MIN_S, FLOOR_MAX_MM_S, fs_min_hz=FAST_HZ)
SPARC_CUTOFF_HZ: Final = 10.0
SPARC_AMPLITUDE: Final = 0.05
SPARC_PADDING: Final = 4
CURVED_FLOORS: Final = 3.0


def sparc(speed: Floats, fs_hz: float, cutoff_hz: float = SPARC_CUTOFF_HZ, amplitude: float = SPARC_AMPLITUDE) -> float:
    """Spectral arc length of the speed of one discrete movement (no unit; closer to 0 is smoother, one stroke -1.4).

    Minus the length of the curve of the normalised magnitude spectrum, up to the last frequency below the cut-off whose
    magnitude is at least `amplitude` (Balasubramanian 2015, J NeuroEng Rehabil 12:112). Not for long movements with
    rests in them, nor for speeds that do not begin and end near zero.
    """
    padded = int(2 ** (np.ceil(np.log2(len(speed))) + SPARC_PADDING))
    frequency = np.arange(padded) * fs_hz / padded
    magnitude = np.abs(np.fft.fft(speed, padded))
    if not magnitude.max() > 0:
        return float("nan")
    below = frequency <= cutoff_hz
    frequency, magnitude = frequency[below], magnitude[below] / magnitude.max()
    strong = np.flatnonzero(magnitude >= amplitude)
    kept = slice(strong[0], strong[-1] + 1)
    frequency, magnitude = frequency[kept], magnitude[kept]
    if len(frequency) < 2:
        return float("nan")
    across = np.diff(frequency) / (frequency[-1] - frequency[0])
    return -float(np.hypot(across, np.diff(magnitude)).sum())


def ldlj(speed: Floats, fs_hz: float) -> float:
    """Log dimensionless jerk of one movement (no unit; closer to 0 is smoother, one ideal stroke about -5.3).

    -ln[(T^3 / v_peak^2) integral (d2v/dt2)^2 dt] (Balasubramanian 2015), T = samples x sample time. It changes with
    duration, cut-off and rate: compare movements of like duration only. Not Kanemaru's jerk index.
    """
    jerk = np.diff(speed, 2) * fs_hz**2
    peak = float(np.abs(speed).max()) if len(speed) else 0.0
    if len(jerk) == 0 or peak <= 0:
        return float("nan")
    total = (len(speed) / fs_hz) ** 3 / peak**2 * float((jerk**2).sum()) / fs_hz
    return -float(np.log(total)) if total > 0 else float("nan")


@dataclass(frozen=True)
class Unit:
    """A movement unit: samples [start, stop) of the epoch, with its peak at `peak`."""

    start: int
    peak: int
    stop: int


def movement_units(speed_mm_s: Floats, floor_mm_s: float) -> list[Unit]:
    """Movement units in `speed_mm_s` [N] (NaN = missing), see the module; none reaches across a gap."""
    seen = speed_mm_s[np.isfinite(speed_mm_s)]
    if not len(seen):
        return []
    least = max(PROMINENCE_MM_S, PROMINENCE_FLOORS * floor_mm_s)
    height = PEAK_SHARE_OF_P99 * float(np.percentile(seen, 99))
    units = []
    for first, last in runs(np.isfinite(speed_mm_s)):
        run = speed_mm_s[first:last]
        peaks = find_peaks(run, height=height, prominence=least)[0]
        if not len(peaks):
            continue
        valleys = [int(a + np.argmin(run[a:b])) for a, b in zip(peaks[:-1], peaks[1:], strict=True)]
        edges = zip([0, *valleys], peaks.tolist(), [*valleys, len(run) - 1], strict=True)
        for before, peak, after in edges:
            low = EDGE_SHARE * run[peak]
            rests_before = np.flatnonzero(run[before:peak] < low)
            rests_after = np.flatnonzero(run[peak : after + 1] < low)
            start = before + int(rests_before[-1]) if len(rests_before) else before
            stop = peak + int(rests_after[0]) if len(rests_after) else after
            units.append(Unit(first + start, first + peak, first + stop + 1))
    return units


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
