"""Noise of known size, beside movement and in bursts."""

import numpy as np
import pytest

from asyconv.analysis.formulas.noise import white_noise, white_noise_about


@pytest.mark.parametrize("fs_hz", [6.0, 30.0])
def test_white_noise_is_found_beside_movement_and_a_pattern_by_the_place_in_a_clip(fs_hz: float) -> None:
    n = np.arange(5400)
    noise = 1.5 * np.random.default_rng(0).standard_normal((len(n), 2))
    assert white_noise(noise, fs_hz) == pytest.approx([1.5, 1.5], rel=0.05)
    moved = noise + 20 * np.sin(2 * np.pi * 0.02 * n)[:, None]  # 0.6 Hz at 30 Hz
    assert white_noise(moved, fs_hz) == pytest.approx([1.5, 1.5], rel=0.05)
    pattern = np.array([2.0, -3.0, 1.0])[n % 3, None]  # at 6 Hz it is 2 Hz, and noise where movement is
    expected = pytest.approx([1.5, 1.5], rel=0.05) if fs_hz == 30 else pytest.approx([4.0, 4.0], rel=0.5)
    assert white_noise(noise + pattern, fs_hz) == expected
    assert np.isnan(white_noise(noise[:10], fs_hz)).all()


def test_white_noise_that_comes_in_bursts_is_not_overlooked() -> None:
    noise = 0.5 * np.random.default_rng(0).standard_normal((5400, 1))
    noise[(np.arange(5400) // 90) % 5 == 0] *= 6  # 3 s of 15 s
    rms = float(np.sqrt((noise**2).mean()))
    assert rms / 1.5 < white_noise(noise, 30.0)[0] < 1.5 * rms


def test_white_noise_about_a_sample_is_that_of_its_own_time() -> None:
    noise = np.random.default_rng(0).standard_normal((3600, 2)) * [1.0, 3.0]
    noise[:300] = 0.0
    noise[3500:] = np.nan
    about = white_noise_about(noise, 60)
    assert not about[:240].any()  # up to 60 samples away
    assert about[245:300].all()
    assert about[360:3440].mean(axis=0) == pytest.approx([1.0, 3.0], rel=0.05)
    assert about[3499] == pytest.approx([1.0, 3.0], rel=0.4)
    assert np.isnan(about[3550:]).all()
    np.testing.assert_allclose(white_noise_about(noise[::-1], 60)[::-1], about, atol=1e-6)
    pattern = np.array([2.0, -3.0, 1.0])[np.arange(3600) % 3, None]
    np.testing.assert_allclose(white_noise_about(noise + pattern, 60), about, atol=1e-6)
    assert np.isnan(white_noise_about(noise[:14], 60)).all()
    assert white_noise_about(noise[:2], 60).shape == (2, 2)
