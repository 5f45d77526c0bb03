"""The commands that make and measure models, and the benchmark, at their smallest."""

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from asyconv.cli import bench
from asyconv.cli.main import main
from asyconv.kernels.timing import Row


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)


def test_training_is_a_folder_that_can_be_gone_on_with(tmp_path: Path) -> None:
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


def test_bench_adds_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def run_alone(arguments: list[str]) -> tuple[int, float]:
        asked.append(arguments)
        return 0, 700.4

    monkeypatch.setattr(bench, "run_alone", run_alone)
    output = tmp_path / "benchmarks" / "rows.csv"
    for _ in range(2):
        assert invoke("bench", "recording", "--seconds", 3, "-o", output).exit_code == 0
    with output.open(newline="") as file:
        rows = list(csv.DictReader(file))
    both = [("simulate", "90", "700", ""), ("process", "90", "700", "compact")]
    assert [(row["what"], row["frames"], row["peak_memory_mib"], row["model"]) for row in rows] == both * 2
    assert rows[0]["command"] == "asyconv bench recording --seconds 3 --model compact"
    assert [arguments[0] for arguments in asked] == ["simulate", "process"] * 2
    assert asked[1][1] == asked[0][1]  # what the first makes, the second processes


def test_bench_writes_only_where_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "run_alone", lambda arguments: (0, 700.4))
    monkeypatch.chdir(tmp_path)
    result = invoke("bench", "recording", "--seconds", 3)
    assert result.exit_code == 0
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == ["simulate", "process"]
    row = Row("gemm", "", "", "float32", "cpu")
    monkeypatch.setattr("asyconv.kernels.bench.kernel_rows", lambda *arguments, **options: [row])
    result = invoke("bench", "kernels", "--device", "cpu")
    assert result.exit_code == 0
    assert "gemm" in result.stdout
    assert not list(tmp_path.iterdir())


def test_bench_notes_nothing_of_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "run_alone", lambda arguments: (1, 0.0))
    result = invoke("bench", "recording", "--seconds", 3, "-o", tmp_path / "rows.csv")
    assert result.exit_code == 1
    assert not (tmp_path / "rows.csv").exists()


def test_a_command_alone_tells_its_exit_code_and_memory() -> None:
    status, peak_mib = bench.run_alone(["--version"])
    assert status == 0
    assert 5 < peak_mib < 200
    assert bench.run_alone(["process"])[0] == 2


def test_bench_targets_adds_a_row_for_each_kind_of_target(tmp_path: Path) -> None:
    output = tmp_path / "targets.csv"
    result = invoke("bench", "targets", "--device", "cpu", "--clips", 1, "--seconds", 0, "-o", output)
    assert result.exit_code == 0, result.output
    with output.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["kind"], row["radius_map"]) for row in rows] == [("detection", "3.0"), ("regression", "6.0")]
    assert all(float(row["times_filling"]) > 0 for row in rows)
