"""From trained networks to a model file: threshold, bias by position, confidence, and the card."""

import dataclasses
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from asyconv.evaluation.calibration import calibrate, export_model, export_with
from asyconv.evaluation.held_out import held_out
from asyconv.evaluation.predictions import Predictions
from asyconv.labels.clip_set import ClipSet
from asyconv.pose.model_file import load_model
from asyconv.simulation.seeds import TEST_SEED, TUNE_SEED
from asyconv.skeleton import FLIP
from asyconv.training.loop import make_networks
from asyconv.training.recipe import make_recipe


def test_a_model_file_says_where_it_comes_from(tmp_path: Path) -> None:
    recipe = make_recipe("useful", "compact", ["width=0.0625"])
    sets = held_out(TUNE_SEED, 2, 2), held_out(TEST_SEED, 2, 1)
    model, evaluation = export_model(tmp_path / "tiny.safetensors", make_networks(recipe), recipe, sets)
    assert load_model(tmp_path / "tiny.safetensors").weights_hash == model.weights_hash
    card = json.loads((tmp_path / "tiny.json").read_text())
    assert card["sha256"] == model.weights_hash
    assert card["model_validation"] == "simulated_only"
    assert card["recipe"]["detection"]["steps"] == recipe.detection.steps
    assert "SIMULATED" in card["what"]
    assert "SIMULATED" in evaluation.held_out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny.json", "tiny.safetensors"]


def test_a_model_measured_on_real_infants_says_on_which(tmp_path: Path) -> None:
    recipe = replace(make_recipe("useful", "compact", ["width=0.0625"]), split="by infant, fold 1 of 2")
    real = replace(held_out(TEST_SEED, 1, 1), what="3 annotated infants, by infant, fold 1 of 2", simulated=False)
    model, _ = export_model(tmp_path / "tiny.safetensors", make_networks(recipe), recipe, (real, real))
    assert model.card["model_validation"] == "3 annotated infants, by infant, fold 1 of 2"
    assert "an annotated data set" in model.card["what"]


def test_a_measured_band_goes_into_the_card_and_changes_no_weight(tmp_path: Path) -> None:
    model = load_model("compact")
    banded = export_with(tmp_path / "compact.safetensors", model, {"tracker_band_hz": 4.57})
    settings = json.loads(json.dumps(dataclasses.asdict(model.settings)))
    assert banded.card == {**model.card, "settings": settings, "tracker_band_hz": 4.57}
    assert banded.weights_hash != model.weights_hash  # it decides what is withheld, so results of before are stale
    for before, after in ((model.detection, banded.detection), (model.regression, banded.regression)):
        for key, tensor in before.state_dict().items():
            assert torch.equal(tensor, after.state_dict()[key]), key
    assert json.loads((tmp_path / "compact.json").read_text())["tracker_band_hz"] == 4.57


def test_calibration_sets_threshold_bias_and_rising_confidence(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    model = load_model("compact")
    visible = rng.random((200, 3, 12)) < 0.85
    truth = rng.uniform(20, 80, (200, 3, 12, 2)).astype(np.float32)
    score = np.where(visible, rng.normal(0.7, 0.1, visible.shape), rng.normal(0.2, 0.1, visible.shape)).clip(0.05, 1)
    found = Predictions(truth + np.array([0.25, -0.5]), score, score)
    monkeypatch.setattr("asyconv.evaluation.calibration.predict", lambda *args, **kwargs: found)
    settings = calibrate(model, ClipSet(np.empty((200, 3, 96, 128), np.uint16), truth, visible))
    thresholds = np.array(settings.presence_thresholds)
    assert ((thresholds > 0.3) & (thresholds < 0.6)).all()
    np.testing.assert_array_equal(thresholds, thresholds[list(FLIP)])
    np.testing.assert_allclose(settings.position_bias_map, np.broadcast_to([0.25, -0.5], (3, 12, 2)), atol=0.01)
    knots = np.array(settings.confidence_knots)
    assert (np.diff(knots[:, 1]) >= 0).all()
    assert knots[0, 1] < 0.2
    assert knots[-1, 1] > 0.9
