"""The library path on a CPU: a band of rows at a time, through all convolutions before the next.

Whole results in between would be tens of MB each, taken fresh from the system for every convolution: touching
that memory for the first time costs a tenth of the convolution's own time. Those of a band stay in the cache,
and their memory is used again. As in the fused kernels, the convolution along H comes first: a band reads one
more row of x on each side and computes nothing twice.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from asyconv.kernels.reference import HALVES, convolve_relu, maps

BAND_BYTES = 2**22
"""Most of one result in between, in float32, for each thread."""


def cascade_by_bands(
    x: Tensor,
    weights: Sequence[Tensor],
    biases: Sequence[Tensor],
    head_weights: Sequence[Tensor] = (),
    head_biases: Sequence[Tensor] = (),
) -> Tensor:
    """Cascade of x [B, T, H, W, C_in]: [B, T, H, W, C], or maps [B, O, T, H, W] where there are both heads."""
    batch, frames, height, width, _ = x.shape
    c = weights[0].shape[0]
    if head_weights:
        dtype = torch.float32 if x.dtype in HALVES else x.dtype
        y = x.new_empty(batch, head_weights[1].shape[0], frames, height, width, dtype=dtype)
    else:
        y = x.new_empty(batch, frames, height, width, c)
    if not y.numel():
        return y
    rows = max(1, BAND_BYTES * torch.get_num_threads() // (4 * frames * width * c))
    rows = -(-height // -(-height // rows))  # bands of equal height
    stages = list(zip((*weights[1:], *head_weights[:1]), (*biases[1:], *head_biases[:1]), strict=True))
    for clip, y_clip in zip(x.split(1), y.split(1), strict=True):
        for top in range(0, height, rows):
            bottom = min(top + rows, height)
            band = clip[:, :, max(top - 1, 0) : bottom + 1]
            band = F.pad(band, (0, 0, 0, 0, int(top == 0), int(bottom == height)))
            band = convolve_relu(band, weights[0], biases[0], padded=True)
            for weight, bias in stages:
                band = convolve_relu(band, weight, bias)
            if head_weights:
                y_clip[..., top:bottom, :] = maps(band, head_weights[1], head_biases[1])
            else:
                y_clip[:, :, top:bottom] = band
    return y
