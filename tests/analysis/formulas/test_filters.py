"""Filters: the stated cut-off, no phase, and runs that know nothing of each other."""

import numpy as np
import pytest
from scipy.signal import sosfreqz

from asyconv.analysis.formulas.filters import low_pass, smooth


def line(n: int) -> np.ndarray:
    return np.arange(n, dtype=float)[:, None] * [1.0, 2.0]


@pytest.mark.parametrize(("fs_hz", "cutoff_hz"), [(30.0, 4.0), (25.0, 4.0), (6.0, 2.0), (60.0, 4.0)])
def test_effective_cutoff_is_3_db_there_and_back(fs_hz: float, cutoff_hz: float) -> None:
    _, gain = sosfreqz(low_pass(fs_hz, cutoff_hz), worN=[cutoff_hz], fs=fs_hz)
    assert abs(gain[0]) ** 2 == pytest.approx(1 / np.sqrt(2), rel=1e-9)


def test_smoothing_keeps_lines_and_constants_and_runs_do_not_talk_to_each_other() -> None:
    values = line(100)
    values[50] = np.nan
    out = smooth(values, 30.0, 4.0)
    np.testing.assert_allclose(out[np.r_[0:50, 51:100]], line(100)[np.r_[0:50, 51:100]], atol=1e-9)
    values[51:] += 1e6
    np.testing.assert_array_equal(smooth(values, 30.0, 4.0)[:50], out[:50])


def test_smoothing_has_no_phase_and_short_runs_are_left_out() -> None:
    time_s = np.arange(600) / 30
    wave = np.sin(2 * np.pi * time_s)[:, None]
    out = smooth(wave, 30.0, 4.0)
    gain = 1 / (1 + (np.tan(np.pi / 30) / np.tan(4 * np.pi / 30)) ** 4 * (np.sqrt(2) - 1))
    np.testing.assert_allclose(out[100:-100], gain * wave[100:-100], atol=1e-6)
    wave[20:] = np.nan
    wave[12:14] = np.nan
    out = smooth(wave, 30.0, 4.0)
    assert np.isfinite(out[:12]).all()
    assert np.isnan(out[14:20]).all()


def test_the_filter_is_the_same_forward_and_backward_in_time() -> None:
    noise = np.random.default_rng(0).normal(size=(200, 2))
    forward, backward = smooth(noise, 30.0, 4.0), smooth(noise[::-1], 30.0, 4.0)
    np.testing.assert_allclose(backward[::-1][40:-40], forward[40:-40], atol=1e-6)
