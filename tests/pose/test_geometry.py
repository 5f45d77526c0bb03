"""The affine between native pixels and map pixels: hand values first, then all eight orientations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyconv.errors import InputError
from asyconv.pose.geometry import MAP_HEIGHT, MAP_WIDTH, Crop, MapGeometry, on_map
from asyconv.skeleton import CONNECTIONS, FLIP, HEADS, JOINTS, LIMB_CONNECTIONS, LIMBS


def test_pixel_centres_of_640x480_follow_the_half_pixel_rule() -> None:
    geometry = MapGeometry(640, 480)
    assert geometry.scale_px == 5.0
    np.testing.assert_allclose(geometry.to_map([2.0, 2.0]), [0.0, 0.0], atol=1e-12)  # middle of the first 5x5 block
    np.testing.assert_allclose(geometry.to_map([0.0, 0.0]), [-0.4, -0.4], atol=1e-12)
    np.testing.assert_allclose(geometry.to_px([127.0, 95.0]), [637.0, 477.0], atol=1e-9)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("head", HEADS)
def test_a_mark_lands_where_the_affine_says(head: str, mirrored: bool) -> None:
    width, height = 640, 480
    depth = np.zeros((height, width), np.uint16)
    depth[100:105, 200:205] = 700
    geometry = MapGeometry(width, height, head, mirrored)
    picture = geometry.resize(depth)
    rows, columns = np.nonzero(picture)
    middle = geometry.to_map([202.0, 102.0])
    assert np.abs(np.array([columns.mean(), rows.mean()]) - middle).max() <= 0.5
    assert set(np.unique(picture)) == {0.0, 700.0}


def test_the_head_comes_to_lie_down_and_the_mirror_is_undone() -> None:
    head_px = {"down": (320, 460), "up": (320, 20), "left": (20, 240), "right": (620, 240)}
    for head, (x, y) in head_px.items():
        xy = MapGeometry(640, 480, head).to_map([x, y])
        assert xy[1] > 80
        assert abs(xy[0] - 63.5) < 1
    # seen from above with the head down, the infant's right lies at larger x; a mirrored file has it at smaller x
    assert MapGeometry(640, 480, "down", mirrored=True).to_map([100.0, 240.0])[0] > 63.5


def test_resizing_by_turns_equals_turning_the_picture() -> None:
    depth = np.random.default_rng(0).integers(0, 900, (480, 640)).astype(np.uint16)
    straight = MapGeometry(640, 480).resize(depth)
    np.testing.assert_array_equal(MapGeometry(640, 480, "up").resize(depth[::-1, ::-1]), straight)
    np.testing.assert_array_equal(MapGeometry(640, 480, mirrored=True).resize(depth[:, ::-1]), straight)
    sideways = MapGeometry(640, 480, "left").resize(depth)
    turned = MapGeometry(480, 640).resize(np.ascontiguousarray(np.rot90(depth)))
    np.testing.assert_array_equal(sideways, turned)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("head", HEADS)
def test_a_crop_lies_on_the_map_as_the_same_part_of_the_picture_alone(head: str, mirrored: bool) -> None:
    depth = np.random.default_rng(2).integers(0, 900, (480, 640)).astype(np.uint16)
    crop = Crop(90, 40, 400, 300)
    seen = MapGeometry(640, 480, head, mirrored, crop)
    alone = MapGeometry(400, 300, head, mirrored)
    np.testing.assert_array_equal(seen.resize(depth), alone.resize(np.ascontiguousarray(depth[40:340, 90:490])))
    xy_px = np.array([[100.0, 50.0], [489.0, 339.0]])
    np.testing.assert_allclose(seen.to_map(xy_px), alone.to_map(xy_px - [90, 40]), atol=1e-12)
    np.testing.assert_allclose(seen.to_px(seen.to_map(xy_px)), xy_px, atol=1e-9)
    assert seen.scale_px == alone.scale_px
    np.testing.assert_array_equal(seen.to_turned(xy_px), MapGeometry(640, 480, head, mirrored).to_turned(xy_px))


def test_places_beyond_the_map_and_unknown_ones_are_not_on_it() -> None:
    assert on_map(np.array([[-0.5, -0.5], [127.5, 95.5], [127.6, 3.0], [3.0, -0.6], [np.nan, 3.0]])).tolist() == [
        True, True, False, False, False,
    ]  # fmt: skip


def test_a_map_pixel_is_the_mean_of_its_valid_pixels() -> None:
    rng = np.random.default_rng(1)
    depth = rng.integers(0, 900, (480, 640)).astype(np.uint16)
    depth[depth < 300] = 0
    depth[:5, :5] = 0
    blocks = depth.reshape(96, 5, 128, 5).astype(float)
    count = (blocks > 0).sum((1, 3))
    expected = np.divide(blocks.sum((1, 3)), count, out=np.zeros(count.shape), where=count > 0)
    np.testing.assert_allclose(MapGeometry(640, 480).resize(depth), expected, rtol=1e-6)


def test_other_aspects_are_padded_never_stretched() -> None:
    geometry = MapGeometry(640, 576)
    assert geometry.scale_px == 6.0
    picture = geometry.resize(np.full((576, 640), 800, np.uint16))
    columns = np.flatnonzero(picture.any(axis=0))
    assert (columns[0], columns[-1]) == (10, 117)  # 640/6 = 106.7 map pixels, in the middle of 128
    one, other = geometry.to_map([[0.0, 0.0], [60.0, 60.0]])
    np.testing.assert_allclose(other - one, [10.0, 10.0])


@given(
    st.sampled_from([(640, 480), (640, 576), (320, 240), (512, 424), (129, 97)]),
    st.sampled_from(HEADS),
    st.booleans(),
    st.tuples(st.floats(0, 600), st.floats(0, 400)),
)
def test_there_and_back(size: tuple[int, int], head: str, mirrored: bool, xy: tuple[float, float]) -> None:
    geometry = MapGeometry(*size, head, mirrored)
    np.testing.assert_allclose(geometry.to_px(geometry.to_map(xy)), xy, atol=1e-9)
    corners = geometry.to_map([[0, 0], [size[0] - 1, size[1] - 1]])
    assert (corners > -0.5).all()
    assert (corners < [MAP_WIDTH - 0.5, MAP_HEIGHT - 0.5]).all()


def test_small_pictures_wrong_frames_and_unknown_heads_are_refused() -> None:
    with pytest.raises(InputError, match=r"at least 128x96 pixels, got 100x96"):
        MapGeometry(100, 96)
    with pytest.raises(InputError, match="at least 128x96 pixels, got 127x96"):
        MapGeometry(640, 480, crop=Crop(0, 0, 127, 96))
    with pytest.raises(InputError, match=r"expected one of down, up, left, right, got 'north'"):
        MapGeometry(640, 480, "north")
    with pytest.raises(InputError, match=r"expected 480x640"):
        MapGeometry(640, 480).resize(np.zeros((240, 320), np.uint16))


def test_skeleton_is_the_papers() -> None:
    assert len(JOINTS) == 12
    assert len(CONNECTIONS) == 8
    assert len(LIMBS) == 4
    assert JOINTS[0] == "right_wrist"
    assert JOINTS[11] == "left_ankle"
    assert [JOINTS[FLIP[j]] for j in range(12)] == [
        name.replace("right", "RIGHT").replace("left", "right").replace("RIGHT", "left") for name in JOINTS
    ]
    for limb, chain in LIMBS.items():
        pairs = [set(CONNECTIONS[k]) for k in LIMB_CONNECTIONS[limb]]
        assert pairs == [set(chain[:2]), set(chain[1:])]
        assert all(JOINTS[joint].startswith(limb.split("_")[0]) for joint in chain)
