"""The parts of asyconv bench that process recordings: stages, growth, and threads beside other processes."""

import contextlib
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

import asyconv
from asyconv.cli.options import PATH, Number, asyconv_command, model_option, option, output_option
from asyconv.cli.outputs import add_row, check_rows_file

SEED = 11
FPS_HZ = 30
ALONE = """
import atexit, sys
from pathlib import Path
from asyconv.cli.main import main
from asyconv.system import peak_memory_mib

status, maps = Path(sys.argv.pop(1)), sys.argv.pop(1)
atexit.register(lambda: status.write_text(str(peak_memory_mib())))
if maps == "whole":
    from asyconv.pose import detected, inference

    inference.detected_box = lambda seen, presence, thresholds: detected.whole(seen)
main(prog_name="asyconv")
"""
BUSY = "while True: pass"


@dataclass(frozen=True)
class Way:
    """How recordings are processed; `workers` 0 is in the process that is measured, so that its memory is seen."""

    model: str
    workers: int = 0
    busy: int = 0
    everything: bool = False
    """Compute whole maps in float32, as the program did before it computed only what is read."""

    def named(self) -> dict[str, object]:
        """Columns of the rows."""
        maps = "whole maps, float32" if self.everything else "maps in the box"
        return {"model": self.model, "computed": maps, "workers": self.workers, "busy_processes": self.busy}


@dataclass(frozen=True)
class Spent:
    """Time and memory of a command, and what the manifests say of the recordings that it has processed."""

    wall_s: float
    peak_mib: float
    frames: int = 0
    recorded_s: float = 0.0
    recordings: int = 1
    precision: str = ""
    stages: dict[str, dict[str, float]] = field(default_factory=dict)


@asyconv_command("recording", example="asyconv bench recording ward/004.oni -o times.csv")
@click.argument("file", required=False, type=PATH)
@option("--seconds", type=Number(min=3), default=180.0, show_default=True, help="Length to simulate.")
@option("--recordings", type=click.IntRange(min=1), default=1, show_default=True, help="How many to simulate.")
@option("--compare", is_flag=True, help="Before, process with whole maps in float32, too.")
@model_option()
@output_option("CSV file to which the rows are added.")
def recording(
    file: Path | None, seconds: float, recordings: int, compare: bool, model: str, output: Path | None
) -> None:
    """Process a recording in a process of its own; without FILE, one is simulated first.

    Prints the time, the frames per second and the peak memory, then the time of every stage, its share, and the share
    of the processor's rate of matrix products that the networks reach; at last what motion evidence and the estimator
    take together. Frames are decoded on a thread of their own; the stage "read" is the time others wait for it.
    """
    if output is not None:
        check_rows_file(output, list(_row("", Spent(0.0, 0.0), {}, "")), (file,))
    what = "FILE" if file else f"--seconds {seconds:g}" + (f" --recordings {recordings}" if recordings > 1 else "")
    said = f"asyconv bench recording {what} --model {model}" + (" --compare" if compare else "")
    with tempfile.TemporaryDirectory() as folder:
        source = file or Path(folder, "recordings")
        if file is None:
            spent = simulated(source, recordings, seconds)
            tell(_row("simulate", spent, {"device": "cpu, one core"}, said), output)
        for everything in (True, False) if compare else (False,):
            way = Way(model, everything=everything)
            spent = processed(source, Path(folder, f"results-{everything}"), way)
            tell(_row("process", spent, way.named(), said), output)
            for row in _stage_rows(spent, way, said):
                tell(row, output, share=float(str(row["wall_s"])) / spent.wall_s if spent.wall_s else 0.0)
            if "motion" in spent.stages:
                row = _movement_row(spent, way, Path(folder, f"results-{everything}"), said)
                tell(row, output, share=float(str(row["wall_s"])) / spent.wall_s)


@asyconv_command("growth", example="asyconv bench growth --longest 256")
@option("--longest", type=Number(min=4), default=64.0, show_default=True, help="Longest recording, seconds.")
@option("--most", type=click.IntRange(min=1), default=16, show_default=True, help="Most recordings.")
@model_option()
@output_option("CSV file to which the rows are added.")
def growth(longest: float, most: int, model: str, output: Path | None) -> None:
    """Measure how time and memory grow with the length of a recording, and with the number of recordings.

    Four simulated seconds are repeated to the lengths 1, 4, 16, ... seconds, and processed 1, 2, 4, ... times over.
    Time should grow by as much per second of recording, and memory should not grow.
    """
    from asyconv.simulation.repeated import write_repeated

    if output is not None:
        check_rows_file(output, list(_row("", Spent(0.0, 0.0), {}, "")), ())
    said, way = f"asyconv bench growth --longest {longest:g} --most {most} --model {model}", Way(model)
    lengths = [1.0]
    while lengths[-1] < longest:
        lengths.append(min(4 * lengths[-1], longest))
    counts = [1 << n for n in range(most.bit_length())]
    with tempfile.TemporaryDirectory() as folder:
        simulated(Path(folder, "simulated"), 1, 4.0)
        source = next(Path(folder, "simulated").glob("*.oni"))
        for count, length_s in [*((1, length) for length in lengths), *((count, 4.0) for count in counts[1:])]:
            with tempfile.TemporaryDirectory(dir=folder) as place:
                for number in range(count):
                    write_repeated(source, Path(place, f"{number}.oni"), round(length_s * FPS_HZ), first=number)
                spent = processed(Path(place), Path(folder, f"results-{count}-{length_s:g}"), way)
            tell(_row("process", spent, way.named(), said), output)


@asyconv_command("threads", example="asyconv bench threads -o threads.csv")
@option("--seconds", type=Number(min=3), default=10.0, show_default=True, help="Length of each recording.")
@model_option()
@output_option("CSV file to which the rows are added.")
def threads(seconds: float, model: str, output: Path | None) -> None:
    """Process two simulated recordings on a quiet machine, then beside one and beside two busy processes.

    Each time one worker takes them in turn with all cores, then two workers share the cores.
    """
    if output is not None:
        check_rows_file(output, list(_row("", Spent(0.0, 0.0), {}, "")), ())
    said = f"asyconv bench threads --seconds {seconds:g} --model {model}"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "recordings")
        simulated(source, 2, seconds)
        for busy in (0, 1, 2):
            for workers in (1, 2):
                way = Way(model, workers=workers, busy=busy)
                with _busy_processes(busy):
                    spent = processed(source, Path(folder, f"results-{busy}-{workers}"), way)
                tell(_row("process", spent, way.named(), said), output)


def simulated(folder: Path, recordings: int, seconds: float) -> Spent:
    """Simulate recordings into a new folder."""
    length = ["--infants", str(recordings), "--seconds", f"{seconds:g}", "--seed", str(SEED)]
    wall_s, peak_mib = _timed(["simulate", str(folder), *length])
    return Spent(wall_s, peak_mib, recordings * round(seconds * FPS_HZ), recordings * seconds, recordings)


def processed(source: Path, results: Path, way: Way) -> Spent:
    """Process what lies in `source` into a new folder; stages are the sums over all recordings."""
    from asyconv.night.results import manifests

    arguments = ["process", str(source), "-o", str(results), "--names", str(results.with_suffix(".csv"))]
    arguments += ["--model", way.model, "--workers", str(way.workers)]
    wall_s, peak_mib = _timed([*arguments, "--precision", "float32"] if way.everything else arguments, way.everything)
    finished = manifests(results)
    if not finished:
        raise click.ClickException("expected a recording that can be processed, found none")
    stages: dict[str, dict[str, float]] = {}
    for made in finished:
        for name, numbers in made["stages"].items():
            sums = stages.setdefault(name, {})
            for number, value in numbers.items():
                sums[number] = sums.get(number, 0.0) + value
    frames, recorded_s = (sum(made[name] for made in finished) for name in ("frames_used", "recorded_s"))
    precision = finished[0].get("tracking", {}).get("precision", "")
    return Spent(wall_s, peak_mib, frames, recorded_s, len(finished), precision, stages)


def _stage_rows(spent: Spent, way: Way, said: str) -> Iterator[dict[str, object]]:
    named = sum(stage["seconds"] for stage in spent.stages.values())
    rest = {"start and the rest": {"seconds": spent.wall_s - named}}
    for stage, numbers in {**spent.stages, **rest}.items():
        of_stage = Spent(numbers["seconds"], 0.0, spent.frames, spent.recorded_s, spent.recordings)
        more: dict[str, object] = {"peak_memory_mib": "", "cpu_s": numbers.get("cpu_s", "")}
        if "cpu_s" in numbers and spent.frames:
            more["cpu_ms_per_frame"] = round(1e3 * numbers["cpu_s"] / spent.frames, 3)
        if "gflop" in numbers and numbers["seconds"]:
            share = numbers["gflop"] / numbers["seconds"] / _matrix_gflop_per_s(spent.precision)
            more["share_of_matrix_rate"] = round(share, 3)
        yield _row(f"process: {stage}", of_stage, {**way.named(), **more}, said)


def _movement_row(spent: Spent, way: Way, results: Path, said: str) -> dict[str, object]:
    """Motion evidence and the estimator of positions together; the latter is part of the analysis, and done again."""
    from asyconv.analysis.cleaning.clean import clean
    from asyconv.tracks_file import read_tracks

    wall_s, cpu_s = (spent.stages["motion"].get(name, 0.0) for name in ("seconds", "cpu_s"))
    for path in sorted(results.glob("*/tracks.parquet")):
        tracks = read_tracks(path)
        clean(tracks)  # what runs first is compiled
        begun_s, begun_cpu_s = time.monotonic(), time.process_time()
        clean(tracks)
        wall_s, cpu_s = wall_s + time.monotonic() - begun_s, cpu_s + time.process_time() - begun_cpu_s
    more = {"peak_memory_mib": "", "cpu_s": round(cpu_s, 3), "cpu_ms_per_frame": round(1e3 * cpu_s / spent.frames, 3)}
    of_both = Spent(wall_s, 0.0, spent.frames, spent.recorded_s, spent.recordings)
    return _row("motion evidence and estimator", of_both, {**way.named(), **more}, said)


def _matrix_gflop_per_s(precision: str) -> float:
    """Rate of a large matrix product on the device and in the type of the networks, with all threads."""
    import torch

    from asyconv.kernels.bench import ceilings

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return float(ceilings(device, getattr(torch, precision))[0].gflop_per_s)


@contextlib.contextmanager
def _busy_processes(count: int) -> Iterator[None]:
    children = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]
    try:
        yield
    finally:
        for child in children:
            child.kill()
            child.wait()


def _timed(arguments: list[str], everything: bool = False) -> tuple[float, float]:
    """Seconds and peak memory (MiB) of a command in a process of its own."""
    start = time.monotonic()
    status, peak_mib = run_alone(arguments, everything=everything)
    if status:
        raise click.ClickException(f"asyconv {arguments[0]} ended with exit code {status}; nothing was measured")
    return time.monotonic() - start, peak_mib


def run_alone(arguments: Sequence[str], *, everything: bool = False) -> tuple[int, float]:
    """Exit code and peak memory (MiB, resident) of an ``asyconv`` command in its own process."""
    with tempfile.TemporaryDirectory() as folder:
        status = Path(folder, "status")
        command = [sys.executable, "-c", ALONE, str(status), "whole" if everything else "box", *arguments]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        return done.returncode, float(status.read_text(encoding="utf8"))


def _row(what: str, spent: Spent, more: Mapping[str, object], said: str) -> dict[str, object]:
    from asyconv.cli.machine import device, software
    from asyconv.kernels.timing import commit
    from asyconv.system import cores, processor

    row: dict[str, Any] = {
        "what": what,
        **Way("", 0).named(),
        "recordings": spent.recordings,
        "frames": spent.frames,
        "recording_s": spent.recorded_s,
        "wall_s": round(spent.wall_s, 2),
        "frames_per_s": round(spent.frames / spent.wall_s, 1) if spent.wall_s else "",
        "cpu_s": "",
        "cpu_ms_per_frame": "",
        "share_of_matrix_rate": "",
        "peak_memory_mib": round(spent.peak_mib),
        "device": device() if more.get("model") else "cpu, one core",
        "cpu": processor() or platform.processor() or platform.machine(),
        "cores": cores(),
        **software("torch", "numba"),
        "asyconv": asyconv.__version__,
        "commit": commit(),
        "command": said,
    }
    if what == "simulate":
        row["computed"] = ""
    return row | dict(more)


def tell(row: dict[str, object], output: Path | None, share: float | None = None) -> None:
    """Print a row, with a stage's share of the time, and add it to the CSV file."""
    if output is not None:
        add_row(output, row)
    how = f" {row['recordings']} x {row['recording_s']} s in all" if row["recordings"] != 1 else ""
    if row["busy_processes"] or row["workers"]:
        how += f", {row['workers']} workers beside {row['busy_processes']} busy processes"
    rate = f", {row['share_of_matrix_rate']:.0%} of the matrix rate" if row["share_of_matrix_rate"] != "" else ""
    cpu = f", {row['cpu_ms_per_frame']} ms of processor time a frame" if row["cpu_ms_per_frame"] != "" else ""
    more = f"{row['peak_memory_mib']} MiB at most" if share is None else f"{share:.1%} of the time"
    maps = f"; {row['computed']}" if share is None and row["computed"] else ""
    click.echo(f"{row['what']}{how}: {row['wall_s']} s, {row['frames_per_s']} frames/s{cpu}{rate}, {more}{maps}")
