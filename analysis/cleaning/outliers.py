"""Outliers and jumps: which samples of a position cannot be true, whatever the infant does."""

from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.formulas.sampling import FAST_HZ
from asyconv.analysis.formulas.windows import odd, rolling_median

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

OUTLIER_WINDOW_S: Final = 7 / 30
OUTLIER_SCORE: Final = 5.0
JUMP_MAX_S: Final = 0.5
"""What lies between a jump away and a jump back is rejected up to this length."""


def is_outlier(values: Floats, fs_hz: float, least: float) -> Bools:
    """Hampel test per coordinate of [N, J, D]; true where any coordinate fails. Blind below 25 Hz, then none."""
    if fs_hz < FAST_HZ:
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
