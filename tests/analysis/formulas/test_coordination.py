"""Coordination of signals that follow each other, or have nothing to do with each other."""

import numpy as np
import numpy.typing as npt
import pytest

from asyconv.analysis.formulas.coordination import circular_correlation, lag, starting_together
from asyconv.analysis.formulas.statistics import pearson

Floats = npt.NDArray[np.float64]


def noisy_bursts(seed: int, n: int = 5400) -> Floats:
    return np.convolve(np.random.default_rng(seed).standard_normal(n), np.ones(20) / 20, "same")


def test_a_limb_that_follows_by_a_third_of_a_second() -> None:
    first = noisy_bursts(1)
    found = lag(first, np.roll(first, 10), 30.0)
    assert found.correlation == pytest.approx(1.0)
    assert found.lag_s == pytest.approx(1 / 3)
    assert lag(np.roll(first, 10), first, 30.0).lag_s == pytest.approx(-1 / 3)
    assert 0 < found.bound < 0.5
    assert np.isnan(lag(first[:800], first[:800], 30.0).bound)  # 27 s hold fewer than 500 shifts


def test_chance_exceeds_the_bound_in_one_of_twenty() -> None:
    lags = (lag(noisy_bursts(2 * k), noisy_bursts(2 * k + 1), 30.0) for k in range(200))
    above = [found.correlation > found.bound for found in lags]
    assert 2 <= sum(above) <= 22


def test_shifted_correlation_is_that_of_shifted_signals() -> None:
    whole = noisy_bursts(3, 300), noisy_bursts(4, 300)
    assert circular_correlation(*whole)[0] == pytest.approx(pearson(*whole))
    assert circular_correlation(*whole)[7] == pytest.approx(pearson(whole[0], np.roll(whole[1], -7)))
    assert circular_correlation(np.full(5, np.nan), np.zeros(5)).tolist() == [0.0] * 5


def test_starting_together_beyond_chance() -> None:
    rng = np.random.default_rng(5)
    first = np.zeros(5400, bool)
    first[rng.integers(0, 5400, 30)] = True
    assert starting_together(first, np.roll(first, 9), 30.0) > 0.7  # 0.3 s later
    assert abs(starting_together(first, np.roll(first, 2000), 30.0)) < 0.2
    assert np.isnan(starting_together(np.zeros(5400, bool), np.zeros(5400, bool), 30.0))
    assert np.isnan(starting_together(first[:300], first[:300], 30.0))
