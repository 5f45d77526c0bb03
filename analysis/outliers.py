"""Outliers, jumps and sporadic finds: which samples of a position cannot be true, whatever the infant does.

A joint that comes and goes is one that something half hides. It is then found where its visible rest is, so that a hand
or cloth on its way over a resting wrist moves it.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

OUTLIER_WINDOW_S: Final = 7 / 30
OUTLIER_SCORE: Final = 5.0
JUMP_MAX_S: Final = 0.5
"""What lies between a jump away and a jump back is rejected up to this length."""
STEADY_S: Final = 1 / 3
STEADY_SHARE: Final = 0.7  # one gap that is short enough to be filled leaves its neighbours more


def is_sporadic(found: Bools, fs_hz: float, excluded: Bools) -> Bools:
    """Samples of `found` [N, J] with less than 70 % found within a third of a second to either side.

    What is `excluded` [N], or before the first or after the last sample, does not count.
    """
    reach = max(1, round(STEADY_S * fs_hz))
    place = np.arange(len(found))
    first, last = np.maximum(place - reach, 0), np.minimum(place + reach + 1, len(found))

    def within(mask: Bools) -> npt.NDArray[np.int64]:
        sums = np.concatenate([np.zeros((1, mask.shape[1]), np.int64), np.cumsum(mask, axis=0)])
        return np.asarray(sums[last] - sums[first])

    counted = within(~excluded[:, None])
    return np.asarray(found & (within(found) < STEADY_SHARE * counted - 1e-9))


def is_outlier(values: Floats, fs_hz: float, least: float) -> Bools:
    """Hampel test per coordinate of [N, J, D]; true where any coordinate fails. Blind below 25 Hz, then none."""
    if fs_hz < 25:
        return np.zeros(values.shape[:2], bool)
    window = odd(OUTLIER_WINDOW_S * fs_hz)
    centre = rolling_median(values, window)
    away = np.abs(values - centre)
    spread = rolling_median(away, window)
    with np.errstate(invalid="ignore"):
        wild = (0.6745 * away > OUTLIER_SCORE * spread) & (away > least)
    return np.asarray(wild.any(axis=-1))


def is_jump(values: Floats, fs_hz: float, step_max: float) -> Bools:
    """Mark samples of [N, J, D] between a jump away and a jump back; a lone jump loses the sample on either side."""
    with np.errstate(invalid="ignore"):
        jump = np.linalg.norm(np.diff(values, axis=0), axis=-1) > step_max
    bad = np.zeros(values.shape[:2], bool)
    longest = JUMP_MAX_S * fs_hz
    for j in np.flatnonzero(jump.any(axis=0)):
        at = np.flatnonzero(jump[:, j])
        i = 0
        while i < len(at):
            if i + 1 < len(at) and at[i + 1] - at[i] <= longest:
                bad[at[i] + 1 : at[i + 1] + 1, j] = True
                i += 2
            else:
                bad[at[i] : at[i] + 2, j] = True
                i += 1
    return bad


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
