"""Commands that need no network run without PyTorch."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.blocked import without
from tests.helpers.result_folders import files, folders

NO_TORCH = without("torch") + "\nfrom asyconv.cli.main import main\nmain()"


NO_TORCH_NO_GPU = NO_TORCH.replace("main()", "from asyconv.night import engines\nengines.gpu_count = lambda: 0\nmain()")


@pytest.mark.parametrize("workers", [0, 1])
def test_refusing_an_empty_folder_needs_no_torch(workers: int, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    command = [sys.executable, "-c", NO_TORCH_NO_GPU, "process", str(tmp_path / "empty"), "-o", str(tmp_path / "out")]
    done = subprocess.run([*command, "--workers", str(workers)], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "refused: empty: expected 16-bit gray PNG pictures, found none" in done.stderr
    assert "1 recording: 1 refused" in done.stderr


def test_dry_run_over_new_recordings_needs_no_torch(recordings: Path, model: Path, tmp_path: Path) -> None:
    arguments = ["process", str(recordings), "-o", str(tmp_path / "out"), "--model", str(model), "--dry-run"]
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("file,recording_id\n" + "".join(f"{p.name},{p.stem}-1\n" for p in recordings.glob("*.oni")))
    for stated in ([], ["--sheet", str(sheet)]):
        command = [sys.executable, "-c", NO_TORCH, *arguments, *stated]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count(" new\n") == 2


def test_analyse_needs_no_torch_and_gives_the_same_tables(results: Path, tmp_path: Path) -> None:
    folder = folders(results)[0]
    out = tmp_path / "out"
    command = [sys.executable, "-c", NO_TORCH, "analyse", str(folder / "tracks.parquet"), "-o", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    old, new = files(folder), files(out / folder.name)
    del old["manifest.json"], new["manifest.json"]
    assert new == old
    assert json.loads((out / folder.name / "manifest.json").read_text())["input"]["format"] == "oni"
