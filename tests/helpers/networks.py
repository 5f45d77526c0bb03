"""Networks with random weights, and what they give in plain 3-D torch."""

from collections.abc import Callable
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from asyconv.pose.layers import Block, Convolution, Residual
from asyconv.pose.networks import Detection


def small(network: Callable[[float], nn.Module], seed: int = 0) -> nn.Module:
    """Build a network of a quarter width whose batch normalisations have seen data and do something."""
    torch.manual_seed(seed)
    model = network(0.25)
    for layer in model.modules():
        if isinstance(layer, Residual):
            nn.init.normal_(layer.second.weight, std=0.02)
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm1d):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias, std=0.2)
            layer.running_mean = torch.randn(layer.num_features) * 0.2
            layer.running_var = torch.rand(layer.num_features) * 1.5 + 0.5
    return model


def oracle(model: nn.Module, x: Tensor) -> Tensor:
    """Run the network in plain 3-D torch, layout [B, C, T, H, W], unfolded, in evaluation mode."""

    def layer(c: Convolution, x: Tensor) -> Tensor:
        if c.weight.shape[2:] == (1, 2, 2):
            op = F.conv_transpose3d if c.transposed else F.conv3d
            x = op(x, c.weight, c.bias, stride=(1, 2, 2))
        else:
            x = F.conv3d(x, c.weight, c.bias, padding=[k // 2 for k in c.weight.shape[2:]])
        if c.norm is None:
            return x
        n = c.norm
        return F.relu(F.batch_norm(x, n.running_mean, n.running_var, n.weight, n.bias, eps=n.eps))

    def block(b: Block, x: Tensor, *skip: Tensor) -> Tensor:
        branches = []
        for branch in (b.joints, b.connections):
            resample, convolve = cast(list[Convolution], list(branch))
            branches.append(layer(convolve, layer(resample, x)))
        return layer(b.common, torch.cat([*branches, *skip], 1))

    def refine(unit: nn.Module, x: Tensor) -> Tensor:
        return F.relu(x + layer(unit.second, layer(unit.first, x))) if isinstance(unit, Residual) else x

    if isinstance(model, Detection):
        stem = layer(model.stem, x)
        down1 = block(model.down1, stem)
        down2 = block(model.down2, down1)
        down3 = block(model.down3, down2)
        x = refine(model.refine4, block(model.down4, down3))
        x = refine(model.refine2, block(model.up2, refine(model.refine1, block(model.up1, x, down3)), down2))
        if model.deep:
            return layer(model.output, block(model.up4, block(model.up3, x, down1), stem))
        return layer(model.output, block(model.up4, block(model.up3, x)))
    for c in convolutions(model):
        x = layer(c, x)
    return x


def convolutions(model: nn.Module) -> list[Convolution]:
    return [c for c in model.modules() if isinstance(c, Convolution)]
