"""Model files: both networks' weights, the settings they need and a card that says where they come from.

A model is one safetensors file: convolution weights in float16 and in the shape of 3-D convolutions, everything else in
float32, and a card (JSON) in its header. A hash over weights and card stands in the header too; loading refuses a file
that does not match it, and nothing is ever unpickled. Names without a folder or suffix are models inside the package.
"""

import dataclasses
import hashlib
import importlib.resources
import itertools
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from asyconv.errors import InputError
from asyconv.pose.networks import AsymmetricRegression, Detection, Regression3d
from asyconv.skeleton import N_JOINTS
from asyconv.whole_files import write_whole

MODELS: Final = ("paper", "paper-3d", "compact", "compact-3d")
ARCHITECTURES: Final[Mapping[str, type[nn.Module]]] = {"asymmetric": AsymmetricRegression, "3x3x3": Regression3d}
CLIP_FRAMES: Final = 3
WIDTH_MAX: Final = 2.0  # twice the paper's channels; wider ones fill the memory before they are found not to fit
WINDOW_MAX_MAP: Final = 95  # the height of the maps is 96
_HEADER: Final = "asyconv"
_SUFFIX: Final = ".safetensors"


@dataclass(frozen=True)
class ModelSettings:
    """What a model's weights were trained and tuned with, and need again to be used; map px is a pixel of 128x96.

    Attributes
    ----------
    arch : regression network, "asymmetric" or "3x3x3".
    width : share of the paper's channel counts.
    depth_scale_mm, depth_limit : depth minus its mean is divided by the first and clamped to plus or minus the second.
    disc_radius_map, sigma_map : of the target maps, map px.
    joint_threshold, link_threshold, nms_window_map : for finding joints on the maps.
    presence_thresholds : smallest detection probability of each joint [12] that is in the picture.
    position_bias_map : measured bias by frame in the clip [3], joint [12] and x, y [2], map px; to be subtracted.
    confidence_knots : pairs (raw map value, probability), linear in between.
    """

    arch: str
    width: float
    depth_scale_mm: float
    depth_limit: float
    disc_radius_map: float
    sigma_map: float
    joint_threshold: float
    presence_thresholds: tuple[float, ...]
    link_threshold: float
    nms_window_map: int
    position_bias_map: tuple[tuple[tuple[float, float], ...], ...]
    confidence_knots: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        """Turn lists, as JSON gives them, into tuples, and refuse what no network can be built from."""
        for name in ("position_bias_map", "confidence_knots", "presence_thresholds"):
            object.__setattr__(self, name, _tuples(getattr(self, name)))
        if self.arch not in ARCHITECTURES:
            raise ValueError(f"arch must be one of {', '.join(ARCHITECTURES)}, found {self.arch!r}")
        if not 0 < self.width <= WIDTH_MAX or (64 * self.width) % 2:
            raise ValueError(
                f"width must give a whole number of channels and be {WIDTH_MAX} at most, found {self.width}"
            )
        sizes = [[len(xy) for xy in joints] for joints in self.position_bias_map]
        if sizes != [[2] * N_JOINTS] * CLIP_FRAMES:
            raise ValueError(f"position_bias_map must be [{CLIP_FRAMES}][{N_JOINTS}][2]")
        if len(self.presence_thresholds) != N_JOINTS:
            raise ValueError(f"presence_thresholds must be [{N_JOINTS}], found {len(self.presence_thresholds)}")
        self._check_numbers()

    def _check_numbers(self) -> None:
        """Refuse numbers that make every joint wrong or none at all: networks run with them without an error."""
        for name in ("depth_scale_mm", "depth_limit", "disc_radius_map", "sigma_map"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be above 0, found {getattr(self, name)}")
        for name in ("joint_threshold", "link_threshold"):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"{name} must be a number, found {getattr(self, name)}")
        window = self.nms_window_map
        if type(window) is not int or window % 2 == 0 or not 1 <= window <= WINDOW_MAX_MAP:
            raise ValueError(f"nms_window_map must be odd and 1 to {WINDOW_MAX_MAP}, found {window}")
        if not all(0 <= value <= 1 for value in self.presence_thresholds):
            raise ValueError(f"presence_thresholds must lie between 0 and 1, found {self.presence_thresholds}")
        if not all(math.isfinite(value) for joints in self.position_bias_map for xy in joints for value in xy):
            raise ValueError("position_bias_map must hold numbers, found others")
        knots = self.confidence_knots
        if len(knots) < 2 or any(len(knot) != 2 for knot in knots):
            raise ValueError(f"confidence_knots must be two pairs or more, found {len(knots)}")
        raw, probability = zip(*knots, strict=True)
        if not all(map(math.isfinite, raw)) or any(a > b for a, b in itertools.pairwise(raw)):
            raise ValueError(f"confidence_knots must rise, found {raw}")
        if not all(0 <= value <= 1 for value in probability):
            raise ValueError(f"confidence_knots must lead to probabilities, found {probability}")


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
    header = {_HEADER: json.dumps({"card": card, "sha256": weights_hash}, sort_keys=True)}
    write_whole(Path(path), safetensors.torch.save(tensors, metadata=header))
    return weights_hash


def load_model(name_or_path: str | os.PathLike[str]) -> Model:
    """Load a model by the name of one in the package ("compact") or by its file."""
    text = os.fspath(name_or_path)
    if text in MODELS:
        resource = importlib.resources.files("asyconv.pose").joinpath("models", text + _SUFFIX)
        if not resource.is_file():
            raise InputError(f"model {text!r} is not part of this version; train it with `asyconv train`")
        with importlib.resources.as_file(resource) as path:
            return _load(path, f"model {text!r}")
    path = Path(text)
    if not path.is_file():
        raise InputError(f"{text}: expected a model file or one of {', '.join(MODELS)}, found no such file")
    return _load(path, text)


def hash_model(tensors: Mapping[str, Tensor], card: dict[str, Any]) -> str:
    """SHA-256 over the card and every tensor's name, type, shape and bytes, in the order of names."""
    digest = hashlib.sha256(json.dumps(card, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _load(path: Path, label: str) -> Model:
    tensors, header = _read(path, label)
    try:
        outer = json.loads(header)
        card, expected = outer["card"], outer["sha256"]
        settings = ModelSettings(**card["settings"])
        name = str(card["name"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{label}: expected a model card of this version, found one that cannot be used: {error}"
        ) from error
    found = hash_model(tensors, card)
    if found != expected:
        raise InputError(
            f"{label}: expected weights and card with SHA-256 {expected[:12]}, found {found[:12]}; the file was changed"
        )
    with torch.random.fork_rng([]):  # its random weights are replaced at once and must not cost the caller a number
        detection, regression = Detection(settings.width), ARCHITECTURES[settings.arch](settings.width)
    known = {"detection.": detection, "regression.": regression}
    strange = sorted(key for key in tensors if not key.startswith(tuple(known)))
    if strange:
        raise InputError(f"{label}: expected weights of detection and regression, found also {strange[0]}")
    for prefix, network in known.items():
        _fill(
            network,
            {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)},
            label + ": " + prefix,
        )
    return Model(name, detection.eval(), regression.eval(), settings, card, found)


def _read(path: Path, label: str) -> tuple[dict[str, Tensor], str]:
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            header = (file.metadata() or {}).get(_HEADER)
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
    except OSError as error:
        raise InputError(f"{label}: expected a model file that can be read, found: {error.strerror}") from error
    except safetensors.SafetensorError as error:
        raise InputError(
            f"{label}: expected a safetensors model file, found something else ({error}); "
            "other formats, pickles above all, are never opened"
        ) from error
    if header is None:
        raise InputError(f"{label}: expected a model file of asyconv, found safetensors without its card")
    return tensors, header


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


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list | tuple) else value
