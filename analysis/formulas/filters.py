"""Filters: the zero-phase low-pass that every position goes through."""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfiltfilt

from asyconv.analysis.formulas.gaps import runs, whole

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

RUN_MIN_SAMPLES: Final = 9  # three filter lengths of an order-2 filter


def low_pass(fs_hz: float, cutoff_hz: float) -> Floats:
    """Second-order sections whose forward-and-backward use is -3 dB at exactly `cutoff_hz`.

    Twice order 2 gives 1/(1 + w^4), so w at -3 dB is (sqrt 2 - 1)^(1/4) = 0.802 of the design cut-off, in the warped
    frequency of the bilinear transform.
    """
    warped = np.tan(np.pi * cutoff_hz / fs_hz) / (np.sqrt(2) - 1) ** 0.25
    sos: Floats = butter(2, fs_hz / np.pi * np.arctan(warped), fs=fs_hz, output="sos")
    return sos


def smooth(values: Floats, fs_hz: float, cutoff_hz: float) -> tuple[Floats, Bools]:
    """Zero-phase low-pass of `values` [N, J, D] in every run; runs too short are missing in the result.

    Returns the smoothed values and the samples [N, J] that were left out. Padding is by odd reflection.
    """
    out = np.full_like(values, np.nan)
    short = np.zeros(values.shape[:2], bool)
    filter_sos = low_pass(fs_hz, cutoff_hz)
    for j in range(values.shape[1]):
        for start, stop in runs(whole(values[:, j])):
            if stop - start < RUN_MIN_SAMPLES:
                short[start:stop, j] = True
            else:
                padding = min(stop - start - 1, 3 * RUN_MIN_SAMPLES)
                out[start:stop, j] = sosfiltfilt(filter_sos, values[start:stop, j], axis=0, padlen=padding)
    return out, short
