"""The asymmetric cascade as one operation: 1x3x1 (along H), 1x1x3 (along W), 3x1x1 (along time).

Each of the three convolutions has a bias and a ReLU. Equivalent to

    for weight, bias in zip(weights, biases):
        x = relu(conv3d(x, weight, bias, padding=[k // 2 for k in weight.shape[2:]]))

Half types sum in float32, round once a stage and saturate at their largest value. The backward pass stores
the block's input and result only and computes the two results in between again; there is no second
derivative. Values are never looked at, so nothing waits for the device.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from asyconv.kernels import launch, reference
from asyconv.kernels.dispatch import after_failure, choose, problem_of, tell

KERNELS = ((1, 3, 1), (1, 1, 3), (3, 1, 1))
DTYPES = (torch.float64, torch.float32, *reference.HALVES)
NAME = "asyconv::asymmetric_cascade"
Tensors = Sequence[Tensor]


def asymmetric_cascade(x: Tensor, weights: Tensors, biases: Tensors) -> Tensor:
    """[B, C_in, T, H, W] in any memory format -> [B, C, T, H, W] channels-last, in the weights' dtype.

    ``weights`` are [C, C_in, 1, 3, 1], [C, C, 1, 1, 3] and [C, C, 3, 1, 1], batch normalisation folded in;
    ``biases`` three times [C], like the weights or float32 beside halves. x is like the weights, or float32 with half
    weights. Under autocast the weights are cast.
    """
    x, weights = _autocast(x, weights)
    if _is_plain(x):
        return _run(x, weights, biases)
    y: Tensor = torch.ops.asyconv.asymmetric_cascade(x, list(weights), list(biases))
    return y


def asymmetric_cascade_heads(
    x: Tensor, weights: Tensors, biases: Tensors, head_weights: Tensors, head_biases: Tensors
) -> Tensor:
    """Cascade with both 1x1x1 convolutions behind it, the first with ReLU: [B, O, T, H, W] contiguous maps.

    ``head_weights`` are [C, C, 1, 1, 1] and [O, C, 1, 1, 1]. Maps are float32 (float64 from float64).
    """
    x, both = _autocast(x, [*weights, *head_weights])
    count = len(weights)
    if _is_plain(x):
        return _run(x, both[:count], biases, both[count:], head_biases)
    maps: Tensor = torch.ops.asyconv.asymmetric_cascade_heads(
        x, list(both[:count]), list(biases), list(both[count:]), list(head_biases)
    )
    return maps


def _is_plain(x: Tensor) -> bool:
    """Whether numbers alone are asked for, no gradient and no graph.

    Then torch need not know the operation: at its first call it imports its compiler, a second of processor time.
    """
    return not torch.compiler.is_compiling() and torch.is_inference_mode_enabled() and type(x) is Tensor


def _autocast(x: Tensor, weights: Tensors) -> tuple[Tensor, Tensors]:
    """What autocast does to a convolution; a float32 x stays, the kernels round it while they read."""
    kind = x.device.type
    if not torch.is_autocast_enabled(kind) or x.dtype == torch.float64:
        return x, weights
    dtype = torch.get_autocast_dtype(kind)
    return x if x.dtype == torch.float32 else x.to(dtype), [weight.to(dtype) for weight in weights]


@torch.library.custom_op(NAME, mutates_args=(), device_types=("cpu", "cuda"))
def _cascade(x: Tensor, weights: Sequence[Tensor], biases: Sequence[Tensor]) -> Tensor:
    return _run(x, weights, biases)


@torch.library.custom_op(NAME + "_heads", mutates_args=(), device_types=("cpu", "cuda"))
def _heads(
    x: Tensor,
    weights: Sequence[Tensor],
    biases: Sequence[Tensor],
    head_weights: Sequence[Tensor],
    head_biases: Sequence[Tensor],
) -> Tensor:
    return _run(x, weights, biases, head_weights, head_biases)


@_cascade.register_fake
def _cascade_fake(x: Tensor, weights: Tensors, biases: Tensors) -> Tensor:
    _check(x, weights, biases)
    batch, _, frames, height, width = x.shape
    return weights[2].new_empty(batch, frames, height, width, weights[2].shape[0]).permute(0, 4, 1, 2, 3)


@_heads.register_fake
def _heads_fake(x: Tensor, weights: Tensors, biases: Tensors, head_weights: Tensors, head_biases: Tensors) -> Tensor:
    _check(x, weights, biases, head_weights, head_biases)
    dtype = torch.float32 if weights[0].dtype in reference.HALVES else weights[0].dtype
    return head_weights[1].new_empty(x.shape[0], head_weights[1].shape[0], *x.shape[2:], dtype=dtype)


def _run(x: Tensor, weights: Tensors, biases: Tensors, head_weights: Tensors = (), head_biases: Tensors = ()) -> Tensor:
    _check(x, weights, biases, head_weights, head_biases)
    run = _run_on_cuda if x.is_cuda else _library
    return run(x, weights, biases, head_weights, head_biases)


def _run_on_cuda(
    x: Tensor, weights: Tensors, biases: Tensors, head_weights: Tensors = (), head_biases: Tensors = ()
) -> Tensor:
    """By the path that `choose` names; one that fails to build is not tried again."""
    problem = problem_of(x, weights, head_weights)
    choice = choose(problem)
    try:
        if choice.path == "numba":
            from asyconv.kernels import cascade_numba

            return cascade_numba.run(x, weights, biases)
        if choice.plan is not None:
            return launch.run(choice.plan, x, weights, biases, head_weights, head_biases)
    except launch.LaunchError as error:
        choice = after_failure(problem, choice.path, str(error))
    tell(problem, choice)
    return _library(x, weights, biases, head_weights, head_biases)


def _library(x: Tensor, weights: Tensors, biases: Tensors, head_weights: Tensors, head_biases: Tensors) -> Tensor:
    """Run by torch's own convolutions, on any device."""
    with torch.autocast(x.device.type, enabled=False):  # or it would cast the float32 sums of a half
        x = _channels_last(x, weights[0].dtype)
        stages = zip((*weights, *head_weights[:1]), (*biases, *head_biases[:1]), strict=True)
        for weight, bias in stages:
            x = reference.convolve_relu(x, weight, bias)
        if head_weights:
            return reference.maps(x, head_weights[1], head_biases[1])
        return x.permute(0, 4, 1, 2, 3)


@torch.library.custom_op(NAME + "_backward", mutates_args=())
def _backward(
    grad: Tensor,
    x: Tensor,
    weights: Sequence[Tensor],
    biases: Sequence[Tensor],
    last: Tensor | None,
    needs_x: bool,
    needs_weights: bool,
) -> list[Tensor]:
    """Gradients of x, weights and biases, as far as needed.

    ``last`` is the cascade's result; None means that two head weights stand behind the three of the cascade.
    """
    with torch.autocast(x.device.type, enabled=False):
        dtype = weights[0].dtype
        working = torch.float32 if dtype in reference.HALVES and x.device.type == "cpu" else dtype
        inputs = [_channels_last(x, dtype)]
        count = len(weights) - 1
        inputs += reference.asymmetric_cascade(inputs[0], weights[:count], biases[:count])
        result = None if last is None else last.permute(0, 2, 3, 4, 1)
        flow = _channels_last(grad, working)
        grads_weight: list[Tensor] = []
        grads_bias: list[Tensor] = []
        for step in reversed(range(len(weights))):
            if result is not None:
                flow = torch.ops.aten.threshold_backward(flow, result.to(working), 0)
            wanted = needs_x or step > 0
            source = result = inputs[step]
            grad_x, grad_weight, grad_bias = reference.convolve_backward(
                flow, source.to(working), weights[step].to(working), needs_x=wanted, needs_weight=needs_weights
            )
            if grad_weight is not None and grad_bias is not None:
                grads_weight.insert(0, grad_weight.to(dtype))
                grads_bias.insert(0, grad_bias.to(biases[step].dtype))
            if grad_x is not None:
                flow = grad_x
        grads_x = [flow.to(x.dtype).permute(0, 4, 1, 2, 3)] if needs_x else []
        return grads_x + grads_weight + grads_bias


@_backward.register_fake
def _backward_fake(
    grad: Tensor, x: Tensor, weights: Tensors, biases: Tensors, last: Tensor | None, needs_x: bool, needs_weights: bool
) -> list[Tensor]:
    batch, channels, *sizes = x.shape
    grads = [x.new_empty(batch, *sizes, channels).permute(0, 4, 1, 2, 3)] if needs_x else []
    if needs_weights:
        grads += [torch.empty_like(t, memory_format=torch.contiguous_format) for t in (*weights, *biases)]
    return grads


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, weights, biases, *heads = inputs
    head_weights, head_biases = heads or ((), ())
    ctx.counts = (len(weights), len(head_weights))
    saved = [x, *weights, *head_weights, *biases, *head_biases]
    ctx.save_for_backward(*saved, *([] if heads else [output]))


def _differentiate(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
    """Gradients in the form of the operation's arguments."""
    cascade, heads = ctx.counts
    both = cascade + heads
    x, *rest = ctx.saved_tensors
    weights, biases, last = rest[:both], rest[both : 2 * both], (rest[2 * both :] or [None])[0]
    needs_x, *needs_lists = ctx.needs_input_grad
    needs_weights = any(any(needs) for needs in needs_lists)
    grads = torch.ops.asyconv.asymmetric_cascade_backward(grad, x, weights, biases, last, needs_x, needs_weights)
    grad_x = grads.pop(0) if needs_x else None
    if not needs_weights:
        return (grad_x, *([None] * len(needs) for needs in needs_lists))
    of_weights, of_biases = grads[:both], grads[both:]
    parts = [of_weights[:cascade], of_biases[:cascade], of_weights[cascade:], of_biases[cascade:]]
    return (grad_x, *parts[: len(needs_lists)])


for _op in (_cascade, _heads):
    _op.register_autograd(_differentiate, setup_context=_keep)


def _channels_last(x: Tensor, dtype: torch.dtype) -> Tensor:
    """[B, C, T, H, W] -> [B, T, H, W, C] contiguous."""
    return x.permute(0, 2, 3, 4, 1).to(dtype).contiguous()


def _check(x: Tensor, weights: Tensors, biases: Tensors, head_weights: Tensors = (), head_biases: Tensors = ()) -> None:
    """Shapes, dtypes and devices; the kernels read what they are told without looking."""
    if x.ndim != 5:
        raise ValueError(f"x must be [B, C_in, T, H, W], found {tuple(x.shape)}")
    if len(weights) != 3 or len(biases) != 3 or len(head_weights) != len(head_biases):
        raise ValueError(f"a cascade has 3 weights and 3 biases, found {len(weights)} and {len(biases)}")
    if weights[0].ndim != 5:
        raise ValueError(f"weights[0] must be [C, C_in, 1, 3, 1], found {tuple(weights[0].shape)}")
    c_out = weights[0].shape[0]
    expected: dict[str, tuple[Tensor, tuple[int, ...]]] = {
        f"weights[{step}]": (weights[step], (c_out, c_out if step else x.shape[1], *kernel))
        for step, kernel in enumerate(KERNELS)
    }
    expected |= {f"biases[{step}]": (bias, (c_out,)) for step, bias in enumerate(biases)}
    if head_weights:
        if len(head_weights) != 2:
            raise ValueError(f"the heads have 2 weights, found {len(head_weights)}")
        counts = (c_out, head_weights[1].shape[0])
        for step, count in enumerate(counts):
            expected[f"head_weights[{step}]"] = head_weights[step], (count, c_out, 1, 1, 1)
            expected[f"head_biases[{step}]"] = head_biases[step], (count,)
    for name, (tensor, shape) in expected.items():
        if tuple(tensor.shape) != shape:
            raise ValueError(f"{name} must be {shape}, found {tuple(tensor.shape)}")
        if tensor.device != x.device:
            raise ValueError(f"{name} must be on {x.device} like x, found {tensor.device}")
    _check_dtypes(x, {name: tensor for name, (tensor, _) in expected.items()})


def _check_dtypes(x: Tensor, tensors: dict[str, Tensor]) -> None:
    dtype = tensors["weights[0]"].dtype
    if dtype not in DTYPES:
        raise TypeError(f"weights[0] must be float64, float32, float16 or bfloat16, found {dtype}")
    rounded = dtype in reference.HALVES
    if x.dtype != dtype and not (rounded and x.dtype == torch.float32):
        raise TypeError(f"x must be {dtype} like the weights{', or float32' if rounded else ''}, found {x.dtype}")
    for name, tensor in tensors.items():
        allowed = {dtype, torch.float32} if "bias" in name and rounded else {dtype}
        if tensor.dtype not in allowed:
            raise TypeError(f"{name} must be {' or '.join(sorted(map(str, allowed)))}, found {tensor.dtype}")
