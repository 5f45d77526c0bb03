"""Model files that are refused, each with one clear sentence."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from asyconv.errors import InputError
from asyconv.pose.model_file import load_model
from tests.helpers.model_files import Header, Tensors, rewrite


def change_weight(tensors: Tensors, header: Header) -> None:
    tensors["detection.stem.bias"][0] += 1


def change_setting(tensors: Tensors, header: Header) -> None:
    header["card"]["settings"]["joint_threshold"] = 0.1


@pytest.mark.parametrize("change", [change_weight, change_setting])
def test_changed_file_is_refused(saved: Path, change: Any) -> None:
    rewrite(saved, change, hashed=False)
    with pytest.raises(InputError, match=r"tiny.safetensors: expected .* SHA-256 \w{12}, found \w{12}; .* changed"):
        load_model(saved)


def test_flipped_byte_is_refused(saved: Path) -> None:
    data = bytearray(saved.read_bytes())
    data[-1] ^= 1
    saved.write_bytes(data)
    with pytest.raises(InputError, match="changed"):
        load_model(saved)


def test_missing_strange_and_misshapen_weights_are_named(saved: Path) -> None:
    whole = saved.read_bytes()

    def having(name: str, *size: int) -> Callable[[Tensors, Header], object]:
        return lambda tensors, header: tensors.update({name: torch.zeros(size)})

    gone, strange = "detection.up1.common.bias", "regression.layers.99.bias"
    for change, message in [
        (lambda tensors, header: tensors.pop(gone), f"{gone} is missing from the file"),
        (having(strange, 1), rf"{strange}: expected no such weight, found \(1,\)"),
        (having("detection.stem.bias", 5), r"detection.stem.bias: expected \(4,\), found \(5,\)"),
        (having("other.bias", 1), r"found also other.bias"),
    ]:
        saved.write_bytes(whole)
        rewrite(saved, change)
        with pytest.raises(InputError, match=message):
            load_model(saved)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("detection.stem.weight", float("nan")),
        ("detection.stem.bias", float("nan")),
        ("regression.layers.0.weight", float("inf")),
    ],
)
def test_weights_that_are_no_numbers_are_refused_by_name(saved: Path, key: str, value: float) -> None:
    """They loaded: every joint of the night was missing, or NaN, without a word."""
    rewrite(saved, lambda tensors, header: tensors[key].view(-1)[:1].fill_(value))
    with pytest.raises(InputError, match=rf"tiny.safetensors: {key}: expected finite numbers"):
        load_model(saved)


def test_a_variance_below_0_is_refused_by_name(saved: Path) -> None:
    def spoil(tensors: Tensors, header: Header) -> None:
        next(tensor for key, tensor in sorted(tensors.items()) if key.endswith("running_var"))[0] = -1.0

    rewrite(saved, spoil)
    with pytest.raises(InputError, match=r"running_var: expected finite numbers \(and variances of 0 or more\)"):
        load_model(saved)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("position_bias_map", [[[float("nan"), 0.0]] * 12] * 3),
        ("confidence_knots", []),
        ("confidence_knots", [[0.5, 0.5]]),
        ("confidence_knots", [[1.0, 0.1], [0.0, 0.9]]),
        ("confidence_knots", [[0.0, 0.0], [1.0, 1.5]]),
        ("confidence_knots", [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]),
        ("depth_scale_mm", 0.0),
        ("depth_scale_mm", float("nan")),
        ("depth_limit", -3.0),
        ("mean_within_mm", -1.0),
        ("sigma_map", 0),
        ("joint_threshold", float("nan")),
        ("presence_thresholds", [1.1] * 12),
        ("nms_window_map", 12),
        ("nms_window_map", -1),
        ("nms_window_map", 13.0),
        ("nms_window_map", 100_001),
        ("width", 1e6),
        ("width", float("nan")),
        ("width", "wide"),
    ],
)
def test_settings_that_no_network_can_be_used_with_are_refused_by_name(saved: Path, name: str, value: Any) -> None:
    """They loaded; a zero scale made every picture NaN, an even window shifted every joint, a width filled memory."""
    rewrite(saved, lambda tensors, header: header["card"]["settings"].update({name: value}))
    said = "expected a model card of this version, found one that cannot be used"
    with pytest.raises(InputError, match=f"tiny.safetensors: {said}: .*" + ("" if value == "wide" else name)):
        load_model(saved)


class Trap:
    """Says so if anybody unpickles it."""

    def __reduce__(self) -> tuple[Any, ...]:  # noqa: D105
        return (pytest.fail, ("a pickle was opened",))


def test_pickle_is_refused_unopened(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(InputError, match="model.pt: expected a safetensors model file"):
        load_model(path)
    torch.save({"weight": torch.zeros(3)}, path)
    with pytest.raises(InputError, match="never opened"):
        load_model(path)


def test_other_bad_files(tmp_path: Path, saved: Path) -> None:
    for content in (b"", b"short", saved.read_bytes()[:2000]):
        path = tmp_path / "bad.safetensors"
        path.write_bytes(content)
        with pytest.raises(InputError, match="expected a safetensors model file"):
            load_model(path)
    path.write_bytes(safetensors.torch.save({"a": torch.zeros(1)}))
    with pytest.raises(InputError, match="without its card"):
        load_model(path)
    with pytest.raises(InputError, match="found no such file"):
        load_model(tmp_path / "none.safetensors")
    with pytest.raises(InputError, match="'paper-3d' is not part of this version"):
        load_model("paper-3d")


def test_unreadable_card(saved: Path) -> None:
    rewrite(saved, lambda tensors, header: header["card"]["settings"].pop("width"), hashed=False)
    with pytest.raises(InputError, match="expected a model card of this version, .*width"):
        load_model(saved)
