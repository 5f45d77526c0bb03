"""Kinematics: the elementary arithmetic of positions that every measure is made of.

Positions are arrays [N, D] over evenly spaced samples, NaN = missing; nothing here smooths, fills or gates.
"""

import numpy as np
import numpy.typing as npt

from asyconv.analysis.formulas.gaps import runs, seen, whole

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def difference(values: Floats, step_s: float, order: int = 1) -> Floats:
    """Forward difference of `order` along time, per second to that power; `order` values fewer than given."""
    return np.asarray(np.diff(values, n=order, axis=0) / step_s**order)


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


def freed(speed: Floats, noise: Floats | float) -> Floats:
    """Speed [N] without its `noise`, in the same unit: sqrt(max(0, speed^2 - noise^2)), as noise adds in square."""
    return np.asarray(np.sqrt(np.maximum(0.0, speed**2 - noise**2)))


def path_steps(speed: Floats, moving: Bools, fs_hz: float, floor: float | Floats = 0.0) -> Floats:
    """Path of each sample [N]: sqrt(speed^2 - floor^2) / fs while `moving` [N], else 0, in the speed's unit of length.

    Noise adds to a speed in square, so the square of the speed `floor` is taken off; with a floor of 0 the sum is the
    length of the curve. It is the way travelled, not the distance between its ends, and no measure of effort.
    """
    return np.where(moving, freed(speed, floor), 0.0) / fs_hz


def speed_rms_debiased(speed: Floats, floor: float) -> float:
    """sqrt(max(0, mean of speed^2 - floor^2)) over the samples of `speed` [N] that were seen, in its unit.

    The floor's own power is taken off, not that of movement hidden below it. Rest is in it: no speed while moving.
    """
    values = seen(speed)
    return float(np.sqrt(max(0.0, float(np.mean(values**2)) - floor**2))) if len(values) else float("nan")


def curvature(position: Floats, fs_hz: float) -> Floats:
    """|v x a| / |v|^3 of `position` [N, 3] at each sample: 1 / radius, in 1 / its unit. Not defined at rest."""
    velocity = derivative(position, fs_hz)
    turning = np.linalg.norm(np.cross(velocity, derivative(velocity, fs_hz)), axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(turning / np.linalg.norm(velocity, axis=1) ** 3)
