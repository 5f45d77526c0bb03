"""Runs over the same recordings that compete and are killed."""

import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from asyconv.night import results
from tests.helpers.commands import invoke
from tests.helpers.nights import PROCESS, all_done_once, simulated
from tests.helpers.real_data import ROOT


def compete(command: list[str], kills: int, seed: int, most_s: float) -> None:
    """Start a command again and again, killing it after a random time; let the last one come to its end."""
    chance = random.Random(seed)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": ROOT}
    for _ in range(kills):
        process = subprocess.Popen(command, **quiet)  # type: ignore[call-overload]
        try:
            process.wait(chance.uniform(0.0, most_s))
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
    assert subprocess.run(command, **quiet, check=False).returncode == 0  # type: ignore[call-overload]


RUN_RECORDINGS = """
import sys
from pathlib import Path
from asyconv.cli.night import run_recordings
from asyconv.night.engines import Inline
from tests.helpers.made_work import MAKE_RESULT, asked

out = Path(sys.argv[1])
outcomes = run_recordings(MAKE_RESULT, asked([Path(name) for name in sys.argv[2:]], out), out, lambda n: Inline())
sys.exit(any(not outcome.made and outcome.state != "done" for outcome in outcomes))
"""


def test_runs_that_compete_and_are_killed_do_everything_once(tmp_path: Path) -> None:
    names = []
    for n in range(20):
        (tmp_path / f"{n}.txt").write_text(f"recording {n} sleep 0.1")
        os.utime(tmp_path / f"{n}.txt", (1000, 1000))
        names.append(str(tmp_path / f"{n}.txt"))
    command = [sys.executable, "-c", RUN_RECORDINGS, str(tmp_path / "out"), *names]
    runs = [threading.Thread(target=compete, args=(command, 5, seed, 1.2)) for seed in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    all_done_once(tmp_path / "out", 20)


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
def test_sixty_recordings_and_three_runs_killed_twenty_times_each(model: Path, tmp_path: Path) -> None:
    simulated(tmp_path / "in", 60, seed=81, seconds=0.4)
    common = [*PROCESS, str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--model", str(model)]
    commands = [
        [*common, "--workers", workers, "--names", str(tmp_path / f"{n}.csv")] for n, workers in enumerate("001")
    ]
    runs = [threading.Thread(target=compete, args=(command, 20, n, 15.0)) for n, command in enumerate(commands)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    all_done_once(tmp_path / "out", 60)


def test_shares_of_an_array_do_every_recording_once(recordings: Path, model: Path, tmp_path: Path) -> None:
    out, made = tmp_path / "out", []
    for share in range(3):
        result = invoke(
            "process", recordings, "-o", out, "--model", model, "--names", tmp_path / "n.csv", "--shard", f"{share}/3"
        )
        assert result.exit_code == 0, result.output
        made += [line for line in result.stderr.splitlines() if ".oni: " in line and line.endswith(" made")]
    assert len(made) == len(results.manifests(out)) == 2
    for wrong in ("3/3", "1", "x/2"):
        result = invoke("process", recordings, "-o", out, "--model", model, "--shard", wrong)
        assert result.exit_code == 2
        assert "'--shard': expected I/N with I from 0 to N - 1" in result.stderr
