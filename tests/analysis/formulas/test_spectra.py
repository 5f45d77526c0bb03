"""Spectra of rhythms whose frequency is known."""

import numpy as np
import pytest

from asyconv.analysis.formulas.spectra import band_share, coherence, edge_hz, power_spectrum, spectral_entropy, windows

T_S = np.arange(5400) / 30


def test_a_rhythm_has_its_frequency() -> None:
    wave = np.sin(2 * np.pi * 1.2 * T_S)[:, None]
    found = power_spectrum(wave, 30.0)
    assert found.windows == windows(np.ones(5400, bool), 30.0) == 35
    assert found.frequency_hz[np.argmax(found.power)] == pytest.approx(1.2)
    assert edge_hz(found, 0.5) == pytest.approx(1.2, abs=0.1)
    inside = found.between(0.1, 5.0)
    assert band_share(inside, 1.0, 2.0) == pytest.approx(1.0, abs=0.01)
    assert band_share(inside, 0.1, 1.0) + band_share(inside, 1.0, 5.0) == pytest.approx(1.0)


def test_a_limb_swung_at_1_hz_shows_at_1_hz() -> None:
    velocity = np.stack([np.cos(2 * np.pi * T_S), np.cos(2 * np.pi * T_S), np.zeros(5400)], axis=1)
    found = power_spectrum(velocity, 30.0)
    assert found.frequency_hz[np.argmax(found.power)] == pytest.approx(1.0)
    length = np.linalg.norm(velocity, axis=1)[:, None]  # what has no sign shows at twice the rate
    assert power_spectrum(length, 30.0).frequency_hz[np.argmax(power_spectrum(length, 30.0).power)] == pytest.approx(2)


def test_no_window_reaches_across_a_gap() -> None:
    broken = np.sin(2 * np.pi * 1.2 * T_S)[:, None]
    broken[::250] = np.nan
    assert power_spectrum(broken, 30.0).windows == 0  # no run of 10 s
    assert power_spectrum(broken, 0.03).windows == 0  # 10 s are less than one sample
    two = np.sin(2 * np.pi * 1.2 * T_S)[:, None]
    two[2700] = np.nan
    assert power_spectrum(two, 30.0).windows == windows(np.isfinite(two[:, 0]), 30.0) == 17 + 16


def test_entropy_of_one_frequency_and_of_white_noise() -> None:
    noise = np.random.default_rng(0).standard_normal((60_000, 1))
    assert spectral_entropy(power_spectrum(noise, 30.0).between(0.1, 5.0)) == pytest.approx(1.0, abs=0.005)
    wave = np.sin(2 * np.pi * 1.2 * T_S)[:, None]
    assert spectral_entropy(power_spectrum(wave, 30.0).between(0.1, 5.0)) < 0.3
    assert np.isnan(spectral_entropy(power_spectrum(np.zeros((5400, 1)), 30.0)))


def test_coherence_of_the_same_and_of_independent_signals() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, 54_000))
    assert coherence(a, a + 3.0, 30.0) == pytest.approx(1.0)
    assert coherence(a, b, 30.0) == pytest.approx(1 / 359, rel=0.5)  # 359 windows, half overlapping
    assert np.isnan(coherence(a, np.zeros(54_000), 30.0))
    assert np.isnan(coherence(a[:100], b[:100], 30.0))
