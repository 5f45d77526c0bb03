"""Commands that need no network run without PyTorch."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.blocked import without
from tests.helpers.commands import python
from tests.helpers.real_data import ROOT
from tests.helpers.result_folders import files, folders

NO_TORCH = without("torch") + "\nfrom asyconv.cli.main import main\nmain()"


IN_A_ROW = (
    without("torch")
    + """
import json, sys
from asyconv.cli.main import main

for words in json.loads(sys.argv[1]):
    code = main(words, standalone_mode=False)
    assert not code, (words, code)
"""
)

NO_TORCH_NO_GPU = NO_TORCH.replace("main()", "from asyconv.night import engines\nengines.gpu_count = lambda: 0\nmain()")


@pytest.mark.parametrize("workers", [0, 1])
def test_refusing_an_empty_folder_needs_no_torch(workers: int, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    words = ("process", tmp_path / "empty", "-o", tmp_path / "out", "--workers", workers)
    done = python("-c", NO_TORCH_NO_GPU, *words)
    assert done.returncode == 1, done.stderr
    assert "refused: empty: expected depth recordings or 16-bit gray PNG pictures, found none" in done.stderr
    assert "1 recording: 1 refused" in done.stderr


def test_dry_run_over_new_recordings_needs_no_torch(recordings: Path, model: Path, tmp_path: Path) -> None:
    words = ("process", recordings, "-o", tmp_path / "out", "--model", model, "--dry-run")
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("file,recording_id\n" + "".join(f"{p.name},{p.stem}-1\n" for p in recordings.glob("*.oni")))
    for stated in ((), ("--sheet", sheet)):
        done = python("-c", NO_TORCH, *words, *stated)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count(" new\n") == 3  # one line each, and the sum


def test_the_demo_asks_for_torch_before_it_simulates(tmp_path: Path) -> None:
    done = python("-c", NO_TORCH, "demo", tmp_path / "demo")
    assert done.returncode == 1
    assert "expected PyTorch, found none" in done.stderr
    assert not (tmp_path / "demo").exists()


def test_analyse_needs_no_torch_and_gives_the_same_tables(results: Path, out: Path) -> None:
    folder = folders(results)[0]
    done = python("-c", NO_TORCH, "analyse", folder / "tracks.parquet", "-o", out)
    assert done.returncode == 0, done.stderr
    old, new = files(folder), files(out / folder.name)
    del old["manifest.json"], new["manifest.json"]
    assert new == old
    assert json.loads((out / folder.name / "manifest.json").read_text())["input"]["format"] == "oni"


def test_what_a_ward_does_with_tracks_needs_no_torch(results: Path, recordings: Path, tmp_path: Path) -> None:
    one, two = folders(results)
    source = sorted(recordings.glob("*.oni"))[0]
    shutil.copytree(results, tmp_path / "results")
    (tmp_path / "joints.csv").write_text(
        "scorer,me,me,me\nbodyparts,left_wrist,left_wrist,left_wrist\ncoords,x,y,likelihood\n"
        + "".join(f"{frame},{300 + frame},200,0.9\n" for frame in range(9)),
        encoding="utf8",
    )
    commands = [
        ["report", one, two, "-o", tmp_path / "infant.html"],
        ["cohort", tmp_path / "results"],
        ["export", one, "--to", "deeplabcut", "-o", tmp_path / "dlc.csv"],
        ["import", tmp_path / "joints.csv", "--from", "deeplabcut", "--fps", 30, "-o", tmp_path / "joints.parquet"],
        ["render", one, "-o", tmp_path / "skeleton.mp4"],
        ["status", results],
        ["verify", results],
        ["info", source],
        ["convert", source, tmp_path / "copy.mkv"],
        ["simulate", tmp_path / "simulated", "--infants", 1, "--seconds", "0.2"],
    ]
    words = json.dumps([[str(word) for word in command] for command in commands])
    done = python("-c", IN_A_ROW, words)
    assert done.returncode == 0, done.stderr
    for made in ("infant.html", "dlc.csv", "joints.parquet", "skeleton.mp4", "copy.mkv", "simulated"):
        assert (tmp_path / made).exists()


@pytest.mark.parametrize("workers", ["0", "1"])
def test_finding_joints_without_torch_is_refused_in_a_sentence(recordings: Path, tmp_path: Path, workers: str) -> None:
    (tmp_path / "start").mkdir()
    (tmp_path / "start" / "sitecustomize.py").write_text(without("torch"), encoding="utf8")
    words = ["process", str(recordings), "-o", str(tmp_path / "out"), "--workers", workers]
    done = subprocess.run(
        [sys.executable, "-m", "asyconv.cli.main", *words, "--names", str(tmp_path / "names.csv")],
        capture_output=True, text=True, check=False, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "start")},
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "asyconv: expected PyTorch, found none: pip install 'asyconv[torch]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out" / ".failed").exists()  # no recording is charged with it
