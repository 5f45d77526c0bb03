"""Joints from maps: peaks at known places between pixels, links that reject impostors, missing ones left missing."""

import math

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from asyconv.pose.detected import keep_near_detection, whole
from asyconv.pose.joints import JointSet, find_joints, those_present
from asyconv.skeleton import CONNECTIONS
from asyconv.training.targets import draw_targets

Floats = npt.NDArray[np.float32]
# an infant head down: arms below, legs above, every limb bent
POSE = np.array(
    [[88, 60], [80, 66], [72, 72], [50, 72], [40, 66], [34, 58],
     [74, 14], [80, 26], [70, 36], [54, 36], [42, 26], [48, 14]], np.float64,
)  # fmt: skip


def draw(xy: npt.NDArray[np.float64], height: int = 96, width: int = 128) -> Floats:
    """Draw the regression targets of one frame, [20, H, W]."""
    maps = draw_targets(torch.from_numpy(xy)[None, None], "regression", height=height, width=width)
    return maps[0, :, 0].contiguous().numpy()


def find(maps: Floats) -> JointSet:
    return find_joints(maps, joint_threshold=0.3, link_threshold=0.05, nms_window=13)


def add_peak(maps: Floats, joint: int, x: float, y: float, value: float) -> None:
    rows, columns = np.mgrid[: maps.shape[1], : maps.shape[2]]
    bump = value * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 8)
    maps[joint] = np.maximum(maps[joint], bump)


def test_whole_pixels_by_hand() -> None:
    found = find(draw(POSE))
    np.testing.assert_allclose(found.xy_map, POSE, atol=0.01)
    np.testing.assert_allclose(found.score, 1.0, atol=1e-6)
    assert found.xy_map.dtype == found.score.dtype == np.float32


@settings(max_examples=60)
@given(st.lists(st.floats(-3, 3), min_size=24, max_size=24))
def test_found_between_pixels(offsets: list[float]) -> None:
    xy = POSE + np.array(offsets).reshape(12, 2)
    found = find(draw(xy))
    assert np.abs(found.xy_map - xy).max() < 0.05


def test_noise_of_five_percent_costs_a_tenth_of_a_pixel() -> None:
    rng = np.random.default_rng(0)
    errors = []
    for _ in range(20):
        xy = POSE + rng.uniform(-2, 2, (12, 2))
        maps = draw(xy) + 0.05 * rng.standard_normal((20, 96, 128))
        errors.append(np.hypot(*(find(maps.astype(np.float32)).xy_map - xy).T))
    assert np.median(errors) < 0.08
    assert np.percentile(errors, 95) < 0.16


def test_impostor_is_rejected_by_the_connection_map() -> None:
    maps = draw(POSE) * np.float32(0.8)
    add_peak(maps, 0, 20, 80, 1.0)  # a stronger wrist far from the arm
    found = find(maps)
    np.testing.assert_allclose(found.xy_map, POSE, atol=0.02)
    assert found.score[0] == pytest.approx(0.8)


def test_impostor_of_a_middle_joint_is_rejected_too() -> None:
    maps = draw(POSE) * np.float32(0.8)
    add_peak(maps, 7, 100, 80, 1.0)
    np.testing.assert_allclose(find(maps).xy_map, POSE, atol=0.02)


def test_one_chain_per_limb() -> None:
    # a second, weaker right arm: wrist, elbow and shoulder with their connections, 30 px further down the picture
    second = POSE.copy()
    second[:3] = [[118, 30], [110, 36], [102, 42]]
    maps = np.maximum(draw(POSE), 0.6 * draw(second)).astype(np.float32)
    np.testing.assert_allclose(find(maps).xy_map, POSE, atol=0.02)
    maps = np.maximum(0.6 * draw(POSE), draw(second)).astype(np.float32)
    np.testing.assert_allclose(find(maps).xy_map[:3], second[:3], atol=0.02)


def test_peak_of_a_losing_chain_does_not_mend_the_winner() -> None:
    # the stronger arm has no wrist; the weaker one's wrist belongs to the weaker one
    strong, weak = POSE.copy(), POSE.copy()
    strong[0] = math.nan
    weak[:3] = [[118, 30], [110, 36], [102, 42]]
    weak[2] = math.nan
    found = find(np.maximum(draw(strong), 0.5 * draw(weak)).astype(np.float32))
    np.testing.assert_allclose(found.xy_map[1:3], POSE[1:3], atol=0.02)
    assert np.isnan(found.xy_map[0]).all()


def test_missing_joint_stays_missing_and_keeps_its_raw_score() -> None:
    xy = POSE.copy()
    xy[4] = math.nan
    maps = draw(xy)
    add_peak(maps, 4, 60, 50, 0.2)
    found = find(maps)
    assert np.isnan(found.xy_map[4]).all()
    assert found.score[4] == pytest.approx(0.2)
    others = [j for j in range(12) if j != 4]
    np.testing.assert_allclose(found.xy_map[others], POSE[others], atol=0.02)  # no link, but their own clear peaks


def test_empty_and_negative_maps() -> None:
    for value in (0.0, -1.0):
        found = find(np.full((20, 96, 128), value, np.float32))
        assert np.isnan(found.xy_map).all()
        assert (found.score == value).all()


def test_two_peaks_closer_than_the_window_are_one() -> None:
    maps = np.zeros((20, 96, 128), np.float32)
    maps[3, 40, 40], maps[3, 40, 46], maps[3, 40, 47] = 0.6, 0.9, 0.5
    assert find(maps).xy_map[3, 0] == pytest.approx(46 + 0.5 / 1.4, abs=0.15)


def test_plateau_counts_once_and_its_centre_is_found() -> None:
    maps = np.zeros((20, 96, 128), np.float32)
    maps[5, 50:55, 70:75] = 1.0
    np.testing.assert_allclose(find(maps).xy_map[5], [72, 52], atol=0.05)


@pytest.mark.parametrize("corner", [(0, 0), (127, 0), (0, 95), (127, 95), (1, 94), (64, 0), (2, 50)])
def test_peaks_at_the_border_are_not_pushed_inwards(corner: tuple[int, int]) -> None:
    maps = np.zeros((20, 96, 128), np.float32)
    add_peak(maps, 9, *corner, 1.0)
    np.testing.assert_allclose(find(maps).xy_map[9], corner, atol=0.05)


def test_all_joints_at_the_border_link_without_leaving_the_picture() -> None:
    xy = POSE.copy()
    for (a, b), y in zip(CONNECTIONS, [0, 0, 95, 95, 0, 0, 95, 95], strict=True):
        xy[a, 1] = xy[b, 1] = y
    np.testing.assert_allclose(find(draw(xy)).xy_map, xy, atol=0.05)


def test_other_memory_layouts_and_small_maps() -> None:
    maps = draw(POSE)
    turned = np.asfortranarray(maps)
    assert np.array_equal(find(turned).xy_map, find(maps).xy_map)
    small = np.zeros((20, 2, 3), np.float32)
    small[0, 1, 2] = 1
    np.testing.assert_allclose(find(small).xy_map[0], [2, 1])


def test_maps_are_left_alone() -> None:
    maps = draw(POSE)
    before = maps.copy()
    find(maps)
    assert np.array_equal(maps, before)


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ValueError, match=r"maps must be \[20, H, W\].*found \(12, 96, 128\)"):
        find(np.zeros((12, 96, 128), np.float32))
    with pytest.raises(ValueError, match="nms_window must be odd"):
        find_joints(np.zeros((20, 9, 9), np.float32), 0.3, 0.05, 12)


@settings(max_examples=60)
@example(25994, 17, 17)  # a peak on the border that rounding carried out
@given(st.integers(0, 2**32 - 1), st.integers(2, 24), st.integers(2, 24))
def test_any_maps_give_joints_inside_the_picture(seed: int, height: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    maps = rng.standard_normal((20, height, width)).astype(np.float32)
    if seed % 2:
        maps = np.round(maps)  # ties everywhere
    found = find_joints(maps, 0.3, 0.05, 5)
    seen = ~np.isnan(found.xy_map[:, 0])
    assert (found.xy_map[seen] >= 0).all()
    assert (found.xy_map[seen] <= [width - 1, height - 1]).all()
    assert (found.score[seen] >= np.float32(0.3)).all()
    largest = maps[:12].reshape(12, -1).max(1)
    assert (found.score <= largest).all()
    assert np.array_equal(found.score[~seen], largest[~seen])


@settings(max_examples=30)
@given(st.integers(-20, 20), st.integers(-10, 15))
def test_moving_the_maps_moves_the_joints(dx: int, dy: int) -> None:
    maps = draw(POSE)
    moved = np.roll(maps, (dy, dx), (1, 2))
    np.testing.assert_allclose(find(moved).xy_map - find(maps).xy_map, np.tile([dx, dy], (12, 1)), atol=1e-4)


def test_a_joint_that_detection_does_not_see_is_missing_and_keeps_a_score() -> None:
    found = find(draw(POSE))
    presence, thresholds = np.full(12, 0.81, np.float32), np.full(12, 0.5, np.float32)
    presence[4], thresholds[7] = 0.49, 0.9
    kept = those_present(found, presence, thresholds)
    assert np.flatnonzero(np.isnan(kept.xy_map[:, 0])).tolist() == [4, 7]
    np.testing.assert_array_equal(np.delete(kept.xy_map, [4, 7], 0), np.delete(found.xy_map, [4, 7], 0))
    np.testing.assert_allclose(kept.score, np.sqrt(found.score * presence), rtol=1e-6)


def test_a_joint_on_the_border_of_the_picture_is_partly_outside_and_missing() -> None:
    xy = np.full((12, 2), 55.0, np.float32)
    xy[:8, 0] = 1.9, 2.0, 125.0, 125.1, 60.0, 60.0, 60.0, 60.0
    xy[4:8, 1] = 1.9, 2.0, 93.0, 93.1
    ones = np.ones(12, np.float32)
    kept = those_present(JointSet(xy, ones, ones), ones, np.zeros(12, np.float32))
    assert np.flatnonzero(np.isnan(kept.xy_map[:, 0])).tolist() == [0, 3, 4, 7]


def test_a_peak_far_from_where_detection_sees_the_joint_does_not_count() -> None:
    maps = draw(POSE)
    seen = maps[:12].copy()
    add_peak(maps, 0, 20.0, 80.0, 1.5)  # higher than the true peak
    near = maps.copy()
    keep_near_detection(near, seen[:, None], seen.max((1, 2))[:, None], 0, whole(seen))
    assert near[0, 80, 20] == 0
    np.testing.assert_array_equal(near[0, 58:63, 86:91], maps[0, 58:63, 86:91])
    np.testing.assert_array_equal(near[12:], maps[12:])
    np.testing.assert_allclose(find(near).xy_map[0], POSE[0], atol=0.1)
    weak = seen[:, None] * np.float32(0.5)
    keep_near_detection(maps, weak, weak.max((2, 3)), 0, whole(seen))
    np.testing.assert_array_equal(maps, near)  # how strong the detection is does not matter, only where it is strongest


def test_the_spread_of_a_position_is_that_of_its_peak() -> None:
    rows, columns = np.mgrid[:96, :128]
    maps = np.zeros((20, 96, 128), np.float32)
    maps[0] = np.exp(-((rows - 40.3) ** 2 + (columns - 60.6) ** 2) / (2 * 0.8**2))  # the window does not cut it
    maps[1, 50, 70] = 1.0
    found = find_joints(maps, 0.3, 0.3, 13)
    assert found.sigma_map[0] == pytest.approx(0.8, abs=0.01)
    assert found.sigma_map[1] == pytest.approx(12**-0.5)
    assert np.isnan(found.sigma_map[2:]).all()
