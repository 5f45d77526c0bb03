"""The paths through a block of the cascade: correctness against float64, gradients, CUDA graphs and times."""

import itertools
from dataclasses import replace
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.gpu_check.check import Check

ALLOWED: Final = {"float16": 2e-3, "bfloat16": 5e-3, "float32": 1e-5}
"""Relative error of one block against float64, the input and weights rounded beforehand."""

SIZES: Final = ((2, 96, 128), (1, 7, 9), (3, 5, 33), (1, 1, 1), (1, 2, 130))
"""Clips, height, width: the real one, and what fills no tile, one row, one voxel, more than a row."""

WIDTHS: Final = (1.0, 0.25)
"""Shares of the full width: the networks of `paper` and of `compact`."""

BATCHES: Final = (11, 44)


def correctness(check: Check, path: str, sizes: tuple[tuple[int, int, int], ...]) -> None:
    """Every block by one path against float64, on memory that held NaN."""
    from asyconv.kernels.bench import DTYPES
    from asyconv.kernels.blocks import draw_blocks
    from asyconv.kernels.implementations import implementations
    from asyconv.kernels.timing import facts, relative_error

    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    for clips, *size in sizes:
        for name, width in itertools.product(DTYPES, WIDTHS):
            dtype = DTYPES[name]
            for block in draw_blocks(check.device, dtype, clips, width=width, size=(size[0], size[1])):
                implementation = implementations(block).get(path)
                if implementation is None:
                    continue
                if check.left_s() < 0:
                    print(f"time is up for {path} at {block.shape} {name}")
                    return
                expected = truth(block)
                error = relative_error(poisoned(implementation, block, expected), expected)
                if not error <= ALLOWED[name]:
                    check.fail(
                        f"{path} {block.name} {block.shape} {name}: relative error {error:.1e}, "
                        f"at most {ALLOWED[name]:.0e} is allowed"
                    )
                row = replace(facts(check.device, dtype), what=f"correctness of {path}", block=block.name)
                check.keep(replace(row, shape=block.shape, relative_error=float(f"{error:.2g}")))


def gradients(check: Check) -> None:
    """Gradients in float64 against conv3d, on the card."""
    from asyconv.kernels import asymmetric_cascade
    from asyconv.kernels.blocks import draw_blocks
    from asyconv.kernels.timing import relative_error

    block = draw_blocks(check.device, torch.float64, 1, width=0.25, size=(7, 9))[1]
    inputs = [t.double().requires_grad_() for t in (block.x, *block.weights, *block.biases)]
    ours = asymmetric_cascade(inputs[0], inputs[1:4], inputs[4:])
    theirs = conv3d(inputs[0], inputs[1:4], inputs[4:])
    pairs = zip(torch.autograd.grad(ours.sum(), inputs), torch.autograd.grad(theirs.sum(), inputs), strict=True)
    worst = max(relative_error(found, expected) for found, expected in pairs)
    if not worst < 1e-9:
        check.fail(f"gradients: relative error {worst:.1e}")


def graph(check: Check) -> None:
    """A captured graph gives what the call gives, for new values in the same memory, on a side stream too."""
    from asyconv.kernels.blocks import draw_blocks
    from asyconv.kernels.dispatch import PATHS, forced
    from asyconv.kernels.implementations import implementations
    from asyconv.kernels.timing import relative_error

    block = draw_blocks(check.device, torch.float16, 2)[0]
    for path in (path for path in implementations(block, check.broken) if path in PATHS):
        with torch.no_grad(), forced(path):
            side = torch.cuda.Stream()
            with torch.cuda.stream(side):
                for _ in range(3):
                    block.run()
            torch.cuda.synchronize()
            recorded = torch.cuda.CUDAGraph()
            with torch.cuda.graph(recorded):
                y = block.run()
            block.x.normal_()
            recorded.replay()
            torch.cuda.synchronize()
            error = relative_error(y, block.run())
            if not error < 1e-3:
                check.fail(f"CUDA graph of the {path} path differs from the call by {error:.1e}")


def sound(check: Check) -> list[str]:
    """Paths that can run a half block here, and neither hang nor end the process."""
    from asyconv.kernels.blocks import draw_blocks
    from asyconv.kernels.dispatch import PATHS
    from asyconv.kernels.implementations import implementations

    can = {
        path
        for b in draw_blocks(check.device, torch.float16, 1, size=(1, 1))
        for path in implementations(b, check.broken)
    }
    return [path for path in PATHS if path in can]


def blocks(check: Check) -> None:
    """Rows of the microbenchmarks: the inference dtype in both batches first, then training's."""
    from asyconv.kernels.bench import DTYPES, kernel_rows

    torch.backends.cudnn.benchmark = True
    for name, width, clips in itertools.product(("float16", "bfloat16"), WIDTHS, BATCHES):
        for row in kernel_rows(check.device, DTYPES[name], clips, width=width, seconds=0.3, without=check.broken):
            check.keep(row)
            if check.left_s() < 120:
                print(f"time is up for the blocks at {clips} clips in {name}")
                return


def conv3d(x: Tensor, weights: list[Tensor], biases: list[Tensor]) -> Tensor:
    """Plain cascade of conv3d."""
    for weight, bias in zip(weights, biases, strict=True):
        x = F.relu(F.conv3d(x, weight, bias, padding=[k // 2 for k in weight.shape[2:]]))
    return x


def truth(block: Any) -> Tensor:
    """Block in float64, from input and weights as they are stored in the block's dtype."""
    x = block.x.to(block.weights[0].dtype).double()
    x = conv3d(x, [w.double() for w in block.weights], [b.double() for b in block.biases])
    if not block.head_weights:
        return x
    (first, last), (first_bias, last_bias) = block.head_weights, block.head_biases
    x = F.relu(F.conv3d(x, first.double(), first_bias.double()))
    return F.conv3d(x, last.double(), last_bias.double())


def poisoned(implementation: Any, block: Any, like: Tensor) -> Tensor:
    """Run after memory of the result's size was filled with NaN and given back, so that unwritten places show."""
    for dtype in (torch.float32, torch.float16):
        torch.full(like.shape, float("nan"), dtype=dtype, device=like.device)
    result = implementation.run(block, block.x)
    assert isinstance(result, Tensor)
    return result
