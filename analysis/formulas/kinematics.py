"""Kinematics: the elementary arithmetic of positions that every measure is made of.

Positions are arrays [N, D] over evenly spaced samples, NaN = missing; nothing here smooths, fills or gates.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning.clean import runs, whole
from asyconv.analysis.cleaning.outliers import sums_between
from asyconv.analysis.cleaning.timebase import FAST_HZ

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


W_SAMPLES: Final = 6  # that one w is made of
WHITE_MIN: Final = 10


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
    w = _without_clip_line(values) if fast else difference(values, 1.0, 3)
    w = w[whole(w)]
    if len(w) < WHITE_MIN:
        return np.full(values.shape[-1], np.nan)
    away = np.abs(w - np.median(w, axis=0))
    if fast:
        return np.asarray(np.percentile(away, 95, axis=0) / 1.96 / np.sqrt(12))
    return np.asarray(1.4826 * np.median(away, axis=0) / np.sqrt(20))


def white_noise_about(values: Floats, reach: int) -> Floats:
    """SD of the white part of the noise within `reach` samples to either side, per value of [N, D].

    RMS of w / sqrt(12), w as in `white_noise` at 25 Hz and more. NaN below 10 values of w.
    """
    w = _without_clip_line(values)
    known = whole(w)
    place = np.arange(len(values))
    first = np.clip(place - reach, 0, len(w))
    stop = np.clip(place + reach - W_SAMPLES + 2, first, len(w))  # all six samples lie within reach

    count = sums_between(known[:, None].astype(float), first, stop)
    power = sums_between(np.where(known[:, None], w**2, 0.0), first, stop) / np.maximum(count, 1)
    return np.asarray(np.where(count < WHITE_MIN, np.nan, np.sqrt(np.maximum(power, 0.0) / 12)))


def _without_clip_line(values: Floats) -> Floats:
    """Second difference minus that of three samples before, of `values` [N, D]: N - 5 rows."""
    second = difference(values, 1.0, 2)
    return np.asarray(second[3:] - second[:-3])
