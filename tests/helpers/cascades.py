"""Random cascades, what they give by plain convolutions, and whether a kernel run on the CPU gives the same."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from asyconv.kernels.packing import pack_biases, pack_weights
from asyconv.kernels.reference import convolve
from tests.conftest import TOLERANCES
from tests.helpers.cuda_on_cpu import CpuKernel

# The whole of one block against float64 on unrounded input: three roundings of activations and weights each.
RELATIVE_ERROR = {"float16": 2e-3, "bfloat16": 5e-3}
KERNELS = ((1, 3, 1), (1, 1, 3), (3, 1, 1))


@dataclass(frozen=True)
class Layers:
    """Parameters of a cascade of random values, with heads when ``maps`` > 0."""

    weights: list[Tensor]
    biases: list[Tensor]
    head_weights: list[Tensor]
    head_biases: list[Tensor]


def draw_layers(c_in: int, c: int, maps: int) -> Layers:
    def weight(c_out: int, c_in: int, *kernel: int) -> Tensor:
        return torch.randn(c_out, c_in, *kernel) / math.sqrt(c_in * math.prod(kernel))

    weights = [weight(c, c if step else c_in, *kernel) for step, kernel in enumerate(KERNELS)]
    heads = [weight(c, c, 1, 1, 1), weight(maps, c, 1, 1, 1)] if maps else []
    biases, head_biases = ([torch.randn(len(w)) / 2 for w in ws] for ws in (weights, heads))
    return Layers(weights, biases, heads, head_biases)


def expected_maps(x: Tensor, layers: Layers, dtype: torch.dtype, exact: bool) -> Tensor:
    """Cascade of x [B, C, T, H, W] float32, channels last, or with heads [B, maps, T, H, W].

    ``exact``: float64 throughout; else float32, rounded to ``dtype`` where the kernel rounds.
    """

    def half(values: Tensor) -> Tensor:
        return values.double() if exact else values.to(dtype).float()

    x = half(x).permute(0, 2, 3, 4, 1).contiguous()
    weights, biases = layers.weights + layers.head_weights[:1], layers.biases + layers.head_biases[:1]
    for weight, bias in zip(weights, biases, strict=True):
        x = half(F.relu(convolve(x, half(weight), bias.to(x.dtype))))
    if not layers.head_weights:
        return x
    maps = convolve(x, half(layers.head_weights[1]), layers.head_biases[1].to(x.dtype))
    return maps.permute(0, 4, 1, 2, 3)


def run(kernel: CpuKernel, x: Tensor, layers: Layers, *, seed: int = 0, processors: int = 1) -> Tensor:
    """Run the kernel as its launcher would: x [B, C, 3, H, W] in the kernel's layout, weights packed."""
    plan = kernel.plan
    batch, c_in, _, height, width = x.shape
    if not plan.planar:
        x = F.pad(x.permute(0, 2, 3, 4, 1), (0, plan.c_in - c_in)).to(getattr(torch, plan.dtype))
    weights = pack_weights(layers.weights, plan, layers.head_weights)
    biases = pack_biases(layers.biases, layers.head_biases)
    y_shape = (batch, plan.maps, 3, height, width) if plan.maps else (batch, 3, height, width, plan.c_out)
    return kernel(x, weights, biases, y_shape, seed=seed, processors=processors)


def assert_right(kernel: CpuKernel, x: Tensor, layers: Layers, *, seed: int = 0, processors: int = 1) -> None:
    """Run; element by element the result is that of rounded convolutions, as a whole that of exact ones."""
    plan = kernel.plan
    dtype, limits = getattr(torch, plan.dtype), TOLERANCES[plan.dtype]
    assert (kernel.shared_bytes, kernel.threads) == (plan.shared_bytes, plan.threads)
    y = run(kernel, x, layers, seed=seed, processors=processors)
    rounded = expected_maps(x, layers, dtype, exact=False)
    torch.testing.assert_close(y.float(), rounded, rtol=limits["rtol"], atol=limits["atol"])
    exact = expected_maps(x, layers, dtype, exact=True)
    assert (y.double() - exact).norm() / exact.norm() < RELATIVE_ERROR[plan.dtype]


def is_right(kernel: CpuKernel, x: Tensor, layers: Layers, *, seed: int = 0, processors: int = 1) -> bool:
    """Run; False when the kernel is stopped, or an element differs from that of rounded convolutions."""
    limits = TOLERANCES[kernel.plan.dtype]
    try:
        y = run(kernel, x, layers, seed=seed, processors=processors)
    except RuntimeError:
        return False
    expected = expected_maps(x, layers, getattr(torch, kernel.plan.dtype), exact=False)
    return torch.allclose(y.float(), expected, rtol=limits["rtol"], atol=limits["atol"])


Arguments = tuple[Tensor, list[Tensor], list[Tensor], list[Tensor], list[Tensor]]


SIZES = [
    (1, 5, 4, 3, 4, 5),
    (2, 4, 8, 3, 5, 7),
    (1, 3, 4, 1, 1, 1),
    (2, 1, 1, 3, 1, 6),
    (3, 3, 4, 2, 6, 1),
    (0, 5, 4, 3, 4, 5),
]
"""B, C_in, C, T, H, W: odd ones, single rows and columns, other numbers of frames, no clip at all."""


def draw(
    size: tuple[int, ...], dtype: torch.dtype = torch.float64, *, device: str = "cpu", grad: bool = False
) -> Arguments:
    """x, weights, biases, head weights and head biases whose results are near 1; 5 maps."""
    torch.manual_seed(0)
    batch, c_in, c, *rest = size
    x, layers = torch.randn(batch, c_in, *rest), draw_layers(c_in, c, 5)

    def ready(tensor: Tensor) -> Tensor:
        return tensor.to(device, dtype).requires_grad_(grad)

    lists = (layers.weights, layers.biases, layers.head_weights, layers.head_biases)
    return (ready(x), *([ready(t) for t in ts] for ts in lists))  # type: ignore[return-value]
