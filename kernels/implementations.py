"""Implementations of a block: our paths, and what torch offers without them."""

import functools
from collections.abc import Callable, Collection
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from asyconv.kernels import reference
from asyconv.kernels.blocks import Block
from asyconv.kernels.dispatch import PATHS, choose, forced, problem_of


@dataclass(frozen=True)
class Implementation:
    """How a block is run on an x, the memory format in which it has x beforehand, and what it moves.

    ``layout`` None takes x as the network gives it. ``passes`` and ``convolutions`` are those of `Block.gbyte`.
    """

    run: Callable[[Block, Tensor], Tensor]
    layout: torch.memory_format | None = None
    passes: int | None = None
    convolutions: int = 3

    def ready(self, block: Block) -> Tensor:
        """The block's own x in this implementation's memory format."""
        return block.x if self.layout is None else block.x.to(block.dtype).contiguous(memory_format=self.layout)


def implementations(block: Block, without: Collection[str] = ()) -> dict[str, Implementation]:
    """All implementations that can run a block on its device, by name; the first is the one to compare with."""
    cuda = block.x.is_cuda
    separate = 2 if cuda else 1  # cuDNN's convolution leaves the bias to a pass of its own
    last = torch.channels_last_3d
    by_name = {"library": Implementation(functools.partial(_ours, "library"), passes=0 if cuda else None)}
    if cuda:
        for path in PATHS[1:]:
            with forced(path):
                can = choose(problem_of(block.x, block.weights, block.head_weights)).path == path
            if can and path not in without:
                by_name[path] = Implementation(functools.partial(_ours, path))
    by_name["conv3d"] = Implementation(_conv3d, torch.contiguous_format, separate)
    by_name["conv3d channels-last"] = Implementation(_conv3d, last, separate)
    by_name["conv2d"] = Implementation(_conv2d, last, separate)
    if cuda:
        by_name["conv2d compiled"] = Implementation(_compiled, last, 1)
    by_name["3x3x3"] = Implementation(_full, last, separate, convolutions=1)
    return by_name


def _ours(path: str, block: Block, x: Tensor) -> Tensor:
    with forced(path):
        return block.run(x)


def _conv3d(block: Block, x: Tensor) -> Tensor:
    """Three convolutions of torch, in the layout that x comes in."""
    x = x.to(block.dtype)
    for weight, bias in zip(block.weights, block.biases, strict=True):
        x = F.relu_(F.conv3d(x, weight, bias.to(x.dtype), padding=[k // 2 for k in weight.shape[2:]]))
    return _heads_of(x, block)


def _full(block: Block, x: Tensor) -> Tensor:
    """The 3x3x3 convolution instead; it is another function."""
    x = x.to(block.dtype)
    return _heads_of(F.relu_(F.conv3d(x, block.full, block.biases[0].to(x.dtype), padding=1)), block)


def _heads_of(x: Tensor, block: Block) -> Tensor:
    """Both heads by conv3d, where a block has them."""
    if not block.head_weights:
        return x
    (first, last), (first_bias, last_bias) = block.head_weights, (bias.to(x.dtype) for bias in block.head_biases)
    return F.conv3d(F.relu_(F.conv3d(x, first, first_bias)), last, last_bias)


def _conv2d(block: Block, x: Tensor) -> Tensor:
    """2-D convolutions on channels-last views, which copy nothing."""
    return _flat(x.to(block.dtype), *_layers(block))


def _compiled(block: Block, x: Tensor) -> Tensor:
    """The same through ``torch.compile`` with its default settings."""
    return _compile()(x.to(block.dtype), *_layers(block))


@functools.cache
def _compile() -> Callable[..., Tensor]:
    import torch._dynamo

    torch._dynamo.config.recompile_limit = 64  # one graph a block and shape; torch would give up after eight
    return torch.compile(_flat, dynamic=False)


def _layers(block: Block) -> tuple[list[Tensor], list[Tensor]]:
    biases = [bias.to(block.dtype) for bias in (*block.biases, *block.head_biases)]
    return [*block.weights, *block.head_weights], biases


def _flat(x: Tensor, weights: list[Tensor], biases: list[Tensor]) -> Tensor:
    x = x.permute(0, 2, 3, 4, 1).contiguous()
    for step, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        x = reference.convolve_folded(x, weight, bias)
        x = x if step == 4 else F.relu_(x)  # the second head is linear
    return x.permute(0, 4, 1, 2, 3)
