"""Both networks of the method and the baseline it is compared with, whole.

* `Detection`: a clip of depth marks roughly where 12 joints and 8 connections are; returns logits.
* `AsymmetricRegression`: depth and the 20 detection probabilities become 20 refined confidence maps; each
  3x3x3 convolution is a cascade 1x3x1 (along H), 1x1x3 (along W), 3x1x1 (along time). Table I of
  Migliorelli et al., "Asymmetric Three-dimensional Convolutions For Preterm Infants' Pose Estimation".
* `Regression3d`: the same network with 3x3x3 convolutions, the regression of Moccia et al. (arXiv 2005.08648).

Tensors are ``[B, C, T, H, W]`` at the borders, ``[B, T, H, W, C]`` contiguous inside (see
`asyconv.kernels.reference`). Input may be float32 whatever the weights; a half network rounds it.

Deviations from the paper, and what it leaves open:

* the widths and blocks of `Detection` are reconstructed from its 2-D ancestor (Du 2018, PMC6051486); the
  paper keeps the detection network of Moccia et al. and gives no table. Strided and transposed kernels have
  temporal size 1.
* "batch normalisation and ReLU follow each convolution" is taken to spare the outputs: detection logits are
  left for a sigmoid outside, regression is linear.
* width 0.25 and the deep detection network ("compact") are ours. Initial weights are not stated: He normal; the
  detection output starts at 1 % probability, about the share of the frame that a joint covers.
"""

import copy
import math
from typing import cast

import torch
from torch import Tensor, nn

from asyconv.kernels import asymmetric_cascade, asymmetric_cascade_heads
from asyconv.kernels.packing import fold_batchnorm
from asyconv.pose.layers import Block, Convolution, Network, Residual
from asyconv.skeleton import N_CONNECTIONS, N_JOINTS

N_MAPS = N_JOINTS + N_CONNECTIONS
PRIOR = 0.01


class Detection(Network):
    """Detection CNN: [B, 1, T, H, W] normalised depth -> [B, 20, T, H, W] logits; H and W multiples of 16.

    ``deep`` networks have skips at all four levels (two in the ancestor), a `Residual` behind three blocks and as many
    channels before the output as behind the third block that doubles.
    """

    def __init__(self, width: float = 1.0, *, deep: bool = False) -> None:
        super().__init__()
        c64, c128, c256, c512, c32 = (int(c * width) for c in (64, 128, 256, 512, 32))
        self.deep = deep
        self.stem = Convolution(1, c64, (3, 3, 3))
        self.down1 = Block(c64, c64, "halve")
        self.down2 = Block(2 * c64, c128, "halve")
        self.down3 = Block(2 * c128, c256, "halve")
        self.down4 = Block(2 * c256, c512, "halve")
        self.up1 = Block(2 * c512, c256, "double", c_skip=2 * c256)
        self.up2 = Block(2 * c256, c128, "double", c_skip=2 * c128)
        self.up3 = Block(2 * c128, c64, "double", c_skip=2 * c64 if deep else 0)
        self.up4 = Block(2 * c64, c32, "double", c_skip=c64 if deep else 0, c_out=2 * c64 if deep else 0)
        self.output = Convolution(2 * c64 if deep else 2 * c32, N_MAPS, (1, 1, 1), activate=False)
        nn.init.normal_(self.output.weight, std=0.01)
        nn.init.constant_(self.output.bias, math.log(PRIOR / (1 - PRIOR)))
        self.refine4, self.refine1, self.refine2 = (
            Residual(2 * c) if deep else nn.Identity() for c in (c512, c256, c128)
        )

    def forward(self, clip: Tensor) -> Tensor:
        """Logits of the 20 maps, [B, 20, T, H, W]."""
        if clip.ndim != 5 or clip.shape[1] != 1 or clip.shape[3] % 16 or clip.shape[4] % 16:
            raise ValueError(f"clip must be [B, 1, T, H, W] with H and W multiples of 16, found {tuple(clip.shape)}")
        stem = self.through(self.stem, _channels_last(clip).to(self.stem.weight.dtype))
        down1 = self.through(self.down1, stem)
        down2 = self.through(self.down2, down1)
        down3 = self.through(self.down3, down2)
        x = self.through(self.refine4, self.through(self.down4, down3))
        x = self.through(self.refine1, self.through(self.up1, x, down3))
        x = self.through(self.refine2, self.through(self.up2, x, down2))
        x = self.through(self.up3, x, down1 if self.deep else None)
        x = self.through(self.up4, x, stem if self.deep else None)
        logits: Tensor = self.output(x).permute(0, 4, 1, 2, 3)
        return logits


class _Regression(Network):
    """What both regression networks share: full resolution, receptive field 9x9 pixels and all frames."""

    layers: nn.Sequential

    def forward(self, stacked: Tensor) -> Tensor:
        """[B, 1+20, T, H, W] depth, then detection probabilities -> [B, 20, T, H, W] linear maps, any H, W."""
        _check_stacked(stacked)
        x = _channels_last(stacked).to(cast(Convolution, self.layers[0]).weight.dtype)
        for layer in self.layers:
            x = self.through(layer, x)
        return x.permute(0, 4, 1, 2, 3)


class AsymmetricBlock(nn.Sequential):
    """Convolutions along H, W and time; the last block has both 1x1x1 heads behind them.

    Trains as ordinary layers. Where no batch normalisation takes the statistics of the batch (evaluation, frozen,
    folded), the block is one operation on folded weights, which are kept until a parameter changes; one
    changed through ``.data`` in place is not noticed.
    """

    def __init__(self, *steps: Convolution) -> None:
        super().__init__(*steps)
        self._sources: list[tuple[Tensor, int, int]] = []
        self._folded: tuple[list[Tensor], list[Tensor]] = ([], [])

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, H, W, C_in] -> [B, T, H, W, C] contiguous, or 20 maps [B, T, H, W, 20] where heads are part of it."""
        steps = self._steps()
        if any(step.norm is not None and step.norm.training for step in steps):
            for step in steps:
                x = step(x.contiguous())
            return x
        weights, biases = self._weights()
        x = x.permute(0, 4, 1, 2, 3)
        if len(steps) == 3:
            x = asymmetric_cascade(x, weights, biases)
        else:
            x = asymmetric_cascade_heads(x, weights[:3], biases[:3], weights[3:], biases[3:])
        return x.permute(0, 2, 3, 4, 1)

    def _steps(self) -> list[Convolution]:
        return cast(list[Convolution], list(self))

    def _weights(self) -> tuple[list[Tensor], list[Tensor]]:
        """Folded weights and biases; kept, unless a gradient must flow through the folding or a graph is traced."""
        steps = self._steps()
        tensors = [t for step in steps for t in (*step.parameters(), *step.buffers())]
        flows = torch.is_grad_enabled() and any(t.requires_grad for t in tensors)
        if all(step.norm is None for step in steps) or flows or torch.compiler.is_compiling():
            return _fold(steps)
        sources = [(t, 0 if t.is_inference() else t._version, t.data_ptr()) for t in tensors]
        kept = len(sources) == len(self._sources) and all(
            new[0] is old[0] and new[1:] == old[1:] for new, old in zip(sources, self._sources, strict=True)
        )
        if not kept:
            with torch.inference_mode(False), torch.no_grad():  # kept ones must serve outside inference mode too
                self._folded = _fold(steps)
            self._sources = sources
        return self._folded


class AsymmetricRegression(_Regression):
    """Asy-regression CNN of the paper; the channel jump of a layer happens in its first convolution."""

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        channels = _regression_channels(width)
        cascades = [
            Convolution(c_in if step == 0 else c_out, c_out, kernel)
            for c_in, c_out in zip(channels[:-1], channels[1:], strict=True)
            for step, kernel in enumerate(((1, 3, 1), (1, 1, 3), (3, 1, 1)))
        ]
        self.layers = nn.Sequential(*cascades, *_regression_head(channels[-1]))
        # the same layers once more in blocks; a tuple, so that they are registered, named and saved only once
        steps = cast(list[Convolution], list(self.layers))
        self._blocks = tuple(AsymmetricBlock(*steps[start:end]) for start, end in ((0, 3), (3, 6), (6, 9), (9, 14)))

    def forward(self, stacked: Tensor) -> Tensor:
        """[B, 1+20, T, H, W] depth, then detection probabilities -> [B, 20, T, H, W] linear maps, any H, W."""
        _check_stacked(stacked)
        x = stacked.permute(0, 2, 3, 4, 1)
        for block in self._blocks:
            x = self.through(block, x)
        return x.permute(0, 4, 1, 2, 3)


class Regression3d(_Regression):
    """3x3x3 baseline: the same widths and receptive field, one full convolution a layer."""

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        channels = _regression_channels(width)
        full = [Convolution(c_in, c_out, (3, 3, 3)) for c_in, c_out in zip(channels[:-1], channels[1:], strict=True)]
        self.layers = nn.Sequential(*full, *_regression_head(channels[-1]))


def folded(model: nn.Module) -> nn.Module:
    """Copy for inference, each batch normalisation folded into the convolution before it, gradients off."""
    model = copy.deepcopy(model).eval()
    for layer in model.modules():
        if isinstance(layer, Convolution) and layer.norm is not None:
            with torch.no_grad():
                layer.weight.data, layer.bias.data = fold(layer)
            layer.norm = None
    return model.requires_grad_(False)


def fold(layer: Convolution) -> tuple[Tensor, Tensor]:
    """Weight and bias with the batch normalisation behind them folded in."""
    norm = layer.norm
    if norm is None:
        return layer.weight, layer.bias
    assert norm.running_mean is not None
    assert norm.running_var is not None
    return fold_batchnorm(
        layer.weight, layer.bias, norm.weight, norm.bias, norm.running_mean, norm.running_var, norm.eps,
        channel_axis=1 if layer.transposed else 0,
    )  # fmt: skip


def _fold(steps: list[Convolution]) -> tuple[list[Tensor], list[Tensor]]:
    pairs = [fold(step) for step in steps]
    return [weight for weight, _ in pairs], [bias for _, bias in pairs]


def _check_stacked(stacked: Tensor) -> None:
    if stacked.ndim != 5 or stacked.shape[1] != 1 + N_MAPS:
        raise ValueError(f"input must be [B, {1 + N_MAPS}, T, H, W], found {tuple(stacked.shape)}")


def _channels_last(x: Tensor) -> Tensor:
    return x.permute(0, 2, 3, 4, 1).contiguous()


def _regression_channels(width: float) -> list[int]:
    return [1 + N_MAPS, *(int(c * width) for c in (64, 128, 256, 256))]


def _regression_head(channels: int) -> list[Convolution]:
    output = Convolution(channels, N_MAPS, (1, 1, 1), activate=False)
    nn.init.normal_(output.weight, std=0.01)
    return [Convolution(channels, channels, (1, 1, 1)), output]
