"""Intervals are shown where they were earned: the table in the code, its record, and what the study counts."""

import numpy as np
import pytest

from asyconv.analysis import analyse
from asyconv.analysis.evaluation.interval_coverage import interval_coverage, jittered, table
from asyconv.analysis.measures.intervals import MEASURED, WITH_INTERVALS, Coverage
from asyconv.analysis.measures.registry import REGISTRY
from asyconv.analysis.report.page import INTERVAL_WORDS, render
from tests.helpers.closed_form import ENDS, make_tracks, strokes


def test_shown_is_what_covered_in_90_of_100_and_often_enough() -> None:
    assert Coverage("a", 100, 50, 45).earned
    assert not Coverage("a", 100, 50, 44).earned
    assert not Coverage("a", 100, 49, 49).earned
    assert not Coverage("a", 100, 0, 0).earned
    lines = table([Coverage("a", 100, 50, 45), Coverage("b", 7, 0, 0)]).splitlines()
    assert lines[1:] == ["a,100,50,45,90.0,yes", "b,7,0,0,,no"]


def test_the_record_says_which_core_measures_earned_an_interval() -> None:
    assert {c.measure for c in MEASURED} == {m.name for m in REGISTRY if m.tier == "core"}
    assert {c.measure for c in MEASURED if c.given >= 50 and 100 * c.covered >= 90 * c.given} == WITH_INTERVALS
    assert "speed_median_mm_s" in WITH_INTERVALS
    assert "moving_pct" not in WITH_INTERVALS  # states of rest and movement last too long for 180 s


def test_values_without_memory_earn_their_interval_and_slow_ones_do_not() -> None:
    # strokes without states: 9 minutes, three stretches
    tracks = make_tracks(540, motion={joint: strokes(540, 30 + k) for k, joint in enumerate(ENDS.values())})
    found = {c.measure: c for c in interval_coverage([jittered(tracks, 0.2, 1)])}
    moving = found["moving_pct"]
    assert moving.values == 12
    assert moving.given >= 10
    assert moving.covered >= moving.given - 2
    assert found["speed_floor_mm_s"].given == 0


def test_noise_has_the_size_that_was_asked_for() -> None:
    still = make_tracks(10)
    moved = jittered(still, 0.5, 3).x_mm - still.x_mm
    assert moved.std() == pytest.approx(0.5, rel=0.05)
    assert np.array_equal(jittered(still, 0.5, 3).x_mm, jittered(still, 0.5, 3).x_mm)


def test_intervals_in_results_and_report_are_those_earned() -> None:
    tracks = make_tracks(180, motion={joint: strokes(180, 30 + k) for k, joint in enumerate(ENDS.values())})
    movement = analyse(jittered(tracks, 0.2, 1))
    with_interval = [r for r in movement.results if r.interval is not None]
    assert {r.measure.name for r in with_interval} <= WITH_INTERVALS
    for r in with_interval:
        assert r.value is not None
        assert r.interval is not None
        assert r.interval[0] <= r.value <= r.interval[1]
    assert (INTERVAL_WORDS in render([movement])) == bool(with_interval)
    assert movement.features_long["ci_lo"].count() == len(with_interval)
