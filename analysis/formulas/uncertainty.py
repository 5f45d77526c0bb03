"""Uncertainty of amounts: what the error of the positions and the time that was not seen leave open.

The estimator gives the SD of every speed, but the amounts are no linear function of speeds: noise adds to them. So
errors of that SD, as slow or quick as the estimator lets them be, are added to the velocities a few times, and the
amounts are taken again. How much they differ from each other, and from those without the added errors, is how far the
errors that are in the velocities already can have brought them.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.formulas.bouts import moving_mask
from asyconv.analysis.formulas.filters import passed
from asyconv.analysis.formulas.kinematics import freed, path_steps

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

DRAWS: Final = 8
SEED: Final = 18
WITHIN: Final = float(np.sqrt(12))
"""The width of a range in SDs of a value that may lie anywhere in it."""


def errors_of_speed(n: int, fs_hz: float, cutoff_hz: float) -> Floats:
    """Errors [DRAWS, n, 3] of a velocity of RMS 1 per axis, as white noise in positions leaves them behind the band."""
    frequency_hz = np.asarray(np.fft.rfftfreq(n, 1 / fs_hz), np.float64)
    shape = passed(frequency_hz, fs_hz, cutoff_hz) * np.sin(2 * np.pi * frequency_hz / fs_hz)
    white = np.random.default_rng(SEED).normal(size=(DRAWS, n, 3))
    drawn = np.fft.irfft(np.fft.rfft(white, axis=1) * shape[:, None], n, axis=1)
    size = np.sqrt((drawn**2).mean(axis=1, keepdims=True))
    return np.asarray(drawn / np.maximum(size, 1e-12))


def spread(values: Floats, plain: float) -> float:
    """SD of `values` with added errors about the value without, the `plain` one: their scatter and their shift."""
    return float(np.sqrt(np.var(values, ddof=1) + (np.mean(values) - plain) ** 2))


def amounts_with_errors(
    velocity: Floats,
    speed_sd: Floats,
    noise: Floats,
    valid: Bools,
    floor: float,
    fs_hz: float,
    effective_hz: float,
    cutoff_hz: float,
) -> tuple[Floats, Floats]:
    """Moving samples and path [1 + DRAWS] each: of `velocity` [N, 3], then with errors of the SD `speed_sd` [N].

    The speed `noise` [N] is taken off each.
    """
    errors = errors_of_speed(len(velocity), fs_hz, cutoff_hz) * (np.nan_to_num(speed_sd) / np.sqrt(3))[:, None]
    moving, path = [], []
    for added in (np.zeros_like(velocity), *errors):
        speed = np.linalg.norm(velocity + added, axis=1)
        mask = moving_mask(freed(speed, noise), valid, fs_hz, effective_hz, floor)
        moving.append(float(mask.sum()))
        path.append(float(path_steps(np.nan_to_num(speed), mask, fs_hz, np.maximum(floor, noise)).sum()))
    return np.array(moving), np.array(path)
