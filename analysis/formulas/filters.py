"""Filters: what the estimator of positions lets through, and a zero-phase low-pass for slow series."""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfiltfilt

from asyconv.analysis.formulas.gaps import runs, whole

Floats = npt.NDArray[np.float64]

RUN_MIN_SAMPLES: Final = 9  # three filter lengths of an order-2 filter


def stiffness(cutoff_hz: float, fs_hz: float) -> float:
    """Weight of squared second differences against that of positions at which a least squares is -3 dB at `cutoff_hz`.

    Positions [N] that minimise the sum of (position - find)^2 and of the weight times the second difference squared are
    the finds times 1 / (1 + weight (2 sin(pi f / fs))^4).
    """
    return float((np.sqrt(2) - 1) / (2 * np.sin(np.pi * cutoff_hz / fs_hz)) ** 4)


def passed(frequency_hz: Floats, fs_hz: float, cutoff_hz: float) -> Floats:
    """Share of a sine of `frequency_hz` that this least squares lets through."""
    return np.asarray(1 / (1 + stiffness(cutoff_hz, fs_hz) * (2 * np.sin(np.pi * frequency_hz / fs_hz)) ** 4))


def low_pass(fs_hz: float, cutoff_hz: float) -> Floats:
    """Second-order sections whose forward-and-backward use is -3 dB at exactly `cutoff_hz`.

    Twice order 2 gives 1/(1 + w^4), so w at -3 dB is (sqrt 2 - 1)^(1/4) = 0.802 of the design cut-off, in the warped
    frequency of the bilinear transform.
    """
    warped = np.tan(np.pi * cutoff_hz / fs_hz) / (np.sqrt(2) - 1) ** 0.25
    sos: Floats = butter(2, fs_hz / np.pi * np.arctan(warped), fs=fs_hz, output="sos")
    return sos


def smooth(values: Floats, fs_hz: float, cutoff_hz: float) -> Floats:
    """Zero-phase low-pass of `values` [N, D] in every run, padded by odd reflection; runs too short are missing."""
    out = np.full_like(values, np.nan)
    filter_sos = low_pass(fs_hz, cutoff_hz)
    for start, stop in runs(whole(values)):
        if stop - start >= RUN_MIN_SAMPLES:
            padding = min(stop - start - 1, 3 * RUN_MIN_SAMPLES)
            out[start:stop] = sosfiltfilt(filter_sos, values[start:stop], axis=0, padlen=padding)
    return out
