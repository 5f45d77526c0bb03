"""Gaps: runs of what was seen, and the longest gap between them."""

import numpy as np

from asyconv.analysis.formulas.gaps import gap_free, longest_gap_s


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
