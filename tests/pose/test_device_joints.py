"""Candidates found on the device, in plain torch, are those that the compiled functions of the CPU find."""

import numpy as np
import numpy.typing as npt
import pytest
import torch

from asyconv.pose.clips import normalise
from asyconv.pose.detected import Box, detected_box, keep_near_detection
from asyconv.pose.device_joints import candidates_of, detected_box_of, normalised
from asyconv.pose.inference import Inference, locate
from asyconv.pose.joints import find_joints, joints_among
from asyconv.pose.model_file import load_model
from asyconv.simulation.clips import make_clips
from tests.helpers.blobs import blobs

Floats = npt.NDArray[np.float32]
THRESHOLDS = np.full(12, 0.4, np.float32)


def drawn(seed: int) -> tuple[Floats, Floats, Box]:
    """Maps of three frames [3, 20, H, W], what detection sees [12, 3, H, W], and the box round it."""
    rng = np.random.default_rng(seed)
    maps = np.stack([blobs(rng, 20, 6) for _ in range(3)]).astype(np.float32)
    seen = np.clip(maps[:, :12] + 0.1 * blobs(rng, 12, 2), 0, 1).swapaxes(0, 1).astype(np.float32)
    seen[..., : 10 * seed, :] *= 0.1
    known = seen[None], seen.max((-2, -1))[None], THRESHOLDS
    box = detected_box(*known)
    assert box is not None
    assert detected_box_of(*map(torch.from_numpy, known)) == box
    return maps, seen, box


@pytest.mark.parametrize("seed", range(6))
def test_joints_of_random_maps_are_the_same(seed: int) -> None:
    maps, seen, box = drawn(seed)
    if seed == 2:
        maps = np.round(maps * 4) / np.float32(4)  # plateaus, and peaks of equal height
    presence = seen.max((-2, -1))
    by_frame = torch.from_numpy(seen).transpose(0, 1)
    found = candidates_of(box.of(torch.from_numpy(maps)), by_frame, torch.from_numpy(presence).T, box, 0.2, 13)
    for position in range(3):
        part = box.of(maps[position]).copy()
        keep_near_detection(part, seen, presence, position, box)
        expected = find_joints(part, 0.2, 0.05, 13, box)
        joints = joints_among(found[position], 0.05)
        assert np.isfinite(expected.xy_map[:, 0]).sum() >= 6
        assert found[position].count.sum() >= 10
        np.testing.assert_allclose(joints.xy_map, expected.xy_map, rtol=0, atol=2e-5)
        np.testing.assert_array_equal(joints.score, expected.score)
        np.testing.assert_allclose(joints.sigma_map, expected.sigma_map, rtol=1e-5)


def test_nothing_detected_has_no_box() -> None:
    seen = torch.zeros(2, 12, 3, 8, 8)
    assert detected_box_of(seen, seen.amax((-2, -1)), torch.from_numpy(THRESHOLDS)) is None


@pytest.mark.parametrize("mean_within_mm", [0.0, 100.0])
def test_depth_is_normalised_alike(mean_within_mm: float) -> None:
    depth_mm = np.random.default_rng(0).uniform(400, 900, (2, 3, 96, 128)).astype(np.float32)
    depth_mm[:, :, 20:40] = 0.0
    depth_mm[0, 1] = 0.0
    depth_mm[1, 2, 24:72, 32:96] = 0.0
    numbers = (60.0, 3.0, mean_within_mm)
    found = normalised(torch.from_numpy(depth_mm), *numbers)
    np.testing.assert_allclose(found, normalise(depth_mm, *numbers), rtol=0, atol=1e-6)


def test_both_ways_give_the_same_joints_of_simulated_clips() -> None:
    clips = make_clips(5, 0, 2)
    inference = Inference(load_model("compact"), "float32")
    depth_mm = clips.depth.astype(np.float32) / 10.0
    settings = inference.settings
    numbers = settings.depth_scale_mm, settings.depth_limit, settings.mean_within_mm
    depth = torch.from_numpy(normalise(depth_mm, *numbers))[:, None]
    with torch.inference_mode():
        ways = inference._maps_of(depth_mm), inference._candidates_of(depth)
    found = 0
    for on_cpu, on_device in zip(*ways, strict=True):
        assert on_device.confidence.size == on_device.seen.size == 0
        np.testing.assert_array_equal(on_device.presence, on_cpu.presence)
        for position in range(3):
            expected, joints = (locate(clip, position, inference.settings) for clip in (on_cpu, on_device))
            np.testing.assert_allclose(joints.xy_map, expected.xy_map, rtol=0, atol=1e-4)
            np.testing.assert_allclose(joints.score, expected.score, rtol=1e-5)
            found += int(np.isfinite(expected.xy_map[:, 0]).sum())
    assert found > 30
