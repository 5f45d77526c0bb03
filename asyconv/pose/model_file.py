"""Model files: both networks' weights, the settings they need and a card that says where they come from.

A model is one safetensors file: convolution weights in float16 and in the shape of 3-D convolutions, everything else in
float32, and a card (JSON) in its header. A hash over weights and card stands in the header too; loading refuses a file
that does not match it, and nothing is ever unpickled. Names without a folder or suffix are models inside the package.
"""

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import safetensors.torch
import torch
from torch import Tensor, nn

from asyconv.errors import InputError
from asyconv.pose.model_card import HEADER, ModelFile, ModelSettings, hash_arrays, read_model
from asyconv.pose.networks import AsymmetricRegression, Detection, Regression3d
from asyconv.whole_files import write_whole

ARCHITECTURES: Final[Mapping[str, type[nn.Module]]] = {"asymmetric": AsymmetricRegression, "3x3x3": Regression3d}


@dataclass(frozen=True)
class Model:
    """A loaded model: both networks in evaluation mode, their settings, their card and the hash of all of it."""

    name: str
    detection: nn.Module
    regression: nn.Module
    settings: ModelSettings
    card: dict[str, Any]
    weights_hash: str


def save_model(path: str | os.PathLike[str], detection: nn.Module, regression: nn.Module, card: dict[str, Any]) -> str:
    """Write a model file and return its hash.

    ``card`` is plain JSON with at least ``name`` and ``settings`` (the fields of `ModelSettings`, or one itself). The
    file appears under its name only when whole.
    """
    settings = card["settings"]
    if not isinstance(settings, ModelSettings):
        settings = ModelSettings(**settings)
    card = json.loads(json.dumps({**card, "settings": dataclasses.asdict(settings)}, allow_nan=False))
    if not isinstance(card.get("name"), str):
        raise ValueError("the card must hold the model's name")
    tensors = {**_stored("detection.", detection), **_stored("regression.", regression)}
    weights_hash = hash_model(tensors, card)
    header = {HEADER: json.dumps({"card": card, "sha256": weights_hash}, sort_keys=True)}
    write_whole(Path(path), safetensors.torch.save(tensors, metadata=header))
    return weights_hash


def load_model(name_or_path: str | os.PathLike[str]) -> Model:
    """Load a model by the name of one in the package ("compact") or by its file."""
    return model_of(read_model(name_or_path))


def model_of(file: ModelFile) -> Model:
    """Build the networks of a model file; refuses one whose weights are not those of its architecture."""
    settings = file.settings
    with torch.random.fork_rng([]):  # its random weights are replaced at once and must not cost the caller a number
        detection = Detection(settings.width, deep=settings.deep_detection)
        regression = ARCHITECTURES[settings.arch](settings.width)
    networks = {"detection.": detection, "regression.": regression}
    strange = sorted(key for key in file.arrays if not key.startswith(tuple(networks)))
    if strange:
        raise InputError(f"{file.label}: expected weights of detection and regression, found also {strange[0]}")
    for prefix, network in networks.items():
        own = {k.removeprefix(prefix): torch.tensor(v) for k, v in file.arrays.items() if k.startswith(prefix)}
        _fill(network, own, f"{file.label}: {prefix}")
    return Model(file.name, detection.eval(), regression.eval(), settings, file.card, file.weights_hash)


def hash_model(tensors: Mapping[str, Tensor], card: dict[str, Any]) -> str:
    """SHA-256 over the card and every tensor's name, type, shape and bytes, in the order of names."""
    return hash_arrays({name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}, card)


def _stored(prefix: str, network: nn.Module) -> dict[str, Tensor]:
    """Collect a network's tensors as they are stored; batch counts are left out, nothing needs them."""
    stored = {}
    for key, tensor in network.state_dict().items():
        if key.endswith("num_batches_tracked"):
            continue
        half = tensor.detach().to("cpu", torch.float16 if tensor.ndim > 1 else torch.float32)
        if not torch.isfinite(half).all():
            raise ValueError(f"{prefix}{key} holds values that are not finite, or too large for float16")
        stored[prefix + key] = half.contiguous().clone()
    return stored


def _fill(network: nn.Module, tensors: dict[str, Tensor], where: str) -> None:
    """Give a network its weights, in float32; names and shapes must be its own."""
    own = network.state_dict()
    complete = {k: torch.zeros((), dtype=torch.int64) for k in own if k.endswith("num_batches_tracked")}
    for key in sorted(set(own) - set(complete) | set(tensors)):
        if key not in tensors:
            raise InputError(f"{where}{key} is missing from the file")
        if key not in own or own[key].shape != tensors[key].shape:
            expected = tuple(own[key].shape) if key in own else "no such weight"
            raise InputError(f"{where}{key}: expected {expected}, found {tuple(tensors[key].shape)}")
        complete[key] = tensors[key].to(torch.float32)
        if not torch.isfinite(complete[key]).all() or (key.endswith("running_var") and (complete[key] < 0).any()):
            raise InputError(f"{where}{key}: expected finite numbers (and variances of 0 or more), found others")
    network.load_state_dict(complete, assign=True)
