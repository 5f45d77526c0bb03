"""Bouts: thresholds, pauses, gaps and shortest bouts, by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyconv.analysis.formulas.bouts import (
    bouts,
    burstiness,
    durations_s,
    moving_mask,
    onsets,
    per_bout,
    rests_s,
    starts,
)
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


def test_bouts_know_at_which_end_they_touch_the_unknown() -> None:
    moving, valid = np.zeros(100, bool), all_valid(100)
    for start, stop in ((0, 10), (20, 30), (31, 40), (90, 100)):
        moving[start:stop] = True
    valid[30] = False
    found = bouts(moving, valid)
    assert found.start.tolist() == [0, 20, 31, 90]
    assert found.cut_start.tolist() == [True, False, True, False]
    assert found.cut_stop.tolist() == [False, True, False, True]
    assert found.cut.all()
    assert np.flatnonzero(starts(found, 100)).tolist() == [0, 20, 31, 90]
    assert np.flatnonzero(onsets(found, 100)).tolist() == [20, 90]  # the end of a gap is no onset
    assert len(bouts(np.zeros(5, bool), all_valid(5))) == 0
    part = found.within(20, 60)
    assert part.start.tolist() == [0, 11]
    assert part.cut_start.tolist() == [False, True]


def test_durations_and_rests_of_what_was_seen_whole() -> None:
    moving, valid = np.zeros(300, bool), all_valid(300)
    for start, stop in ((30, 60), (90, 105), (150, 180)):
        moving[start:stop] = True
    valid[120] = False
    found = bouts(moving, valid)
    durations = durations_s(found, 300, 30.0)
    assert durations[[30, 90, 150]].tolist() == [1.0, 0.5, 1.0]
    assert np.isfinite(durations).sum() == 3
    rests = rests_s(found, valid, 30.0)
    assert rests[90] == 1.0
    assert np.isfinite(rests).sum() == 1  # the other has a gap in it
    valid[29] = False
    assert np.isnan(durations_s(bouts(moving, valid), 300, 30.0)[30])


def test_a_formula_over_each_whole_bout() -> None:
    moving = np.zeros(60, bool)
    moving[10:20] = moving[30:40] = moving[50:] = True
    x = np.arange(60.0)
    x[35] = np.nan
    found = per_bout(lambda piece: float(piece.sum()), x, bouts(moving, all_valid(60)))
    assert found[0] == sum(range(10, 20))
    assert np.isnan(found[1])
    assert len(found) == 2  # the third reaches the end


def test_burstiness_of_clockwork_chance_and_bursts() -> None:
    assert burstiness(np.full(20, 3.0)) == -1.0
    waits = np.random.default_rng(0).exponential(2.0, 100_000)
    assert burstiness(waits) == pytest.approx(0.0, abs=0.01)
    assert burstiness(np.r_[np.full(99, 0.1), 1000.0, np.nan]) > 0.7
    assert np.isnan(burstiness(np.full(3, np.nan)))
