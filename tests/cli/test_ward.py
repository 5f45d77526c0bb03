"""The tree of a ward's recorder goes through every command as one recording."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from asyconv.recordings.opening import open_recording
from tests.helpers.commands import invoke
from tests.helpers.result_folders import files, folders
from tests.helpers.ward import SERIAL, damage_frames, relief, write_tree


def test_process_makes_one_result_and_no_name_gets_into_it(tmp_path: Path, model: Path) -> None:
    parts, out = write_tree(tmp_path / "ward", seconds=0.4, shape=(96, 128)), tmp_path / "out"
    result = invoke("process", tmp_path / "ward", "-o", out, "--model", model, "--no-wait")
    assert result.exit_code == 0, result.output
    assert "1 recording: 1 made" in result.stderr
    assert "3 videos beside the depth were left aside: ir" in result.stderr
    (folder,) = folders(out)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["frames_used"] == 36
    secrets = ["baby7", "20240102", SERIAL, "095900", *(path.name for path in parts)]
    for name, content in files(out).items():
        assert not [secret for secret in secrets if secret.encode() in content], name
    rows = list(csv.DictReader((tmp_path / "ward" / "source_names.csv").read_text().splitlines()))
    assert [row["source"] for row in rows] == [f"{parts[0]}+2"]
    again = invoke("process", *parts, "-o", out, "--model", model, "--no-wait", "--names", tmp_path / "n.csv")
    assert "1 already done" in again.stderr


def test_three_minutes_are_180_s(tmp_path: Path) -> None:
    write_tree(tmp_path / "ward")
    result = invoke("process", tmp_path / "ward", "-o", tmp_path / "out", "--no-wait", "--dry-run")
    assert result.exit_code == 0, result.output
    assert "to do: 3 min of video;" in result.stderr
    told = json.loads(invoke("info", tmp_path / "ward", "--json").stdout)["recordings"][0]
    assert (told["frames"], told["frames_lost"], told["length_s"]) == (5400, 0, 180.0)
    assert (told["depth_unit_mm"], told["rate_measured_hz"]) == (0.25, 30.0)


def test_what_is_refused_names_no_file_in_the_results(tmp_path: Path, model: Path) -> None:
    parts, out = write_tree(tmp_path / "ward", seconds=0.4, shape=(96, 128)), tmp_path / "out"
    damage_frames(parts[1])
    result = invoke("process", tmp_path / "ward", "-o", out, "--model", model, "--no-wait")
    assert result.exit_code == 1
    assert "20240102_100000.h5, frame 1: expected a whole frame, found a damaged one" in result.stderr
    assert "file 2, frame 1: expected a whole frame" in "".join(text.decode() for text in files(out).values())
    for name, content in files(out).items():
        assert b"20240102" not in content, name
        assert b"baby7" not in content, name


@pytest.mark.parametrize("ending", [".mkv", ""])
def test_convert_writes_the_joined_recording(tmp_path: Path, ending: str) -> None:
    write_tree(tmp_path / "ward", seconds=0.4)
    out = tmp_path / f"out{ending}"
    result = invoke("convert", tmp_path / "ward", out)
    assert result.exit_code == 0, result.output
    expected = np.concatenate([relief(place, 12) for place in range(3)])
    assert np.array_equal(np.stack([frame.depth for frame in open_recording(out).frames()]), expected)


def test_join_is_asked_for_where_a_minute_is_missing(tmp_path: Path) -> None:
    write_tree(tmp_path / "ward", seconds=0.4)[1].unlink()
    assert len(json.loads(invoke("info", tmp_path / "ward", "--json").stdout)["recordings"]) == 2
    refused = invoke("convert", tmp_path / "ward", tmp_path / "ward.oni")
    assert "expected one recording below this folder, found 2" in refused.output
    told = json.loads(invoke("info", tmp_path / "ward", "--join", "--json").stdout)["recordings"][0]
    assert (told["frames"], told["frames_lost"]) == (24, 12)
