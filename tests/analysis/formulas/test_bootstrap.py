"""Intervals from blocks: known memory, the resamples that were meant, and coverage of a known truth."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import lfilter

from asyconv.analysis.formulas.bootstrap import Quantiles, Sums, autocorrelation_time, interval, scaled

Floats = npt.NDArray[np.float64]


def correlated(n: int, coefficient: float, seed: int) -> Floats:
    """First-order autoregression of unit variance."""
    noise = np.random.default_rng(seed).standard_normal(n + 500)
    return np.asarray(lfilter([np.sqrt(1 - coefficient**2)], [1, -coefficient], noise)[500:])


def mean_of(values: Floats) -> Sums:
    rows = np.stack([np.nan_to_num(values), np.isfinite(values)])
    return Sums(rows, lambda s: s[..., 0] / s[..., 1])


@pytest.mark.parametrize("coefficient", [0.0, 0.5, 0.9])
def test_memory_of_an_autoregression(coefficient: float) -> None:
    known = (1 + coefficient) / (1 - coefficient)
    assert autocorrelation_time(correlated(200_000, coefficient, 1)) == pytest.approx(known, rel=0.07)


def test_a_constant_has_no_memory() -> None:
    assert autocorrelation_time(np.full(100, 3.0)) == 1.0


def test_values_are_the_plain_ones() -> None:
    values = correlated(900, 0.5, 2)
    values[100:200] = np.nan
    assert mean_of(values).value() == pytest.approx(np.nanmean(values))
    spread = Quantiles(values, (5.0, 95.0), lambda q: q[..., 1] - q[..., 0])
    assert spread.value() == pytest.approx(np.subtract(*np.nanpercentile(values, [95, 5])))
    assert np.isnan(Quantiles(np.full(5, np.nan), (50.0,)).value())


def test_resamples_are_values_of_the_drawn_blocks() -> None:
    values = correlated(500, 0.5, 3)
    values[np.random.default_rng(4).random(500) < 0.3] = np.nan
    starts = np.random.default_rng(5).integers(0, 451, (20, 10))
    drawn = [np.concatenate([values[s : s + 50] for s in row]) for row in starts]
    means = mean_of(values).resampled(starts, 50)
    np.testing.assert_allclose(means, [np.nanmean(d) for d in drawn], rtol=1e-12)
    quantiles = Quantiles(values, (5.0, 50.0, 95.0), lambda q: q[..., 2] - q[..., 0] + q[..., 1])
    expected = [np.nanpercentile(d, [5, 50, 95], method="inverted_cdf") @ [-1, 1, 1] for d in drawn]
    np.testing.assert_allclose(quantiles.resampled(starts, 50), expected, rtol=1e-12)


def test_influence_of_a_mean_is_the_deviation() -> None:
    values = correlated(300, 0.5, 6)
    np.testing.assert_allclose(mean_of(values).influences()[0], (values - values.mean()) / 300, atol=1e-8)


def test_a_rare_value_survives_thinning() -> None:
    rare = np.full(90, np.nan)
    rare[[10, 50]] = 1.0, 2.0
    assert sorted(v for v in Quantiles(rare, (50.0,)).thinned(3).values if np.isfinite(v)) == [1.0, 2.0]


def test_intervals_cover_a_known_mean() -> None:
    # memory 1.9 s at 10 Hz, so blocks of 10 s; nominal 95 %
    covered = 0
    for seed in range(200):
        low, high = interval(mean_of(correlated(1800, 0.9, 100 + seed)), 10.0, str(seed)) or (1.0, -1.0)
        covered += low <= 0 <= high
    assert 180 <= covered <= 199


def test_same_key_same_interval_and_scaling() -> None:
    sample = mean_of(correlated(5400, 0.9, 7))
    one, again, other = (interval(sample, 30.0, key) for key in ("a", "a", "b"))
    assert one is not None
    assert one == again != other
    assert interval(scaled(sample, 2.0), 30.0, "a") == pytest.approx([2 * v for v in one])


def test_fewer_than_eight_blocks_give_none() -> None:
    assert interval(mean_of(correlated(790, 0.0, 8)), 10.0, "") is None  # 79 s
    assert interval(mean_of(correlated(810, 0.0, 8)), 10.0, "") is not None
    slow = mean_of(np.sin(2 * np.pi * np.arange(1800) / 1800))  # one swing: its memory fills the recording
    assert interval(slow, 10.0, "") is None


def test_what_is_not_defined_has_no_interval() -> None:
    assert interval(mean_of(np.full(2000, np.nan)), 10.0, "") is None
