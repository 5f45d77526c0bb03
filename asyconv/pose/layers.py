"""Layers that the networks are built from, on tensors [B, T, H, W, C] (see `asyconv.kernels.reference`)."""

import contextlib
import math
from collections.abc import Iterator
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from asyconv.kernels import reference

Kernel = tuple[int, int, int]


class Convolution(nn.Module):
    """Convolution with bias, then batch normalisation and ReLU, on [B, T, H, W, C].

    ``kind`` is "same" (stride 1, odd kernel), "halve" or "double" (2x2 in space, strided or transposed). An output
    layer has ``activate=False``: the convolution alone. ``norm`` is None in an output layer and after folding.
    """

    def __init__(self, c_in: int, c_out: int, kernel: Kernel, kind: str = "same", *, activate: bool = True) -> None:
        super().__init__()
        self.operation = {"same": reference.convolve, "halve": reference.halve, "double": reference.double}[kind]
        self.transposed = kind == "double"
        shape = (c_in, c_out) if self.transposed else (c_out, c_in)
        fan_in = c_in * (1 if self.transposed else math.prod(kernel))
        self.weight = nn.Parameter(torch.randn(*shape, *kernel) * math.sqrt(2 / fan_in))
        self.bias = nn.Parameter(torch.zeros(c_out))
        self.norm = nn.BatchNorm1d(c_out) if activate else None
        self.activate = activate

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, H, W, C] -> [B, T, H', W', O]."""
        if self.norm is None:
            return self.operation(x, self.weight, self.bias, relu=self.activate)
        x = self.operation(x, self.weight, self.bias)
        # flat before the in-place ReLU: in place on a view, autograd would copy the whole gradient once more
        return F.relu_(self.norm(x.flatten(0, 3))).view(x.shape)


class Block(nn.Module):
    """A joint branch and a connection branch on one input, side by side on channels, mixed by a 1x1x1 convolution.

    A branch resamples in space (2x2) and convolves 3x3x3. ``c_skip`` channels of an earlier block join
    before the mixing, which gives ``c_out`` channels, by default as many as both branches have.
    """

    def __init__(self, c_in: int, c_branch: int, kind: str, c_skip: int = 0, c_out: int = 0) -> None:
        super().__init__()
        self.joints, self.connections = (
            nn.Sequential(Convolution(c_in, c_branch, (1, 2, 2), kind), Convolution(c_branch, c_branch, (3, 3, 3)))
            for _ in range(2)
        )
        self.common = Convolution(2 * c_branch + c_skip, c_out or 2 * c_branch, (1, 1, 1))

    def forward(self, x: Tensor, skip: Tensor | None = None) -> Tensor:
        """[B, T, H, W, C] -> [B, T, H/2, W/2, C_out], or 2H, 2W."""
        parts = [self.joints(x), self.connections(x)]
        if skip is not None:
            parts.append(skip)
        mixed: Tensor = self.common(torch.cat(parts, dim=-1))
        return mixed


class Residual(nn.Module):
    """Two 1x3x3 convolutions whose result is added to their input; it starts as the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = Convolution(channels, channels, (1, 3, 3))
        self.second = Convolution(channels, channels, (1, 3, 3), activate=False)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, H, W, C] -> the same; `x` is not negative."""
        return F.relu(x + self.second(self.first(x)))


class Network(nn.Module):
    """A network that, with `recomputes`, computes activations inside its blocks again in the backward pass."""

    recomputes = False

    def through(self, block: nn.Module, *inputs: Tensor | None) -> Tensor:
        """What `block` makes of the inputs; recomputed in the backward pass where `recomputes` is set."""
        if not (self.recomputes and torch.is_grad_enabled()):
            return cast(Tensor, block(*inputs))
        contexts = (contextlib.nullcontext(), _statistics_kept(block))
        return cast(Tensor, checkpoint(block, *inputs, use_reentrant=False, context_fn=lambda: contexts))


@contextlib.contextmanager
def _statistics_kept(block: nn.Module) -> Iterator[None]:
    """Let batch normalisation see a batch a second time without counting it twice in its running statistics."""
    norms = [layer for layer in block.modules() if isinstance(layer, nn.BatchNorm1d) and layer.training]
    before = [(norm.momentum, cast(Tensor, norm.num_batches_tracked).clone()) for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, (momentum, batches) in zip(norms, before, strict=True):
            norm.momentum = momentum
            cast(Tensor, norm.num_batches_tracked).copy_(batches)
