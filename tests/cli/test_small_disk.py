"""Runs, and a cohort, on a disk that becomes full."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from asyconv.exchange.formats import EXPORTS
from asyconv.night import batch
from asyconv.night.results import manifests
from asyconv.tracks_file import write_tracks
from tests.helpers.commands import invoke
from tests.helpers.exported import example
from tests.helpers.nights import all_done_once
from tests.helpers.result_folders import files


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 64 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = os.geteuid() == 0 and shutil.which("mount") is not None
    command = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)]
    if not mounted or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(place: Path, leave_bytes: int) -> Path:
    path = place / "filler"
    path.write_bytes(bytes(shutil.disk_usage(place).free - leave_bytes))
    return path


def test_it_stops_before_the_disk_is_full_and_goes_on(
    recordings: Path, model: Path, tmp_path: Path, small_disk: Path
) -> None:
    given = ["process", recordings, "-o", small_disk / "out", "--model", model, "--names", tmp_path / "n.csv"]
    filler = fill(small_disk, batch.NEEDED_BYTES + 2**18)  # room for one result and not for the next
    result = invoke(*given)
    assert result.exit_code == 3
    assert "expected 32 MiB of free space for the next recording, found 3" in result.stderr
    assert "the same command goes on where it stopped" in result.stderr
    assert len(manifests(small_disk / "out")) == 1
    filler.unlink()
    assert invoke(*given).exit_code == 0
    all_done_once(small_disk / "out", 2)


def test_a_disk_that_somebody_else_fills_stops_it_too(
    recordings: Path, model: Path, tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "NEEDED_BYTES", 0)  # what is free when it begins is gone when it writes
    given = ["process", recordings, "-o", small_disk / "out", "--model", model, "--names", tmp_path / "n.csv"]
    filler = fill(small_disk, 2**17)
    result = invoke(*given)
    assert result.exit_code == 3, result.output
    assert "Traceback" not in result.output
    assert not manifests(small_disk / "out")
    filler.unlink()
    assert invoke(*given).exit_code == 0
    all_done_once(small_disk / "out", 2)


def test_an_export_on_a_full_disk_is_a_sentence(
    tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tracks(example(), tmp_path / "tracks.parquet")
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    filler = fill(small_disk, 0)
    for name, form in EXPORTS.items():
        bids = "sub-01_task-spontaneous_tracksys-depth_motion" if name == "motion-bids" else "a"
        for ending in form.endings:
            result = invoke("export", tmp_path / "tracks.parquet", "--to", name, "-o", small_disk / f"{bids}{ending}")
            assert result.exit_code == 1, (name, result.output)
            assert result.stderr.endswith("the export cannot be written here (No space left on device)\n"), name
            assert [*small_disk.iterdir()] == [filler]


def test_a_cohort_on_a_full_disk_is_a_sentence_and_the_earlier_one_stays(results: Path, small_disk: Path) -> None:
    shutil.copytree(results, small_disk / "out")
    assert invoke("cohort", small_disk / "out").exit_code == 0
    before = files(small_disk / "out")
    filler = fill(small_disk, 0)
    for free in (2**13, 2**17):  # too little for the first table, and for the figures
        filler.unlink()
        filler = fill(small_disk, free)
        result = invoke("cohort", small_disk / "out")
        assert result.exit_code == 1, result.output
        assert f"{small_disk / 'out'}: the cohort cannot be written here (No space left on device)" in result.stderr
        assert files(small_disk / "out") == before
    filler.unlink()
    assert invoke("cohort", small_disk / "out").exit_code == 0
