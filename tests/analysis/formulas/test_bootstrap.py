"""Intervals from blocks: known memory, influences by hand, and coverage of a known truth."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import lfilter

from asyconv.analysis.formulas.bootstrap import autocorrelation_time, influences, interval
from asyconv.analysis.formulas.statistics import mean, median, share_pct

Floats = npt.NDArray[np.float64]


def correlated(n: int, coefficient: float, seed: int) -> Floats:
    """First-order autoregression of unit variance."""
    noise = np.random.default_rng(seed).standard_normal(n + 500)
    return np.asarray(lfilter([np.sqrt(1 - coefficient**2)], [1, -coefficient], noise)[500:])


@pytest.mark.parametrize("coefficient", [0.0, 0.5, 0.9])
def test_memory_of_an_autoregression(coefficient: float) -> None:
    known = (1 + coefficient) / (1 - coefficient)
    assert autocorrelation_time(correlated(200_000, coefficient, 1)) == pytest.approx(known, rel=0.07)


def test_a_constant_has_no_memory() -> None:
    assert autocorrelation_time(np.full(100, 3.0)) == 1.0


def test_influence_of_a_mean_is_the_deviation() -> None:
    values = correlated(300, 0.5, 6)
    groups = values.reshape(30, 10).mean(axis=1)
    # leaving out 10 of 300 moves the mean by 10/290 of what the ten deviate
    np.testing.assert_allclose(influences(mean, (values,), 300, 10), (groups - values.mean()) * 10 / 290, atol=1e-12)


def test_all_arrays_are_resampled_alike_and_numbers_stay() -> None:
    inside = correlated(2000, 0.5, 9) > 0

    def twice(a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_], factor: float) -> float:
        assert (a == b).all()  # whatever rows are drawn
        return factor * share_pct(a, np.ones(len(b), bool))

    low, high = interval(twice, (inside, inside, 2.0), 10.0, "") or (0.0, 0.0)
    assert 0 < low < 2 * share_pct(inside, np.ones(2000, bool)) < high < 200
    assert interval(lambda value, mask: value, (3.0, inside), 10.0, "") is None  # nothing that varies


@pytest.mark.parametrize("formula", [mean, median])
def test_intervals_cover_a_known_value(formula: Callable[..., float]) -> None:
    # memory 1.9 s at 10 Hz, so blocks of 10 s; nominal 95 %
    covered = 0
    for seed in range(100):
        low, high = interval(formula, (correlated(1800, 0.9, 100 + seed),), 10.0, str(seed)) or (1.0, -1.0)
        covered += low <= 0 <= high
    assert 88 <= covered <= 99


def test_same_key_same_interval() -> None:
    values = correlated(5400, 0.9, 7)
    one, again, other = (interval(mean, (values,), 30.0, key) for key in ("a", "a", "b"))
    assert one is not None
    assert one == again != other


def test_fewer_than_eight_blocks_give_none() -> None:
    assert interval(mean, (correlated(790, 0.0, 8),), 10.0, "") is None  # 79 s
    assert interval(mean, (correlated(810, 0.0, 8),), 10.0, "") is not None
    slow = np.sin(2 * np.pi * np.arange(1800) / 1800)  # one swing: its memory fills the recording
    assert interval(mean, (slow,), 10.0, "") is None


def test_what_is_not_defined_has_no_interval() -> None:
    assert interval(mean, (np.full(2000, np.nan),), 10.0, "") is None
    assert interval(lambda value: value, (3.0,), 10.0, "") is None
    assert interval(lambda a, b: 1.0, (np.zeros(2000), np.zeros(7)), 10.0, "") is None
