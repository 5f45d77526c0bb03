"""The crop round the infant: by hand, for any infant, and over a recording in which the infant is moved."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyconv.pose.geometry import MAP_HEIGHT, MAP_WIDTH, Crop, MapGeometry, on_map
from asyconv.pose.infant_crop import EVERY_S, FIRST_S, POINTS_MIN, SPAN, CropFollower, infant_crop
from asyconv.skeleton import HEADS

WHOLE = MapGeometry(640, 480)


def infant(x_px: float, y_px: float, width_px: float = 120.0, height_px: float = 180.0) -> np.ndarray:
    """Joints [30, 12, 2] that fill a rectangle round a place, native px."""
    inside = np.linspace(-0.5, 0.5, 360)
    places = np.stack([inside, np.roll(inside, 90)], axis=-1) * [width_px, height_px] + [x_px, y_px]
    return places.reshape(30, 12, 2)


def test_a_crop_by_hand() -> None:
    crop = infant_crop(WHOLE.to_map(infant(300, 240)), WHOLE)
    assert crop is not None
    height_px = SPAN * 180 * 0.98  # the outermost 1 % of the places to each side is left out
    assert crop.height_px == pytest.approx(height_px, abs=2)
    assert crop.width_px == pytest.approx(height_px * 4 / 3, abs=2)
    assert crop.left_px + crop.width_px / 2 == pytest.approx(300, abs=2)
    assert crop.top_px + crop.height_px / 2 == pytest.approx(240, abs=2)


def test_too_few_joints_and_an_infant_who_fills_the_picture_give_no_crop() -> None:
    assert infant_crop(np.full((30, 12, 2), np.nan), WHOLE) is None
    assert infant_crop(WHOLE.to_map(infant(300, 240)).reshape(-1, 2)[: POINTS_MIN - 1], WHOLE) is None
    assert infant_crop(WHOLE.to_map(infant(300, 240, 500, 200)), WHOLE) is None


@given(
    st.floats(0, 1), st.floats(0, 1), st.floats(5, 600), st.floats(5, 450), st.sampled_from(HEADS), st.booleans(),
    st.sampled_from([(640, 480), (320, 240), (128, 96), (512, 424), (640, 576), (1280, 720)]),
)  # fmt: skip
def test_a_crop_lies_in_the_picture_holds_the_infant_and_is_large_enough(
    x: float, y: float, width_px: float, height_px: float, head: str, mirrored: bool, size: tuple[int, int]
) -> None:
    whole = MapGeometry(*size, head, mirrored)
    xy_px = np.clip(infant(x * size[0], y * size[1], width_px, height_px), 0, np.array(size) - 1)
    crop = infant_crop(whole.to_map(xy_px), whole)
    if crop is None:
        return
    assert crop.left_px >= 0
    assert crop.top_px >= 0
    assert crop.left_px + crop.width_px <= size[0]
    assert crop.top_px + crop.height_px <= size[1]
    seen = MapGeometry(*size, head, mirrored, crop)  # refuses what is smaller than the map
    assert seen.scale_px <= whole.scale_px * (1 + 2 / min(size))
    assert on_map(seen.to_map(xy_px)).mean() > 0.9


def follow(places: list[np.ndarray]) -> CropFollower:
    """A follower that was given these joints, each over the time between two looks."""
    follower = CropFollower(WHOLE, follows=True)
    for xy_px, time_s in zip(places, itertools.count(FIRST_S, EVERY_S), strict=False):
        assert not follower.is_due(time_s - 0.01)
        for frame in xy_px:
            follower.found(frame)
        assert follower.is_due(time_s)
        follower.follow(time_s)
    return follower


def test_the_crop_stays_while_the_infant_stays_and_follows_when_it_is_moved() -> None:
    lying = infant(300, 240)
    stays = follow([lying, lying + 5.0, lying - 8.0])
    assert [time_s for time_s, _ in stays.changes] == [FIRST_S]
    moved = follow([lying, lying, lying + [150.0, 0.0], lying + [150.0, 0.0]])
    assert [time_s for time_s, _ in moved.changes] == [FIRST_S, FIRST_S + 2 * EVERY_S]
    assert on_map(moved.geometry.to_map(lying + [150.0, 0.0])).all()


def test_a_crop_that_lost_the_infant_gives_way_to_the_whole_picture() -> None:
    lost = follow([infant(300, 240), np.full((30, 12, 2), np.nan)])
    assert lost.geometry.crop is None
    assert lost.changes[-1] == (FIRST_S + EVERY_S, Crop(0, 0, 640, 480))


def test_a_crop_that_is_much_too_large_becomes_smaller() -> None:
    both = follow([infant(300, 240, 200, 300), infant(300, 240, 60, 90)])
    assert len(both.changes) == 2
    assert both.changes[1][1].width_px < both.changes[0][1].width_px / 1.5
    assert (MAP_WIDTH, MAP_HEIGHT) == (128, 96)
