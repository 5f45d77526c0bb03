"""Times, memory and rows of a benchmark: what was measured, on which device, with which versions."""

import contextlib
import csv
import functools
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

WARM_UP = 3
TORCH, CUDA = str(torch.__version__), torch.version.cuda or ""
Call = Callable[[], object]


@dataclass(frozen=True)
class Row:
    """One measurement; empty where a number has no meaning. Memory is in MiB, a rate in 10^9 per second."""

    what: str
    block: str
    shape: str
    dtype: str
    device: str
    p20_ms: float | str = ""
    p50_ms: float | str = ""
    p80_ms: float | str = ""
    gflop_per_s: float | str = ""
    share_of_gemm: float | str = ""
    gbyte_per_s: float | str = ""
    peak_mib: float | str = ""
    kept_for_backward_mib: float | str = ""
    relative_error: float | str = ""
    threads: int | str = ""
    torch: str = TORCH
    cuda: str = CUDA
    cudnn: int | str = ""
    cupy: str = ""
    commit: str = ""


COLUMNS = [field.name for field in fields(Row)]
"""Of a CSV file of rows."""

Percentiles = tuple[float, float, float]
PARTS = ("p20", "p50", "p80")


def measure(call: Call, device: torch.device, *, seconds: float = 1.0, repeats: int = 15) -> Percentiles:
    """20th, 50th and 80th percentile of a call's time in ms, within about the seconds given.

    Of less than five calls, and there are three at least, the first is the fastest and the last the slowest.
    """
    return measure_together([call], device, seconds=seconds, repeats=repeats)[0]


def measure_together(
    calls: Sequence[Call], device: torch.device, *, seconds: float = 1.0, repeats: int = 15
) -> list[Percentiles]:
    """Do what `measure` does for several calls by turns, so that what slows the device meets all of them."""
    begin = time.perf_counter()
    for done in range(WARM_UP):
        for call in calls:
            call()
        if time.perf_counter() - begin > seconds / 2 and done:
            break
    _wait(device)
    times_ms: list[list[float]] = [[] for _ in calls]
    begin = time.perf_counter()
    while len(times_ms[0]) < 3 or (len(times_ms[0]) < repeats and time.perf_counter() - begin < seconds):
        for call, spent in zip(calls, times_ms, strict=True):
            spent.append(_once_ms(call, device))
    return [_percentiles(spent) for spent in times_ms]


def _percentiles(values: list[float]) -> Percentiles:
    if len(values) < 5:
        return min(values), statistics.median(values), max(values)
    fifths = statistics.quantiles(values, n=5, method="inclusive")
    return fifths[0], statistics.median(values), fifths[3]


def facts(device: torch.device, dtype: torch.dtype) -> Row:
    """Row with what holds for all: device and versions."""
    cuda = device.type == "cuda"
    name = torch.cuda.get_device_name(device) if cuda else "cpu"
    return Row(
        what="", block="", shape="", dtype=str(dtype)[6:], device=name, threads="" if cuda else torch.get_num_threads(),
        cudnn=(torch.backends.cudnn.version() or "") if cuda else "", cupy=_cupy_version() if cuda else "",
        commit=commit(),
    )  # fmt: skip


def _cupy_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    for package in ("cupy-cuda13x", "cupy-cuda12x", "cupy"):
        with contextlib.suppress(PackageNotFoundError):
            return version(package)
    return ""


def times(percentiles_ms: Percentiles) -> dict[str, Any]:
    """Columns of `Row` for what `measure` gives."""
    return {f"{part}_ms": round(time_ms, 4) for part, time_ms in zip(PARTS, percentiles_ms, strict=True)}


def rounded(value: float) -> float:
    """Three digits, as far as such measurements go."""
    return float(f"{value:.3g}")


def _once_ms(call: Call, device: torch.device) -> float:
    if device.type != "cuda":
        begin_s = time.perf_counter()
        call()
        return (time.perf_counter() - begin_s) * 1e3
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    begin.record()
    call()
    end.record()
    end.synchronize()
    return float(begin.elapsed_time(end))


def peak_mib(call: Call, device: torch.device) -> float | str:
    """Most memory that a call takes beyond what was there; empty on the CPU, which does not count it."""
    if device.type != "cuda":
        return ""
    call()  # what is built or packed once does not count
    _wait(device)
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    call()
    _wait(device)
    return round((torch.cuda.max_memory_allocated(device) - before) / 2**20, 1)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Append to a CSV file with these columns, or begin one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    with path.open("a", encoding="utf8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def table(rows: Sequence[Row]) -> str:
    """Aligned text of the columns that a person reads."""
    hidden = ("device", "threads", "torch", "cuda", "cudnn", "cupy", "commit")
    names = [name for name in COLUMNS if name not in hidden]
    used = [name for name in names if any(getattr(row, name) != "" for row in rows)]
    cells = [used, *([str(getattr(row, name)) for name in used] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(used))]
    return "\n".join("  ".join(text.ljust(w) for text, w in zip(line, widths, strict=True)).rstrip() for line in cells)


@functools.cache
def commit(folder: Path = Path(__file__).parent) -> str:
    """Short name of the commit that a folder lies in, "+" behind it with changes; empty outside a checkout."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        name = git("rev-parse", "--short=12", "HEAD")
        return name + ("+" if name and git("status", "--porcelain", "--untracked-files=no") else "")
    except OSError:  # no git
        return ""


def relative_error(result: Tensor, expected: Tensor) -> float:
    """Norm of the difference over the norm of what is expected, in float64."""
    difference = (result.double() - expected.double()).norm()
    return float(difference / expected.double().norm())
