"""asyconv bench: time and memory of a whole recording, of the kernels and of the target maps, as rows of CSV."""

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
from asyconv.cli.messages import note
from asyconv.cli.options import Group, device_option, model_option, option, output_option
from asyconv.notice import NOTICE

if TYPE_CHECKING:
    import torch

SEED = 11
FPS_HZ = 30
ALONE = """
import atexit, sys
from pathlib import Path
from asyconv.cli.main import main

status = Path(sys.argv.pop(1))
atexit.register(lambda: status.write_text(Path("/proc/self/status").read_text()))
main(prog_name="asyconv")
"""
# Notes the peak of the process's own memory: what wait4 tells of a child counts its parent's before the exec too.


@click.group(name="bench", cls=Group, epilog=NOTICE)
def command() -> None:
    """Measure time and memory of this program.

    What is measured is printed. With -o it is added to a CSV file, too; nothing else is written.
    """


@command.command(name="recording", example="asyconv bench recording --seconds 180 -o times.csv")
@option("--seconds", type=click.FloatRange(min=3), default=180.0, show_default=True, help="Length to simulate.")
@model_option()
@output_option("CSV file to which the two rows are added.")
def recording(seconds: float, model: str, output: Path | None) -> None:
    """Simulate one recording and process it, each in a process of its own.

    Prints the time, the frames per second and the peak memory of both.
    """
    from asyconv.cli.machine import device, software
    from asyconv.kernels.timing import commit

    frames = round(seconds * FPS_HZ)
    with tempfile.TemporaryDirectory() as folder:
        recordings, results = Path(folder, "recordings"), Path(folder, "results")
        length = ["--infants", "1", "--seconds", f"{seconds:g}", "--seed", str(SEED)]
        steps = {
            "simulate": ["simulate", str(recordings), *length],
            # in the process that is measured: a worker's child would hide its memory
            "process": ["process", str(recordings), "-o", str(results), "--model", model, "--workers", "0"],
        }
        for what, arguments in steps.items():
            start = time.monotonic()
            status, peak_mib = run_alone(arguments)
            wall_s = time.monotonic() - start
            if status:
                raise click.ClickException(f"asyconv {what} ended with exit code {status}; nothing was measured")
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
                "command": f"asyconv bench recording --seconds {seconds:g} --model {model}",
            }
            if output is not None:
                add_row(output, row)
            click.echo(f"{what}: {wall_s:.1f} s, {frames / wall_s:.1f} frames/s, {peak_mib:.0f} MiB at most")


@command.command(
    name="kernels",
    example="asyconv bench kernels --dtype float16 --dtype bfloat16 --shapes 11x96x128,44x96x128 -o kernels.csv",
)
@device_option()
@option("--dtype", type=click.Choice(["float32", "float16", "bfloat16"]), multiple=True, help="May be repeated.")
@option("--shapes", default="1x96x128", show_default=True, help="Clips x height x width, several with commas.")
@option(
    "--width", type=click.FloatRange(min=0.02, max=4), default=1.0, show_default=True, help="Share of the channels."
)
@option("--seconds", type=click.FloatRange(min=0), default=1.0, show_default=True, help="Time for each row.")
@output_option("CSV file to which the rows are added; rooflines are drawn beside it as PNG and SVG.")
def kernels(
    device: "torch.device", dtype: tuple[str, ...], shapes: str, width: float, seconds: float, output: Path | None
) -> None:
    """Time every implementation of each block of the regression network.

    The memory that training a block keeps is measured, too. A roofline shows each rate under what the device allows.
    """
    from asyconv.cli.roofline import draw_roofline
    from asyconv.kernels.bench import DTYPES, kernel_rows
    from asyconv.kernels.timing import table, write_rows

    for batch, *size in _shapes(shapes):
        for name in dtype or (("float32",) if device.type == "cpu" else ("float16", "bfloat16")):
            rows = []
            for row in kernel_rows(device, DTYPES[name], batch, width=width, size=(size[0], size[1]), seconds=seconds):
                rows.append(row)
                if output is not None:
                    write_rows(output, [row])  # as they come: a run cut short leaves what it had
                note(f"{row.what} {row.block} {row.dtype}")
            click.echo(table(rows))
            if output is not None:
                sizes = "x".join(map(str, (batch, *size)))
                for path in draw_roofline(rows, output.with_name(f"{output.stem}_{name}_{sizes}.png")):
                    click.echo(path)


@command.command(name="explain", example="asyconv bench explain")
@device_option()
def explain(device: "torch.device") -> None:
    """Print which implementation of each block would run on this machine, and why."""
    from asyconv.kernels.bench import explain as explained

    click.echo("\n".join(explained(device)))


@command.command(name="targets", example="asyconv bench targets --clips 4")
@device_option()
@option("--clips", type=click.IntRange(min=1), default=16, show_default=True, help="Clips in the buffer.")
@option("--seconds", type=click.FloatRange(min=0), default=2.0, show_default=True, help="Time for each figure.")
@output_option("CSV file to which the rows are added.")
def targets(device: "torch.device", clips: int, seconds: float, output: Path | None) -> None:
    """Time the drawing of target maps, and beside it the filling of their buffer with zeros."""
    from asyconv.evaluation.target_times import target_rows

    for row in target_rows(device, clips, seconds):
        if output is not None:
            add_row(output, row)
        drawn = f"drawn in {row['draw_p20_ms']} ms, {row['times_filling']} times filling ({row['fill_p20_ms']} ms)"
        click.echo(f"{row['kind']} {row['shape']}: {drawn}")


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
        status = Path(folder, "status")
        command = [sys.executable, "-c", ALONE, str(status), *arguments]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        peak = re.search(r"VmHWM:\s*(\d+) kB", status.read_text(encoding="utf8"))
    return done.returncode, int(peak[1]) / 1024 if peak else float("nan")


def cpu_name() -> str:
    """Model of the processor, as the operating system names it."""
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
