"""The speed floor against the closed form, and against noise that goes through the very recipe."""

import numpy as np
import pytest

from asyconv.analysis.cleaning.estimator import estimate
from asyconv.analysis.formulas.bouts import ABOVE_FLOORS, HARMLESS_FLOOR_MM_S, MOVE_ABOVE_MM_S
from asyconv.analysis.formulas.filters import stiffness
from asyconv.analysis.formulas.kinematics import speed
from asyconv.analysis.formulas.noise import speed_of_a_walk, speed_of_white_noise, white_noise
from asyconv.analysis.series import floor as f


def test_up_to_the_harmless_floor_the_thresholds_do_not_rise() -> None:
    assert HARMLESS_FLOOR_MM_S == 6.25
    assert ABOVE_FLOORS * HARMLESS_FLOOR_MM_S <= MOVE_ABOVE_MM_S


def behind_the_estimator(values: np.ndarray, fs_hz: float, cutoff_hz: float) -> np.ndarray:
    """What the estimator makes of finds [N, D] without outliers: all weigh the same."""
    n, wide = len(values), 1e3
    soft = wide / np.sqrt(stiffness(cutoff_hz, fs_hz))
    return estimate(values, np.full(n, wide), np.ones(n, bool), np.full(n, soft), 1).position


@pytest.mark.parametrize(("fs_hz", "cutoff_hz"), [(30.0, 4.0), (6.0, 2.0), (25.0, 4.0)])
def test_white_noise_behind_the_filter_is_what_the_formula_says(fs_hz: float, cutoff_hz: float) -> None:
    along = speed(behind_the_estimator(np.random.default_rng(3).standard_normal((20_000, 1)), fs_hz, cutoff_hz), fs_hz)
    assert speed_of_white_noise(fs_hz, cutoff_hz) == pytest.approx(np.sqrt(np.mean(along**2)), rel=0.01)


@pytest.mark.parametrize(("fs_hz", "cutoff_hz"), [(30.0, 4.0), (30.0, 6.0), (6.0, 2.0)])
def test_the_quietest_twentieth_of_correlated_noise_is_what_chi_squared_says(fs_hz: float, cutoff_hz: float) -> None:
    walk = np.cumsum(np.random.default_rng(5).standard_normal((60_000, 3)), axis=0)
    along = speed(behind_the_estimator(walk, fs_hz, cutoff_hz), fs_hz)
    least = np.percentile(f.window_rms(along, f.rest_window(fs_hz)), f.REST_PERCENTILE)
    assert least / np.sqrt(np.mean(along**2)) == pytest.approx(f.quietest_of_noise(fs_hz, cutoff_hz), rel=0.05)


def test_a_random_walk_behind_the_estimator_is_what_the_formula_says() -> None:
    walk = np.cumsum(np.random.default_rng(7).standard_normal((20_000, 3)), axis=0)
    along = speed(behind_the_estimator(walk, 30.0, 4.0), 30.0)
    expected = np.sqrt((white_noise(walk, 30.0) ** 2).sum()) * speed_of_a_walk(30.0, 4.0)
    assert expected == pytest.approx(np.sqrt(np.mean(along**2)), rel=0.05)


def test_window_rms_by_hand() -> None:
    np.testing.assert_allclose(f.window_rms(np.array([3.0, 4.0, np.nan, 1.0, 1.0]), 2), [np.sqrt(12.5), 1.0])
    assert len(f.window_rms(np.ones(2), 3)) == 0


def test_the_floor_in_time_rises_where_noise_is_and_nowhere_below_the_limbs_own() -> None:
    quiet, loud = 0.1, 1.0
    noise = np.random.default_rng(2).standard_normal((900, 3)) * np.where(np.arange(900) < 450, quiet, loud)[:, None]
    floor = f.Floor(5.0, 5.0, 1.0, None, "white noise", True)
    found = f.floor_in_time(noise, floor, 30.0, 4.0, np.ones(900))
    assert (found[:415] == 5.0).all()
    expected = loud * np.sqrt(3) * speed_of_white_noise(30.0, 4.0)
    assert found[490:].mean() == pytest.approx(expected, rel=0.1)
    assert (f.floor_in_time(noise, floor, 6.0, 2.0, np.ones(900)) == 5.0).all()  # noise cannot be told by its time
    none = f.Floor(None, None, None, None, "not to be had", False)
    assert (f.floor_in_time(np.full((20, 3), np.nan), none, 30.0, 4.0, np.ones(20)) == 0.0).all()


def test_a_limb_that_never_rests_in_the_pictures_has_no_resting_level_however_uneven_it_moves() -> None:
    rng = np.random.default_rng(4)
    speeds = np.repeat(rng.choice([50.0, 100.0, 200.0], 60), 30)
    finds = rng.standard_normal((1800, 3))
    uneven = f.speed_floor(finds, speeds, 30.0, 4.0, None, np.ones(1800), np.zeros(1800, bool))
    assert uneven.decided_by == "resting level"
    assert uneven.value is not None
    assert uneven.value > 50.0
    seen_moving = f.speed_floor(finds, speeds, 30.0, 4.0, None, np.ones(1800), np.ones(1800, bool))
    assert seen_moving.decided_by == "white noise"
    assert seen_moving.value == pytest.approx(np.sqrt(3) * speed_of_white_noise(30.0, 4.0), rel=0.1)
    assert not seen_moving.rest_observed


def test_rest_is_looked_for_where_pictures_show_no_movement() -> None:
    rests = np.arange(1800) % 600 < 60
    speeds = np.where(rests, 8.0, 100.0)
    finds = 0.1 * np.random.default_rng(4).standard_normal((1800, 3))
    floor = f.speed_floor(finds, speeds, 30.0, 4.0, None, np.ones(1800), ~rests)
    assert floor.rest == pytest.approx(8.0 / f.quietest_of_noise(30.0, 4.0))
    assert floor.rest_observed
