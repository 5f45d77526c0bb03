"""ONNX: the networks as other programs see them give torch's maps, and the script of the docs asyconv's joints."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn

from asyconv.notice import NOTICE
from asyconv.pose.inference import Inference, locate
from asyconv.pose.model_file import load_model
from asyconv.pose.networks import AsymmetricRegression, Detection, Regression3d
from asyconv.pose.onnx_file import BothNetworks
from asyconv.simulation.clips import make_clips
from asyconv.simulation.seeds import TEST_SEED
from asyconv.skeleton import JOINTS
from tests.helpers.blocked import without
from tests.helpers.commands import invoke
from tests.helpers.real_data import ROOT

SCRIPT = ROOT / "docs" / "onnx_joints.py"
NEEDS = ("onnx", "onnxscript", "onnxruntime")


def both(detection: nn.Module, regression: nn.Module, depth: torch.Tensor) -> tuple[Any, Any]:
    """Maps of the networks themselves."""
    with torch.inference_mode():
        probability = torch.sigmoid(detection(depth))
        return probability.numpy(), regression(torch.cat([depth, probability], dim=1)).numpy()


@pytest.mark.parametrize(("deep", "regression"), [(False, Regression3d), (True, AsymmetricRegression)])
def test_plain_operations_give_the_maps_of_the_networks(deep: bool, regression: type[nn.Module]) -> None:
    torch.manual_seed(3)
    model = load_model("compact")
    networks = Detection(1 / 16, deep=deep), regression(1 / 16)
    for network in networks:
        for name, values in network.named_buffers():
            if name.endswith(("running_mean", "running_var")):
                values.uniform_(0.5, 1.5)
    model = dataclasses.replace(model, detection=networks[0].eval(), regression=networks[1].eval())
    depth = torch.randn(2, 1, 3, 32, 48)
    with torch.inference_mode():
        found = BothNetworks(model)(depth)
    for maps, expected in zip(found, both(*networks, depth), strict=True):
        np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for name in NEEDS:
        pytest.importorskip(name)
    path = tmp_path_factory.mktemp("onnx") / "compact.onnx"
    result = invoke("export-model", "compact", "--onnx", path)
    assert result.exit_code == 0, result.stderr
    return path


@pytest.fixture(scope="module")
def clips_mm() -> Any:
    return make_clips(TEST_SEED, 1, 2).depth.astype(np.float32) / 10.0


def test_maps_of_onnxruntime_are_those_of_torch(exported: Path, clips_mm: Any) -> None:
    import onnxruntime

    model = load_model("compact")
    session = onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])
    facts = {name: json.loads(text) for name, text in session.get_modelmeta().custom_metadata_map.items()}
    assert facts["notice"] == NOTICE
    assert facts["weights_hash"] == model.weights_hash
    assert facts["joints"] == list(JOINTS)
    assert facts["settings"]["depth_scale_mm"] == model.settings.depth_scale_mm
    for clips in (1, 2):
        depth = np.random.default_rng(0).normal(size=(clips, 1, 3, 96, 128)).astype(np.float32)
        found = session.run(["probability", "confidence"], {"depth": depth})
        for maps, expected in zip(found, both(model.detection, model.regression, torch.from_numpy(depth)), strict=True):
            np.testing.assert_allclose(maps, expected, atol=1e-4)


def test_the_script_of_the_docs_finds_the_joints_that_asyconv_finds(
    exported: Path, clips_mm: Any, tmp_path: Path
) -> None:
    model = load_model("compact")
    away, same = [], []
    for clip_mm, maps in zip(clips_mm, Inference(model, "float32").both(clips_mm), strict=True):
        np.save(tmp_path / "clip.npy", clip_mm)
        arguments = [sys.executable, "-c", without("torch", "asyconv") + SCRIPT.read_text(encoding="utf8")]
        done = subprocess.run(
            [*arguments, str(exported), str(tmp_path / "clip.npy")], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        found = np.full((3, len(JOINTS), 2), np.nan)
        for frame, joint, x, y, confidence in pl.read_csv(done.stdout.encode()).iter_rows():
            assert 0 <= confidence <= 1
            found[frame, JOINTS.index(joint)] = x, y
        bias = np.array(model.settings.position_bias_map)
        expected = np.stack([locate(maps, position, model.settings).xy_map - bias[position] for position in range(3)])
        away.append(np.linalg.norm(found - expected, axis=-1).ravel())
        same.append(np.isfinite(found[..., 0]) == np.isfinite(expected[..., 0]))
    distances = np.concatenate(away)
    assert np.isfinite(distances).sum() > 40
    assert np.nanpercentile(distances, 95) < 0.05
    assert np.mean(same) > 0.95


def test_a_training_needs_a_name_for_its_model_file(tmp_path: Path) -> None:
    result = invoke("export-model", tmp_path, "--onnx", tmp_path.parent / "a.onnx")
    assert result.exit_code == 1
    assert "expected -o FILE.safetensors for a training" in result.stderr


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    result = invoke("export-model", "compact", "--onnx", tmp_path / "a.onnx")
    assert result.exit_code == 1
    assert "pip install 'asyconv[onnx]'" in result.stderr
    assert not list(tmp_path.iterdir())
