"""asyconv bench: time and memory of a whole recording, of the kernels and of the target maps, as rows of CSV."""

import csv
import platform
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
from asyconv.cli.outputs import check_output, check_rows_file
from asyconv.notice import NOTICE

if TYPE_CHECKING:
    import torch

SEED = 11
FPS_HZ = 30
ALONE = """
import atexit, sys
from pathlib import Path
from asyconv.cli.main import main
from asyconv.system import peak_memory_mib

status = Path(sys.argv.pop(1))
atexit.register(lambda: status.write_text(str(peak_memory_mib())))
main(prog_name="asyconv")
"""


@click.group(name="bench", cls=Group, epilog=NOTICE)
def command() -> None:
    """Measure time and memory of this program.

    What is measured is printed. With -o it is added to a CSV file, too; nothing else is written.
    """


@command.command(name="recording", example="asyconv bench recording ward/004.oni -o times.csv")
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True))
@option("--seconds", type=click.FloatRange(min=3), default=180.0, show_default=True, help="Length to simulate.")
@model_option()
@output_option("CSV file to which the rows are added.")
def recording(file: Path | None, seconds: float, model: str, output: Path | None) -> None:
    """Process a recording in a process of its own; without FILE, one is simulated first.

    Prints the time, the frames per second and the peak memory, then the time of every stage and its share. Frames are
    decoded on a thread of their own; the stage "read" is the time in which the others wait for it.
    """
    if output is not None:
        check_rows_file(output, list(_row("", "", 0, 0.0, 0.0, None, "")), (file,))
    with tempfile.TemporaryDirectory() as folder:
        simulated, results = Path(folder, "recordings"), Path(folder, "results")
        said = f"asyconv bench recording {'FILE' if file else f'--seconds {seconds:g}'} --model {model}"
        if file is None:
            length = ["--infants", "1", "--seconds", f"{seconds:g}", "--seed", str(SEED)]
            wall_s, peak_mib = _timed(["simulate", str(simulated), *length])
            _tell(_row("simulate", "", round(seconds * FPS_HZ), seconds, wall_s, peak_mib, said), output)
        names = ["--names", str(Path(folder, "names.csv"))]
        # in the process that is measured: a worker's child would hide its memory
        process = ["process", str(file or simulated), "-o", str(results), *names, "--model", model, "--workers", "0"]
        wall_s, peak_mib = _timed(process)
        frames, recorded_s, stages = _stages(results)
        _tell(_row("process", model, frames, recorded_s, wall_s, peak_mib, said), output)
        for stage, stage_s in {**stages, "start and the rest": wall_s - sum(stages.values())}.items():
            row = _row(f"process: {stage}", model, frames, recorded_s, stage_s, None, said)
            _tell(row, output, share=stage_s / wall_s)


def _timed(arguments: list[str]) -> tuple[float, float]:
    """Seconds and peak memory (MiB) of a command in a process of its own."""
    start = time.monotonic()
    status, peak_mib = run_alone(arguments)
    if status:
        raise click.ClickException(f"asyconv {arguments[0]} ended with exit code {status}; nothing was measured")
    return time.monotonic() - start, peak_mib


def _stages(results: Path) -> tuple[int, float, dict[str, float]]:
    """Frames and length of the one recording in RESULTS, and the seconds of its stages."""
    from asyconv.night.results import manifests

    finished = manifests(results)
    if len(finished) != 1:
        raise click.ClickException(f"expected one recording that can be processed, found {len(finished)}")
    stages = {name: stage["seconds"] for name, stage in finished[0]["stages"].items()}
    return finished[0]["frames_used"], finished[0]["recorded_s"], stages


def _row(
    what: str, model: str, frames: int, recorded_s: float, wall_s: float, peak_mib: float | None, said: str
) -> dict[str, object]:
    from asyconv.cli.machine import device, software
    from asyconv.kernels.timing import commit
    from asyconv.system import cores, processor

    return {
        "what": what,
        "model": model,
        "frames": frames,
        "recording_s": recorded_s,
        "wall_s": round(wall_s, 2),
        "frames_per_s": round(frames / wall_s, 1) if wall_s else "",
        "peak_memory_mib": "" if peak_mib is None else round(peak_mib),
        "device": device() if model else "cpu, one core",
        "cpu": processor() or platform.processor() or platform.machine(),
        "cores": cores(),
        **software("torch", "numba"),
        "asyconv": asyconv.__version__,
        "commit": commit(),
        "command": said,
    }


def _tell(row: dict[str, object], output: Path | None, share: float | None = None) -> None:
    """Print a row, with a stage's share of the time, and add it to the CSV file."""
    if output is not None:
        add_row(output, row)
    more = f"{row['peak_memory_mib']} MiB at most" if share is None else f"{share:.1%} of the time"
    click.echo(f"{row['what']}: {row['wall_s']} s, {row['frames_per_s']} frames/s, {more}")


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
    from asyconv.kernels.timing import COLUMNS, table, write_rows

    shapes_of = _shapes(shapes)
    kinds = dtype or (("float32",) if device.type == "cpu" else ("float16", "bfloat16"))
    if output is not None:
        pictures = [_roofline(output, shape, name) for shape in shapes_of for name in kinds]
        for picture in pictures if not output.exists() else ():  # beside rows of this command they are its own
            for path in (picture, picture.with_suffix(".svg")):
                check_output(path, (".png", ".svg"), (), overwrite=False)
        check_rows_file(output, COLUMNS)
    for batch, *size in shapes_of:
        for name in kinds:
            rows = []
            for row in kernel_rows(device, DTYPES[name], batch, width=width, size=(size[0], size[1]), seconds=seconds):
                rows.append(row)
                if output is not None:
                    write_rows(output, [row])  # as they come: a run cut short leaves what it had
                note(f"{row.what} {row.block} {row.dtype}")
            click.echo(table(rows))
            if output is not None:
                for path in draw_roofline(rows, _roofline(output, [batch, *size], name)):
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

    if output is not None:
        check_output(output, (".csv",), (), overwrite=True)
    for row in target_rows(device, clips, seconds):
        if output is not None:
            add_row(output, row)
        drawn = f"drawn in {row['draw_p20_ms']} ms, {row['times_filling']} times filling ({row['fill_p20_ms']} ms)"
        click.echo(f"{row['kind']} {row['shape']}: {drawn}")


def _roofline(output: Path, shape: list[int], dtype: str) -> Path:
    return output.with_name(f"{output.stem}_{dtype}_{'x'.join(map(str, shape))}.png")


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
        return done.returncode, float(status.read_text(encoding="utf8"))


def add_row(path: Path, row: dict[str, object]) -> None:
    """Append to a CSV file that has these columns, or begin one."""
    check_rows_file(path, list(row))
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    with path.open("a", encoding="utf8", newline="") as file:
        writer = csv.DictWriter(file, list(row), lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow(row)
