"""Errors and intervals of path and moving share: what widens them, when they are given, and the factor that holds."""

from typing import Any

import numpy as np
import pytest

from asyconv.analysis import analyse
from asyconv.analysis.evaluation.agreement import Amounts
from asyconv.analysis.evaluation.amount_intervals import factors_that_hold, interval_rows, intervals_text
from asyconv.analysis.formulas.uncertainty import amounts_with_errors, errors_of_speed, spread
from asyconv.analysis.report.page import render
from asyconv.analysis.tables.movement import Movement
from asyconv.skeleton import LIMBS
from asyconv.tracks import Tracks
from tests.helpers.closed_form import hide, make_tracks, shake
from tests.helpers.found_results import find, value
from tests.helpers.html_page import Page

FACTORS = {"moving_pct": 2.0, "path_active_mm_per_min": 3.0}


def moving(noise_mm: float = 0.2, **meta: Any) -> Tracks:
    return make_tracks(120, motion={"right_wrist": shake(20, 0.5, on_s=5, off_s=5)}, noise_mm=noise_mm, **meta)


def sd(movement: Movement, measure: str) -> float:
    return find(movement, measure, "right_arm").error_sd or 0.0


def test_errors_have_the_band_of_the_estimate_and_the_size_that_is_asked() -> None:
    drawn = errors_of_speed(3000, 30.0, 4.0)
    assert (drawn**2).mean(axis=1) == pytest.approx(np.ones((8, 3)))
    power = (np.abs(np.fft.rfft(drawn, axis=1)) ** 2).mean(axis=(0, 2))
    frequency_hz = np.fft.rfftfreq(3000, 1 / 30)
    assert 2 < frequency_hz[np.searchsorted(np.cumsum(power), power.sum() / 2)] < 4  # half of it is below the band
    still, valid = np.zeros((3000, 3)), np.ones(3000, bool)
    samples, path = amounts_with_errors(still, np.full(3000, 30.0), np.zeros(3000), valid, 0.0, 30.0, 30.0, 4.0)
    assert (samples[0], path[0]) == (0, 0)
    assert path[1:].min() > 30 * 100 * 0.5  # the errors alone go a long way in 100 s
    assert spread(np.array([3.0, 5.0]), 4.0) == pytest.approx(np.sqrt(2))
    assert spread(np.array([4.0, 4.0]), 1.0) == 3.0


def test_noise_and_time_that_is_not_seen_widen_the_error() -> None:
    plain = analyse(moving())
    noisy = analyse(moving(0.4))
    hidden = analyse(hide(moving(), "right_wrist", 300, 900))  # a sixth of the time
    for measure in FACTORS:
        assert sd(plain, measure) < sd(noisy, measure)
        assert sd(plain, measure) < sd(hidden, measure)
    assert sd(hidden, "moving_pct") == pytest.approx(np.hypot(100 / 6 / np.sqrt(12), sd(plain, "moving_pct")), rel=0.1)


def test_intervals_need_the_factor_of_the_model_and_stand_in_tables_and_report() -> None:
    without, stated = analyse(moving()), analyse(moving(interval_factors=FACTORS))
    assert not any(r.interval for r in without.results if r.measure.name in FACTORS)
    for name, factor in FACTORS.items():
        middle, half = value(stated, name, "right_arm"), factor * sd(stated, name)
        assert find(stated, name, "right_arm").interval == pytest.approx((middle - half, middle + half))
    assert (find(stated, "moving_pct", "left_leg").interval or (None,))[0] == 0.0  # no share is negative
    assert "where the true amount of this recording lies" in Page(render([stated])).text
    assert "where the true amount of this recording lies" not in Page(render([without])).text


def test_the_factor_is_that_at_the_rank_of_19_in_20() -> None:
    movement = analyse(moving())
    truth = {limb: Amounts(50.0, 600.0, 1.0) for limb in LIMBS}
    rows = interval_rows(movement, truth, 1)
    assert len(rows) == 8
    assert factors_that_hold(rows) == {}  # four limbs prove nothing
    made = [{"measure": "moving_pct", "measured": 10.0 + k, "true": 10.0, "error_sd": 2.0} for k in range(1, 40)]
    assert factors_that_hold(made) == {"moving_pct": 19.0}  # 38 of 39 lie within, 38 = 0.95 x 40
    assert "none given" in intervals_text(rows)
