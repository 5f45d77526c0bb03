"""Coordination of signals that follow each other, or have nothing to do with each other."""

import numpy as np
import numpy.typing as npt
import pytest

from asyconv.analysis.formulas.coordination import circular_correlation, peak_lag
from asyconv.analysis.measures.coordination import pearson

Floats = npt.NDArray[np.float64]


def noisy_bursts(seed: int, n: int = 5400) -> Floats:
    return np.convolve(np.random.default_rng(seed).standard_normal(n), np.ones(20) / 20, "same")


def test_a_limb_that_follows_by_a_third_of_a_second() -> None:
    first = noisy_bursts(1)
    highest, lag, bound = peak_lag(first, np.roll(first, 10), 30.0)
    assert highest == pytest.approx(1.0)
    assert lag == pytest.approx(1 / 3)
    assert peak_lag(np.roll(first, 10), first, 30.0)[1] == pytest.approx(-1 / 3)
    assert 0 < bound < 0.5


def test_chance_exceeds_the_bound_in_one_of_twenty() -> None:
    above = [
        found[0] > found[2]
        for found in (peak_lag(noisy_bursts(2 * k), noisy_bursts(2 * k + 1), 30.0) for k in range(200))
    ]
    assert 2 <= sum(above) <= 22


def test_correlation_by_hand() -> None:
    a, b = np.array([1.0, 2, 3, np.nan, 4]), np.array([2.0, 4, 7, 1, np.nan])
    assert pearson(a, b).value() == pytest.approx(np.corrcoef([1, 2, 3], [2, 4, 7])[0, 1])
    whole = noisy_bursts(3, 300), noisy_bursts(4, 300)
    assert circular_correlation(*whole)[0] == pytest.approx(pearson(*whole).value())
    assert circular_correlation(*whole)[7] == pytest.approx(pearson(whole[0], np.roll(whole[1], -7)).value())
    assert circular_correlation(np.full(5, np.nan), np.zeros(5)).tolist() == [0.0] * 5
