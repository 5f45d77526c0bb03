"""A small model file, and changes to it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import nn

from asyconv.pose.model_card import ModelSettings
from asyconv.pose.model_file import hash_model
from asyconv.pose.networks import AsymmetricRegression, Detection

SETTINGS = ModelSettings(
    arch="asymmetric",
    width=0.0625,
    depth_scale_mm=100.0,
    depth_limit=3.0,
    disc_radius_map=3.0,
    sigma_map=2.0,
    joint_threshold=0.3,
    presence_thresholds=(0.5,) * 12,
    link_threshold=0.05,
    nms_window_map=13,
    position_bias_map=tuple(tuple((0.5, -0.25) for _ in range(12)) for _ in range(3)),
    confidence_knots=((0.0, 0.0), (1.0, 0.9)),
)
CARD: dict[str, Any] = {"name": "tiny", "settings": SETTINGS, "seeds": [1, 2], "licence": "MIT"}
Tensors = dict[str, torch.Tensor]
Header = dict[str, Any]


def networks(seed: int = 0) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(seed)
    detection, regression = Detection(SETTINGS.width), AsymmetricRegression(SETTINGS.width)
    detection(torch.randn(2, 1, 3, 16, 16))  # running statistics that differ from their start
    regression(torch.randn(2, 21, 3, 8, 8))
    return detection, regression


def rewrite(path: Path, change: Callable[[Tensors, Header], object], *, hashed: bool = True) -> None:
    """Let `change` alter a model file in place, with a hash that fits, or as somebody with a text editor might."""
    with safetensors.safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["asyconv"])
        tensors = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
    change(tensors, header)
    if hashed:
        header["sha256"] = hash_model(tensors, header["card"])
    path.write_bytes(safetensors.torch.save(tensors, metadata={"asyconv": json.dumps(header)}))
