"""Model files: a true round trip, and one clear sentence for every file that is not one."""

import dataclasses
import importlib.resources
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import nn

from asyconv.errors import InputError
from asyconv.pose.model_card import MODELS, ModelSettings
from asyconv.pose.model_file import hash_model, load_model, save_model
from asyconv.pose.networks import AsymmetricRegression, Detection, Regression3d

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


def networks(seed: int = 0) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(seed)
    detection, regression = Detection(SETTINGS.width), AsymmetricRegression(SETTINGS.width)
    detection(torch.randn(2, 1, 3, 16, 16))  # running statistics that differ from their start
    regression(torch.randn(2, 21, 3, 8, 8))
    return detection, regression


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_model(path, *networks(), CARD)
    return path.read_bytes()


@pytest.fixture
def saved(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "tiny.safetensors"
    path.write_bytes(content)
    return path


def rewrite(path: Path, change: Any) -> None:
    """Let ``change(tensors, header)`` alter a model file in place, as somebody with a text editor might."""
    with safetensors.safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["asyconv"])
        tensors = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
    change(tensors, header)
    path.write_bytes(safetensors.torch.save(tensors, metadata={"asyconv": json.dumps(header)}))


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


def change_weight(tensors: dict[str, torch.Tensor], header: dict[str, Any]) -> None:
    tensors["detection.stem.bias"][0] += 1


def change_setting(tensors: dict[str, torch.Tensor], header: dict[str, Any]) -> None:
    header["card"]["settings"]["joint_threshold"] = 0.1


@pytest.mark.parametrize("change", [change_weight, change_setting])
def test_changed_file_is_refused(saved: Path, change: Any) -> None:
    rewrite(saved, change)
    with pytest.raises(InputError, match=r"tiny.safetensors: expected .* SHA-256 \w{12}, found \w{12}; .* changed"):
        load_model(saved)


def test_flipped_byte_is_refused(saved: Path) -> None:
    data = bytearray(saved.read_bytes())
    data[-1] ^= 1
    saved.write_bytes(data)
    with pytest.raises(InputError, match="changed"):
        load_model(saved)


def rehash(tensors: dict[str, torch.Tensor], header: dict[str, Any]) -> None:
    header["sha256"] = hash_model(tensors, header["card"])


def test_missing_strange_and_misshapen_weights_are_named(saved: Path) -> None:
    whole = saved.read_bytes()

    def missing(tensors: dict[str, torch.Tensor], header: dict[str, Any]) -> None:
        del tensors["detection.up1.common.bias"]
        rehash(tensors, header)

    def strange(tensors: dict[str, torch.Tensor], header: dict[str, Any]) -> None:
        tensors["regression.layers.99.bias"] = torch.zeros(1)
        rehash(tensors, header)

    def misshapen(tensors: dict[str, torch.Tensor], header: dict[str, Any]) -> None:
        tensors["detection.stem.bias"] = torch.zeros(5)
        rehash(tensors, header)

    def third(tensors: dict[str, torch.Tensor], header: dict[str, Any]) -> None:
        tensors["other.bias"] = torch.zeros(1)
        rehash(tensors, header)

    for change, message in [
        (missing, r"detection.up1.common.bias is missing from the file"),
        (strange, r"regression.layers.99.bias: expected no such weight, found \(1,\)"),
        (misshapen, r"detection.stem.bias: expected \(4,\), found \(5,\)"),
        (third, r"found also other.bias"),
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

    def spoil(tensors: dict[str, torch.Tensor], header: dict[str, Any]) -> None:
        tensors[key].view(-1)[0] = value
        rehash(tensors, header)

    rewrite(saved, spoil)
    with pytest.raises(InputError, match=rf"tiny.safetensors: {key}: expected finite numbers"):
        load_model(saved)


def test_a_variance_below_0_is_refused_by_name(saved: Path) -> None:
    def spoil(tensors: dict[str, torch.Tensor], header: dict[str, Any]) -> None:
        next(tensor for key, tensor in sorted(tensors.items()) if key.endswith("running_var"))[0] = -1.0
        rehash(tensors, header)

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

    def spoil(tensors: dict[str, torch.Tensor], header: dict[str, Any]) -> None:
        header["card"]["settings"][name] = value
        rehash(tensors, header)

    rewrite(saved, spoil)
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


def test_shipped_models_load_and_their_readable_cards_tell_the_truth() -> None:
    folder = importlib.resources.files("asyconv.pose") / "models"
    for name in MODELS:
        if not folder.joinpath(f"{name}.safetensors").is_file():
            continue
        model = load_model(name)
        readable = json.loads(folder.joinpath(f"{name}.json").read_text())
        assert model.name == name
        assert readable == {**model.card, "sha256": model.weights_hash}


def test_unreadable_card(saved: Path) -> None:
    def forget(tensors: dict[str, torch.Tensor], header: dict[str, Any]) -> None:
        del header["card"]["settings"]["width"]

    rewrite(saved, forget)
    with pytest.raises(InputError, match="expected a model card of this version, .*width"):
        load_model(saved)


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
