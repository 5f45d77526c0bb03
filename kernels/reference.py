"""What each convolution means, in plain torch: CPU path, GPU baseline and oracle of the fused kernels.

All activations have one layout, ``[B, T, H, W, C]`` contiguous, which is channels-last for every 2-D and
3-D view taken here, so that no convolution copies its input. Weights keep the shape of a 3-D convolution,
``[O, C, kT, kH, kW]``.

Two routes give the same numbers. *Folded*: a spatial kernel is a 2-D convolution over ``B*T`` pictures, a
temporal one a 2-D convolution with kernel (3, 1) over pictures of T rows and H*W columns, a full one three
spatial ones over shifted frames. *View*: conv3d on a channels-last view. On the CPU torch has a fast path
for the second only with two clips or more, where its backward pass is up to 2.7 times as fast as the folded
one; one clip alone is 3-5 times faster folded.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

FEW_CHANNELS = 8
"""Below this a full kernel takes its frames stacked on channels: one channel alone has no fast path."""


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Convolution of stride 1 with an odd kernel and zero padding: [B, T, H, W, C] -> [B, T, H, W, O]."""
    kernel = tuple(weight.shape[2:])
    if kernel == (1, 1, 1):
        return F.linear(x, weight.flatten(1), bias)
    if _view_is_fast(x, kernel):
        padding = tuple(k // 2 for k in kernel)
        return F.conv3d(x.permute(0, 4, 1, 2, 3), weight, bias, padding=padding).permute(0, 2, 3, 4, 1)
    return convolve_folded(x, weight, bias)


def convolve_folded(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Do the same as `convolve` with 2-D convolutions only."""
    k_t, k_h, k_w = weight.shape[2:]
    if k_t == 1:
        return _spatial(x, weight[:, :, 0], bias)
    if k_h == 1 and k_w == 1:
        return _temporal(x, weight[..., 0], bias)
    if x.shape[-1] < FEW_CHANNELS:
        return _full_stacked(x, weight, bias)
    return _full_shifted(x, weight, bias)


def halve(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Strided 2x2 convolution in space, [B, T, H, W, C] -> [B, T, H/2, W/2, O]; weight [O, C, 1, 2, 2]."""
    y = F.conv2d(_pictures(x), weight[:, :, 0], bias, stride=2)
    return _clips(y, x)


def double(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Transposed 2x2 convolution in space, [B, T, H, W, C] -> [B, T, 2H, 2W, O]; weight [C, O, 1, 2, 2]."""
    y = F.conv_transpose2d(_pictures(x), weight[:, :, 0], bias, stride=2)
    return _clips(y, x)


def _view_is_fast(x: Tensor, kernel: tuple[int, ...]) -> bool:
    """Whether torch takes conv3d on a channels-last view to oneDNN; else it copies and loops over the clips."""
    temporal = kernel[1:] == (1, 1)
    return x.device.type == "cpu" and x.shape[0] > 1 and not (temporal and torch.get_num_threads() == 1)


def _pictures(x: Tensor) -> Tensor:
    """[B, T, H, W, C] as channels-last pictures [B*T, C, H, W], without a copy."""
    return x.flatten(0, 1).permute(0, 3, 1, 2)


def _clips(pictures: Tensor, like: Tensor) -> Tensor:
    """Pictures [B*T, O, H', W'] as [B, T, H', W', O], B and T from ``like``."""
    clips: Tensor = pictures.permute(0, 2, 3, 1).unflatten(0, like.shape[:2])
    return clips


def _spatial(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    padding = (weight.shape[2] // 2, weight.shape[3] // 2)
    y = F.conv2d(_pictures(x), weight, bias, padding=padding)
    return _clips(y, x)


def _temporal(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    rows_t = x.flatten(2, 3).permute(0, 3, 1, 2)
    y = F.conv2d(rows_t, weight, bias, padding=(weight.shape[2] // 2, 0))
    unfolded: Tensor = y.permute(0, 2, 3, 1).unflatten(2, x.shape[2:4])
    return unfolded


def _full_shifted(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Sum over the temporal taps of spatial convolutions; each tap sees only the frames that exist."""
    frames, middle = x.shape[1], weight.shape[2] // 2
    y = _spatial(x, weight[:, :, middle], bias)
    for tap in range(weight.shape[2]):
        shift = tap - middle
        if shift == 0 or abs(shift) >= frames:
            continue
        source = x[:, shift:] if shift > 0 else x[:, :shift]
        part = _spatial(source.contiguous(), weight[:, :, tap], None)
        target = y[:, :-shift] if shift > 0 else y[:, -shift:]
        target += part
    return y


def _full_stacked(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """One spatial convolution over the temporal neighbours stacked on channels."""
    frames, taps = x.shape[1], weight.shape[2]
    padded = F.pad(x, (0, 0, 0, 0, 0, 0, taps // 2, taps // 2))
    stacked = torch.cat([padded[:, tap : tap + frames] for tap in range(taps)], dim=-1)
    return _spatial(stacked, weight.transpose(1, 2).flatten(1, 2), bias)
