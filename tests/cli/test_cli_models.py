"""The commands that make and measure models, and the benchmark, at their smallest."""

import csv
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from asyconv.cli import bench_recording
from asyconv.kernels.timing import Row
from asyconv.recordings.opening import open_recording
from asyconv.simulation.simulate import simulate
from tests.helpers.commands import invoke


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_training_is_a_folder_that_can_be_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyconv.training.data.VALIDATION_INFANTS", 2)
    run = tmp_path / "runs" / "tiny"
    small = ["infants=2", "seed=3", "width=0.0625", "detection.steps=1", "detection.batch=2", "regression.batch=2"]
    arguments = ["train", run, *(f"--set={change}" for change in small), "--workers", 0]
    result = invoke(*arguments, "--set=regression.steps=1")
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{run}\n"
    left = {"recipe.json", "detection.safetensors", "regression.safetensors", "losses.csv", "losses.png"}
    assert left <= {path.name for path in run.iterdir()}
    before = (run / "regression.safetensors").read_bytes()
    assert invoke(*arguments, "--set=regression.steps=1").exit_code == 0
    assert (run / "regression.safetensors").read_bytes() == before
    result = invoke(*arguments, "--set=regression.steps=2")
    assert result.exit_code == 1
    assert "expected the same settings as before" in result.stderr


def test_export_wants_a_training(tmp_path: Path) -> None:
    result = invoke("export-model", tmp_path, "-o", tmp_path / "m.safetensors")
    assert result.exit_code == 1
    assert "expected the folder of a training" in result.stderr


def test_evaluate_wants_a_model(tmp_path: Path) -> None:
    result = invoke("evaluate", "errors", tmp_path / "none.safetensors")
    assert result.exit_code == 1
    assert "expected a model file" in result.stderr


MANIFEST = {
    "recording_id": "rec-1",
    "frames_used": 90,
    "recorded_s": 3.0,
    "stages": {"networks": {"seconds": 4.0, "cpu_s": 7.9}, "read": {"seconds": 1.0, "cpu_s": 1.0}},
}


def leave_manifest(arguments: list[str], everything: bool = False) -> tuple[int, float]:
    """Take no time, and leave what the command `process` would of each recording."""
    if arguments[0] == "simulate":
        Path(arguments[1]).mkdir()
        for number in range(int(arguments[arguments.index("--infants") + 1])):
            Path(arguments[1], f"{number}.oni").touch()
    if arguments[0] == "process":
        for recording in Path(arguments[1]).glob("*.oni"):
            folder = Path(arguments[arguments.index("-o") + 1], f"rec-{recording.stem}")
            folder.mkdir(parents=True)
            (folder / "manifest.json").write_text(json.dumps(MANIFEST))
    return 0, 700.4


def test_bench_adds_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def run_alone(arguments: list[str], everything: bool = False) -> tuple[int, float]:
        asked.append(arguments)
        return leave_manifest(arguments)

    monkeypatch.setattr(bench_recording, "run_alone", run_alone)
    output = tmp_path / "benchmarks" / "rows.csv"
    for _ in range(2):
        assert invoke("bench", "recording", "--seconds", 3, "-o", output).exit_code == 0
    rows = rows_of(output)
    stages = [(f"process: {name}", "90", "", "compact") for name in ("networks", "read", "start and the rest")]
    both = [("simulate", "90", "700", ""), ("process", "90", "700", "compact"), *stages]
    assert [(row["what"], row["frames"], row["peak_memory_mib"], row["model"]) for row in rows] == both * 2
    assert [(row["wall_s"], row["frames_per_s"]) for row in rows[2:4]] == [("4.0", "22.5"), ("1.0", "90.0")]
    assert float(rows[4]["wall_s"]) == pytest.approx(float(rows[1]["wall_s"]) - 5.0, abs=0.011)
    assert rows[0]["command"] == "asyconv bench recording --seconds 3 --model compact"
    assert [arguments[0] for arguments in asked] == ["simulate", "process"] * 2
    assert asked[1][1] == asked[0][1]  # what the first makes, the second processes


def test_bench_writes_only_where_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_recording, "run_alone", leave_manifest)
    monkeypatch.chdir(tmp_path)
    result = invoke("bench", "recording", "--seconds", 3)
    assert result.exit_code == 0
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == ["simulate", *["process"] * 4]
    row = Row("gemm", "", "", "float32", "cpu")
    monkeypatch.setattr("asyconv.kernels.bench.kernel_rows", lambda *arguments, **options: [row])
    result = invoke("bench", "kernels", "--device", "cpu")
    assert result.exit_code == 0
    assert "gemm" in result.stdout
    assert not list(tmp_path.iterdir())


def test_bench_times_the_stages_of_a_recording(recordings: Path, model: Path, tmp_path: Path) -> None:
    source, output = sorted(recordings.glob("*.oni"))[0], tmp_path / "rows.csv"
    before = sorted(recordings.iterdir())
    result = invoke("bench", "recording", source, "--model", model, "-o", output)
    assert result.exit_code == 0, result.output
    assert sorted(recordings.iterdir()) == before
    whole, *stages, both = rows_of(output)
    assert (whole["what"], whole["frames"]) == ("process", "18")
    assert float(whole["peak_memory_mib"]) > 100
    assert {"process: networks", "process: joints", "process: report"} <= {row["what"] for row in stages}
    assert sum(float(row["wall_s"]) for row in stages) == pytest.approx(float(whole["wall_s"]), abs=0.1)
    assert source.name not in output.read_text()
    shares = [float(line.rsplit(", ", 1)[1].split("%")[0]) for line in result.stdout.splitlines()[1:-1]]
    assert both["what"] == "motion evidence and estimator"
    assert float(both["wall_s"]) > 0
    assert "ms of processor time a frame" in result.stdout.splitlines()[-1]
    assert sum(shares) == pytest.approx(100, abs=0.5)
    (networks,) = (row for row in stages if row["what"] == "process: networks")
    assert float(networks["share_of_matrix_rate"]) > 0
    assert float(networks["cpu_ms_per_frame"]) == pytest.approx(1e3 * float(networks["cpu_s"]) / 18, abs=0.001)


def test_bench_compares_with_computing_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def run_alone(arguments: list[str], everything: bool = False) -> tuple[int, float]:
        asked.append(("--precision" in arguments, everything))
        return leave_manifest(arguments)

    monkeypatch.setattr(bench_recording, "run_alone", run_alone)
    output = tmp_path / "rows.csv"
    result = invoke("bench", "recording", "--seconds", 3, "--recordings", 2, "--compare", "-o", output)
    assert result.exit_code == 0, result.output
    assert asked == [(False, False), (True, True), (False, False)]
    whole = [row for row in rows_of(output) if row["what"] == "process"]
    assert [(row["computed"], row["recordings"], row["frames"]) for row in whole] == [
        ("whole maps, float32", "2", "180"), ("maps in the box", "2", "180"),
    ]  # fmt: skip


def test_bench_threads_processes_beside_busy_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_recording, "run_alone", leave_manifest)
    output = tmp_path / "threads.csv"
    assert invoke("bench", "threads", "--seconds", 3, "-o", output).exit_code == 0
    rows = [(row["busy_processes"], row["workers"], row["frames"]) for row in rows_of(output)]
    assert rows == [(busy, workers, "180") for busy in "012" for workers in "12"]


def test_bench_growth_repeats_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = []

    def run_alone(arguments: list[str], everything: bool = False) -> tuple[int, float]:
        if arguments[0] == "simulate":
            simulate(Path(arguments[1]), 1, 0.2, 3)
            return 0, 1.0
        paths = sorted(Path(arguments[1]).glob("*.oni"))
        frames = []
        for path in paths:
            with open_recording(path) as recording:
                frames.append([frame.depth for frame in recording.frames()])
        assert all(np.array_equal(depths[0], depths[6]) for depths in frames if len(depths) > 6)
        assert not any(np.array_equal(a[0], b[0]) for a, b in pairwise(frames))
        numbers.append((len(paths), len(frames[0])))
        return leave_manifest(arguments)

    monkeypatch.setattr(bench_recording, "run_alone", run_alone)
    assert invoke("bench", "growth", "--longest", 4, "--most", 2).exit_code == 0
    assert numbers == [(1, 30), (1, 120), (2, 120)]


def test_bench_wants_a_recording_that_can_be_processed(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = invoke("bench", "recording", tmp_path / "empty", "-o", tmp_path / "rows.csv")
    assert result.exit_code == 1
    assert "asyconv process ended with exit code 1; nothing was measured" in result.stderr
    assert not (tmp_path / "rows.csv").exists()


def test_a_command_alone_tells_its_exit_code_and_memory() -> None:
    status, peak_mib = bench_recording.run_alone(["--version"])
    assert status == 0
    assert 5 < peak_mib < 200
    assert bench_recording.run_alone(["process"])[0] == 2


def test_bench_targets_adds_a_row_for_each_kind_of_target(tmp_path: Path) -> None:
    output = tmp_path / "targets.csv"
    result = invoke("bench", "targets", "--device", "cpu", "--clips", 1, "--seconds", 0, "-o", output)
    assert result.exit_code == 0, result.output
    rows = rows_of(output)
    assert [(row["kind"], row["radius_map"]) for row in rows] == [("detection", "3.0"), ("regression", "6.0")]
    assert all(float(row["times_filling"]) > 0 for row in rows)


def test_bench_reading_adds_a_row_for_each_format(tmp_path: Path) -> None:
    output = tmp_path / "reading.csv"
    result = invoke("bench", "reading", "--seconds", 1, "-o", output)
    assert result.exit_code == 0, result.output
    rows = rows_of(output)
    assert [row["format"].split()[0] for row in rows] == ["OpenNI", "folder", "FFV1", "HDF5,", "HDF5,", "ROS"]
    assert {row["frames"] for row in rows} == {"30"}
    assert all(float(row["frames_per_s"]) > 0 for row in rows)
    assert [round(float(row["kib_per_frame"])) for row in rows][-1] == 600  # the bag holds 640x480 pixels of 16 bits
