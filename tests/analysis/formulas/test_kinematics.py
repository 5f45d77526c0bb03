"""Kinematics on polynomials, lines and circles, whose derivatives are known."""

import numpy as np
import pytest

from asyconv.analysis.formulas.kinematics import (
    curvature,
    derivative,
    difference,
    path_steps,
    segment_length,
    speed,
    speed_rms_debiased,
)


def test_elementary_arithmetic() -> None:
    square = np.array([0.0, 1, 4, 9, 16])[:, None]
    np.testing.assert_allclose(difference(square, 0.5)[:, 0], [2, 6, 10, 14])
    np.testing.assert_allclose(difference(square, 0.5, 2)[:, 0], [8, 8, 8])
    np.testing.assert_allclose(derivative(square, 1.0)[1:-1, 0], [2, 4, 6])
    assert np.isnan(derivative(square[:2], 1.0)).all()
    assert segment_length(np.array([[0.0, 3.0]]), np.array([[4.0, 0.0]])) == 5.0


def test_speed_of_a_circle_is_constant_and_of_a_line_exact() -> None:
    time_s = np.arange(300) / 30
    circle = 50 * np.stack([np.cos(time_s), np.sin(time_s)], axis=-1)
    np.testing.assert_allclose(speed(circle, 30.0)[1:-1], 50 * np.sin(1 / 30) * 30, rtol=1e-9)
    np.testing.assert_allclose(speed(np.outer(time_s, [3.0, 4.0]), 30.0), 5.0, rtol=1e-9)


def test_speed_does_not_cross_a_gap() -> None:
    position = np.zeros((20, 2))
    position[10:] = 1000.0
    position[9] = np.nan
    found = speed(position, 30.0)
    assert np.isnan(found[9])
    np.testing.assert_allclose(found[np.arange(20) != 9], 0.0)


def test_path_of_a_circle_and_of_noise_below_the_floor() -> None:
    speed_mm_s = np.full(300, 50.0)
    moving = np.arange(300) < 150
    assert path_steps(speed_mm_s, moving, 30.0).sum() == pytest.approx(250)
    assert path_steps(speed_mm_s, moving, 30.0, 30.0).sum() == pytest.approx(200)  # sqrt(50^2 - 30^2) = 40
    assert path_steps(speed_mm_s, moving, 30.0, np.full(300, 60.0)).sum() == 0
    speed_mm_s[10] = np.nan
    assert np.isnan(path_steps(speed_mm_s, moving, 30.0)[10])


def test_rms_speed_less_the_floor() -> None:
    assert speed_rms_debiased(np.array([50.0, np.nan, 50.0]), 30.0) == pytest.approx(40.0)
    assert speed_rms_debiased(np.array([20.0]), 30.0) == 0.0
    assert np.isnan(speed_rms_debiased(np.full(3, np.nan), 1.0))


def test_curvature_of_a_circle_is_its_radius_and_of_a_line_nothing() -> None:
    time_s = np.arange(300) / 30
    circle = 20 * np.stack([np.cos(time_s), np.sin(time_s), 0 * time_s], axis=-1)
    np.testing.assert_allclose(curvature(circle, 30.0)[2:-2], 1 / 20, rtol=1e-3)
    np.testing.assert_allclose(curvature(np.outer(time_s, [3.0, 4.0, 0.0]), 30.0), 0.0, atol=1e-12)
    assert np.isnan(curvature(np.zeros((9, 3)), 30.0)).all()
