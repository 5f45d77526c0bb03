"""Gaps: what is bridged and what stays open."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyconv.analysis.formulas.gaps import fill_gaps, gap_free, longest_gap_s, runs


def line(n: int) -> np.ndarray:
    return np.arange(n, dtype=float)[:, None, None] * [1.0, 2.0]


@pytest.mark.parametrize(("missing", "filled"), [(1, True), (6, True), (7, False), (9, False)])
def test_a_gap_of_0_2_s_is_filled_and_a_longer_one_is_not(missing: int, filled: bool) -> None:
    values = line(60)
    values[20 : 20 + missing] = np.nan
    out = fill_gaps(values, 30.0, step_max=1e9)
    assert np.isfinite(out).all() == filled
    if filled:
        np.testing.assert_allclose(out, line(60), atol=1e-12)


def test_at_6_hz_one_sample_is_filled_and_two_are_not() -> None:
    values = line(30)
    values[10] = np.nan
    values[20:22] = np.nan
    out = fill_gaps(values, 6.0, step_max=1e9)
    assert np.isfinite(out[10]).all()
    assert np.isnan(out[20:22]).all()


def test_ends_and_implausible_bridges_stay_missing() -> None:
    values = line(30)
    values[:3] = np.nan
    values[15] = np.nan
    values[16:] += 100
    out = fill_gaps(values, 30.0, step_max=20.0)
    assert np.isnan(out[:3]).all()
    assert np.isnan(out[15]).all()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.booleans(), min_size=12, max_size=90), st.sampled_from([6.0, 25.0, 30.0]))
def test_filling_never_touches_a_sample_and_never_bridges_more_than_the_limit(seen: list[bool], fs_hz: float) -> None:
    values = line(len(seen))
    values[~np.array(seen)] = np.nan
    out = fill_gaps(values, fs_hz, step_max=1e9)
    np.testing.assert_array_equal(out[seen], values[seen])
    left = ~np.isfinite(out[:, 0, 0])
    for start, stop in runs(~np.array(seen)):
        inner = start > 0 and stop < len(seen)
        assert left[start:stop].all() == (not inner or (stop - start) / fs_hz > 0.2 + 1e-9)


def test_runs_long_enough_are_brought_to_another_rate() -> None:
    x = np.arange(900.0)
    x[300:310] = np.nan
    pieces = gap_free(x, 30.0, 10.0, 10.0)
    assert [len(p) for p in pieces] == [100, 197]
    np.testing.assert_allclose(pieces[0], np.arange(0, 300, 3.0))
    assert gap_free(x, 30.0, 25.0, 10.0) == []


def test_the_longest_gap_is_of_what_was_expected() -> None:
    seen, expected = np.ones(300, bool), np.ones(300, bool)
    seen[10:40] = seen[100:200] = False
    assert longest_gap_s(seen, expected, 10.0) == 10.0
    expected[90:210] = False
    assert longest_gap_s(seen, expected, 10.0) == 3.0
    assert longest_gap_s(expected, expected, 10.0) == 0.0
