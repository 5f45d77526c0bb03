"""Weights made ready for the kernels: batch normalisation folded in, packed in the order a fused kernel reads them."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from asyconv.kernels.plan import PATCH, LaunchPlan


def fold_batchnorm(
    weight: Tensor,
    bias: Tensor,
    gamma: Tensor,
    beta: Tensor,
    mean: Tensor,
    variance: Tensor,
    eps: float,
    *,
    channel_axis: int = 0,
) -> tuple[Tensor, Tensor]:
    """Weight and bias of the one convolution that equals a convolution followed by batch normalisation.

    ``channel_axis`` is the output channels' axis in ``weight``: 0, or 1 for a transposed convolution.
    ``mean`` and ``variance`` are the running ones. Computed in float64.
    """
    scale = gamma.double() / torch.sqrt(variance.double() + eps)
    shape = [1] * weight.ndim
    shape[channel_axis] = -1
    folded_bias = (bias.double() - mean.double()) * scale + beta.double()
    return (weight.double() * scale.view(shape)).to(weight.dtype), folded_bias.to(bias.dtype)


def pack_weights(weights: Sequence[Tensor], plan: LaunchPlan, head_weights: Sequence[Tensor] = ()) -> Tensor:
    """Weights of a cascade, and of its heads, in the order the kernel reads them: a flat tensor of ``plan.dtype``.

    ``weights`` are [C, C_in, 1, 3, 1], [C, C, 1, 1, 3] and [C, C, 3, 1, 1]; ``head_weights`` [C, C, 1, 1, 1] and
    [maps, C, 1, 1, 1]. A step is ``plan.k_chunk`` input channels of one tap, [k_chunk / 8][C][8], and the taps of a
    chunk follow each other. Values too large for the type become its largest one.
    """
    along_h, along_w, along_t = (weight.flatten(2).permute(2, 1, 0) for weight in weights)  # [tap, C_in, C]
    if plan.planar:
        rows = along_h.flatten(0, 1)  # one tap of all channels of three rows
        along_h = F.pad(rows, (0, 0, 0, PATCH - len(rows)))[None]
    parts = [_steps(taps, plan.k_chunk) for taps in (along_h, along_w, along_t)]
    if plan.maps:
        first, last = (weight.flatten(1).T[None] for weight in head_weights)
        last = F.pad(last, (0, plan.k_chunk - plan.maps))  # so wide that it is one step
        parts += [_steps(first, plan.k_chunk), _steps(last, plan.c_out)]
    dtype = getattr(torch, plan.dtype)
    largest = torch.finfo(dtype).max
    return torch.cat([part.float().clamp(-largest, largest).to(dtype) for part in parts])


def pack_biases(biases: Sequence[Tensor], head_biases: Sequence[Tensor] = ()) -> Tensor:
    """Biases of the three convolutions and of both heads one after the other: a flat float32 tensor."""
    return torch.cat([bias.float() for bias in (*biases, *head_biases)])


def _steps(taps: Tensor, k_chunk: int) -> Tensor:
    """[tap, C_in, C] as [chunk][tap][octet][C][8], C_in zero padded to whole chunks, flat."""
    taps = F.pad(taps, (0, 0, 0, -taps.shape[1] % k_chunk))
    n_taps, c_in, c_out = taps.shape
    octets = taps.reshape(n_taps, c_in // k_chunk, k_chunk // 8, 8, c_out)
    return octets.permute(1, 0, 2, 4, 3).flatten()
