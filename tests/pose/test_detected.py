"""Maps in the box round what detection sees give the joints of the whole maps, to the last bit."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor

from asyconv.pose import inference
from asyconv.pose.detected import DETECTED_SHARE, SIDE_MAP, Box, detected_box, keep_near_detection, whole
from asyconv.pose.inference import ClipMaps, Inference, locate
from asyconv.pose.joints import find_joints, those_present
from asyconv.pose.model_file import Model
from asyconv.pose.networks import folded
from asyconv.simulation.clips import make_clips
from asyconv.simulation.seeds import TEST_SEED
from tests.helpers.blobs import HEIGHT, WIDTH, blobs

Floats = npt.NDArray[np.float32]
NEAR = np.ones((7, 7), np.uint8)


def from_whole_maps(maps: Floats, seen: Floats, model: Model) -> tuple[Floats, Floats]:
    """Positions and scores of one frame without a box, masked with OpenCV's dilation."""
    s = model.settings
    presence = seen.max(axis=(1, 2))
    thresholds = np.asarray(s.presence_thresholds, np.float32)
    masked = maps.copy()
    for joint in range(12):
        masked[joint] *= cv2.dilate((seen[joint] > DETECTED_SHARE * presence[joint]).astype(np.uint8), NEAR)
    found = those_present(
        find_joints(masked, s.joint_threshold, s.link_threshold, s.nms_window_map), presence, thresholds
    )
    if not (presence >= thresholds).any():
        return np.full((12, 2), np.nan, np.float32), np.zeros(12, np.float32)
    return found.xy_map, found.score


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 1.0), st.integers(0, 100))
@example(0, 0.0, 0)
def test_random_maps_in_their_box_and_whole_give_the_same_joints(
    model: Model, seed: int, strength: float, spread: int
) -> None:
    rng = np.random.default_rng(seed)
    # where detections lie in a part of the picture the box is a part of it; with a spread of 100 it is all of it
    seen = np.clip(strength * np.stack([blobs(rng, 12, 2) for _ in range(3)], axis=1), 0, 1).astype(np.float32)
    seen[..., : (100 - spread) * HEIGHT // 200, :] *= 0.1
    seen[..., : (100 - spread) * WIDTH // 150] *= 0.1
    maps = np.stack([blobs(rng, 20, 6) for _ in range(3)])
    presence = seen.max(axis=(-2, -1))
    box = detected_box(seen[None], presence[None], np.asarray(model.settings.presence_thresholds, np.float32))
    part = np.zeros((3, 20, 0, 0), np.float32) if box is None else box.of(maps).copy()
    clip = ClipMaps(torch.empty(0), seen, presence, box, part)
    for position in range(3):
        xy_map, score = from_whole_maps(maps[position], seen[:, position], model)
        found = locate(clip, position, model.settings)
        np.testing.assert_array_equal(found.xy_map, xy_map)
        np.testing.assert_array_equal(found.score, score)


def test_the_random_boxes_are_now_parts_now_all_of_the_picture_and_hold_joints(model: Model) -> None:
    thresholds = np.asarray(model.settings.presence_thresholds, np.float32)
    rng = np.random.default_rng(1)
    seen = blobs(rng, 12, 2)
    seen[..., :48, :] *= 0.1
    box = box_of(seen[:, None], thresholds)
    assert box is not None
    assert whole(seen) != box
    assert box_of(blobs(rng, 12, 2)[:, None], np.zeros(12, np.float32)) is not None
    assert box_of(0.01 * seen[:, None], thresholds) is None
    maps = blobs(rng, 20, 6)
    assert np.isfinite(from_whole_maps(maps, np.clip(maps[:12], 0, 1), model)[0]).sum() >= 12


def box_of(seen: Floats, thresholds: Floats) -> Box | None:
    return detected_box(seen[None], seen.max(axis=(-2, -1))[None], thresholds)


def test_box_by_hand() -> None:
    seen = np.zeros((12, 2, HEIGHT, WIDTH), np.float32)
    thresholds = np.full(12, 0.5, np.float32)
    assert box_of(seen, thresholds) is None
    seen[3, 0, 40, 50], seen[3, 0, 44, 30], seen[3, 0, 90, 90] = 1.0, 0.31, 0.3  # the last is not above 0.3 of 1
    seen[5, 1, 0, 127] = 0.49  # no joint of this frame reaches its threshold
    assert box_of(seen, thresholds) == Box(37, 48, 27, 54, HEIGHT, WIDTH)
    seen[7, 1, 95, 2] = 0.5
    assert box_of(seen, thresholds) == Box(0, 96, 0, 128, HEIGHT, WIDTH)
    both = np.stack([np.zeros_like(seen), seen])  # one box for all clips
    assert detected_box(both, both.max(axis=(-2, -1)), thresholds) == Box(0, 96, 0, 128, HEIGHT, WIDTH)


@pytest.mark.parametrize(
    ("sides", "wide"),
    [
        ((10, 18, 20, 32), (10, 18, 20, 32)),  # they are multiples of 4
        ((10, 19, 20, 33), (10, 22, 20, 36)),
        ((87, 96, 125, 128), (84, 96, 124, 128)),  # a picture ends
        ((0, 95, 0, 126), (0, 96, 0, 128)),
    ],
)
def test_a_wider_box_by_hand(sides: tuple[int, int, int, int], wide: tuple[int, int, int, int]) -> None:
    assert Box(*sides, HEIGHT, WIDTH).widened(4) == Box(*wide, HEIGHT, WIDTH)
    assert Box(0, 29, 0, 41, 30, 41).widened(4) == Box(0, 30, 0, 41, 30, 41)  # nor are its own sides


def test_a_joint_lies_near_where_detection_sees_it() -> None:
    seen = np.zeros((12, 1, HEIGHT, WIDTH), np.float32)
    seen[0, 0, 40, 50], seen[0, 0, 40, 70], seen[1] = 0.8, 0.2, 0.5
    box = Box(30, 60, 45, 75, HEIGHT, WIDTH)
    maps = np.ones((20, 30, 30), np.float32)
    keep_near_detection(maps, seen, seen.max(axis=(-2, -1)), 0, box)
    kept = np.zeros((30, 30), np.float32)
    kept[7:14, 2:9] = 1
    np.testing.assert_array_equal(maps[0], kept)
    assert maps[1].all()
    assert not maps[2:12].any()  # nothing is seen of them at all
    assert maps[12:].all()


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_maps_in_a_box_are_those_of_the_whole_picture_to_the_last_bit(model: Model, precision: torch.dtype) -> None:
    rng = np.random.default_rng(0)
    network = folded(model.regression).to(precision)
    stacked = torch.from_numpy(rng.random((1, 21, 3, HEIGHT, WIDTH), np.float32))
    with torch.inference_mode():
        expected = network(stacked)
        for box in [
            Box(0, 20, 0, 30, HEIGHT, WIDTH),
            Box(70, 96, 90, 128, HEIGHT, WIDTH),
            Box(3, 93, 2, 127, HEIGHT, WIDTH),
            Box(41, 52, 60, 71, HEIGHT, WIDTH),
            Box(17, 58, 33, 98, HEIGHT, WIDTH),
        ]:
            for outer in (box.grown(4), box.grown(4).widened(SIDE_MAP)):
                found = box.within(outer).of(network(outer.of(stacked)))
                assert torch.equal(found, box.of(expected))
        outer = box.grown(3)  # one pixel less is too little
        assert not torch.equal(box.within(outer).of(network(outer.of(stacked))), box.of(expected))


def test_joints_of_simulated_infants_do_not_change_with_the_box(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    depth_mm = make_clips(TEST_SEED, 0, 4).depth.astype(np.float32) / 10.0
    depth_mm[2, :, :, 64:] = 0.0  # half an infant: absent joints with detections anywhere
    networks = Inference(model)
    boxed = networks.both(depth_mm)
    monkeypatch.setattr(inference, "detected_box", lambda seen, presence, thresholds: whole(seen))
    everything = networks.both(depth_mm)
    assert sum(clip.box != whole(clip.seen) for clip in boxed) >= 3
    for clip, all_of_it in zip(boxed, everything, strict=True):
        for position in range(3):
            found, expected = (locate(one, position, model.settings) for one in (clip, all_of_it))
            np.testing.assert_array_equal(found.xy_map, expected.xy_map)
            np.testing.assert_array_equal(found.score, expected.score)


def test_nothing_detected_nothing_computed(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    networks = Inference(model)

    def refuse(stacked: Tensor) -> Tensor:
        raise AssertionError("the regression network has run")

    monkeypatch.setattr(networks._regression, "forward", refuse)
    clips = networks.both(np.full((2, 3, HEIGHT, WIDTH), 600.0, np.float32))  # an empty bed
    assert [clip.box for clip in clips] == [None, None]
    joints = locate(clips[0], 1, model.settings)
    assert np.isnan(joints.xy_map).all()
    assert not joints.score.any()
