"""Spectra by Welch's method, from windows that never cross a gap."""

from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.formulas.gaps import runs, whole

Floats = npt.NDArray[np.float64]

SEGMENT_S: Final = 10.0


def segments(values: Floats, fs_hz: float) -> Floats:
    """Windows [K, 10 s, D] of `values` [N, D], overlapping by half, inside runs, less their means, times Hann.

    None where 10 s are less than one sample, as in tracks whose times were milliseconds.
    """
    length = round(SEGMENT_S * fs_hz)
    if not length:
        return np.empty((0, 0, values.shape[1]))
    starts = [at for start, stop in runs(whole(values)) for at in range(start, stop - length + 1, max(1, length // 2))]
    parts = np.stack([values[at : at + length] for at in starts]) if starts else np.empty((0, length, values.shape[1]))
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    return np.asarray((parts - parts.mean(axis=1, keepdims=True)) * hann[:, None])


def spectrum(values: Floats, fs_hz: float) -> tuple[Floats, Floats, int]:
    """Frequencies (Hz), mean power of the windows of `values` [N] in shares of their sum, and the number of windows."""
    parts = segments(values[:, None], fs_hz)[..., 0]
    if not len(parts):
        return np.empty(0), np.empty(0), 0
    frequency = np.asarray(np.fft.rfftfreq(parts.shape[1], 1 / fs_hz), np.float64)
    power = (np.abs(np.fft.rfft(parts, axis=1)) ** 2).mean(axis=0)
    return frequency, np.asarray(power / max(power.sum(), 1e-300)), len(parts)


def edge_hz(frequency: Floats, power: Floats, share: float) -> float:
    """Frequency below which `share` of the power lies, on straight lines between the bins."""
    total = np.cumsum(power) / power.sum()
    return float(np.interp(share, total, frequency))
