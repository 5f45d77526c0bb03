"""What a training step sees: the same whenever it is asked, every clip once an epoch, mirrored and shifted rightly."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from asyconv.labels.clip_set import ClipSet
from asyconv.simulation.clips import condition_of, make_clips
from asyconv.simulation.scene import CALM_INFANT, VARIED_INFANT
from asyconv.skeleton import FLIP
from asyconv.training.data import (
    Batches,
    augment,
    batches,
    clips_hash,
    crop_origin,
    simulated_clips,
    turned,
)
from asyconv.training.recipe import make_recipe

RECIPE = make_recipe("useful", "compact", ["infants=2", "detection.batch=2", "regression.batch=2"])


@pytest.fixture(scope="module")
def clips() -> ClipSet:
    return make_clips(RECIPE.seed, 1, 12)


def test_the_clips_are_the_simulators_and_made_once(tmp_path: Path) -> None:
    told: list[str] = []
    first = simulated_clips(tmp_path, RECIPE.seed, 2, 6, 30.0, 0.5, False, 1)
    condition = condition_of(RECIPE.seed, 1, 0.5)
    np.testing.assert_array_equal(first.depth[6:], make_clips(RECIPE.seed, 1, 6, condition=condition, pace=30.0).depth)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = simulated_clips(tmp_path, RECIPE.seed, 2, 6, 30.0, 0.5, False, 1, lambda stage, *rest: told.append(stage))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    assert told == []
    assert clips_hash(first) == clips_hash(again)


def test_a_step_sees_the_same_whoever_asks_and_whenever(clips: ClipSet) -> None:
    dataset = Batches(clips, RECIPE, "regression")
    one = dataset[3]
    ahead = list(batches(dataset, 3, 5, workers=1))  # made in another process
    for name in ("x", "xy_map", "origin_map"):
        ours, theirs = (torch.nan_to_num(getattr(batch, name)) for batch in (one, ahead[0]))
        assert torch.equal(ours, theirs)
    assert not torch.equal(one.x, ahead[1].x)
    assert one.x.shape == (2, 1, 3, 96, 128)
    assert one.xy_map.shape == (2, 3, 12, 2)


def test_processes_share_a_batch(clips: ClipSet) -> None:
    whole = Batches(clips, RECIPE, "detection")[4]
    parts = [Batches(clips, RECIPE, "detection", rank, 2)[4] for rank in range(2)]
    assert torch.equal(whole.x, torch.cat([part.x for part in parts]))
    with pytest.raises(ValueError, match="cannot be shared by 3"):
        Batches(clips, RECIPE, "detection", 0, 3)


def test_an_epoch_sees_every_clip_once(clips: ClipSet) -> None:
    dataset = Batches(clips, RECIPE, "detection")
    first, second = ([int(row) for step in range(6) for row in dataset.rows(6 * epoch + step)] for epoch in range(2))
    assert sorted(first) == sorted(second) == list(range(12))
    assert first != second


def test_a_set_smaller_than_a_batch_fills_it(clips: ClipSet) -> None:
    few = ClipSet(clips.depth[:1], clips.xy_map[:1], clips.visible[:1])
    assert Batches(few, RECIPE, "detection").rows(5).tolist() == [0, 0]


def test_mirroring_exchanges_left_and_right_and_shifts_and_shakes_move_joints_with_the_picture() -> None:
    depth = np.zeros((3, 96, 128), np.float32)
    xy = np.full((3, 12, 2), np.nan, np.float32)
    for joint in range(12):
        xy[:, joint] = 20 + 5 * joint, 30 + 3 * joint
        depth[:, 30 + 3 * joint, 20 + 5 * joint] = joint + 1
    seen_mirrored = seen_shaken = False
    recipe = replace(RECIPE, mirror=True, shift_map=6, shake_map=4, turn_deg=0.0, zoom=1.0, full_circle=0.0)
    for seed in range(8):
        picture, moved = augment(np.random.default_rng(seed), depth, xy, recipe)
        plain = [float(j + 1) for j in range(12)]
        mirrored = [float(FLIP[j] + 1) for j in range(12)]
        frames = [[picture[t, int(moved[t, j, 1]), int(moved[t, j, 0])] for j in range(12)] for t in range(3)]
        assert frames in ([plain] * 3, [mirrored] * 3)  # every frame's joints lie in its own picture
        seen_mirrored |= frames[0] == mirrored
        steps = moved - moved[:1]
        assert np.abs(steps).max() <= 8
        assert (steps == steps[:, :1]).all()
        seen_shaken |= bool(steps.any())
    assert seen_mirrored
    assert seen_shaken
    still = replace(recipe, shake_map=0)
    assert not any(np.ptp(augment(np.random.default_rng(seed), depth, xy, still)[1], axis=0).any() for seed in range(8))
    same, unmoved = augment(
        np.random.default_rng(0), depth, xy, replace(recipe, mirror=False, shift_map=0, shake_map=0)
    )
    np.testing.assert_array_equal(same, depth)
    np.testing.assert_array_equal(unmoved, xy)


def test_a_turned_clip_carries_its_joints_along() -> None:
    depth = np.full((3, 96, 128), 500.0, np.float32)
    depth[:, 46:51, 80:85] = 300.0
    xy = np.full((3, 12, 2), np.nan, np.float32)
    xy[:, 0] = 82.0, 48.0
    picture, moved = turned(depth, xy, 90.0, 1.0)
    # the middle is (63.5, 47.5): 18.5 to the right of it becomes 18.5 above it, 0.5 below it becomes 0.5 to the right
    np.testing.assert_allclose(moved[:, 0], [[64.0, 29.0]] * 3, atol=1e-4)
    assert np.isnan(moved[:, 1:]).all()
    assert picture[0, 29, 64] == 300.0
    assert picture[0, 48, 82] == 500.0
    assert set(np.unique(picture[0, :, :10])) == {0.0}  # nothing was ever seen there
    larger, farther = turned(depth, xy, 0.0, 1.25)
    np.testing.assert_allclose(farther[0, 0], [63.5 + 1.25 * 18.5, 47.5 + 1.25 * 0.5], atol=1e-4)
    assert larger[0, 48, 87] == 300.0


def test_joints_that_come_to_lie_partly_outside_the_picture_are_lost() -> None:
    depth = np.full((3, 96, 128), 500.0, np.float32)
    xy = np.full((3, 12, 2), np.nan, np.float32)
    xy[:, :2] = [[63.5, 47.5], [4.0, 47.5]]
    recipe = replace(RECIPE, mirror=False, shift_map=4, shake_map=0, turn_deg=0.0, zoom=1.0, full_circle=0.0)
    kept = set()
    for seed in range(60):
        _, moved = augment(np.random.default_rng(seed), depth, xy, recipe)
        x = moved[0, 0, 0] - 63.5 + 4.0
        assert np.isnan(moved[0, 1, 0]) == (x < 2.0)
        kept.add(bool(x < 2.0))
    assert kept == {True, False}


def test_the_stated_share_of_clips_is_turned_to_any_direction() -> None:
    depth = np.full((3, 96, 128), 500.0, np.float32)
    xy = np.full((3, 12, 2), np.nan, np.float32)
    xy[:, :2] = [[63.5, 47.5], [63.5, 27.5]]  # from the picture's middle straight up
    recipe = replace(RECIPE, mirror=False, shift_map=0, shake_map=0, turn_deg=45.0, zoom=1.0, full_circle=0.25)

    def turn_deg(seed: int) -> float:
        _, moved = augment(np.random.default_rng(seed), depth, xy, recipe)
        x, y = moved[0, 1] - moved[0, 0]
        return float(np.degrees(np.arctan2(x, -y)))

    turns_deg = np.array([turn_deg(seed) for seed in range(1200)])
    assert np.mean(np.abs(turns_deg) > 46.0) == pytest.approx(0.25 * 134 / 180, abs=0.035)  # 3 standard errors
    assert np.mean(np.abs(turns_deg) < 1e-3) == pytest.approx(0.75 * 0.5, abs=0.042)
    assert np.ptp(np.histogram(turns_deg[np.abs(turns_deg) > 46.0], bins=4)[0][[0, 3]]) < 40  # to either side


def test_the_stated_share_of_infants_is_varied() -> None:
    drawn = [condition_of(RECIPE.seed, number, 0.65) for number in range(2000)]
    assert set(drawn) == {VARIED_INFANT, CALM_INFANT}
    assert drawn.count(VARIED_INFANT) / 2000 == pytest.approx(0.65, abs=0.03)  # 3 standard errors
    assert {condition_of(RECIPE.seed, number, 0.0) for number in range(50)} == {CALM_INFANT}


def test_crops_lie_on_the_map_and_show_a_visible_joint() -> None:
    xy = np.full((3, 12, 2), np.nan, np.float32)
    xy[:, 4] = 120.0, 90.0
    for seed in range(40):
        x, y = crop_origin(np.random.default_rng(seed), xy, 56)
        assert 0 <= x <= 128 - 56
        assert 0 <= y <= 96 - 56
        assert x <= 120 < x + 56
        assert y <= 90 < y + 56
