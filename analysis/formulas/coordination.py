"""Coordination: whether two signals change together, and which comes first."""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d

Floats = npt.NDArray[np.float64]

LAG_MAX_S: Final = 1.0


SHIFT_MIN_S: Final = 5.0


SHIFTS_MIN: Final = 500


def circular_correlation(a: Floats, b: Floats) -> Floats:
    """Correlation of `a` with `b` shifted back by 0 to N - 1 samples round the end; what is missing counts 0."""
    both = np.isfinite(a) & np.isfinite(b)
    if not both.any():
        return np.zeros(len(a))
    x, y = (np.where(both, v - v[both].mean(), 0.0) for v in (a, b))
    size = np.sqrt((x**2).sum() * (y**2).sum())
    product = np.fft.irfft(np.conj(np.fft.rfft(x)) * np.fft.rfft(y), len(a))
    return np.asarray(product / size if size > 0 else np.zeros(len(a)))


def peak_lag(a: Floats, b: Floats, fs_hz: float) -> tuple[float, float, float]:
    """Largest correlation within 1 s, its lag in s (positive: `b` comes later), and the bound of chance.

    The bound is the 95th percentile of the same maximum round every shift of more than 5 s, at least 500 of them; NaN
    where the recording is too short for that.
    """
    correlation = circular_correlation(a, b)
    n, reach, apart = len(correlation), round(LAG_MAX_S * fs_hz), round(SHIFT_MIN_S * fs_hz)
    lags = np.arange(-reach, reach + 1)
    near = correlation[lags % n]
    best = int(np.argmax(near))
    highest = maximum_filter1d(correlation, 2 * reach + 1, mode="wrap")[apart + reach : n - apart - reach]
    bound = float(np.percentile(highest, 95)) if len(highest) >= SHIFTS_MIN else float("nan")
    return float(near[best]), float(lags[best] / fs_hz), bound
