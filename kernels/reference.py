"""What each convolution means, in plain torch: CPU path, GPU baseline and oracle of the fused kernels.

All activations have one layout, ``[B, T, H, W, C]`` contiguous, which is channels-last for every 2-D and 3-D view taken
here, so that no convolution copies its input. Weights keep the shape of a 3-D convolution, ``[O, C, kT, kH, kW]``.

Two routes give the same numbers. *Folded*: a spatial kernel is a 2-D convolution over ``B*T`` pictures, a temporal one
a 2-D convolution with kernel (3, 1) over pictures of T rows and H*W columns, a full one three spatial ones over shifted
frames. *View*: conv3d on a channels-last view. On the CPU torch has a fast path for the second only with two clips or
more, where its backward pass is up to 2.7 times as fast as the folded one; one clip alone is 3-5 times faster folded.

Halves sum in float32 everywhere. bfloat16 runs on a CPU as it is where the processor multiplies it; other halves are
computed in float32 there and, in a convolution alone, rounded where CUDA rounds them: before the bias and after.

The cascade of three convolutions, each with bias and ReLU, rounds where the fused kernels round: sums in
float32, the result once to the half type. On CUDA cuDNN's convolution with bias and ReLU does the same, but
is not known to saturate; where it is missing, torch's convolution rounds once more, before its bias. On a CPU
oneDNN's does both networks without gradients: the same numbers, in one pass over the result instead of two.
"""

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from asyconv.kernels import cudnn, onednn

HALVES = (torch.float16, torch.bfloat16)
FEW_CHANNELS = 8
"""Below this a full kernel takes its frames stacked on channels: one channel alone has no fast path."""

MANY_CHANNELS = 128
"""From here torch's gradients of a convolution on the CPU take longer than the taps' products."""


@functools.cache
def has_bfloat16() -> bool:
    """Whether this machine's processor has instructions that multiply bfloat16; not, where torch is too old to tell."""
    capabilities: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def working_dtype(dtype: torch.dtype, device: torch.device) -> torch.dtype:
    """Type in which a convolution of `dtype` is computed: float32 for halves that a CPU cannot multiply."""
    if device.type != "cpu" or dtype not in HALVES or (dtype == torch.bfloat16 and has_bfloat16()):
        return dtype
    return torch.float32


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None, *, relu: bool = False) -> Tensor:
    """Convolution of stride 1 with an odd kernel and zero padding: [B, T, H, W, C] -> [B, T, H, W, O]."""
    if relu:
        product = weight.dtype == torch.float32 and weight[0, 0].numel() == 1  # MKL's, whose order of sums is kept
        fused = None if product else _fused(x, weight, bias)
        return convolve(x, weight, bias).relu_() if fused is None else fused
    wanted = torch.is_grad_enabled() and (weight.requires_grad or x.requires_grad)
    if wanted and _taps_are_faster(x, weight):
        result: Tensor = _Convolution.apply(x, weight, bias)  # type: ignore[no-untyped-call]
        return result
    return _convolve(x, weight, bias)


def _convolve(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    kernel = tuple(weight.shape[2:])
    if kernel == (1, 1, 1):
        return _sum(F.linear, x, weight.flatten(1), bias, channel_axis=-1)
    if _view_is_fast(x, kernel):
        padding = tuple(k // 2 for k in kernel)
        return _sum(F.conv3d, x.permute(0, 4, 1, 2, 3), weight, bias, padding=padding).permute(0, 2, 3, 4, 1)
    return convolve_folded(x, weight, bias)


class _Convolution(torch.autograd.Function):
    """`_convolve` whose gradients are products of matrices."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _convolve(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        needs_x, needs_weight, needs_bias = ctx.needs_input_grad
        grad_x, grad_weight = _backward_by_taps(grad, x, weight, needs_x=needs_x, needs_weight=needs_weight)
        return grad_x, grad_weight, grad.flatten(0, 3).sum(0) if needs_bias else None


def _taps_are_faster(x: Tensor, weight: Tensor) -> bool:
    """Whether gradients are better made as products of matrices; never while traced or in mixed precision."""
    large = x.device.type == "cpu" and min(weight.shape[:2]) >= MANY_CHANNELS and weight[0, 0].numel() > 1
    return large and not torch.compiler.is_compiling() and not torch.is_autocast_enabled("cpu")


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


def convolve_backward(
    grad: Tensor, x: Tensor, weight: Tensor, *, needs_x: bool, needs_weight: bool
) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    """Gradients of `convolve` for x, weight and bias, for kernels along one axis; None where not needed."""
    if _taps_are_faster(x, weight):
        grad_x, grad_weight = _backward_by_taps(grad, x, weight, needs_x=needs_x, needs_weight=needs_weight)
        return grad_x, grad_weight, grad.flatten(0, 3).sum(0) if needs_weight else None
    if tuple(weight.shape[2:]) == (1, 1, 1):
        rows, grads, matrix = x.flatten(0, 3), grad.flatten(0, 3), weight.flatten(1)
        grad_x = (grads @ matrix).view(x.shape) if needs_x else None
        if not needs_weight:
            return grad_x, None, None
        return grad_x, (grads.t() @ rows).view(weight.shape), grads.sum(0)
    if _view_is_fast(x, tuple(weight.shape[2:])):
        views = [t.permute(0, 4, 1, 2, 3) for t in (grad, x)]
        kernel, back = weight, [0, 2, 3, 4, 1]
    else:
        kernel, back = _flat_kernel(weight), [0, 2, 3, 1]
        views = [_flat_view(t, weight) for t in (grad, x)]
    sizes, axes = kernel.shape[2:], kernel.ndim - 2
    grad_view, grad_weight, grad_bias = torch.ops.aten.convolution_backward(
        *views, kernel, [weight.shape[0]], [1] * axes, [k // 2 for k in sizes], [1] * axes, False, [0] * axes, 1,
        [needs_x, needs_weight, needs_weight],
    )  # fmt: skip
    grad_x = grad_view.permute(back).reshape(x.shape).contiguous() if needs_x else None
    return grad_x, grad_weight.reshape(weight.shape).contiguous() if needs_weight else None, grad_bias


def _backward_by_taps(
    grad: Tensor, x: Tensor, weight: Tensor, *, needs_x: bool, needs_weight: bool
) -> tuple[Tensor | None, Tensor | None]:
    """Gradients for x and weight, any kernel: a tap's is the product of the results' with the input shifted to it."""
    grad = grad.contiguous()
    grad_x = _convolve(grad, weight.transpose(0, 1).flip(2, 3, 4), None).contiguous() if needs_x else None
    if not needs_weight:
        return grad_x, None
    grad_weight = torch.zeros_like(weight, memory_format=torch.contiguous_format)
    for n, tap in enumerate(itertools.product(*(range(k) for k in weight.shape[2:]))):
        rows, grads = x, grad
        for axis, (place, size) in enumerate(zip(tap, weight.shape[2:], strict=True), start=1):
            shift = place - size // 2
            left = max(0, x.shape[axis] - abs(shift))
            rows = rows.narrow(axis, min(max(0, shift), x.shape[axis] - left), left)
            grads = grads.narrow(axis, min(max(0, -shift), x.shape[axis] - left), left)
        grad_weight.flatten(2)[..., n] = grads.flatten(0, 3).t() @ rows.flatten(0, 3)
    return grad_x, grad_weight


def asymmetric_cascade(x: Tensor, weights: Sequence[Tensor], biases: Sequence[Tensor]) -> list[Tensor]:
    """Results of every stage: convolution along H, W, T, then any 1x1x1, each with bias and ReLU.

    x is [B, T, H, W, C_in], each result [B, T, H, W, C] in the weights' dtype, where a half saturates at its
    largest value instead of becoming infinite.
    """
    stages = []
    for weight, bias in zip(weights, biases, strict=True):
        x = convolve_relu(x, weight, bias)
        stages.append(x)
    return stages


def maps(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """1x1x1 convolution without ReLU, [B, T, H, W, C] -> [B, O, T, H, W] contiguous, float32 from halves."""
    dtype = torch.float32 if weight.dtype in HALVES else weight.dtype
    working = dtype if x.device.type == "cpu" else weight.dtype
    matrix = weight.flatten(1).to(working).expand(x.shape[0], -1, -1)
    planes = torch.baddbmm(bias.to(working).view(-1, 1), matrix, x.flatten(1, 3).transpose(1, 2).to(working))
    return planes.to(dtype).view(x.shape[0], weight.shape[0], *x.shape[1:4])


def convolve_relu(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """One stage of the cascade, [B, T, H, W, C] -> [B, T, H, W, O] in the weights' dtype."""
    dtype = weight.dtype
    if x.is_cuda:
        fused = cudnn.convolve_relu(_flat_view(x, weight), _flat_kernel(weight), bias.to(dtype))
        if fused is not None:
            return fused.permute(0, 2, 3, 1).reshape(*x.shape[:-1], -1).contiguous()
    fused = _fused(x.to(dtype), weight, bias.to(dtype))
    if fused is not None:
        return fused
    if dtype not in HALVES:
        return convolve(x, weight, bias.to(dtype)).relu_().contiguous()  # float64 comes in torch's own order
    working = working_dtype(dtype, x.device)
    y = convolve(x.to(working), weight.to(working), bias.to(working))
    return y.clamp_(0, torch.finfo(dtype).max).to(dtype).contiguous()


def halve(x: Tensor, weight: Tensor, bias: Tensor | None, *, relu: bool = False) -> Tensor:
    """Strided 2x2 convolution in space, [B, T, H, W, C] -> [B, T, H/2, W/2, O]; weight [O, C, 1, 2, 2]."""
    if relu:
        fused = _fused(x, weight, bias, stride=2)
        return halve(x, weight, bias).relu_() if fused is None else fused
    y = _sum(F.conv2d, _pictures(x), weight[:, :, 0], bias, stride=2)
    return _clips(y, x)


def double(x: Tensor, weight: Tensor, bias: Tensor | None, *, relu: bool = False) -> Tensor:
    """Transposed 2x2 convolution in space, [B, T, H, W, C] -> [B, T, 2H, 2W, O]; weight [C, O, 1, 2, 2].

    With ReLU it is a 1x1x1 convolution to four times the channels, laid out anew: of one pixel come four, of it alone.
    """
    if relu:
        taps = weight.permute(3, 4, 1, 0, 2).flatten(0, 2)[..., None, None]
        four = _fused(x, taps, None if bias is None else bias.repeat(4))
        if four is None:
            return double(x, weight, bias).relu_()
        pixels: Tensor = four.unflatten(-1, (2, 2, -1)).permute(0, 1, 2, 4, 3, 5, 6)
        return pixels.flatten(4, 5).flatten(2, 3)
    y = _sum(F.conv_transpose2d, _pictures(x), weight[:, :, 0], bias, stride=2)
    return _clips(y, x)


def _fused(x: Tensor, weight: Tensor, bias: Tensor | None, stride: int = 1) -> Tensor | None:
    """Convolution with ReLU in one pass; None where it is not to be had: off the CPU, with gradients, while traced."""
    wanted = torch.is_grad_enabled() and (weight.requires_grad or x.requires_grad)
    if x.device.type != "cpu" or wanted or torch.compiler.is_compiling():
        return None
    if working_dtype(weight.dtype, x.device) != weight.dtype:
        return None
    return onednn.convolve_relu(x, weight, bias, stride)


def _sum(
    operation: Callable[..., Tensor], x: Tensor, weight: Tensor, bias: Tensor | None, *, channel_axis: int = 1,
    **settings: Any,
) -> Tensor:  # fmt: skip
    """Do a convolution of torch; halves that a CPU lacks in float32, rounded before the bias and after, as on CUDA."""
    if working_dtype(weight.dtype, x.device) == weight.dtype:
        return operation(x, weight, bias, **settings)
    y = operation(x.float(), weight.float(), None, **settings).to(weight.dtype)
    return y if bias is None else y.add_(bias if channel_axis == -1 else bias.view(-1, *[1] * (y.ndim - 2)))


def _view_is_fast(x: Tensor, kernel: tuple[int, ...]) -> bool:
    """Whether torch takes conv3d on a channels-last view to oneDNN; else it copies and loops over the clips.

    bfloat16 takes it always: a clip's sums are rounded once, and the same whatever else is in its batch.
    """
    if x.device.type == "cpu" and x.dtype == torch.bfloat16 and has_bfloat16():
        return True
    temporal = kernel[1:] == (1, 1)
    return x.device.type == "cpu" and x.shape[0] > 1 and not (temporal and torch.get_num_threads() == 1)


def _flat_view(x: Tensor, weight: Tensor) -> Tensor:
    """View [B, T, H, W, C] without a copy as the pictures that a kernel along one axis lies in."""
    return _pictures(x) if weight.shape[2] == 1 else x.flatten(2, 3).permute(0, 3, 1, 2)


def _flat_kernel(weight: Tensor) -> Tensor:
    return weight[:, :, 0] if weight.shape[2] == 1 else weight[..., 0]


def _pictures(x: Tensor) -> Tensor:
    """[B, T, H, W, C] as channels-last pictures [B*T, C, H, W], without a copy."""
    return x.flatten(0, 1).permute(0, 3, 1, 2)


def _clips(pictures: Tensor, like: Tensor) -> Tensor:
    """Pictures [B*T, O, H', W'] as [B, T, H', W', O], B and T from ``like``."""
    clips: Tensor = pictures.permute(0, 2, 3, 1).unflatten(0, like.shape[:2])
    return clips


def _spatial(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    padding = (weight.shape[2] // 2, weight.shape[3] // 2)
    y = _sum(F.conv2d, _pictures(x), weight, bias, padding=padding)
    return _clips(y, x)


def _temporal(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    rows_t = x.flatten(2, 3).permute(0, 3, 1, 2)
    y = _sum(F.conv2d, rows_t, weight, bias, padding=(weight.shape[2] // 2, 0))
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
