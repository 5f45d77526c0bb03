"""Angles by construction."""

import numpy as np
import pytest

from asyconv.analysis.formulas.angles import included_angle, range_of_motion_deg, turning_deg, unwrapped_deg


@pytest.mark.parametrize("degrees", [0.0, 30.0, 90.0, 150.0, 180.0])
def test_included_angle_by_construction(degrees: float) -> None:
    corner = np.array([[1.0, 2.0, 3.0]])
    angle = np.radians(degrees)
    first, second = corner + [10.0, 0, 0], corner + 7 * np.array([np.cos(angle), np.sin(angle), 0])
    assert included_angle(corner, first, second)[0] == pytest.approx(degrees, abs=1e-6)
    assert included_angle(corner[:, :2], first[:, :2], second[:, :2])[0] == pytest.approx(degrees, abs=1e-5)


def test_angles_that_wrap_are_opened_about_their_mean() -> None:
    wrapped = np.array([165.0, 179.0, -179.0, -170.0, np.nan])
    np.testing.assert_allclose(unwrapped_deg(wrapped), [165, 179, 181, 190, np.nan])
    assert np.isnan(unwrapped_deg(np.full(3, np.nan))).all()


def test_range_of_a_sine_and_of_nothing() -> None:
    wave = 170 + 30 * np.sin(2 * np.pi * np.arange(6000) / 600)
    wrapped = np.mod(wave + 180, 360) - 180
    # P5 and P95 of a sine of amplitude 30 lie at 30 sin(0.45 pi)
    assert range_of_motion_deg(wrapped) == pytest.approx(60 * np.sin(0.45 * np.pi), rel=1e-3)
    assert np.isnan(range_of_motion_deg(np.full(9, np.nan)))


def test_turning_counts_while_moving_and_not_round_the_wrap() -> None:
    angle = np.array([0.0, 10.0, 30.0, np.nan, 175.0, -175.0])
    assert turning_deg(angle, np.ones(6, bool)).tolist() == [0, 10, 20, 0, 0, 10]
    assert turning_deg(angle, np.zeros(6, bool)).sum() == 0
