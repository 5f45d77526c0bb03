"""The block of the regression network: one set of names, one function, whether it trains or runs folded."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from asyconv.pose.layers import Convolution
from asyconv.pose.networks import AsymmetricBlock, AsymmetricRegression, folded
from tests.helpers.networks import oracle, small

FOLDED = torch.ops.asyconv.asymmetric_cascade.default
HEADS = torch.ops.asyconv.asymmetric_cascade_heads.default


class Calls(TorchDispatchMode):
    """Notes which of our operations run."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seen: list[object] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        """Note it."""
        if func in (FOLDED, HEADS):
            self.seen.append(func)
        return func(*args, **(kwargs or {}))


@pytest.fixture
def model() -> AsymmetricRegression:
    network = small(AsymmetricRegression)
    assert isinstance(network, AsymmetricRegression)
    return network.eval()


def stacked() -> Tensor:
    return torch.randn(2, 21, 3, 7, 9, generator=torch.Generator().manual_seed(1))


def assert_close(found: Tensor, expected: Tensor) -> None:
    # 14 layers in float32, each within 1e-6 of the largest value
    found, expected = found.detach(), expected.detach()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=2e-5 * float(expected.abs().max()), check_stride=False)


def test_names_and_shapes_in_weights_files_stay() -> None:
    with torch.device("meta"):
        state = AsymmetricRegression(0.25).state_dict()
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    names = ("weight", "bias", *(f"norm.{name}" for name in norm))
    layers = [f"layers.{step}.{name}" for step in range(13) for name in names]
    assert list(state) == [*layers, "layers.13.weight", "layers.13.bias"]
    assert state["layers.0.weight"].shape == (16, 21, 1, 3, 1)
    assert state["layers.11.weight"].shape == (64, 64, 3, 1, 1)
    assert state["layers.13.weight"].shape == (20, 64, 1, 1, 1)


def test_widths_of_16_32_and_64_run_by_the_operation(model: AsymmetricRegression) -> None:
    with torch.no_grad(), Calls() as calls:
        maps = model(stacked())
    assert calls.seen == [FOLDED, FOLDED, FOLDED, HEADS]
    assert maps.is_contiguous()
    assert_close(maps, oracle(model, stacked()))


def test_training_takes_ordinary_layers_and_frozen_statistics_the_operation(model: AsymmetricRegression) -> None:
    model.train()
    with Calls() as calls:
        model(stacked())
    assert not calls.seen
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm1d):
            layer.eval()
    with Calls() as calls:
        frozen = model(stacked())
    assert len(calls.seen) == 4
    assert_close(frozen, model.eval()(stacked()))


def test_gradients_of_frozen_statistics_equal_the_layers(model: AsymmetricRegression) -> None:
    model.double()
    x = stacked().double().requires_grad_()
    inputs = [x, *model.parameters()]
    ours = torch.autograd.grad(model(x).square().sum(), inputs)
    layers = torch.autograd.grad(oracle(model, x).square().sum(), inputs)
    for found, expected in zip(ours, layers, strict=True):
        assert (found - expected).norm() <= 1e-9 * expected.norm() + 1e-12


def test_folded_weights_are_kept_until_something_changes(model: AsymmetricRegression) -> None:
    block, x = model._blocks[0], stacked()

    def kept() -> int:
        with torch.no_grad():
            model(x)
        return block._folded[0][0].data_ptr()

    first = kept()
    assert kept() == first
    changes: dict[str, Callable[[], object]] = {
        "a step of the optimiser": lambda: _step(model),
        "statistics of a batch": lambda: (model.train()(x), model.eval()),
        "other weights": lambda: model.load_state_dict(small(AsymmetricRegression, seed=5).state_dict()),
        "assigned weights": lambda: model.load_state_dict(small(AsymmetricRegression, 6).state_dict(), assign=True),
        "another dtype": lambda: model.double().float(),
    }
    for name, change in changes.items():
        before = [w.clone() for w in block._folded[0]]
        change()
        with torch.no_grad():
            assert_close(model(x), oracle(model, x))
        if name != "another dtype":
            assert not torch.equal(before[0], block._folded[0][0]), name


def _step(model: nn.Module) -> None:
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    model(stacked()).square().mean().backward()
    optimiser.step()


def test_what_was_folded_in_inference_mode_serves_outside(model: AsymmetricRegression) -> None:
    model.requires_grad_(False)
    with torch.inference_mode():
        inside = model(stacked())
    x = stacked().requires_grad_()
    outside = model(x)
    assert_close(outside, inside.clone())
    outside.sum().backward()
    assert x.grad is not None


def test_copies_and_folded_copies_are_their_own(model: AsymmetricRegression) -> None:
    with torch.no_grad():
        before = model(stacked())
        copy = folded(model)
        for parameter in model.parameters():
            parameter.mul_(1.5)
        assert_close(copy(stacked()), before)
        assert not torch.allclose(model(stacked()), before)


def test_compiles_whole_in_evaluation(model: AsymmetricRegression) -> None:
    network = folded(model)
    with torch.no_grad():
        compiled = torch.compile(network, fullgraph=True, backend="aot_eager")
        assert_close(compiled(stacked()), network(stacked()))


def test_a_block_stands_alone() -> None:
    torch.manual_seed(0)
    block = AsymmetricBlock(
        Convolution(3, 4, (1, 3, 1)), Convolution(4, 4, (1, 1, 3)), Convolution(4, 4, (3, 1, 1))
    ).eval()
    x = torch.randn(1, 3, 5, 6, 3)
    expected = x
    for layer in block:
        expected = layer(expected)
    torch.testing.assert_close(block(x), expected, rtol=1e-5, atol=1e-5)


def test_halves_give_float32_maps_near_float32(model: AsymmetricRegression) -> None:
    network = folded(model)
    with torch.no_grad():
        expected = network(stacked())
        for dtype, allowed in ((torch.float16, 3e-3), (torch.bfloat16, 1.5e-2)):
            maps = folded(model).to(dtype)(stacked())  # the input stays float32, the first block rounds it
            assert maps.dtype == torch.float32
            assert (maps - expected).norm() < allowed * expected.norm()
