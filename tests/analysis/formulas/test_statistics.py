"""Statistics by hand, with what was not seen left out."""

import numpy as np
import pytest

from asyconv.analysis.formulas.statistics import (
    coefficient_of_variation,
    excess_kurtosis,
    interquartile_range,
    lateralisation_pct,
    lost_pct,
    mean,
    median,
    part_pct,
    participation_ratio,
    pearson,
    per_minute,
    percentile,
    ratio_of_medians,
    rms,
    robust_cv_pct,
    share_pct,
    standard_deviation,
)

NAN = float("nan")
SOME = np.array([1.0, NAN, 2.0, 3.0, NAN, 10.0])


def test_shares_are_of_what_was_looked_at() -> None:
    inside = np.array([True, True, False, False])
    among = np.array([True, False, True, True])
    assert share_pct(inside, among) == pytest.approx(100 / 3)
    assert np.isnan(share_pct(inside, np.zeros(4, bool)))
    assert part_pct(np.array([1.0, NAN, 1.0]), np.array([2.0, 2.0, 4.0])) == 25.0
    assert lost_pct(np.array([2.0, 2.0]), np.array([1.0, NAN])) == 75.0
    assert np.isnan(part_pct(np.zeros(3), np.zeros(3)))


def test_rates_are_of_the_time_that_was_seen() -> None:
    amounts = np.where(np.arange(1200) < 600, 2.0, NAN)
    assert per_minute(amounts, np.isfinite(amounts), 10.0) == 1200.0  # 600 x 2 in one minute
    assert per_minute(amounts, np.ones(1200, bool), 10.0) == 600.0
    assert np.isnan(per_minute(amounts, np.zeros(1200, bool), 10.0))


def test_moments_and_percentiles_leave_out_what_is_missing() -> None:
    assert (mean(SOME), median(SOME), percentile(SOME, 100.0)) == (4.0, 2.5, 10.0)
    assert interquartile_range(SOME) == pytest.approx(4.75 - 1.75)
    assert rms(SOME) == pytest.approx(np.sqrt(114 / 4))
    assert standard_deviation(SOME) == pytest.approx(np.sqrt(50 / 4))
    assert coefficient_of_variation(SOME) == pytest.approx(np.sqrt(50 / 4) / 4)
    missing = np.full(3, NAN)
    for formula in (mean, median, interquartile_range, rms, standard_deviation, coefficient_of_variation):
        assert np.isnan(formula(missing))


def test_kurtosis_of_known_distributions() -> None:
    rng = np.random.default_rng(0)
    assert excess_kurtosis(rng.standard_normal(200_000)) == pytest.approx(0.0, abs=0.05)
    assert excess_kurtosis(rng.uniform(size=200_000)) == pytest.approx(-1.2, abs=0.02)
    assert np.isnan(excess_kurtosis(np.full(10, 3.0)))


def test_spread_of_a_length_is_that_of_its_noise_and_not_of_outliers() -> None:
    length = 80 + 2 * np.random.default_rng(1).standard_normal(20_000)
    assert robust_cv_pct(length) == pytest.approx(2.5, rel=0.03)
    length[::50] = 500.0
    assert robust_cv_pct(length) == pytest.approx(2.5, rel=0.06)
    assert np.isnan(robust_cv_pct(length[:29]))
    assert ratio_of_medians(np.full(40, 3.0), np.full(30, 2.0)) == 1.5
    assert np.isnan(ratio_of_medians(np.full(40, 3.0), np.full(29, 2.0)))


def test_lateralisation_has_a_sign_and_no_value_without_movement() -> None:
    assert lateralisation_pct(3.0, 1.0) == 50.0
    assert lateralisation_pct(1.0, 3.0) == -50.0
    assert lateralisation_pct(0.0, 1.0) == -100.0
    assert np.isnan(lateralisation_pct(0.0, 0.0))


def test_correlation_by_hand() -> None:
    a, b = np.array([1.0, 2, 3, NAN, 4]), np.array([2.0, 4, 7, 1, NAN])
    assert pearson(a, b) == pytest.approx(np.corrcoef([1, 2, 3], [2, 4, 7])[0, 1])
    assert pearson(1e9 + a, b) == pytest.approx(pearson(a, b), rel=1e-6)
    assert np.isnan(pearson(np.full(5, 1.0), b))


def test_participation_of_signals_that_are_one_and_of_signals_that_are_many() -> None:
    noise = np.random.default_rng(2).standard_normal((50_000, 4))
    assert participation_ratio(noise) == pytest.approx(4.0, rel=0.01)
    assert participation_ratio(np.repeat(noise[:, :1], 4, axis=1)) == pytest.approx(1.0)
    noise[:10, 0] = NAN
    assert participation_ratio(noise) == pytest.approx(4.0, rel=0.01)
    assert np.isnan(participation_ratio(np.ones((100, 3))))
