"""Weights made ready for the kernels: batch normalisation folded into the convolution before it."""

import torch
from torch import Tensor


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
