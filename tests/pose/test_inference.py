"""Clips to confidence maps: the networks as a GPU rounds them give the joints of float32."""

import gc
import weakref

import numpy as np
import pytest
import torch
from torch import Tensor

from asyconv.evaluation.predictions import predict
from asyconv.kernels import reference
from asyconv.kernels.timing import relative_error
from asyconv.pose import detected, inference
from asyconv.pose.layers import Convolution
from asyconv.pose.model_file import load_model
from asyconv.pose.networks import AsymmetricRegression, Detection, Regression3d, folded
from asyconv.simulation.clips import make_clips
from asyconv.simulation.seeds import TEST_SEED
from tests.helpers.networks import oracle, small


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_joints_of_halves_are_those_of_float32(monkeypatch: pytest.MonkeyPatch, precision: str) -> None:
    if torch.cuda.is_available():
        pytest.skip("inference runs on the GPU here; make gpu-check compares it with the CPU")
    model = load_model("compact")
    errors, found = [], []
    for infant in range(3):
        clips = make_clips(TEST_SEED, infant, 2)
        monkeypatch.setattr(inference, "precision_of", lambda asked: "float32")
        exact = predict(model, clips)
        monkeypatch.setattr(inference, "precision_of", lambda asked: precision)
        rounded = predict(model, clips)
        assert not np.array_equal(exact.xy_map, rounded.xy_map, equal_nan=True)
        errors.append(np.linalg.norm(exact.xy_map - rounded.xy_map, axis=-1).ravel())
        found.append(np.isfinite(exact.xy_map) == np.isfinite(rounded.xy_map))
    assert np.isfinite(np.concatenate(errors)).sum() > 100
    assert np.nanpercentile(np.concatenate(errors), 95) <= 0.1
    assert np.mean(found) > 0.99  # a peak at the threshold may pass it in one of the two


@pytest.mark.parametrize("gpu", [False, True])
@pytest.mark.parametrize("bfloat16", [False, True])
def test_the_processor_decides_the_precision_unless_one_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, gpu: bool, bfloat16: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(inference, "has_bfloat16", lambda: bfloat16)
    assert inference.precision_of("auto") == ("float16" if gpu else "bfloat16" if bfloat16 else "float32")
    assert [inference.precision_of(name) for name in ("float32", "bfloat16")] == ["float32", "bfloat16"]


@pytest.mark.skipif(not reference.has_bfloat16(), reason="needs a processor that multiplies bfloat16")
def test_bfloat16_of_the_processor_rounds_like_bfloat16_by_way_of_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    x = torch.randn(1, 21, 3, 16, 16)
    network = folded(small(AsymmetricRegression))
    with torch.inference_mode():
        exact = network(x)
        network = network.to(torch.bfloat16)
        own = network(x)
        monkeypatch.setattr(reference, "has_bfloat16", lambda: False)
        detour = network(x)
    assert relative_error(own, detour) < relative_error(detour, exact) / 2
    assert not torch.equal(own, exact)


@pytest.mark.skipif(not reference.has_bfloat16(), reason="needs a processor that multiplies bfloat16")
def test_a_clip_has_the_same_maps_in_bfloat16_whatever_else_is_in_its_batch() -> None:
    depth_mm = make_clips(TEST_SEED, 0, 3).depth.astype(np.float32) / 10.0
    networks = inference.Inference(load_model("compact"), "bfloat16")
    together = networks.both(depth_mm)
    for clip, expected in zip(depth_mm, together, strict=True):
        (alone,) = networks.both(clip[None])
        assert torch.equal(alone.probability, expected.probability)
        np.testing.assert_array_equal(alone.confidence, expected.confidence)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_share_the_clips_and_decide_no_number(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    depth_mm = make_clips(TEST_SEED, 0, 5).depth.astype(np.float32) / 10.0
    expected = inference.Inference(load_model("compact"), "float32").both(depth_mm)
    before = torch.get_num_threads()
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    networks = inference.Inference(load_model("compact"), "float32")
    monkeypatch.undo()
    assert networks.batch == 4 * threads
    seen: list[int] = []
    networks._detection.register_forward_pre_hook(lambda _, clips: seen.append(len(clips[0])))
    for clip, other in zip(networks.both(depth_mm), expected, strict=True):
        np.testing.assert_array_equal(clip.confidence, other.confidence)
        assert clip.box == other.box
    assert sorted(seen) == {1: [1, 4], 2: [2, 3], 3: [1, 2, 2]}[threads]
    assert torch.get_num_threads() == before  # for whoever else computes in this process


def test_networks_and_their_threads_go_when_their_recording_is_done() -> None:
    gc.disable()  # a cycle of references would keep them until it runs
    try:
        used = inference.Inference(load_model("compact"))
        used.both(np.full((1, 3, 96, 128), 700.0, np.float32))
        assert used.gflop > 1.0
        gone = weakref.ref(used)
        del used
        assert gone() is None
    finally:
        gc.enable()


def test_a_batch_that_does_not_fit_is_halved_and_the_night_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)  # as on a GPU the clips are not shared out
    networks = inference.Inference(load_model("compact"), "float32")
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    depth_mm = np.random.default_rng(0).uniform(480, 600, (4, 3, 96, 128)).astype(np.float32)
    monkeypatch.setattr(inference, "detected_box", lambda seen, presence, thresholds: detected.whole(seen))
    expected = networks.both(depth_mm)
    tried: list[int] = []
    whole = networks._detection.forward

    def fits_one(clip: Tensor) -> Tensor:
        tried.append(len(clip))
        if len(clip) > 1:
            raise torch.OutOfMemoryError("a GPU's memory is full")
        found: Tensor = whole(clip)
        return found

    monkeypatch.setattr(networks._detection, "forward", fits_one)
    halved = networks.both(depth_mm)
    assert tried == [4, 2, 1, 1, 1, 1]
    assert networks.batch == 1
    for one, other in zip(halved, expected, strict=True):
        torch.testing.assert_close(one.probability, other.probability, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(one.confidence, other.confidence, rtol=1e-4, atol=1e-5)
    monkeypatch.setattr(networks._detection, "forward", lambda clip: fits_one(torch.cat([clip, clip])))
    with pytest.raises(torch.OutOfMemoryError):
        networks.both(depth_mm[:1])


@pytest.mark.parametrize("dtype", reference.HALVES)
def test_maps_and_probabilities_are_float32_and_near(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    for kind, channels in ((Detection, 1), (Regression3d, 21), (AsymmetricRegression, 21)):
        network = folded(small(kind))
        x = torch.randn(1, channels, 3, 16, 16)
        with torch.inference_mode():
            expected, found = network(x), network.to(dtype)(x)
        assert found.dtype == (torch.float32 if kind is AsymmetricRegression else dtype)
        assert relative_error(found, expected) < {torch.float16: 4e-3, torch.bfloat16: 3e-2}[dtype]


@pytest.mark.parametrize(("dtype", "allowed"), [(torch.float16, 3e-3), (torch.bfloat16, 1.5e-2)])
def test_whole_regression_network_against_float64(dtype: torch.dtype, allowed: float) -> None:
    torch.manual_seed(0)
    network = AsymmetricRegression().eval()  # full width; He weights keep the size of what flows
    x = torch.randn(1, 21, 3, 12, 16)
    half = folded(network).to(dtype)
    with torch.inference_mode():
        error = relative_error(half(x), oracle(network.double(), x.double()))
    assert error < allowed


def test_a_half_layer_on_the_cpu_rounds_where_cuda_rounds() -> None:
    # halves near 1 are 2^-10 apart: 1 + 2^-11 rounds to 1 (even), and so it does again with the bias; at once they
    # would give 1 + 2^-10
    layer = Convolution(2, 1, (1, 1, 1), activate=False).half()
    with torch.no_grad():
        layer.weight.fill_(1)
        layer.bias.fill_(2**-11)
        assert layer(torch.tensor([1, 2**-11]).view(1, 1, 1, 1, 2).half()).item() == 1
