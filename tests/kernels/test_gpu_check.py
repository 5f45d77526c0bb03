"""The GPU check as far as a CPU can go."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from asyconv.kernels import bench, implementations, timing
from tests.gpu_check import check as gpu_check
from tests.gpu_check import networks, paths, processes
from tests.helpers.commands import python

CPU = torch.device("cpu")


def test_gpu_check_without_a_gpu_says_so() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU; make gpu-check would run for minutes")
    done = python("-m", "tests.gpu_check")
    assert done.returncode == 1
    assert done.stderr == "gpu-check: torch sees no CUDA device here, so nothing was checked\n"


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> gpu_check.Check:
    monkeypatch.setattr(networks, "NETWORK", (2, 3, 4))
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *_: (9, 0))
    for setting in ("allow_tf32", "benchmark"):
        monkeypatch.setattr(torch.backends.cudnn, setting, getattr(torch.backends.cudnn, setting))
    return gpu_check.Check(CPU, tmp_path / "rows.csv", lambda: 1000.0)


def test_steps_of_the_gpu_check_run_in_small(check: gpu_check.Check, capsys: pytest.CaptureFixture[str]) -> None:
    paths.correctness(check, "library", ((1, 2, 3),))
    paths.gradients(check)
    networks.networks(check)
    networks.training(check)
    check.tell()
    assert not check.failures
    assert [row.what for row in check.rows[24:]] == [
        "network by library", "training step, frozen statistics, by library", "training step",
    ]  # fmt: skip
    assert max(float(row.relative_error) for row in check.rows[:24]) > 0
    said = capsys.readouterr().out
    assert "training step" in said
    assert said.endswith("nothing that was checked is wrong\n")


def test_blocks_of_the_gpu_check_stop_when_time_is_short(
    check: gpu_check.Check, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [timing.Row("library", "B1", str(n), "float16", "cpu", p50_ms=1.0) for n in range(5)]
    monkeypatch.setattr(bench, "kernel_rows", lambda *_, **__: iter(rows))
    left_s = iter([200.0, 200.0, 100.0])
    check.left_s = lambda: next(left_s)
    paths.blocks(check)
    assert len(check.rows) == 3
    with check.out.open(encoding="utf8", newline="") as file:
        assert [row["shape"] for row in csv.DictReader(file)] == ["0", "1", "2"]
    assert "time is up for the blocks at 11 clips in float16" in capsys.readouterr().out


def test_gpu_check_sees_a_wrong_kernel(check: gpu_check.Check, monkeypatch: pytest.MonkeyPatch) -> None:
    for factor in (1.01, float("nan")):
        wrong = implementations.Implementation(lambda block, x, factor=factor: block.run(x) * factor)  # type: ignore[misc]
        monkeypatch.setattr(implementations, "implementations", lambda block, wrong=wrong: {"wrong": wrong})
        paths.correctness(check, "wrong", ((1, 2, 3),))
    assert len(check.failures) == 2 * 3 * 2 * 4  # what is wrong, dtypes, widths, blocks


PROGRAMS = {
    "sound": "print('a word')",
    "wrong": "print('WRONG B1 by 3'); raise SystemExit(1)",
    "crashed": "import os; os.abort()",
    "hanging": "import time; print('begun', flush=True); time.sleep(60)",
}


def test_a_path_that_hangs_or_crashes_costs_only_itself(
    check: gpu_check.Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    from asyconv.kernels import dispatch

    def start(path: str, out: Path, seconds: float) -> "subprocess.Popen[str]":
        timing.write_rows(out / "rows.csv", [timing.Row(f"correctness of {path}", "B1", "s", "float16", "cpu")])
        return processes.launch_child([sys.executable, "-c", PROGRAMS[path]], out)

    def ended(child: "subprocess.Popen[str]", limit_s: float) -> tuple[int | None, str]:
        hangs = "sleep" in str(child.args)
        return in_time(child, 0.5 if hangs else limit_s)

    in_time = processes.ended
    monkeypatch.setattr(dispatch, "PATHS", tuple(PROGRAMS))
    monkeypatch.setattr(processes, "start", start)
    monkeypatch.setattr(processes, "ended", ended)
    processes.alone(check)
    assert check.broken == {"crashed", "hanging"}
    assert len(check.rows) == 4
    assert check.failures[0] == "B1 by 3"
    assert "crashed: its process ended with exit code -6" in check.failures[1]
    assert "hanging: its process did not end in time" in check.failures[2]


def test_gpu_check_gives_up_on_a_step_that_does_not_end(
    check: gpu_check.Check, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    codes: list[int] = []
    monkeypatch.setattr(gpu_check.os, "_exit", codes.append)  # type: ignore[attr-defined]
    check.keep(timing.Row("library", "B1", "1x21x3->64", "float16", "cpu", p50_ms=1.25))
    check.give_up()
    assert codes == [1]
    said = capsys.readouterr().out
    assert "1.25" in said
    assert said.endswith("WRONG a step did not end in time\n")


def test_gpu_check_without_a_sanitizer_says_so(
    check: gpu_check.Check, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(processes.shutil, "which", lambda *_, **__: None)  # type: ignore[attr-defined]
    processes.sanitizer(check)
    assert capsys.readouterr().out == "skipped: compute-sanitizer is not installed here\n"


@pytest.mark.parametrize(("status", "fails"), [(0, 0), (99, 1), (3, 0)])
def test_only_what_the_sanitizer_finds_is_wrong(
    status: int, fails: int, check: gpu_check.Check, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    tool = tmp_path / "compute-sanitizer"
    tool.write_text(f"#!/bin/sh\necho ========= SUMMARY: $2\nexit {status}\n", encoding="utf8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(processes, "sound", lambda check: ["library", "tensor-core"])
    processes.sanitizer(check)
    assert len(check.failures) == 2 * fails
    assert "memcheck of tensor-core" in capsys.readouterr().out
