"""asyconv bench: a whole recording, or the kernels alone, as rows of a CSV file."""

import csv
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

import asyconv
from asyconv.notice import NOTICE

if TYPE_CHECKING:
    import torch

SEED = 11
FPS_HZ = 30
ALONE = """
import atexit, sys
from pathlib import Path
from asyconv.cli.main import main

note = Path(sys.argv.pop(1))
atexit.register(lambda: note.write_text(Path("/proc/self/status").read_text()))
main(prog_name="asyconv")
"""
# Notes the peak of the process's own memory: what wait4 tells of a child counts its parent's before the exec too.


@click.group(name="bench", epilog=NOTICE, invoke_without_command=True)
@click.option("--seconds", type=click.FloatRange(min=3), default=180.0, show_default=True, help="Length to simulate.")
@click.option("--model", default="compact", show_default=True, help="Name of a model, or a model file.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("benchmarks/end_to_end.csv"),
    show_default=True,
    help="CSV file that gets the row.",
)
@click.option("--explain", is_flag=True, help="Only print how each block of the regression network would run, and why.")
@click.pass_context
def command(ctx: click.Context, seconds: float, model: str, output: Path, explain: bool) -> None:
    """Process one simulated recording in a process of its own; add its time and peak memory to OUTPUT.

    `asyconv bench kernels` measures the blocks of the regression network instead.
    """
    if explain:
        from asyconv.kernels.bench import explain as explain_paths

        click.echo("\n".join(explain_paths(_torch_device(None))))
        ctx.exit()
    if ctx.invoked_subcommand is None:
        whole_recording(seconds, model, output)


@command.command(name="kernels", epilog=NOTICE)
@click.option("--device", help="cpu, cuda or cuda:1.  [default: cuda where there is one]")
@click.option("--dtype", type=click.Choice(["float32", "float16", "bfloat16"]), multiple=True, help="May be repeated.")
@click.option("--shapes", default="1x96x128", show_default=True, help="Clips x height x width, several with commas.")
@click.option(
    "--width", type=click.FloatRange(min=0.02, max=4), default=1.0, show_default=True, help="Share of the channels."
)
@click.option("--seconds", type=click.FloatRange(min=0), default=1.0, show_default=True, help="Time for each row.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("benchmarks/kernels.csv"),
    show_default=True,
    help="CSV file that gets the rows.",
)
def kernels(
    device: str | None, dtype: tuple[str, ...], shapes: str, width: float, seconds: float, output: Path
) -> None:
    """Time every way to run each block of the regression network, and what training it keeps in memory.

    Draws a roofline for each shape and dtype beside OUTPUT, as PNG and SVG.

    Example: asyconv bench kernels --dtype float16 --dtype bfloat16 --shapes 11x96x128,44x96x128
    """
    from asyconv.cli.roofline import draw_roofline
    from asyconv.kernels.bench import DTYPES, kernel_rows
    from asyconv.kernels.timing import table, write_rows

    place = _torch_device(device)
    for batch, *size in _shapes(shapes):
        for name in dtype or (("float32",) if place.type == "cpu" else ("float16", "bfloat16")):
            rows = []
            for row in kernel_rows(place, DTYPES[name], batch, width=width, size=(size[0], size[1]), seconds=seconds):
                rows.append(row)
                write_rows(output, [row])  # as they come: a run cut short leaves what it had
                click.echo(f"{row.what} {row.block} {row.dtype}", err=True)
            click.echo(table(rows))
            sizes = "x".join(map(str, (batch, *size)))
            for path in draw_roofline(rows, output.with_name(f"{output.stem}_{name}_{sizes}.png")):
                click.echo(path)


@command.command(name="targets", epilog=NOTICE)
@click.option("--device", help="cpu, cuda or cuda:1.  [default: cuda where there is one]")
@click.option("--clips", type=click.IntRange(min=1), default=16, show_default=True, help="Clips in the buffer.")
@click.option("--seconds", type=click.FloatRange(min=0), default=2.0, show_default=True, help="Time for each figure.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("benchmarks/targets.csv"), show_default=True
)
def targets(device: str | None, clips: int, seconds: float, output: Path) -> None:
    """Time the drawing of target maps beside filling their buffer.

    Example: asyconv bench targets --clips 4
    """
    from asyconv.evaluation.target_times import target_rows

    for row in target_rows(_torch_device(device), clips, seconds):
        add_row(output, row)
        drawn = f"drawn in {row['draw_p20_ms']} ms, {row['times_filling']} times filling ({row['fill_p20_ms']} ms)"
        click.echo(f"{row['kind']} {row['shape']}: {drawn}")


def whole_recording(seconds: float, model: str, output: Path) -> None:
    """Simulate one recording and process it, each in a process of its own; add a row for both."""
    from asyconv.cli.compose import device, software
    from asyconv.kernels.timing import commit

    frames = round(seconds * FPS_HZ)
    with tempfile.TemporaryDirectory() as folder:
        recordings, results = Path(folder, "recordings"), Path(folder, "results")
        said = ["--infants", "1", "--seconds", f"{seconds:g}", "--seed", str(SEED)]
        steps = {
            "simulate": ["simulate", str(recordings), *said],
            # in the process that is measured: a worker's child would hide its memory
            "process": ["process", str(recordings), "-o", str(results), "--model", model, "--workers", "0"],
        }
        for what, arguments in steps.items():
            start = time.monotonic()
            status, peak_mib = run_alone(arguments)
            wall_s = time.monotonic() - start
            if status:
                raise click.ClickException(f"asyconv {what} ended with exit code {status}; there is nothing to note")
            row = {
                "what": what,
                "model": model if what == "process" else "",
                "frames": frames,
                "recording_s": seconds,
                "wall_s": round(wall_s, 1),
                "frames_per_s": round(frames / wall_s, 1),
                "peak_memory_mib": round(peak_mib),
                "device": device() if what == "process" else "cpu, one core",
                "cpu": cpu_name(),
                "cores": len(os.sched_getaffinity(0)),
                **software("torch", "numba"),
                "asyconv": asyconv.__version__,
                "commit": commit(),
                "command": f"asyconv bench --seconds {seconds:g} --model {model}",
            }
            add_row(output, row)
            click.echo(f"{what}: {wall_s:.1f} s, {frames / wall_s:.1f} frames/s, {peak_mib:.0f} MiB at most")


def _torch_device(name: str | None) -> "torch.device":
    import torch

    if name is None:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise click.BadParameter(f"expected cpu, cuda or cuda:1, found {name!r}", param_hint="--device") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise click.BadParameter("torch sees no CUDA device here", param_hint="--device")
    return device


def _shapes(text: str) -> list[list[int]]:
    shapes = [part.split("x") for part in text.split(",")]
    if not all(len(shape) == 3 and all(n.isdecimal() and int(n) for n in shape) for shape in shapes):
        raise click.BadParameter(
            f"expected clips x height x width such as 11x96x128, found {text!r}", param_hint="--shapes"
        )
    return [[int(n) for n in shape] for shape in shapes]


def run_alone(arguments: list[str]) -> tuple[int, float]:
    """Exit code and peak memory (MiB, resident) of an ``asyconv`` command in its own process."""
    with tempfile.TemporaryDirectory() as folder:
        note = Path(folder, "status")
        command = [sys.executable, "-c", ALONE, str(note), *arguments]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        peak = re.search(r"VmHWM:\s*(\d+) kB", note.read_text(encoding="utf8"))
    return done.returncode, int(peak[1]) / 1024 if peak else float("nan")


def cpu_name() -> str:
    """Model of the processor as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def add_row(path: Path, row: dict[str, object]) -> None:
    """Append to a CSV file that has these columns, or begin one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    with path.open("a", encoding="utf8", newline="") as file:
        writer = csv.DictWriter(file, list(row), lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow(row)
