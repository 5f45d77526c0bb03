"""oneDNN's convolution with ReLU in one pass: the numbers of both steps, and where it is not taken."""

import pytest
import torch
from torch import Tensor

from asyconv.kernels import onednn, reference
from asyconv.kernels.reference import convolve, double, halve

NATIVE = [torch.float32, *([torch.bfloat16] if reference.has_bfloat16() else [])]


def drawn(dtype: torch.dtype, *kernel: int, transposed: bool = False) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    shape = (8, 16) if transposed else (16, 8)
    return (torch.randn(2, 3, 6, 10, 8).to(dtype), torch.randn(*shape, *kernel).to(dtype), torch.randn(16).to(dtype))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether oneDNN took each convolution that it was asked for."""
    taken: list[bool] = []
    ask = onednn.convolve_relu

    def asked(x: Tensor, weight: Tensor, bias: Tensor | None, stride: int = 1) -> Tensor | None:
        found = ask(x, weight, bias, stride)
        taken.append(found is not None)
        return found

    monkeypatch.setattr(onednn, "convolve_relu", asked)
    return taken


@pytest.mark.parametrize("kernel", [(1, 3, 1), (1, 1, 3), (3, 1, 1), (3, 3, 3), (1, 3, 3), (1, 1, 1)])
@pytest.mark.parametrize("dtype", NATIVE)
def test_one_pass_gives_the_numbers_of_two(dtype: torch.dtype, kernel: tuple[int, ...], calls: list[bool]) -> None:
    x, weight, bias = drawn(dtype, *kernel)
    found = convolve(x, weight, bias, relu=True)
    assert calls == ([] if dtype == torch.float32 and kernel == (1, 1, 1) else [True])  # a product of matrices there
    assert found.is_contiguous()
    two_steps, eps = convolve(x, weight, bias).relu(), torch.finfo(dtype).eps  # sums may differ in order
    torch.testing.assert_close(found, two_steps, rtol=eps, atol=64 * torch.finfo(torch.float32).eps)


@pytest.mark.parametrize("dtype", NATIVE)
def test_resampling_in_one_pass(dtype: torch.dtype, calls: list[bool]) -> None:
    eps = torch.finfo(dtype).eps
    for operation in (halve, double):
        x, weight, bias = drawn(dtype, 1, 2, 2, transposed=operation is double)
        found = operation(x, weight, bias, relu=True)
        torch.testing.assert_close(found, operation(x, weight, bias).relu(), rtol=eps, atol=eps)
        assert found.is_contiguous()
    assert calls == [True, True]


def test_a_bfloat16_saturates() -> None:
    x = torch.tensor([3e38, -3e38, 1.0]).bfloat16().view(1, 1, 3, 1, 1)
    y = onednn.convolve_relu(x, torch.full((1, 1, 1, 1, 1), 2.0).bfloat16(), None)
    assert y is not None
    assert y.flatten().tolist() == [torch.finfo(torch.bfloat16).max, 0, 2]


def test_gradients_and_other_types_take_two_steps(calls: list[bool]) -> None:
    x, weight, bias = drawn(torch.float32, 1, 3, 1)
    y = convolve(x.requires_grad_(), weight, bias, relu=True)
    y.sum().backward()
    assert not calls
    assert x.grad is not None
    assert convolve(x.detach().double(), weight.double(), bias.double(), relu=True).dtype == torch.float64
    assert convolve(x.detach()[:0], weight, bias, relu=True).shape == (0, 3, 6, 10, 16)
    assert calls == [False, False]


def test_halves_that_the_processor_lacks_are_computed_in_float32(
    monkeypatch: pytest.MonkeyPatch, calls: list[bool]
) -> None:
    monkeypatch.setattr(reference, "has_bfloat16", lambda: False)
    x, weight, bias = drawn(torch.bfloat16, 1, 3, 1)
    assert convolve(x, weight, bias, relu=True).dtype == torch.bfloat16
    assert not calls


def test_torch_without_onednn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.ops, "mkldnn", object())
    assert onednn.convolve_relu(*drawn(torch.float32, 1, 3, 1)) is None
