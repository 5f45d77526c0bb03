"""Microbenchmarks of the cascade: every way to run each block of the regression network, one row each.

Times are medians with the 20th and 80th percentile, by device events on CUDA and by the clock on the CPU. A
gigaflop is useful arithmetic: of the nine taps of a convolution along three frames seven see a frame. The
3x3x3 convolution is counted as the cascade that it stands beside, so that rates compare as times do.
"""

import contextlib
import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from asyconv.kernels import asymmetric_cascade, asymmetric_cascade_heads, reference
from asyconv.kernels.dispatch import PATHS, VARIABLE, Cascade, Choice, choose
from asyconv.kernels.timing import Call, Row, facts, measure, peak_mib, rounded, times

CHANNELS = (21, 64, 128, 256, 256)
MAPS = 20
FRAMES, HEIGHT, WIDTH = 3, 96, 128
KERNELS = ((1, 3, 1), (1, 1, 3), (3, 1, 1))
DTYPES = {str(dtype)[6:]: dtype for dtype in (torch.float32, *reference.HALVES)}


@dataclass(frozen=True)
class Block:
    """Random input and parameters of one block; heads are empty but for the last one."""

    name: str
    x: Tensor
    weights: list[Tensor]
    biases: list[Tensor]
    head_weights: list[Tensor]
    head_biases: list[Tensor]

    @property
    def gflop(self) -> float:
        """Useful arithmetic of the whole block."""
        batch, c_in, frames, height, width = self.x.shape
        c = len(self.weights[0])
        of_time = (3 * frames - 2) / frames
        per_voxel = 3 * c_in * c + 3 * c * c + of_time * c * c + sum(w.numel() for w in self.head_weights)
        return 2e-9 * batch * frames * height * width * per_voxel

    @property
    def shape(self) -> str:
        """Sizes of x and the number of channels that come out."""
        return "x".join(map(str, self.x.shape)) + f"->{len(self.weights[0])}"

    def run(self) -> Tensor:
        """Our operation on it."""
        if self.head_weights:
            return asymmetric_cascade_heads(self.x, self.weights, self.biases, self.head_weights, self.head_biases)
        return asymmetric_cascade(self.x, self.weights, self.biases)


def draw_blocks(
    device: torch.device, dtype: torch.dtype, batch: int, *, width: float = 1.0, size: tuple[int, int] = (HEIGHT, WIDTH)
) -> list[Block]:
    """Draw the blocks of the regression network, B1 to B4; x of the first is float32 as in the network."""
    torch.manual_seed(0)
    channels = [CHANNELS[0], *(int(c * width) for c in CHANNELS[1:])]

    def weight(c_out: int, c_in: int, *kernel: int) -> Tensor:
        scale = math.sqrt(2 / (c_in * math.prod(kernel)))
        return (torch.randn(c_out, c_in, *kernel, device=device) * scale).to(dtype)

    def bias(count: int) -> Tensor:
        return torch.randn(count, device=device) / 4

    blocks = []
    for step, (c_in, c) in enumerate(zip(channels[:-1], channels[1:], strict=True)):
        x = torch.randn(batch, FRAMES, *size, c_in, device=device).permute(0, 4, 1, 2, 3)
        x = x.contiguous() if step == 0 else x.relu().to(dtype)
        last = step == len(channels) - 2
        blocks.append(
            Block(
                f"B{step + 1}" + ("+heads" if last else ""),
                x,
                [weight(c, c if k else c_in, *kernel) for k, kernel in enumerate(KERNELS)],
                [bias(c) for _ in KERNELS],
                [weight(c, c, 1, 1, 1), weight(MAPS, c, 1, 1, 1)] if last else [],
                [bias(c), bias(MAPS)] if last else [],
            )
        )
    return blocks


def ways(block: Block) -> dict[str, Call]:
    """Every way to run a block on its device, by name; the first is the one to compare with."""
    cuda = block.x.is_cuda
    dtype = block.weights[0].dtype
    x = block.x.to(dtype)
    planar = x.contiguous()
    last = x.contiguous(memory_format=torch.channels_last_3d)
    full = torch.randn(*block.weights[0].shape[:2], 3, 3, 3, device=x.device).to(dtype)
    biases = [bias.to(dtype) for bias in block.biases]
    found: dict[str, Call] = {"library": lambda: _forced("library", block.run)}
    if cuda:
        for path in PATHS[1:]:
            if _choice(block, path).path == path:
                found[path] = lambda path=path: _forced(path, block.run)  # type: ignore[misc]
    found["conv3d"] = lambda: _conv3d(planar, block.weights, biases, block)
    found["conv3d channels-last"] = lambda: _conv3d(last, block.weights, biases, block)
    found["3x3x3"] = lambda: _heads_of(F.relu_(F.conv3d(last, full, biases[0], padding=1)), block)
    return found


def ceilings(device: torch.device, dtype: torch.dtype) -> list[Row]:
    """Rates that nothing here can pass: one large matrix product, and on CUDA one large copy."""
    n = 8192 if device.type == "cuda" else 2048
    a = torch.randn(n, n, device=device).to(dtype)
    p20, p50, p80 = measure(lambda: a @ a, device)
    common = facts(device, dtype)
    rows = [
        replace(
            common, what="gemm", shape=f"{n}x{n}x{n}", **times(p20, p50, p80), gflop_per_s=rounded(2e-6 * n**3 / p50)
        )
    ]
    if device.type == "cuda":
        source = torch.empty(1 << 30, dtype=torch.uint8, device=device)
        target = torch.empty_like(source)
        p20, p50, p80 = measure(lambda: target.copy_(source), device)
        rate = rounded(2e-6 * source.numel() / p50)
        rows.append(replace(common, what="copy", shape="1 GiB", **times(p20, p50, p80), gbyte_per_s=rate))
    return rows


def kernel_rows(
    device: torch.device, dtype: torch.dtype, batch: int, *, width: float = 1.0,
    size: tuple[int, int] = (HEIGHT, WIDTH), seconds: float = 1.0,
) -> Iterator[Row]:  # fmt: skip
    """Ceilings, then every way to run each block, then our operation on all blocks one after the other."""
    rows = ceilings(device, dtype)
    yield from rows
    gemm = float(rows[0].gflop_per_s)
    blocks = draw_blocks(device, dtype, batch, width=width, size=size)
    with torch.no_grad():
        for block in blocks:
            for what, call in ways(block).items():
                yield _timed(what, block, call, gemm, seconds)
        for path in ("library", "tensor-core") if device.type == "cuda" else ("library",):
            yield _whole(path, blocks, gemm, seconds)
    for block in blocks:
        yield from training_rows(block)


def fastest(rows: Sequence[Row]) -> dict[tuple[int, str], str]:
    """Path of the least time by output channels and dtype, over all blocks and batches that every path has rows of."""
    spent: dict[tuple[int, str], dict[str, dict[str, float]]] = {}
    for row in rows:
        if row.what in PATHS and row.block.startswith("B") and row.p50_ms != "":
            paths = spent.setdefault((int(row.shape.split("->")[1]), row.dtype), {})
            paths.setdefault(row.what, {})[row.shape] = float(row.p50_ms)
    found = {}
    for key, paths in spent.items():
        shapes = set.intersection(*(set(times_ms) for times_ms in paths.values()))
        if shapes:
            found[key] = min(paths, key=lambda path: sum(paths[path][shape] for shape in shapes))
    return found


def training_rows(block: Block) -> list[Row]:
    """What a block keeps for its backward pass, beside parameters and input: ordinary layers and our operation."""
    x = block.x.detach().to(block.weights[0].dtype)
    parameters = [t.detach().requires_grad_() for t in block.weights]
    biases = [t.detach().to(x.dtype).requires_grad_() for t in block.biases]
    known = {t.untyped_storage().data_ptr() for t in (x, *parameters, *biases)}

    def kept_mib(call: Callable[[], Tensor]) -> float:
        kept: dict[int, int] = {}

        def note(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in known:
                kept[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(note, lambda t: t):
            call()
        return round(sum(kept.values()) / 2**20, 2)

    common = replace(facts(x.device, x.dtype), block=block.name.removesuffix("+heads"), shape=block.shape)
    layers = kept_mib(lambda: _conv3d(x, parameters, biases, None))
    ours = kept_mib(lambda: asymmetric_cascade(x, parameters, biases))
    return [
        replace(common, what="ordinary layers, trained", kept_for_backward_mib=layers),
        replace(common, what="our operation, trained", kept_for_backward_mib=ours),
    ]


def explain(device: torch.device, *, width: float = 1.0) -> list[str]:
    """For each block and dtype the path that would run, and why."""
    if device.type != "cuda":
        return [f"{device.type}: every block takes the library path; the kernels need a CUDA device"]
    lines = []
    channels = [CHANNELS[0], *(int(c * width) for c in CHANNELS[1:])]
    for dtype in DTYPES.values():
        for step, (c_in, c) in enumerate(zip(channels[:-1], channels[1:], strict=True)):
            maps = MAPS if step == len(channels) - 2 else 0
            capability = torch.cuda.get_device_capability(device)
            cascade = Cascade(capability, c_in, c, FRAMES, WIDTH, dtype, planar=step == 0, maps=maps)
            choice = choose(cascade)
            lines.append(f"B{step + 1} {cascade}: {choice.path} ({choice.reason})")
    return lines


def _timed(what: str, block: Block, call: Call, gemm: float, seconds: float) -> Row:
    device = block.x.device
    peak = peak_mib(call, device)
    p20, p50, p80 = measure(call, device, seconds=seconds)
    rate = block.gflop / p50 * 1e3
    return replace(
        facts(device, block.weights[0].dtype), what=what, block=block.name, shape=block.shape,
        **times(p20, p50, p80), gflop_per_s=rounded(rate), share_of_gemm=rounded(rate / gemm), peak_mib=peak,
    )  # fmt: skip


def _whole(path: str, blocks: list[Block], gemm: float, seconds: float) -> Row:
    """All blocks as the network runs them, each on the result of the one before; with a path forced."""

    def call() -> Tensor:
        x = blocks[0].x
        for block in blocks:
            x = replace(block, x=x).run()
        return x

    whole = replace(blocks[0], name="all")
    row = _timed(path, whole, lambda: _forced(path, call), gemm, seconds)
    rate = sum(block.gflop for block in blocks) / float(row.p50_ms) * 1e3
    shape = blocks[0].shape.split("->")[0] + f"->{MAPS}"
    return replace(row, shape=shape, gflop_per_s=rounded(rate), share_of_gemm=rounded(rate / gemm))


def _forced(path: str, call: Call) -> object:
    with forced(path):
        return call()


@contextlib.contextmanager
def forced(path: str) -> Iterator[None]:
    """Let every cascade take one path, as the environment variable does."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = path
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def _choice(block: Block, path: str) -> Choice:
    x, c = block.x, len(block.weights[0])
    planar = x.dtype == torch.float32 and x.is_contiguous()
    maps = len(block.head_weights[1]) if block.head_weights else 0
    capability = torch.cuda.get_device_capability(x.device)
    with forced(path):
        return choose(Cascade(capability, x.shape[1], c, x.shape[2], x.shape[4], block.weights[0].dtype, planar, maps))


def _conv3d(x: Tensor, weights: Sequence[Tensor], biases: Sequence[Tensor], block: Block | None) -> Tensor:
    for weight, bias in zip(weights, biases, strict=True):
        x = F.relu_(F.conv3d(x, weight, bias, padding=[k // 2 for k in weight.shape[2:]]))
    return x if block is None else _heads_of(x, block)


def _heads_of(x: Tensor, block: Block) -> Tensor:
    """Both heads by conv3d, where a block has them."""
    if not block.head_weights:
        return x
    (first, last), (first_bias, last_bias) = block.head_weights, (bias.to(x.dtype) for bias in block.head_biases)
    return F.conv3d(F.relu_(F.conv3d(x, first, first_bias)), last, last_bias)
