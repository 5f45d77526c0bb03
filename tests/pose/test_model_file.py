"""Model files: a true round trip, what their hash follows, and what is checked when they are saved."""

import dataclasses
import importlib.resources
import json
from pathlib import Path

import pytest
import safetensors.torch
import torch

from asyconv.pose.model_card import MODELS
from asyconv.pose.model_file import load_model, save_model
from asyconv.pose.networks import Regression3d
from tests.helpers.model_files import CARD, SETTINGS, networks


def test_round_trip(saved: Path) -> None:
    model = load_model(saved)
    assert model.name == "tiny"
    assert model.settings == SETTINGS
    assert model.card["seeds"] == [1, 2]
    assert not model.detection.training
    assert len(model.weights_hash) == 64
    for network, loaded in zip(networks(), (model.detection, model.regression), strict=True):
        truth, found = network.state_dict(), loaded.state_dict()
        assert truth.keys() == found.keys()
        for key, tensor in truth.items():
            if key.endswith("num_batches_tracked"):
                continue
            assert found[key].dtype == torch.float32
            expected = tensor.half().float() if tensor.ndim > 1 else tensor
            assert torch.equal(found[key], expected), key


def test_loaded_networks_run_and_agree(saved: Path) -> None:
    model, (detection, regression) = load_model(saved), networks()
    clip, stacked = torch.randn(1, 1, 3, 16, 16), torch.randn(1, 21, 3, 9, 7)
    with torch.no_grad():
        # float16 keeps 11 bits of a weight
        torch.testing.assert_close(model.detection(clip), detection.eval()(clip), rtol=1e-2, atol=1e-2)
        torch.testing.assert_close(model.regression(stacked), regression.eval()(stacked), rtol=1e-2, atol=1e-2)


def test_file_holds_half_precision_3d_shapes_and_is_reproducible(saved: Path, tmp_path: Path) -> None:
    tensors = safetensors.torch.load_file(saved)
    assert tensors["regression.layers.0.weight"].shape == (4, 21, 1, 3, 1)
    assert {t.dtype for k, t in tensors.items() if t.ndim > 1} == {torch.float16}
    assert {t.dtype for k, t in tensors.items() if t.ndim == 1} == {torch.float32}
    again = tmp_path / "again.safetensors"
    save_model(again, *networks(), CARD)
    assert again.read_bytes() == saved.read_bytes()
    assert [p.name for p in tmp_path.iterdir() if p.suffix != ".safetensors"] == []


def test_loading_draws_no_random_number(saved: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    load_model(saved)
    assert torch.equal(torch.rand(3), expected)


def test_3x3x3_architecture(tmp_path: Path) -> None:
    path = tmp_path / "tiny-3d.safetensors"
    settings = dataclasses.replace(SETTINGS, arch="3x3x3")
    save_model(path, networks()[0], Regression3d(settings.width), {**CARD, "settings": dataclasses.asdict(settings)})
    assert isinstance(load_model(path).regression, Regression3d)


def test_hash_follows_weights_and_settings(tmp_path: Path) -> None:
    a = save_model(tmp_path / "a", *networks(), CARD)
    b = save_model(tmp_path / "b", *networks(1), CARD)
    other = {**CARD, "settings": dataclasses.replace(SETTINGS, joint_threshold=0.31)}
    c = save_model(tmp_path / "c", *networks(), other)
    assert len({a, b, c}) == 3


def test_shipped_models_load_and_their_readable_cards_tell_the_truth() -> None:
    folder = importlib.resources.files("asyconv.pose") / "models"
    for name in MODELS:
        if not folder.joinpath(f"{name}.safetensors").is_file():
            continue
        model = load_model(name)
        readable = json.loads(folder.joinpath(f"{name}.json").read_text())
        assert model.name == name
        assert readable == {**model.card, "sha256": model.weights_hash}


def test_settings_and_weights_are_checked_when_saving(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="arch must be one of"):
        dataclasses.replace(SETTINGS, arch="2d")
    with pytest.raises(ValueError, match="whole number of channels"):
        dataclasses.replace(SETTINGS, width=0.01)
    with pytest.raises(ValueError, match=r"\[3\]\[12\]\[2\]"):
        dataclasses.replace(SETTINGS, position_bias_map=((),))
    detection, regression = networks()
    with torch.no_grad():
        next(regression.parameters())[0, 0, 0, 0, 0] = 1e6
    with pytest.raises(ValueError, match="regression.layers.0.weight holds values"):
        save_model(tmp_path / "x", detection, regression, CARD)
    with pytest.raises(ValueError, match="name"):
        save_model(tmp_path / "x", *networks(), {"settings": SETTINGS})
    assert list(tmp_path.iterdir()) == []
