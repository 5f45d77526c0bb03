"""Other depth cameras: what each does to a wall, an edge and a corner, and what drivers make of a picture."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from asyconv.simulation.body import PART
from asyconv.simulation.cameras import CAMERAS, Sensor, picture
from asyconv.simulation.scene import Condition, make_infant, sensed_depth, true_depth
from asyconv.simulation.visible import visible_joints

FOCAL_PX = 575.8
KEY = np.uint64(7)


def sensor(name: str, **changes: Any) -> Sensor:
    plain = Sensor(CAMERAS[name], 1.0, 1.0, 0.0, 0.8, 0.0, smoothed=False, filled=False, halved=False, step_mm=1)
    return replace(plain, **changes)


def wall(depth_mm: float = 600.0) -> npt.NDArray[np.float32]:
    return np.full((240, 320), depth_mm, np.float32)


def edge() -> npt.NDArray[np.float32]:
    z_mm = wall()
    z_mm[:, 160:] = 500.0
    return z_mm


@pytest.mark.parametrize("name", CAMERAS)
def test_every_camera_sees_a_wall_where_it_is_and_less_sharply_from_afar(name: str) -> None:
    spread = []
    for depth_mm in (500.0, 1000.0):
        seen = picture(sensor(name), wall(depth_mm), KEY, FOCAL_PX)[:, :300].astype(float)
        assert (seen == 0).mean() < 0.02
        assert np.median(seen[seen > 0]) == pytest.approx(depth_mm, abs=0.004 * depth_mm)
        spread.append(seen[seen > 0].std())
    assert 2.0 < spread[1] / spread[0] < 5.0
    assert (picture(sensor(name), wall(150.0), KEY, FOCAL_PX) == 0).all()


@pytest.mark.parametrize("name", CAMERAS)
def test_a_picture_is_a_function_of_its_key(name: str) -> None:
    patchy = sensor(name, patches=0.05, smoothed=True, filled=True)
    pictures = [picture(patchy, edge(), key, FOCAL_PX) for key in (KEY, KEY, np.uint64(8))]
    np.testing.assert_array_equal(pictures[0], pictures[1])
    assert (pictures[0] != pictures[2]).any()


def test_time_of_flight_mixes_the_sides_of_an_edge_and_structured_light_does_not() -> None:
    between = {}
    for name in ("azure_kinect", "astra"):
        seen = picture(sensor(name), edge(), KEY, FOCAL_PX)
        between[name] = ((seen > 520) & (seen < 580)).mean()
    assert between["azure_kinect"] > 0.002
    assert between["astra"] == 0.0


def test_a_groove_seems_deeper_the_more_light_comes_back_by_longer_ways() -> None:
    z_mm = wall(560.0)
    z_mm[:, 150:170] = 600.0
    plain, longer = (
        picture(sensor("femto", multipath=share), z_mm, KEY, FOCAL_PX)[:, 155:165].astype(float)
        for share in (0.0, 0.15)
    )
    assert 2.0 < np.median(longer) - np.median(plain) < 8.0


def test_stereo_makes_what_is_near_fatter_and_loses_patches() -> None:
    fat = picture(sensor("realsense_d4xx"), edge(), KEY, FOCAL_PX)
    assert np.median(fat[:, 158]) < 510
    lost = (picture(sensor("realsense_d4xx", patches=0.05), wall(), KEY, FOCAL_PX)[:, :300] == 0).mean()
    assert 0.01 < lost < 0.15


def test_drivers_smooth_fill_halve_and_round() -> None:
    holes = sensor("astra", holes=20.0)
    raw = picture(holes, wall(), KEY, FOCAL_PX)
    assert (raw[:, 1:300] == 0).mean() > 0.03
    filled = picture(replace(holes, filled=True), wall(), KEY, FOCAL_PX)
    assert (filled[:, 8:] > 0).all()
    smooth = picture(replace(holes, smoothed=True), wall(), KEY, FOCAL_PX)[:, 4:300]
    assert smooth[smooth > 0].std() < raw[:, 4:300][raw[:, 4:300] > 0].std()
    halved = picture(replace(holes, halved=True), wall(), KEY, FOCAL_PX)
    np.testing.assert_array_equal(halved[::2, ::2], halved[1::2, 1::2])
    assert (picture(replace(holes, step_mm=8), wall(), KEY, FOCAL_PX) % 8 == 0).all()


def test_varied_infants_are_seen_by_the_stated_camera_or_by_any() -> None:
    kinds = set()
    for number in range(30):
        infant = make_infant(41, number, np.zeros(1), condition=Condition(varied=True))
        assert infant.sensor is not None
        kinds.add(infant.sensor.camera.kind)
    assert kinds == {"structured", "stereo", "time of flight"}
    femto = make_infant(41, 0, np.zeros(1), condition=Condition(varied=True, camera="femto"))
    assert femto.sensor is not None
    assert femto.sensor.camera is CAMERAS["femto"]
    z_mm, _ = true_depth(femto, 0)
    np.testing.assert_array_equal(sensed_depth(femto, 0, z_mm), sensed_depth(femto, 0, z_mm))
    assert make_infant(41, 0, np.zeros(1)).sensor is None


def test_a_swaddle_hides_the_joints_and_leaves_the_head() -> None:
    heads = 0
    for number in range(8):
        condition = Condition(varied=True, swaddled=True, lying="supine", tilt_deg=0.0, distance_mm=800.0)
        infant = make_infant(42, number, np.zeros(1), condition=condition)
        z_mm, part = true_depth(infant, 0)
        assert visible_joints(infant, 0, z_mm, part).sum() <= 2
        assert (part == PART["cover"]).sum() > 3 * (part == PART["trunk"]).sum()
        heads += (part == PART["head"]).sum() > 200
    assert heads >= 6  # the others lie at the picture's border
