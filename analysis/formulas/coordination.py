"""Coordination: whether two signals change together, and which comes first."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LAG_MAX_S: Final = 1.0
SHIFT_MIN_S: Final = 5.0
SHIFTS_MIN: Final = 500
ONSET_S: Final = 0.33


def circular_correlation(a: Floats, b: Floats) -> Floats:
    """Correlation of `a` with `b` shifted back by 0 to N - 1 samples round the end; what is missing counts 0."""
    both = np.isfinite(a) & np.isfinite(b)
    if not both.any():
        return np.zeros(len(a))
    x, y = (np.where(both, v - v[both].mean(), 0.0) for v in (a, b))
    size = np.sqrt((x**2).sum() * (y**2).sum())
    product = np.fft.irfft(np.conj(np.fft.rfft(x)) * np.fft.rfft(y), len(a))
    return np.asarray(product / size if size > 0 else np.zeros(len(a)))


@dataclass(frozen=True)
class Lag:
    """Largest correlation within 1 s, its lag in s (positive: the second signal comes later), and the bound of chance.

    `bound` is the 95th percentile of the same maximum round every shift of more than 5 s, at least 500 of them; NaN
    where the signals are too short for that.
    """

    correlation: float
    lag_s: float
    bound: float


def lag(a: Floats, b: Floats, fs_hz: float) -> Lag:
    """How far `b` [N] comes after `a` [N], by the largest of their correlations within 1 s.

    Samples that either misses count 0. By chance alone the largest correlation is above zero: set it against its
    bound. The lag is resolved to one sample. Coming first is no cause.
    """
    correlation = circular_correlation(a, b)
    n, reach, apart = len(correlation), round(LAG_MAX_S * fs_hz), round(SHIFT_MIN_S * fs_hz)
    lags = np.arange(-reach, reach + 1)
    near = correlation[lags % n]
    best = int(np.argmax(near))
    highest = maximum_filter1d(correlation, 2 * reach + 1, mode="wrap")[apart + reach : n - apart - reach]
    bound = float(np.percentile(highest, 95)) if len(highest) >= SHIFTS_MIN else float("nan")
    return Lag(float(near[best]), float(lags[best] / fs_hz), bound)


def starting_together(first: Bools, second: Bools, fs_hz: float) -> float:
    """Share of the onsets `first` and `second` [N] within 0.33 s of one of the other, less the share by chance.

    Between -1 and 1; by chance it is the mean over all shifts of more than 5 s, so 0 is independence, whatever the
    rate of onsets. Give onsets that were seen: the end of a gap is none.
    """
    n, reach, apart = len(first), int(ONSET_S * fs_hz + 1e-6), round(SHIFT_MIN_S * fs_hz)
    total = int(first.sum() + second.sum())
    if not total or n <= 2 * apart:
        return float("nan")
    a, b = first.astype(float), second.astype(float)
    hits = np.fft.irfft(np.conj(np.fft.rfft(a)) * np.fft.rfft(_near(b, reach)), n)
    hits = hits + np.fft.irfft(np.fft.rfft(b) * np.conj(np.fft.rfft(_near(a, reach))), n)
    share = hits / total
    return float(share[0] - share[apart : n - apart].mean())


def _near(onsets: Floats, reach: int) -> Floats:
    return np.asarray(maximum_filter1d(onsets, 2 * reach + 1, mode="wrap"))
