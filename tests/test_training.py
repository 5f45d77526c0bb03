"""Training on simulated infants: what a step sees, resuming bit for bit, and the way to a model file."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from asyconv.calibration import calibrate, export_model
from asyconv.errors import InputError
from asyconv.evaluation import evaluate, limb_rmsd
from asyconv.simulate import ClipSet, make_clips
from asyconv.skeleton import FLIP, LIMBS
from asyconv.training import (
    Recipe,
    _augment,
    _batch,
    _batch_rows,
    _crop_origins,
    data_hash,
    make_networks,
    make_training_set,
    train,
)
from asyconv.weights import load_model

TINY = Recipe(infants=2, steps_detection=4, steps_regression=3, batch_detection=2, batch_regression=2)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipSet:
    return make_training_set(tmp_path_factory.mktemp("clips"), TINY, workers=1)


def test_the_training_set_is_the_simulators_and_made_once(tmp_path: Path) -> None:
    told: list[str] = []
    first = make_training_set(tmp_path, TINY, 1)
    np.testing.assert_array_equal(first.depth[6:], make_clips(TINY.seed, 1, 6).depth)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    make_training_set(tmp_path, TINY, 1, lambda stage, *rest: told.append(stage))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    assert told == []


def test_a_step_sees_the_same_whenever_it_is_asked(clips: ClipSet) -> None:
    x, xy = _batch(clips, TINY, "detection", 3, 2)
    again, _ = _batch(clips, TINY, "detection", 3, 2)
    assert torch.equal(x, again)
    assert not torch.equal(x, _batch(clips, TINY, "detection", 4, 2)[0])
    assert x.shape == (2, 1, 3, 96, 128)
    assert xy.shape == (2, 3, 12, 2)


def test_an_epoch_sees_every_clip_once(clips: ClipSet) -> None:
    # clip k is flat but for k + 1 holes
    depth = np.full((12, 3, 96, 128), 5000, np.uint16)
    for k in range(12):
        depth[k, :, 40, 40 : 41 + k] = 0
    flat = ClipSet(depth, clips.xy_map, clips.visible)
    holes = []
    for step in range(6):
        rows = _batch_rows(flat, TINY, "detection", step, 2)
        holes += [int((flat.depth[row, 0] == 0).sum()) for row in rows]
    assert sorted(holes) == list(range(1, 13))


def test_mirroring_exchanges_left_and_right_and_shifting_moves_joints_with_the_picture() -> None:
    depth = np.zeros((3, 96, 128), np.float32)
    xy = np.full((3, 12, 2), np.nan, np.float32)
    for joint in range(12):
        xy[:, joint] = 20 + 5 * joint, 30 + 3 * joint
        depth[:, 30 + 3 * joint, 20 + 5 * joint] = joint + 1
    seen_mirrored = False
    for seed in range(8):
        turned, moved = _augment(np.random.default_rng(seed), depth, xy)
        values = [turned[0, int(moved[0, j, 1]), int(moved[0, j, 0])] for j in range(12)]
        plain = [float(j + 1) for j in range(12)]
        mirrored = [float(FLIP[j] + 1) for j in range(12)]
        assert values in (plain, mirrored)
        seen_mirrored |= values == mirrored
    assert seen_mirrored


def test_crops_lie_on_the_map_and_show_a_visible_joint() -> None:
    xy = np.full((40, 3, 12, 2), np.nan, np.float32)
    xy[:, :, 4] = 120.0, 90.0
    for x, y in _crop_origins(np.random.default_rng(0), xy):
        assert 0 <= x <= 128 - 56
        assert 0 <= y <= 96 - 56
        assert x <= 120 < x + 56
        assert y <= 90 < y + 56


def test_a_stopped_training_goes_on_bit_for_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = train(tmp_path / "whole", TINY, workers=1)
    monkeypatch.setattr("asyconv.training.CHECKPOINT_S", 0.0)  # save after every step

    class Stopped(Exception):
        pass

    def stop(stage: str, step: int, steps: int, loss: float) -> None:
        if stage == "detection" and step == steps:
            raise Stopped

    with pytest.raises(Stopped):
        train(tmp_path / "stopped", TINY, workers=1, report=stop)
    resumed = train(tmp_path / "stopped", TINY, workers=1)
    for ours, theirs in zip(resumed, whole, strict=True):
        for name, tensor in ours.state_dict().items():
            assert torch.equal(tensor, theirs.state_dict()[name]), name


def test_a_folder_holds_one_training(tmp_path: Path) -> None:
    train(tmp_path, TINY, workers=1)
    assert (tmp_path / "losses.csv").read_text().startswith("detection,4,")
    with pytest.raises(InputError, match="expected the same settings as before"):
        train(tmp_path, replace(TINY, steps_detection=9), workers=1)
    with pytest.raises(InputError, match="expected one of paper, paper-3d, compact, compact-3d"):
        make_networks("huge")


def test_a_model_file_says_where_it_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyconv.calibration.evaluate", lambda model: evaluate(model, infants=2, clips=1))
    networks = train(tmp_path / "run", TINY, workers=1)
    model, evaluation = export_model(
        tmp_path / "tiny.safetensors", networks, TINY, data_hash(tmp_path / "run", TINY), infants=2, clips=2
    )
    assert load_model(tmp_path / "tiny.safetensors").weights_hash == model.weights_hash
    card = json.loads((tmp_path / "tiny.json").read_text())
    assert card["sha256"] == model.weights_hash
    assert card["model_validation"] == "simulated_only"
    assert card["recipe"]["steps_detection"] == 4
    assert set(card["model_error"]) <= set(LIMBS)  # three steps find next to nothing
    assert "SIMULATED" in evaluation.table()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "tiny.json", "tiny.safetensors"]


def test_rmsd_by_hand() -> None:
    truth = np.zeros((1, 12, 2))
    found = np.zeros((1, 12, 2))
    found[0, 2] = 3.0, 4.0  # the right shoulder is 5 off, elbow and wrist are right
    visible = np.ones((1, 12), bool)
    rmsd = limb_rmsd(found, truth, visible)
    assert rmsd["right_arm"][0] == pytest.approx(5 / np.sqrt(3))
    assert rmsd["left_leg"][0] == 0.0
    visible[0, 2] = False
    found[0, 1] = np.nan  # only the wrist is left
    assert limb_rmsd(found, truth, visible)["right_arm"][0] == 0.0
    visible[0, 0] = False
    assert np.isnan(limb_rmsd(found, truth, visible)["right_arm"][0])


def test_calibration_sets_threshold_bias_and_rising_confidence(monkeypatch: pytest.MonkeyPatch) -> None:
    from asyconv.evaluation import Predictions

    rng = np.random.default_rng(0)
    model = load_model("compact")
    visible = rng.random((200, 3, 12)) < 0.85
    truth = rng.uniform(20, 80, (200, 3, 12, 2)).astype(np.float32)
    score = np.where(visible, rng.normal(0.7, 0.1, visible.shape), rng.normal(0.2, 0.1, visible.shape)).clip(0.05, 1)
    found = Predictions(truth + np.array([0.25, -0.5]), score)
    monkeypatch.setattr("asyconv.calibration.predict", lambda *args, **kwargs: found)
    settings = calibrate(model, ClipSet(np.empty((200, 3, 96, 128), np.uint16), truth, visible))
    assert 0.3 < settings.joint_threshold < 0.6
    np.testing.assert_allclose(settings.position_bias_map, np.broadcast_to([0.25, -0.5], (3, 12, 2)), atol=0.01)
    knots = np.array(settings.confidence_knots)
    assert (np.diff(knots[:, 1]) >= 0).all()
    assert knots[0, 1] < 0.2
    assert knots[-1, 1] > 0.9
