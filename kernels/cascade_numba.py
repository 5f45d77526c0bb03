"""The asymmetric cascade in float32, written to be read: what `cascade.cu` does, without its tensor cores.

One block of threads makes all frames of one row, ``tile_w`` columns wide, in all channels; a thread is one
output channel. Because a tile holds every frame, the convolution along time needs no neighbour, and the one
along H comes first, so it only reads more input. The one along W needs one column more on each side of the
first result: those are computed twice, by two blocks. Both results in between stay in shared memory.

            frames x (tile_w + 2) columns x C          frames x tile_w columns x C
    x  --H-->            first                 --W-->           second              --T-->  y

Sums are float32 throughout, unlike cuDNN's, which may round to TF32.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numba.cuda
import torch
from numba import float32
from torch import Tensor

cuda: Any = numba.cuda  # it carries types for a part of itself

FRAMES = 3
MAX_THREADS = 1024
SHARED_BYTES = 48 * 1024
"""What every card gives a block without being asked for more."""


def run(x: Tensor, weights: Sequence[Tensor], biases: Sequence[Tensor]) -> Tensor:
    """Cascade of float32 x [B, C_in, 3, H, W] on its CUDA device, [B, C, 3, H, W] channels-last."""
    y, arguments = prepare(x, weights, biases)
    if y.numel():
        with cuda.gpus[x.device.index], torch.cuda.device(x.device):
            kernel = _compiled(x.shape[1], y.shape[-1])
            stream = cuda.external_stream(torch.cuda.current_stream().cuda_stream)
            kernel[(*grid(y), stream)](*(cuda.as_cuda_array(t, sync=False) for t in arguments))
    return y.permute(0, 4, 1, 2, 3)


def prepare(x: Tensor, weights: Sequence[Tensor], biases: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
    """Make y [B, T, H, W, C] and what the kernel takes: x and y channels-last, weights [tap, C_in, C], biases [C]."""
    x = x.detach().permute(0, 2, 3, 4, 1).contiguous()
    y = torch.empty(*x.shape[:4], weights[0].shape[0], dtype=torch.float32, device=x.device)
    arguments = [x]
    for weight, bias in zip(weights, biases, strict=True):
        arguments += [weight.detach().flatten(2).permute(2, 1, 0).contiguous(), bias.detach().contiguous()]
    return y, [*arguments, y]


def grid(y: Tensor) -> tuple[tuple[int, int, int], tuple[int, int]]:
    """Blocks and threads for y [B, T, H, W, C]."""
    batch, _, height, width, channels = y.shape
    return (-(-width // tile_width(channels)), height, batch), (channels, max(1, 256 // channels))


def tile_width(channels: int) -> int:
    """Most columns of which both results fit in shared memory, at most 32."""
    bytes_a_column = FRAMES * channels * 4
    return min(32, (SHARED_BYTES // bytes_a_column - 2) // 2)


def why_not(c_in: int, c_out: int, dtype: torch.dtype, maps: int) -> str | None:
    """Why this kernel cannot run such a cascade, as part of a sentence; None where it can."""
    if dtype != torch.float32:
        return f"the Numba kernel computes in float32, found {str(dtype)[6:]}"
    if maps:
        return "the Numba kernel has no heads"
    if c_out > MAX_THREADS or tile_width(c_out) < 1:
        return f"the Numba kernel has no room for {c_out} channels in shared memory"
    if not cuda.is_available():
        return "Numba finds no CUDA device"
    return None


def make_kernel(c_in: int, channels: int, tile_w: int) -> Callable[..., None]:
    """Python text of the kernel for these sizes, which Numba must know while it compiles."""
    wide = tile_w + 2  # a plain name: shapes in shared memory may not be expressions

    def cascade(x, w_h, b_h, w_w, b_w, w_t, b_t, y):  # type: ignore[no-untyped-def]
        first = cuda.shared.array((FRAMES, wide, channels), float32)
        second = cuda.shared.array((FRAMES, tile_w, channels), float32)
        clip, row, left = cuda.blockIdx.z, cuda.blockIdx.y, cuda.blockIdx.x * tile_w
        height, width = x.shape[2], x.shape[3]
        c = cuda.threadIdx.x

        for place in range(cuda.threadIdx.y, FRAMES * wide, cuda.blockDim.y):
            t, j = place // wide, place % wide
            column = left + j - 1
            total = float32(0)  # outside the picture it stays 0: the zero padding of the next convolution
            if 0 <= column < width:
                total = b_h[c]
                for tap in range(3):
                    source = row + tap - 1
                    if 0 <= source < height:
                        for k in range(c_in):
                            total += x[clip, t, source, column, k] * w_h[tap, k, c]
                total = max(total, float32(0))
            first[t, j, c] = total
        cuda.syncthreads()  # the next convolution reads every channel

        for place in range(cuda.threadIdx.y, FRAMES * tile_w, cuda.blockDim.y):
            t, j = place // tile_w, place % tile_w
            total = b_w[c]
            for tap in range(3):
                for k in range(channels):
                    total += first[t, j + tap, k] * w_w[tap, k, c]
            second[t, j, c] = max(total, float32(0))
        cuda.syncthreads()

        for place in range(cuda.threadIdx.y, FRAMES * tile_w, cuda.blockDim.y):
            t, j = place // tile_w, place % tile_w
            total = b_t[c]
            for tap in range(3):
                if 0 <= t + tap - 1 < FRAMES:
                    for k in range(channels):
                        total += second[t + tap - 1, j, k] * w_t[tap, k, c]
            if left + j < width:
                y[clip, t, row, left + j, c] = max(total, float32(0))

    return cascade


@functools.cache
def _compiled(c_in: int, channels: int) -> Any:
    return cuda.jit(make_kernel(c_in, channels, tile_width(channels)))
