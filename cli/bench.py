"""asyconv bench: time and memory of one whole recording, as a row of a CSV file."""

import csv
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

import asyconv
from asyconv.notice import NOTICE

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


@click.command(name="bench", epilog=NOTICE)
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
def command(seconds: float, model: str, output: Path) -> None:
    """Process one simulated recording in a process of its own; add its time and peak memory to OUTPUT."""
    from asyconv.cli.compose import device, software
    from asyconv.cli.simulate import simulate

    with tempfile.TemporaryDirectory() as folder:
        recording = simulate(Path(folder, "recordings"), 1, seconds, SEED)[0]
        start = time.monotonic()
        status, peak_mib = run_alone(["process", str(recording), "-o", str(Path(folder, "results")), "--model", model])
        wall_s = time.monotonic() - start
    if status:
        raise click.ClickException(f"asyconv process ended with exit code {status}; there is nothing to note")
    frames = round(seconds * FPS_HZ)
    row = {
        "what": "process",
        "model": model,
        "frames": frames,
        "recording_s": seconds,
        "wall_s": round(wall_s, 1),
        "frames_per_s": round(frames / wall_s, 1),
        "peak_memory_mib": round(peak_mib),
        "device": device(),
        "cpu": cpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        **software("torch", "numba"),
        "asyconv": asyconv.__version__,
        "command": f"asyconv bench --seconds {seconds:g} --model {model}",
    }
    add_row(output, row)
    click.echo("\n".join(f"{name}: {value}" for name, value in row.items()))


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
