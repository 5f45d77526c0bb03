"""The estimator: its band, its SDs, its gaps and its ends, against closed forms and noise of known size."""

import numpy as np
import pytest

from asyconv.analysis.cleaning.estimator import Estimate, Steps, estimate
from asyconv.analysis.formulas.filters import passed, stiffness

FS_HZ, CUTOFF_HZ, EDGE = 30.0, 4.0, 3
SOFT = 1 / np.sqrt(stiffness(CUTOFF_HZ, FS_HZ))


def of_finds(finds: np.ndarray, steps: tuple[Steps, ...] = ()) -> Estimate:
    n = len(finds)
    return estimate(finds, np.ones(n), np.ones(n, bool), np.full(n, SOFT), EDGE, steps)


def speed(points: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(np.gradient(points, axis=0), axis=1))


@pytest.mark.parametrize("frequency_hz", [1.0, 3.0, 4.0, 8.0])
def test_a_sine_comes_through_as_the_band_says_and_without_phase(frequency_hz: float) -> None:
    wave = 0.1 * np.sin(2 * np.pi * frequency_hz * np.arange(600) / FS_HZ)[:, None]
    found = of_finds(wave).position[100:-100]
    expected = passed(np.array(frequency_hz), FS_HZ, CUTOFF_HZ)
    np.testing.assert_allclose(found, expected * wave[100:-100], atol=1e-3)
    assert passed(np.array(CUTOFF_HZ), FS_HZ, CUTOFF_HZ) == pytest.approx(1 / np.sqrt(2))


def test_lines_are_kept_through_gaps() -> None:
    line = np.arange(120.0)[:, None] * [1.0, -2.0]
    seen = line.copy()
    seen[40:46] = np.nan
    np.testing.assert_allclose(of_finds(seen).position, line, atol=1e-3)


def test_one_wrong_find_hardly_moves_the_estimate() -> None:
    finds = np.zeros((100, 3))
    finds[50] = 9.0
    assert np.abs(of_finds(finds).position).max() < 0.4  # 3.5 if it weighed as much as the others


def test_nothing_passes_what_is_not_wanted() -> None:
    finds = np.random.default_rng(1).normal(size=(100, 3))
    wanted = np.ones(100, bool)
    wanted[50] = False
    whole = estimate(finds, np.ones(100), wanted, np.full(100, SOFT), EDGE)
    alone = estimate(finds[:50], np.ones(50), wanted[:50], np.full(50, SOFT), EDGE)
    assert np.isnan(whole.position[50]).all()
    later = finds.copy()
    later[51:] += 100.0
    again = estimate(later, np.ones(100), wanted, np.full(100, SOFT), EDGE)
    np.testing.assert_allclose(again.position[:50], whole.position[:50], atol=1e-3)
    np.testing.assert_allclose(whole.position[:40], alone.position[:40], atol=0.05)


@pytest.mark.parametrize("gap", [0, 20])
def test_speeds_at_ends_and_at_gaps_are_no_noisier_than_between(gap: int) -> None:
    rng = np.random.default_rng(3)
    squares = []
    for _ in range(150):
        finds = rng.normal(size=(100, 3))
        finds[50 : 50 + gap] = np.nan
        squares.append(speed(of_finds(finds).position) ** 2)
    rms = np.sqrt(np.mean(squares, axis=0))
    usual = rms[20:40].mean()
    at_ends = np.r_[rms[:3], rms[-3:], rms[47:50], rms[50 + gap : 53 + gap]]
    assert at_ends.max() < 1.2 * usual  # 2 times without EDGE_STIFFNESS


def test_the_sd_is_that_of_movement_as_the_model_has_it() -> None:
    rng = np.random.default_rng(5)
    off, slow, sd, speed_sd = [], [], [], []
    for _ in range(60):
        path = np.cumsum(np.cumsum(SOFT * rng.normal(size=(150, 1)), axis=0), axis=0)
        finds = path + rng.normal(size=path.shape)
        finds[70:76] = np.nan
        found = of_finds(finds)
        off.append((found.position - path)[:, 0] ** 2)
        slow.append(((found.position - path)[2:, 0] - (found.position - path)[:-2, 0]) ** 2 / 4)
        sd.append(found.sd**2)
        speed_sd.append(found.speed_sd[1:-1] ** 2)
    for true, said in ((off, sd), (slow, speed_sd)):
        usual = slice(20, 60)
        assert np.mean(true, axis=0)[usual].mean() == pytest.approx(np.mean(said, axis=0)[usual].mean(), rel=0.15)
    in_gap = np.sqrt(np.mean(off, axis=0)[70:76].mean() / np.mean(sd, axis=0)[70:76].mean())
    assert 1 < in_gap < 1.4  # the stiffer ends cost something there


def test_displacements_carry_a_joint_across_a_gap() -> None:
    time_s = np.arange(200) / FS_HZ
    path = 30 * np.stack([np.sin(2 * np.pi * time_s), np.cos(2 * np.pi * time_s), 0 * time_s], axis=1)
    finds = path.copy()
    finds[80:110] = np.nan
    moved = np.full_like(path, np.nan)
    moved[:-1] = np.diff(path, axis=0)
    steps = (Steps(1, moved, np.tile(np.eye(3) / 0.1**2, (200, 1, 1))),)
    alone, carried = of_finds(finds), of_finds(finds, steps=steps)
    assert np.abs(alone.position - path)[80:110].max() > 10
    assert np.abs(carried.position - path)[80:110].max() < 0.5
    assert carried.sd[95] < 1 < alone.sd[95]
