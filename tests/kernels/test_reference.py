"""Convolutions on the one channels-last layout: by hand, against conv3d, and their gradients."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from asyconv.kernels.packing import fold_batchnorm
from asyconv.kernels.reference import convolve, convolve_folded, double, halve

Tolerance = Callable[[object], dict[str, Any]]
KERNELS = [(1, 3, 1), (1, 1, 3), (3, 1, 1), (3, 3, 3), (1, 1, 1), (1, 5, 3), (5, 3, 3)]
SIZES = [(1, 3, 6, 8), (2, 3, 5, 7), (3, 1, 4, 3), (1, 2, 1, 1), (2, 4, 9, 2)]


def layout_3d(x: torch.Tensor) -> torch.Tensor:
    """[B, T, H, W, C] -> [B, C, T, H, W] in torch's default layout."""
    return x.permute(0, 4, 1, 2, 3).contiguous()


def draw(*shape: int) -> torch.Tensor:
    return torch.randn(shape, dtype=torch.float64, requires_grad=True)


def line(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32)


@pytest.mark.parametrize("route", [convolve, convolve_folded])
def test_each_axis_by_hand(route: Callable[..., torch.Tensor]) -> None:
    # 1, 2, 3 along one axis with taps 1, 10, 100: the neighbour before counts 1, the one after 100
    taps, expected = line(1, 10, 100), line(210, 321, 32)
    for axis in range(3):
        shape, kernel = [1, 1, 1], [1, 1, 1]
        shape[axis] = kernel[axis] = 3
        x = line(1, 2, 3).view(1, *shape, 1)
        y = route(x, taps.view(1, 1, *kernel), line(0.0))
        assert torch.equal(y.flatten(), expected), f"axis {axis}"


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [(1, 4), (9, 5)])
def test_equals_conv3d(
    kernel: tuple[int, int, int],
    size: tuple[int, int, int, int],
    channels: tuple[int, int],
    device: str,
    tolerance: Tolerance,
) -> None:
    torch.manual_seed(0)
    c_in, c_out = channels
    x = torch.randn(*size, c_in, device=device)
    weight = torch.randn(c_out, c_in, *kernel, device=device) / (c_in * kernel[0] * kernel[1] * kernel[2]) ** 0.5
    bias = torch.randn(c_out, device=device)
    truth = F.conv3d(layout_3d(x), weight, bias, padding=[k // 2 for k in kernel])
    for route in (convolve, convolve_folded):
        for b in (bias, None):
            y = route(x, weight, b)
            expected = truth if b is not None else truth - bias.view(-1, 1, 1, 1)
            assert y.is_contiguous()
            torch.testing.assert_close(layout_3d(y), expected, **tolerance(torch.float32))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("clips", [1, 2])
@pytest.mark.parametrize("kernel", KERNELS)
def test_no_copy_whatever_the_threads(threads: int, clips: int, kernel: tuple[int, int, int]) -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        y = convolve(torch.randn(clips, 3, 6, 10, 8), torch.randn(4, 8, *kernel), None)
    finally:
        torch.set_num_threads(before)
    assert y.is_contiguous()


@pytest.mark.parametrize("clips", [1, 2])
def test_resampling_equals_3d(clips: int, device: str, tolerance: Tolerance) -> None:
    torch.manual_seed(1)
    x = torch.randn(clips, 3, 6, 10, 4, device=device)
    down, up = torch.randn(5, 4, 1, 2, 2, device=device), torch.randn(4, 5, 1, 2, 2, device=device)
    bias = torch.randn(5, device=device)
    stride = (1, 2, 2)
    pairs = [
        (halve(x, down, bias), F.conv3d(layout_3d(x), down, bias, stride=stride)),
        (double(x, up, bias), F.conv_transpose3d(layout_3d(x), up, bias, stride=stride)),
    ]
    for y, truth in pairs:
        assert y.is_contiguous()
        torch.testing.assert_close(layout_3d(y), truth, **tolerance(torch.float32))


@pytest.mark.parametrize("clips", [1, 2])
@pytest.mark.parametrize("kernel", [(1, 3, 1), (1, 1, 3), (3, 1, 1), (3, 3, 3), (1, 1, 1)])
def test_gradients(clips: int, kernel: tuple[int, int, int]) -> None:
    torch.manual_seed(2)
    x = draw(clips, 3, 2, 3, 8 if kernel == (3, 3, 3) else 2)
    weight, bias = draw(2, x.shape[-1], *kernel), draw(2)
    for route in (convolve, convolve_folded):
        assert torch.autograd.gradcheck(route, (x, weight, bias))


def test_gradients_of_resampling_and_of_one_channel() -> None:
    torch.manual_seed(2)
    x, bias = draw(1, 2, 2, 4, 2), draw(3)
    assert torch.autograd.gradcheck(halve, (x, draw(3, 2, 1, 2, 2), bias))
    assert torch.autograd.gradcheck(double, (x, draw(2, 3, 1, 2, 2), bias))
    assert torch.autograd.gradcheck(convolve_folded, (draw(1, 3, 2, 3, 1), draw(3, 1, 3, 3, 3), bias))


def test_folding_a_batch_normalisation_by_hand() -> None:
    # y = 2x + 1, then (y - 3) / sqrt(4) * 10 + 5 = 10x - 5
    of_norm = (line(10.0), line(5.0), line(3.0), line(4.0), 0.0)
    weight, bias = fold_batchnorm(line(2.0).view(1, 1, 1, 1, 1), line(1.0), *of_norm)
    assert weight.item() == 10
    assert bias.item() == -5


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("size", [(2, 3, 5, 4), (1, 1, 2, 1)])
def test_gradients_of_many_channels_equal_those_of_conv3d(
    kernel: tuple[int, int, int], size: tuple[int, int, int, int]
) -> None:
    torch.manual_seed(0)
    x, weight, bias = draw(*size, 128), draw(130, 128, *kernel), draw(130)
    grad = torch.randn(*size, 130, dtype=torch.float64)
    of_3d = F.conv3d(x.permute(0, 4, 1, 2, 3), weight, bias, padding=tuple(k // 2 for k in kernel))
    expected = torch.autograd.grad(of_3d.permute(0, 2, 3, 4, 1), (x, weight, bias), grad)
    y = convolve(x, weight, bias)
    assert kernel == (1, 1, 1) or type(y.grad_fn).__name__ == "_ConvolutionBackward"
    for found, wanted in zip(torch.autograd.grad(y, (x, weight, bias), grad), expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-10)
    (only_bias,) = torch.autograd.grad(convolve(x.detach(), weight.detach(), bias), bias, grad, allow_unused=True)
    torch.testing.assert_close(only_bias, expected[2], rtol=1e-10, atol=1e-10)
