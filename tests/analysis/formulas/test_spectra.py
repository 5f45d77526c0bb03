"""Spectra of rhythms whose frequency is known."""

import numpy as np
import pytest

from asyconv.analysis.formulas.spectra import edge_hz, spectrum


def test_a_rhythm_has_its_frequency() -> None:
    t = np.arange(5400) / 30
    frequency, power, windows = spectrum(np.sin(2 * np.pi * 1.2 * t), 30.0)
    assert windows == 35
    assert frequency[np.argmax(power)] == pytest.approx(1.2)
    assert power.sum() == pytest.approx(1.0)
    assert edge_hz(frequency, power, 0.5) == pytest.approx(1.2, abs=0.1)
    broken = np.sin(2 * np.pi * 1.2 * t)
    broken[::250] = np.nan
    assert spectrum(broken, 30.0)[2] == 0  # no run of 10 s
    assert spectrum(broken, 0.03)[2] == 0  # 10 s are less than one sample
