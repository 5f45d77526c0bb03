"""The blocks of the regression network with random values, as benchmarks run them: sizes, arithmetic, traffic.

A gigaflop is useful arithmetic: of the nine taps of a convolution along three frames seven see a frame.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from asyconv.kernels.cascade import KERNELS, asymmetric_cascade, asymmetric_cascade_heads

CHANNELS = (21, 64, 128, 256, 256)
MAPS = 20
FRAMES, HEIGHT, WIDTH = 3, 96, 128


@dataclass(frozen=True)
class Block:
    """Random input and parameters of one block; heads are empty but for the last one.

    ``full`` is the 3x3x3 convolution [C, C_in, 3, 3, 3] that the cascade stands in for.
    """

    name: str
    x: Tensor
    weights: list[Tensor]
    biases: list[Tensor]
    head_weights: list[Tensor]
    head_biases: list[Tensor]
    full: Tensor

    @property
    def c(self) -> int:
        """Channels that come out."""
        return len(self.weights[0])

    @property
    def dtype(self) -> torch.dtype:
        """Type of the weights; x of the first block is float32 whatever it is."""
        return self.weights[0].dtype

    @property
    def voxels(self) -> int:
        """B * T * H * W."""
        return self.x[:, 0].numel()

    @property
    def shape(self) -> str:
        """Sizes of x and the number of channels that come out."""
        return "x".join(map(str, self.x.shape)) + f"->{self.c}"

    @property
    def gflop(self) -> float:
        """Useful arithmetic of the whole block."""
        c_in, c, frames = self.x.shape[1], self.c, self.x.shape[2]
        of_time = (3 * frames - 2) / frames
        per_voxel = 3 * c_in * c + 3 * c * c + of_time * c * c + sum(w.numel() for w in self.head_weights)
        return 2e-9 * self.voxels * per_voxel

    def gbyte(self, passes: int | None, convolutions: int = 3) -> float:
        """Least traffic with memory.

        None: x, parameters and the result, once each. Else every convolution before them also reads and writes
        memory, and so does each of so many ``passes`` over its result, for the bias and for the ReLU.
        """
        size = self.dtype.itemsize
        result = self.voxels * self.c * size
        parameters = [self.full, self.biases[0]] if convolutions == 1 else [*self.weights, *self.biases]
        ends = self.x.nbytes + sum(t.nbytes for t in (*parameters, *self.head_weights, *self.head_biases))
        ends += self.voxels * MAPS * 4 if self.head_weights else result
        activated = convolutions + (1 if self.head_weights else 0)
        between = activated - (0 if self.head_weights else 1)  # results that the next convolution reads
        moved = 0 if passes is None else 2 * result * between + 2 * result * activated * passes
        return 1e-9 * (ends + moved)

    def run(self, x: Tensor | None = None) -> Tensor:
        """Our operation on it, or on another input."""
        x = self.x if x is None else x
        if self.head_weights:
            return asymmetric_cascade_heads(x, self.weights, self.biases, self.head_weights, self.head_biases)
        return asymmetric_cascade(x, self.weights, self.biases)


def draw_blocks(
    device: torch.device, dtype: torch.dtype, batch: int, *, width: float = 1.0, size: tuple[int, int] = (HEIGHT, WIDTH)
) -> list[Block]:
    """Draw the blocks of the regression network, B1 to B4; x of the first is float32 as in the network."""
    torch.manual_seed(0)
    channels = channels_of(width)

    def weight(c_out: int, c_in: int, *kernel: int) -> Tensor:
        scale = math.sqrt(2 / (c_in * math.prod(kernel)))
        return (torch.randn(c_out, c_in, *kernel, device=device) * scale).to(dtype)

    def bias(count: int) -> Tensor:
        return torch.randn(count, device=device) / 4

    blocks = []
    for step, (c_in, c) in enumerate(zip(channels[:-1], channels[1:], strict=True)):
        x = torch.randn(batch, FRAMES, *size, c_in, device=device).permute(0, 4, 1, 2, 3)
        x = x.contiguous() if step == 0 else x.relu().to(dtype)
        last = step == len(channels) - 2
        blocks.append(
            Block(
                f"B{step + 1}" + ("+heads" if last else ""),
                x,
                [weight(c, c if k else c_in, *kernel) for k, kernel in enumerate(KERNELS)],
                [bias(c) for _ in KERNELS],
                [weight(c, c, 1, 1, 1), weight(MAPS, c, 1, 1, 1)] if last else [],
                [bias(c), bias(MAPS)] if last else [],
                weight(c, c_in, 3, 3, 3),
            )
        )
    return blocks


def channels_of(width: float) -> list[int]:
    """Channels of x and of every block in a network whose blocks have a share of the full width."""
    return [CHANNELS[0], *(int(c * width) for c in CHANNELS[1:])]
