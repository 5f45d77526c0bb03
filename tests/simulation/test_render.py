"""Rounded solids and the structured-light sensor, against hand values and plain ray marching."""

import numpy as np
import numpy.typing as npt
import pytest

from asyconv.simulation.render import draw_solids, sense

FOCAL_PX = 500.0


def drawn(
    cones: list[list[float]], ellipsoids: list[list[float]]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    z_mm, part = np.full((61, 81), 1000.0, np.float32), np.zeros((61, 81), np.uint8)
    c, e = np.array(cones, float).reshape(-1, 8), np.array(ellipsoids, float).reshape(-1, 12)
    draw_solids(c, np.full(len(c), 3, np.uint8), e, np.full(len(e), 4, np.uint8), FOCAL_PX, z_mm, part)
    return z_mm, part


def test_a_ball_is_nearest_in_its_middle_and_as_wide_as_perspective_says() -> None:
    z_mm, part = drawn([[0, 0, 600, 0, 0, 600, 20, 20]], [])
    assert z_mm[30, 40] == pytest.approx(580.0, abs=1e-3)
    wide_px = (part[30] == 3).sum()
    assert wide_px == pytest.approx(2 * FOCAL_PX * 20 / np.sqrt(600**2 - 20**2), abs=1.0)
    ball, _ = drawn([], [[0, 0, 600, *(np.eye(3).ravel() / 20)]])
    np.testing.assert_allclose(ball, z_mm, atol=1e-2)


def march(solid: list[float], x_px: int, y_px: int) -> float:
    """Depth at which a ray first enters the union of 4000 spheres along the axis."""
    a, b = np.array(solid[:3]), np.array(solid[3:6])
    u = np.linspace(0, 1, 4000)[:, None]
    centres, radii = a + u * (b - a), solid[6] + u[:, 0] * (solid[7] - solid[6])
    ray = np.array([(x_px - 40) / FOCAL_PX, (y_px - 30) / FOCAL_PX, 1.0])
    dd, dc = ray @ ray, centres @ ray
    root = dc**2 - dd * ((centres**2).sum(1) - radii**2)
    hit = root > 0
    return float(((dc[hit] - np.sqrt(root[hit])) / dd).min()) if hit.any() else 1000.0


def test_a_rounded_cone_is_the_envelope_of_its_spheres() -> None:
    solid = [-15.0, -8.0, 620.0, 18.0, 12.0, 560.0, 16.0, 7.0]
    z_mm, _ = drawn([solid], [])
    wrong = 0
    for y in range(0, 61, 3):
        for x in range(0, 81, 3):
            expected = march(solid, x, y)
            wrong += abs(z_mm[y, x] - expected) > 0.2  # the very rim may fall either way
    assert wrong <= 2


def test_the_nearer_solid_wins() -> None:
    _, part = drawn([[0, 0, 600, 0, 0, 600, 10, 10]], [[0, 0, 700, *(np.eye(3).ravel() / 40)]])
    assert part[30, 40] == 3
    assert part[30, 60] == 4


def sensed(z_mm: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]:
    out = np.empty(z_mm.shape, np.uint16)
    sense(z_mm, np.uint64(7), 575.8 * 75.0, 0.085, 0.003, 300.0, out)
    return out


def test_a_flat_wall_is_seen_at_its_depth_with_noise_that_grows_with_distance() -> None:
    spread = []
    for depth in (500.0, 1000.0):
        seen = sensed(np.full((240, 320), depth, np.float32)).astype(float)
        valid = seen[:, :300][seen[:, :300] > 0]
        assert np.median(valid) == pytest.approx(depth, abs=0.004 * depth)
        spread.append(valid.std())
    assert spread[1] / spread[0] == pytest.approx(4.0, rel=0.3)  # depth noise goes with the square of depth


def test_depth_comes_in_steps_of_an_eighth_of_disparity() -> None:
    seen = np.unique(sensed(np.full((240, 320), 800.0, np.float32)))
    disparities = 8 * 575.8 * 75.0 / seen[seen > 0]
    assert np.abs(disparities - np.rint(disparities)).max() < 0.5 * 8 * 575.8 * 75.0 / 790.0**2  # a whole mm is kept


def test_holes_lie_where_the_projector_cannot_see_where_it_is_too_near_and_at_the_right_border() -> None:
    wall = np.full((200, 300), 600.0, np.float32)
    wall[60:140, 100:160] = 500.0
    seen = sensed(wall)
    shadow_px = int(575.8 * 75.0 * (1 / 500 - 1 / 600))
    assert (seen[70:130, 163 : 160 + shadow_px - 2] == 0).all()
    assert (seen[70:130, 90:97] > 0).mean() > 0.95
    assert (seen[:, -8:] == 0).all()
    assert (sensed(np.full((50, 50), 250.0, np.float32)) == 0).all()
