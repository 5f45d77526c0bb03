"""Microbenchmarks of the cascade: every way to run each block of the regression network, one row each.

Times are medians with the 20th and 80th percentile, by device events on CUDA and by the clock on the CPU. Rates
count useful arithmetic (see `asyconv.kernels.blocks`) and the least traffic that a way has with memory, so
that both together place it under the roof of the card. The 3x3x3 convolution is counted as the cascade that it
stands beside: rates compare as times do.
"""

import functools
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from asyconv.kernels import asymmetric_cascade, reference
from asyconv.kernels.blocks import FRAMES, HEIGHT, MAPS, WIDTH, Block, channels_of, draw_blocks
from asyconv.kernels.dispatch import PATHS, Problem, choose
from asyconv.kernels.implementations import Implementation, implementations
from asyconv.kernels.timing import Call, Percentiles, Row, facts, measure, measure_together, peak_mib, rounded, times

DTYPES = {str(dtype)[6:]: dtype for dtype in (torch.float32, *reference.HALVES)}
GEMM = {"cpu": 2048, "cuda": 8192}
COPY_BYTES = {"cpu": 1 << 28, "cuda": 1 << 30}


def ceilings(device: torch.device, dtype: torch.dtype) -> list[Row]:
    """Rates that nothing here can pass: one large matrix product, and one large copy, read and written."""
    n = GEMM[device.type]
    spent = measure(_gemm(device, dtype), device)
    common = facts(device, dtype)
    rate = rounded(2e-6 * n**3 / spent[1])
    gemm = replace(common, what="gemm", shape=f"{n}x{n}x{n}", **times(spent), gflop_per_s=rate)
    source = torch.zeros(COPY_BYTES[device.type], dtype=torch.uint8, device=device)
    target = torch.zeros_like(source)
    spent = measure(lambda: target.copy_(source), device)
    rate = rounded(2e-6 * source.numel() / spent[1])
    return [gemm, replace(common, what="copy", shape=f"{source.numel() >> 20} MiB", **times(spent), gbyte_per_s=rate)]


def kernel_rows(
    device: torch.device, dtype: torch.dtype, batch: int, *, width: float = 1.0,
    size: tuple[int, int] = (HEIGHT, WIDTH), seconds: float = 1.0, without: Collection[str] = (),
) -> Iterator[Row]:  # fmt: skip
    """Ceilings, then every implementation of each block, then of all blocks one after the other, then training.

    ``without`` names paths that are left out.
    """
    rows = ceilings(device, dtype)
    yield from rows
    gemm = float(rows[0].gflop_per_s)
    blocks = draw_blocks(device, dtype, batch, width=width, size=size)
    with torch.no_grad():
        for block in blocks:
            for what, implementation in implementations(block, without).items():
                yield _timed(what, block, implementation, gemm, seconds)
            yield _products(block, gemm, seconds)
        yield from _whole(blocks, without, seconds)
    for block in blocks:
        yield from training_rows(block)


def fastest(rows: Sequence[Row]) -> dict[tuple[int, int, int, str], str]:
    """Path of the least time by channels in and out, maps and dtype, over all batches that every path has rows of."""
    spent: dict[tuple[int, int, int, str], dict[str, dict[str, float]]] = {}
    for row in rows:
        if row.what in PATHS and row.block.startswith("B") and row.p50_ms != "":
            sizes, c_out = row.shape.split("->")
            maps = MAPS if row.block.endswith("+heads") else 0
            paths = spent.setdefault((int(sizes.split("x")[1]), int(c_out), maps, row.dtype), {})
            paths.setdefault(row.what, {})[row.shape] = float(row.p50_ms)
    paths_by_shape = {}
    for key, paths in spent.items():
        shapes = set.intersection(*(set(times_ms) for times_ms in paths.values()))
        if shapes:
            paths_by_shape[key] = min(paths, key=lambda path: sum(paths[path][shape] for shape in shapes))
    return paths_by_shape


def training_rows(block: Block) -> list[Row]:
    """What a block keeps for its backward pass, beside parameters and input: ordinary layers and our operation."""
    x = block.x.detach().to(block.weights[0].dtype)
    parameters = [t.detach().requires_grad_() for t in block.weights]
    biases = [t.detach().to(x.dtype).requires_grad_() for t in block.biases]
    own_storage = {t.untyped_storage().data_ptr() for t in (x, *parameters, *biases)}

    def kept_mib(call: Callable[[], Tensor]) -> float:
        kept: dict[int, int] = {}

        def note(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in own_storage:
                kept[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(note, lambda t: t):
            call()
        return round(sum(kept.values()) / 2**20, 2)

    common = replace(facts(x.device, x.dtype), block=block.name.removesuffix("+heads"), shape=block.shape)
    trained = replace(block, weights=parameters, biases=biases, head_weights=[], head_biases=[])
    layers = kept_mib(lambda: implementations(trained)["conv3d"].run(trained, x))
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
    channels = channels_of(width)
    for dtype in DTYPES.values():
        for step, (c_in, c) in enumerate(zip(channels[:-1], channels[1:], strict=True)):
            maps = MAPS if step == len(channels) - 2 else 0
            capability = torch.cuda.get_device_capability(device)
            problem = Problem(capability, c_in, c, FRAMES, WIDTH, dtype, planar=step == 0, maps=maps)
            choice = choose(problem)
            lines.append(f"B{step + 1} {problem}: {choice.path} ({choice.reason})")
    return lines


def _gemm(device: torch.device, dtype: torch.dtype) -> Call:
    n = GEMM[device.type]
    a = torch.randn(n, n, device=device).to(dtype)
    return lambda: a @ a


def _timed(what: str, block: Block, implementation: Implementation, gemm: float, seconds: float) -> Row:
    device, x = block.x.device, implementation.ready(block)

    def call() -> Tensor:
        return implementation.run(block, x)

    common, peak = facts(device, block.dtype), peak_mib(call, device)
    row = replace(common, what=what, block=block.name, shape=block.shape, peak_mib=peak)
    moved = block.gbyte(implementation.passes, implementation.convolutions)
    return _rated(row, measure(call, device, seconds=seconds), block.gflop, gemm, moved)


def _rated(row: Row, spent: Percentiles, gflop: float, gemm: float, gbyte: float | None = None) -> Row:
    """The row with its times, and with its rates beside that of the matrix product."""
    rate = gflop / spent[1] * 1e3
    moved = "" if gbyte is None else rounded(gbyte / spent[1] * 1e3)
    share = rounded(rate / gemm)
    return replace(row, **times(spent), gflop_per_s=rounded(rate), share_of_gemm=share, gbyte_per_s=moved)


def _products(block: Block, gemm: float, seconds: float) -> Row:
    """Matrix products of the sizes that the block's convolutions are made of, all taps: the ceiling of its shapes."""
    matrices = [weight.flatten(1).T.contiguous() for weight in (*block.weights, *block.head_weights)]
    rows = torch.randn(block.voxels, max(len(m) for m in matrices), device=block.x.device).to(block.dtype)

    def call() -> None:
        for matrix in matrices:
            rows[:, : len(matrix)] @ matrix

    common = facts(block.x.device, block.dtype)
    row = replace(common, what="matrix products", block=block.name, shape=block.shape)
    gflop = 2e-9 * block.voxels * sum(m.numel() for m in matrices)
    return _rated(row, measure(call, block.x.device, seconds=seconds), gflop, gemm)


def _whole(blocks: list[Block], without: Collection[str], seconds: float) -> list[Row]:
    """All blocks as the network runs them, each on the result of the one before, and the matrix product: all by turns.

    By turns, so that every implementation meets the same clock rate and the same neighbours. Where a path cannot
    run a block, the library does.
    """
    device, dtype, n = blocks[0].x.device, blocks[0].dtype, GEMM[blocks[0].x.device.type]
    by_block = [implementations(block, without) for block in blocks]
    names = list(dict.fromkeys(name for each in by_block for name in each))
    chains = {name: [each.get(name, each["library"]) for each in by_block] for name in names}

    def run(name: str) -> Tensor:
        x = blocks[0].x
        for block, implementation in zip(blocks, chains[name], strict=True):
            x = implementation.run(block, x)
        return x

    calls: dict[str, Call] = {name: functools.partial(run, name) for name in names}
    peaks = {name: peak_mib(call, device) for name, call in calls.items()}
    spent = measure_together([_gemm(device, dtype), *calls.values()], device, seconds=seconds * (1 + len(names)))
    common, shape = replace(facts(device, dtype), block="all"), blocks[0].shape.split("->")[0] + f"->{MAPS}"
    gemm, gflop = 2e-6 * n**3 / spent[0][1], sum(block.gflop for block in blocks)
    rows = [replace(common, what="gemm", shape=f"{n}x{n}x{n}", **times(spent[0]), gflop_per_s=rounded(gemm))]
    for name, percentiles in zip(names, spent[1:], strict=True):
        moved = sum(
            b.gbyte(implementation.passes, implementation.convolutions)
            for b, implementation in zip(blocks, chains[name], strict=True)
        )
        row = replace(common, what=name, shape=shape, peak_mib=peaks[name])
        rows.append(_rated(row, percentiles, gflop, gemm, moved))
    return rows
