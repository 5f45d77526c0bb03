"""What stands in a model file, read and checked without torch: weights as arrays, the card, the settings, the hash."""

import hashlib
import importlib.resources
import itertools
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import safetensors

from asyconv.errors import InputError
from asyconv.pose.clips import CLIP_FRAMES
from asyconv.skeleton import N_JOINTS
from asyconv.whole_files import json_of

MODELS: Final = ("paper", "paper-3d", "compact", "compact-3d")
ARCHITECTURE_NAMES: Final = ("asymmetric", "3x3x3")
WIDTH_MAX: Final = 2.0  # twice the paper's channels; wider ones fill the memory before they are found not to fit
WINDOW_MAX_MAP: Final = 95  # the height of the maps is 96
HEADER: Final = "asyconv"
_SUFFIX: Final = ".safetensors"


@dataclass(frozen=True)
class ModelSettings:
    """What a model's weights were trained and tuned with, and need again to be used; map px is a pixel of 128x96.

    Attributes
    ----------
    arch : regression network, "asymmetric" or "3x3x3".
    width : share of the paper's channel counts.
    depth_scale_mm, depth_limit : depth minus its mean is divided by the first and clamped to plus or minus the second.
    mean_within_mm : only depths so near to the median of the middle count for that mean; 0 = all depths do.
    disc_radius_map, sigma_map : of the target maps, map px.
    joint_threshold, link_threshold, nms_window_map : for finding joints on the maps.
    presence_thresholds : smallest detection probability of each joint [12] that is in the picture.
    position_bias_map : measured bias by frame in the clip [3], joint [12] and x, y [2], map px; to be subtracted.
    confidence_knots : pairs (raw map value, probability), linear in between.
    deep_detection : the detection network is the deep one (see `asyconv.pose.networks.Detection`).
    crop_to_infant : the networks see the part of the picture round the infant (see `asyconv.pose.infant_crop`).
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
    deep_detection: bool = False
    crop_to_infant: bool = False
    mean_within_mm: float = 0.0

    def __post_init__(self) -> None:
        """Turn lists, as JSON gives them, into tuples, and refuse what no network can be built from."""
        for name in ("position_bias_map", "confidence_knots", "presence_thresholds"):
            object.__setattr__(self, name, _tuples(getattr(self, name)))
        if self.arch not in ARCHITECTURE_NAMES:
            raise ValueError(f"arch must be one of {', '.join(ARCHITECTURE_NAMES)}, found {self.arch!r}")
        if not 0 < self.width <= WIDTH_MAX or (64 * self.width) % 2:
            raise ValueError(
                f"width must give a whole number of channels and be {WIDTH_MAX} at most, found {self.width}"
            )
        for name in ("deep_detection", "crop_to_infant"):
            if type(getattr(self, name)) is not bool:
                raise ValueError(f"{name} must be true or false, found {getattr(self, name)!r}")
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
        if not 0 <= self.mean_within_mm < math.inf:
            raise ValueError(f"mean_within_mm must be 0 or above, found {self.mean_within_mm}")
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
class ModelFile:
    """A model file as it was read; `label` names it in sentences, and its hash is the one that its header promises."""

    label: str
    name: str
    settings: ModelSettings
    card: dict[str, Any]
    arrays: dict[str, npt.NDArray[Any]]
    weights_hash: str


def _resource(name: str) -> Traversable:
    return importlib.resources.files("asyconv.pose").joinpath("models", name + _SUFFIX)


def read_model(name_or_path: str | os.PathLike[str]) -> ModelFile:
    """Read a model by the name of one in the package ("compact") or from its file; what was changed is refused."""
    text = os.fspath(name_or_path)
    if text in MODELS:
        resource = _resource(text)
        if not resource.is_file():
            raise InputError(f"model {text!r} is not part of this version; train it with `asyconv train`")
        with importlib.resources.as_file(resource) as path:
            return _checked(path, f"model {text!r}")
    path = Path(text)
    if not path.is_file():
        there = [name for name in MODELS if _resource(name).is_file()]
        found = "a folder" if path.is_dir() else "no such file"
        raise InputError(f"{text}: expected a model file or the name of a model ({', '.join(there)}), found {found}")
    return _checked(path, text)


def hash_arrays(arrays: Mapping[str, npt.NDArray[Any]], card: dict[str, Any]) -> str:
    """SHA-256 over the card and every array's name, type as torch calls it, shape and bytes, in the order of names."""
    digest = hashlib.sha256(json.dumps(card, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"\n{name} torch.{array.dtype} {tuple(array.shape)}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _checked(path: Path, label: str) -> ModelFile:
    arrays, header = _read(path, label)
    try:
        outer = json_of(header)
        card, expected = outer["card"], outer["sha256"]
        settings = ModelSettings(**card["settings"])
        name = str(card["name"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{label}: expected a model card of this version, found one that cannot be used: {error}"
        ) from error
    hash_found = hash_arrays(arrays, card)
    if hash_found != expected:
        raise InputError(
            f"{label}: expected weights and card with SHA-256 {expected[:12]}, found {hash_found[:12]}; "
            "the file was changed"
        )
    return ModelFile(label, name, settings, card, arrays, hash_found)


def _read(path: Path, label: str) -> tuple[dict[str, npt.NDArray[Any]], str]:
    try:
        with safetensors.safe_open(path, framework="np") as file:
            header = (file.metadata() or {}).get(HEADER)
            arrays = {key: np.asarray(file.get_tensor(key)) for key in file.keys()}  # noqa: SIM118 (not a dict)
    except OSError as error:
        raise InputError(
            f"{label}: expected a model file that can be read, found: {error.strerror or error}"
        ) from error
    except (safetensors.SafetensorError, TypeError) as error:  # TypeError: a type that numpy has not
        raise InputError(
            f"{label}: expected a safetensors model file, found something else ({error}); "
            "other formats, pickles above all, are never opened"
        ) from error
    if header is None:
        raise InputError(f"{label}: expected a model file of asyconv, found safetensors without its card")
    return arrays, header


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list | tuple) else value
