"""The mattress plane: a tilted plane is found beside an infant and a rail, and not invented where there is none."""

import numpy as np
import pytest

from asyconv.pose.geometry import MapGeometry
from asyconv.pose.mattress import DepthSampler, fit_mattress, to_camera_mm
from asyconv.recordings.stream import Intrinsics

CAMERA = Intrinsics(575.8, 575.8, 319.5, 239.5, "file")
GEOMETRY = MapGeometry(640, 480)


def tilted_scene(mirrored: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Depth [96, 128] of a plane with a body and a rail on it, and the plane itself."""
    normal = np.array([0.05, -0.03, -1.0])
    normal /= np.linalg.norm(normal)
    rows, columns = np.mgrid[:96, :128]
    geometry = MapGeometry(640, 480, mirrored=mirrored)
    rays = to_camera_mm(geometry.to_px(np.stack([columns, rows], -1)), np.ones((96, 128)), CAMERA, mirrored)
    depth = -600.0 / (rays @ normal)
    depth[30:70, 50:80] -= 70.0
    depth[:, 120:] -= 90.0
    return depth, np.append(normal, 600.0)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_tilted_mattress_is_found_beside_body_and_rail(mirrored: bool) -> None:
    depth, plane = tilted_scene(mirrored)
    depth += np.random.default_rng(0).normal(0, 1.0, depth.shape)
    depth[10:14, 10:14] = np.nan
    body = np.array([[52.0, 32.0], [78.0, 68.0], [np.nan, np.nan]])
    found = fit_mattress(depth, body, MapGeometry(640, 480, mirrored=mirrored), CAMERA)
    assert found is not None
    np.testing.assert_allclose(found[:3], plane[:3], atol=0.003)
    assert found[3] == pytest.approx(600.0, abs=1.0)


def test_the_floor_on_both_sides_of_a_narrow_bed_is_not_the_mattress() -> None:
    depth, plane = tilted_scene()
    depth[:, :30] += 800.0
    depth[:, 95:] += 800.0
    body = np.argwhere(np.ones((40, 30)))[:, ::-1] + [50.0, 30.0]
    found = fit_mattress(depth, body, GEOMETRY, CAMERA)
    assert found is not None
    np.testing.assert_allclose(found, plane, atol=0.01)
    assert fit_mattress(depth, np.empty((0, 2)), GEOMETRY, CAMERA)[3] > 1300.0  # type: ignore[index]


def test_a_joint_above_the_mattress_has_its_height() -> None:
    depth, _ = tilted_scene()
    found = fit_mattress(depth, np.array([[60.0, 50.0]]), GEOMETRY, CAMERA)
    assert found is not None
    point = to_camera_mm(GEOMETRY.to_px(np.array([65.0, 50.0])), np.asarray(depth[50, 65]), CAMERA, False)
    ray_height = point @ found[:3] + found[3]
    assert ray_height == pytest.approx(70.0, abs=1.0)  # 70 mm along a nearly upright ray


def test_no_plane_is_made_up() -> None:
    rng = np.random.default_rng(1)
    assert fit_mattress(rng.uniform(400, 900, (96, 128)), np.empty((0, 2)), GEOMETRY, CAMERA) is None
    assert fit_mattress(np.full((96, 128), np.nan), np.empty((0, 2)), GEOMETRY, CAMERA) is None


def test_the_sampler_keeps_few_maps_of_any_length_and_ignores_holes() -> None:
    sampler = DepthSampler()
    for index in range(5000):
        depth = np.full((96, 128), 500.0, np.float32)
        depth[0, 0] = 0.0
        depth[1, 1] = 0.0 if index % 2 else 700.0
        sampler.push(depth.copy)
    assert len(sampler._maps) < 48
    median = sampler.median()
    assert np.isnan(median[0, 0])
    assert median[2, 2] == 500.0
