"""Bouts: thresholds, pauses, gaps and shortest bouts, by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyconv.analysis.formulas.bouts import moving_mask
from asyconv.analysis.formulas.gaps import runs


def all_valid(n: int) -> np.ndarray:
    return np.ones(n, bool)


def test_hysteresis_extends_to_the_lower_threshold() -> None:
    speed = np.zeros(60)
    speed[10:40] = 12.0
    speed[20:25] = 30.0
    speed[50:56] = 12.0  # never above 20 mm/s: no bout
    moving = moving_mask(speed, all_valid(60), 30.0, 30.0, 0.0)
    assert runs(moving) == [(10, 40)]


@pytest.mark.parametrize(("pause", "bouts"), [(9, 1), (10, 2)])
def test_pauses_up_to_0_3_s_are_merged(pause: int, bouts: int) -> None:
    speed = np.zeros(100)
    speed[20:40] = 50.0
    speed[40 + pause : 60 + pause] = 50.0
    assert len(runs(moving_mask(speed, all_valid(100), 30.0, 30.0, 0.0))) == bouts


def test_a_pause_that_holds_a_gap_is_not_merged() -> None:
    speed = np.zeros(100)
    speed[20:40] = speed[44:60] = 50.0
    valid = all_valid(100)
    valid[41] = False
    assert runs(moving_mask(speed, valid, 30.0, 30.0, 0.0)) == [(20, 40), (44, 60)]


@pytest.mark.parametrize(
    ("fs_hz", "samples", "kept"), [(30.0, 5, False), (30.0, 6, True), (6.0, 2, False), (6.0, 3, True)]
)
def test_shortest_bout(fs_hz: float, samples: int, kept: bool) -> None:
    speed = np.zeros(60)
    speed[20 : 20 + samples] = 50.0
    assert moving_mask(speed, all_valid(60), fs_hz, fs_hz, 0.0).any() == kept


def test_a_higher_floor_raises_both_thresholds() -> None:
    speed = np.full(60, 39.0)
    assert moving_mask(speed, all_valid(60), 30.0, 30.0, 15.0).all()  # 2.5 x 15 = 37.5
    assert not moving_mask(speed, all_valid(60), 30.0, 30.0, 16.0).any()


@settings(deadline=None, max_examples=80)
@given(st.lists(st.floats(0, 80), min_size=5, max_size=120), st.floats(0, 20))
def test_mask_is_the_same_backward_and_falls_with_the_floor(speeds: list[float], floor: float) -> None:
    speed, valid = np.array(speeds), all_valid(len(speeds))
    moving = moving_mask(speed, valid, 30.0, 30.0, floor)
    np.testing.assert_array_equal(moving_mask(speed[::-1], valid, 30.0, 30.0, floor)[::-1], moving)
    assert not (moving_mask(speed, valid, 30.0, 30.0, floor + 20) & ~moving).any()
    np.testing.assert_array_equal(moving_mask(speed, valid, 30.0, 30.0, np.full(len(speed), floor)), moving)
    assert all(stop - start >= 6 for start, stop in runs(moving))
