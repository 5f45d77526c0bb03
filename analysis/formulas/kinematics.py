"""Kinematics: the elementary arithmetic of positions that every measure is made of.

Positions are arrays [N, D] over evenly spaced samples, NaN = missing; nothing here smooths, fills or gates.
"""

import numpy as np
import numpy.typing as npt

from asyconv.analysis.formulas.gaps import runs, whole

Floats = npt.NDArray[np.float64]


def difference(values: Floats, step_s: float, order: int = 1) -> Floats:
    """Forward difference of `order` along time, per second to that power; `order` values fewer than given."""
    return np.asarray(np.diff(values, n=order, axis=0) / step_s**order)


def step_speed(position: Floats, step_s: float) -> Floats:
    """Length of each step of `position` [N, D] per second, N - 1 values: the mean speed during the step."""
    return np.asarray(np.linalg.norm(difference(position, step_s), axis=-1))


def derivative(position: Floats, fs_hz: float) -> Floats:
    """Velocity [N, D] of `position`: central differences, one-sided where a run ends; runs under 3 samples: none."""
    out = np.full(position.shape, np.nan)
    for start, stop in runs(whole(position)):
        if stop - start >= 3:
            out[start:stop] = np.gradient(position[start:stop], 1 / fs_hz, axis=0)
    return out


def acceleration(position: Floats, fs_hz: float) -> Floats:
    """Acceleration [N, D] of `position`: the derivative of the derivative."""
    return derivative(derivative(position, fs_hz), fs_hz)


def segment_length(a: Floats, b: Floats) -> Floats:
    """Distance between two joints [N, D], in their unit."""
    return np.asarray(np.linalg.norm(a - b, axis=-1))


def speed(position: Floats, fs_hz: float) -> Floats:
    """Length of the velocity of `position` [N, D] per second."""
    return np.asarray(np.linalg.norm(derivative(position, fs_hz), axis=-1))
