"""Spectra by Welch's method, from windows of 10 s that overlap by half and never cross a gap.

Each window is less its mean and times Hann's. Keeping one frame in five has no filter against folding: what is faster
than half the rate of the samples folds into the spectrum.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.signal import csd

from asyconv.analysis.formulas.gaps import runs, whole

Floats = npt.NDArray[np.float64]

SEGMENT_S: Final = 10.0
BAND_HZ: Final = (0.3, 2.0)


@dataclass(frozen=True)
class Spectrum:
    """Power at each frequency [F]; no frequencies where no window was seen whole."""

    frequency_hz: Floats
    power: Floats
    windows: int

    def between(self, low_hz: float, high_hz: float) -> "Spectrum":
        """The part from `low_hz` to `high_hz`, both included."""
        inside = (self.frequency_hz >= low_hz - 1e-9) & (self.frequency_hz <= high_hz + 1e-9)
        return Spectrum(self.frequency_hz[inside], self.power[inside], self.windows)


def power_spectrum(x: Floats, fs_hz: float) -> Spectrum:
    """Power of `x` [N, D], summed over its D columns, against frequency: the mean over windows of 10 s (Welch 1967).

    For a vector such as a velocity the axes' powers are summed: the length of a vector has no sign, so a limb swung at
    1 Hz would show at 2 Hz. Windows with a gap do not count.
    """
    frequency_hz, powers, windows = _cross_spectra(x, [(k, k) for k in range(x.shape[1])], fs_hz)
    return Spectrum(frequency_hz, np.asarray(powers.real.sum(axis=0)), windows)


def band_share(spectrum: Spectrum, low_hz: float, high_hz: float) -> float:
    """Power from `low_hz` to below `high_hz` / all power of `spectrum` (0 to 1); its last frequency counts to both."""
    total = spectrum.power.sum()
    if not total > 1e-12:
        return float("nan")
    top = np.inf if high_hz >= spectrum.frequency_hz[-1] - 1e-9 else high_hz - 1e-9
    inside = (spectrum.frequency_hz >= low_hz - 1e-9) & (spectrum.frequency_hz < top)
    return float(spectrum.power[inside].sum() / total)


def edge_hz(spectrum: Spectrum, share: float) -> float:
    """Frequency (Hz) below which `share` of the power of `spectrum` lies, on straight lines between its frequencies.

    It is not a rate of movements.
    """
    total = spectrum.power.sum()
    if not total > 1e-12:
        return float("nan")
    return float(np.interp(share, np.cumsum(spectrum.power) / total, spectrum.frequency_hz))


def spectral_entropy(spectrum: Spectrum) -> float:
    """Shannon entropy of the power of `spectrum` / its maximum (0 one frequency, 1 white). White noise is 1."""
    total = spectrum.power.sum()
    if not total > 1e-12:
        return float("nan")
    share = spectrum.power[spectrum.power > 0] / total
    return float(-(share * np.log(share)).sum() / np.log(len(spectrum.power)))


def coherence(a: Floats, b: Floats, fs_hz: float) -> float:
    """Mean magnitude-squared coherence of `a` and `b` [N] between 0.3 and 2 Hz (0 to 1), from windows both have whole.

    With K windows chance alone gives about 1 / K. NaN where either does not vary.
    """
    frequency_hz, (aa, bb, ab), _ = _cross_spectra(np.stack([a, b], axis=1), [(0, 0), (1, 1), (0, 1)], fs_hz)
    inside = (frequency_hz >= BAND_HZ[0]) & (frequency_hz <= BAND_HZ[1])
    power = (aa.real * bb.real)[inside]
    return float((np.abs(ab[inside]) ** 2 / power).mean()) if len(power) and (power > 0).all() else float("nan")


def windows(seen: npt.NDArray[np.bool_], fs_hz: float) -> int:
    """Number of windows of 10 s that are `seen` [N] whole, overlapping by half."""
    length = round(SEGMENT_S * fs_hz)
    return sum(_windows(stop - start, length) for start, stop in runs(seen)) if length > 1 else 0


def _windows(samples: int, length: int) -> int:
    return max(0, (samples - length // 2) // (length - length // 2)) if samples >= length else 0


def _cross_spectra(
    x: Floats, pairs: list[tuple[int, int]], fs_hz: float
) -> tuple[Floats, npt.NDArray[np.complex128], int]:
    """Frequencies [F], mean cross spectra of `pairs` of columns of `x` [N, D] over all windows [P, F], their number."""
    length = round(SEGMENT_S * fs_hz)
    frequency_hz = np.asarray(np.fft.rfftfreq(max(1, length), 1 / fs_hz), np.float64)
    total = np.zeros((len(pairs), len(frequency_hz)), np.complex128)
    count = 0
    for start, stop in runs(whole(x)):
        of_run = _windows(stop - start, length) if length > 1 else 0
        if of_run:
            run = x[start:stop]
            total += of_run * np.stack(
                [csd(run[:, i], run[:, j], fs_hz, nperseg=length, noverlap=length // 2)[1] for i, j in pairs]
            )
            count += of_run
    return (frequency_hz, total / count, count) if count else (np.empty(0), total[:, :0], 0)
