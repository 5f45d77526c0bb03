"""Windows: sums and medians of an array over ranges of samples that move along it."""

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SLOW_S: Final = 5.0
SLOW_STEP_S: Final = 0.5
"""A slow median is worked out this often and joined by straight lines."""


def sums_between(rows: Floats, first: npt.NDArray[np.int64], stop: npt.NDArray[np.int64]) -> Floats:
    """Sum of `rows` [N, K] over each half-open range `first` to `stop` [M]."""
    sums = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0)])
    return np.asarray(sums[stop] - sums[first])


def means_between(
    rows: Floats, counted: npt.NDArray[np.bool_], first: npt.NDArray[np.int64], stop: npt.NDArray[np.int64]
) -> Floats:
    """Mean of the `counted` values of `rows` [N, K] over each half-open range; NaN where none counts."""
    count = sums_between(counted.astype(float), first, stop)
    total = sums_between(np.where(counted, rows, 0.0), first, stop)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def rolling_median(values: Floats, window: int) -> Floats:
    """Centred median over `window` samples along axis 0, of what is present; NaN where nothing is."""
    half = window // 2
    padded = np.pad(values, [(half, half)] + [(0, 0)] * (values.ndim - 1), constant_values=np.nan)
    ordered = np.sort(np.lib.stride_tricks.sliding_window_view(padded, window, axis=0), axis=-1)
    count = np.isfinite(ordered).sum(axis=-1)
    low = np.maximum((count - 1) // 2, 0)[..., None]
    high = np.minimum(count // 2, window - 1)[..., None]
    middle: Floats = (np.take_along_axis(ordered, low, -1) + np.take_along_axis(ordered, high, -1))[..., 0] / 2
    middle[count == 0] = np.nan
    return middle


def odd(samples: float) -> int:
    """Odd window of about `samples`, at least 3."""
    return max(3, 2 * int(round(samples) // 2) + 1)


def slow_median(values: Floats, fs_hz: float) -> Floats:
    """Median over 5 s of `values` [N, K], of what is present, every 0.5 s and straight lines between.

    Where nothing was seen for longer the line goes on from what was; NaN in a column that was never seen.
    """
    n = len(values)
    half, step = round(SLOW_S * fs_hz / 2), max(1, round(SLOW_STEP_S * fs_hz))
    from_start = np.arange(0, (n + 1) // 2, step)
    at = np.unique(np.concatenate([from_start, n - 1 - from_start]))  # the same places in reversed time
    out = np.full(values.shape, np.nan)
    for k in range(values.shape[1]):
        windows = (values[max(0, i - half) : i + half + 1, k] for i in at)
        middles = np.array([np.median(w[np.isfinite(w)]) if np.isfinite(w).any() else np.nan for w in windows])
        finite = np.isfinite(middles)
        if finite.any():
            out[:, k] = np.interp(np.arange(n), at[finite], middles[finite])
    return out
