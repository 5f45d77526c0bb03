"""Smoothness of single movements, and the movement units that a speed is made of."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.signal import find_peaks

from asyconv.analysis.formulas.gaps import runs

Floats = npt.NDArray[np.float64]

PROMINENCE_MM_S: Final = 10.0
PROMINENCE_FLOORS: Final = 3.0


PEAK_SHARE_OF_P99: Final = 0.2
EDGE_SHARE: Final = 0.05
SPARC_CUTOFF_HZ: Final = 10.0
SPARC_AMPLITUDE: Final = 0.05
SPARC_PADDING: Final = 4


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


def log_dimensionless_jerk(speed: Floats, fs_hz: float) -> float:
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


def rise_times_s(speed: Floats, fs_hz: float, units: list[Unit]) -> Floats:
    """Time (s) from 10 to 90 % of the peak of `speed` [N] on the rising side of each of `units` [K].

    NaN where a unit rose out of the one before, so that its beginning was not seen. No reaction time of anything.
    """
    out = np.full(len(units), np.nan)
    for k, unit in enumerate(units):
        flank = speed[unit.start : unit.peak + 1] / speed[unit.peak]
        if len(flank) > 1 and flank[0] <= 0.1:
            out[k] = (_last_crossing(flank, 0.9) - _last_crossing(flank, 0.1)) / fs_hz
    return out


def _last_crossing(rising: Floats, level: float) -> float:
    """Where `rising` last goes through `level`, in samples, on straight lines between them."""
    i = int(np.flatnonzero(rising <= level)[-1])
    return i + float((level - rising[i]) / (rising[i + 1] - rising[i]))
