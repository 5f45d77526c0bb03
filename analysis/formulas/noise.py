"""Noise: how much of a position is jitter, read from the position itself. NaN is missing and counts in nothing."""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.formulas.filters import passed
from asyconv.analysis.formulas.gaps import whole
from asyconv.analysis.formulas.kinematics import difference
from asyconv.analysis.formulas.sampling import FAST_HZ
from asyconv.analysis.formulas.windows import sums_between

Floats = npt.NDArray[np.float64]

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
    finite = whole(w)
    place = np.arange(len(values))
    first = np.clip(place - reach, 0, len(w))
    stop = np.clip(place + reach - W_SAMPLES + 2, first, len(w))  # all six samples lie within reach

    count = sums_between(finite[:, None].astype(float), first, stop)
    power = sums_between(np.where(finite[:, None], w**2, 0.0), first, stop) / np.maximum(count, 1)
    return np.asarray(np.where(count < WHITE_MIN, np.nan, np.sqrt(np.maximum(power, 0.0) / 12)))


def _without_clip_line(values: Floats) -> Floats:
    """Second difference minus that of three samples before, of `values` [N, D]: N - 5 rows."""
    second = difference(values, 1.0, 2)
    return np.asarray(second[3:] - second[:-3])


@cache
def speed_of_white_noise(fs_hz: float, cutoff_hz: float) -> float:
    """RMS speed per unit of white noise, along one axis, behind the estimator's band and the central difference."""
    frequency_hz = (np.arange(1024) + 0.5) / 1024 * fs_hz / 2
    slope = fs_hz * np.sin(2 * np.pi * frequency_hz / fs_hz)
    return float(np.sqrt(np.mean((passed(frequency_hz, fs_hz, cutoff_hz) * slope) ** 2)))


@cache
def speed_of_a_walk(fs_hz: float, cutoff_hz: float) -> float:
    """RMS speed of a random walk whose `white_noise` is 1, along one axis, behind the same band and difference.

    Its steps have an SD of sqrt 3 then. No noise of joints is slower for the noise that it shows between samples.
    """
    frequency_hz = (np.arange(1024) + 0.5) / 1024 * fs_hz / 2
    slope = fs_hz * np.cos(np.pi * frequency_hz / fs_hz)
    return float(np.sqrt(3 * np.mean((passed(frequency_hz, fs_hz, cutoff_hz) * slope) ** 2)))
