"""Kinematics on polynomials, lines and circles, whose derivatives are known."""

import numpy as np

from asyconv.analysis.formulas.kinematics import derivative, difference, segment_length, speed, step_speed


def test_elementary_arithmetic() -> None:
    square = np.array([0.0, 1, 4, 9, 16])[:, None]
    np.testing.assert_allclose(difference(square, 0.5)[:, 0], [2, 6, 10, 14])
    np.testing.assert_allclose(difference(square, 0.5, 2)[:, 0], [8, 8, 8])
    np.testing.assert_allclose(step_speed(np.hstack([3 * square, 4 * square]), 1.0), [5, 15, 25, 35])
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
