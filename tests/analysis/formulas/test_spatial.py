"""Spatial formulas on clouds, planes and weights whose answer is known."""

import numpy as np
import pytest

from asyconv.analysis.formulas.spatial import ellipse_95, ellipse_area, ellipse_roundness, lift_mm, weighted_centre


def test_the_ellipse_of_a_known_cloud() -> None:
    turn = np.array([[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]])
    angle = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    cloud = np.stack([30 * np.cos(angle), 10 * np.sin(angle)], axis=1) @ turn.T + [5, 7]
    cloud[3] = np.nan  # a missing point counts in nothing
    found = ellipse_95(cloud)
    assert found is not None
    assert (found.across, found.along) == pytest.approx((5, 7), abs=0.1)
    assert (found.long, found.short) == pytest.approx((30 * np.sqrt(5.991 / 2), 10 * np.sqrt(5.991 / 2)), rel=2e-3)
    assert found.angle_deg == pytest.approx(np.degrees(0.5), abs=0.1)
    assert ellipse_area(cloud) == pytest.approx(np.pi * 5.991 * 150, rel=2e-3)
    assert ellipse_roundness(cloud) == pytest.approx(1 / 3, rel=2e-3)


def test_95_of_100_points_of_a_gaussian_cloud_lie_inside() -> None:
    points = np.random.default_rng(3).standard_normal((50_000, 2)) * [4.0, 1.0]
    found = ellipse_95(points)
    assert found is not None
    inside = (points[:, 0] / found.long) ** 2 + (points[:, 1] / found.short) ** 2 < 1
    assert inside.mean() == pytest.approx(0.95, abs=0.005)


def test_nothing_seen_has_no_ellipse() -> None:
    assert ellipse_95(np.full((9, 2), np.nan)) is None
    assert np.isnan(ellipse_area(np.zeros((2, 2))))
    assert np.isnan(ellipse_roundness(np.zeros((9, 2))))


def test_lift_is_the_distance_from_the_plane_above_its_own_rest() -> None:
    position = np.zeros((100, 3))
    position[50:, 2] = -20.0  # towards the camera
    assert lift_mm(position, [0.0, 0.0, -1.0, 7.0])[[0, 99]].tolist() == [0.0, 20.0]
    assert np.isnan(lift_mm(position, None)).all()


def test_a_centre_goes_where_the_weight_is() -> None:
    points = np.array([[[0.0, 0.0], [10.0, 4.0]]] * 3)
    weights = np.array([[1.0, 1.0], [0.0, 2.0], [0.0, 0.0]])
    found = weighted_centre(points, weights)
    np.testing.assert_allclose(found[:2], [[5.0, 2.0], [10.0, 4.0]])
    assert np.isnan(found[2]).all()
