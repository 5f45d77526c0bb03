"""Kinematics: the elementary arithmetic of positions that every measure is made of.

Positions are arrays [N, D] over evenly spaced samples, NaN = missing; nothing here smooths, fills or gates.
"""

import numpy as np
import numpy.typing as npt

from asyconv.analysis.clean import runs, whole
from asyconv.analysis.timebase import FAST_HZ

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


def white_noise(values: Floats, fs_hz: float) -> Floats:
    """SD of the white part of the noise, per column of [N, D]: 95th percentile of |w| / (1.96 sqrt(12)).

    w is the second difference minus that of three samples before, three times the third difference of a mean of three:
    a smooth movement hardly has any, and a pattern of period 3 has none. Joints come from clips of three frames and err
    a little by their position in the clip. That is a line at a third of the sampling rate; no filter here lets it
    through, but the third difference itself takes it for noise. The 95th percentile and not the MAD, because noise
    comes in bursts, as of a depth read near an edge, and half of the samples say nothing of them.

    Below 25 Hz that line lies where movement does, and movement has a third difference, too: there it is 1.4826
    MAD(third difference) / sqrt(20), and too high. NaN below 10 values of w.
    """
    fast = fs_hz >= FAST_HZ
    second = difference(values, 1.0, 2)
    w = second[3:] - second[:-3] if fast else second[1:] - second[:-1]
    w = w[whole(w)]
    if len(w) < 10:
        return np.full(values.shape[-1], np.nan)
    away = np.abs(w - np.median(w, axis=0))
    if fast:
        return np.asarray(np.percentile(away, 95, axis=0) / 1.96 / np.sqrt(12))
    return np.asarray(1.4826 * np.median(away, axis=0) / np.sqrt(20))
