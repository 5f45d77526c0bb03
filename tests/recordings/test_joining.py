"""Files of one camera that follow each other are one recording; what does not is not."""

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asyconv.errors import InputError
from asyconv.night.sheet import Row, match
from asyconv.night.sources import planning_hash, ready_at, settled_at, shard_of, size_bytes
from asyconv.recordings.finding import search
from asyconv.recordings.joining import first_part, joined, parts_of
from asyconv.recordings.opening import open_recording
from tests.helpers.ward import EPOCH_MS, relief, write_h5, write_tree

STEP_MS = 1000 / 30


def two(folder: Path, *, gap_ms: float = STEP_MS, **other: Any) -> list[Path]:
    """Write two files of 30 frames, the second `gap_ms` after the last frame of the first."""
    times_ms = EPOCH_MS + np.arange(30) * STEP_MS
    one = write_h5(folder / "d_1.h5", relief(1, 30), times_ms)
    shape = (16, 16) if other.pop("larger", False) else (12, 16)
    return [
        one,
        write_h5(folder / "d_2.h5", relief(2, 30, shape), times_ms + times_ms[29] - EPOCH_MS + gap_ms, **other),
    ]


def test_three_minutes_over_an_hour_are_one_recording_of_180_s(tmp_path: Path) -> None:
    files = write_tree(tmp_path)
    found = search(tmp_path)
    assert (found.recordings, found.promised, found.aside) == (files, [], {"ir": 3, "rgb": 3})
    (source,) = joined(found.recordings)
    assert source == files[0].with_name("20240102_095900.h5+2")
    assert parts_of(source) == files
    recording = open_recording(source)
    assert recording.length_s == pytest.approx(180, abs=1e-3)
    assert recording.frame_count == 5400
    expected = np.concatenate([relief(place, 1800) for place in range(3)])
    for place, frame in enumerate(recording.frames()):
        assert frame.number == place + 1
        assert frame.time_s == pytest.approx(place / 30, abs=1e-6)
        assert np.array_equal(frame.depth, expected[place])
    assert place == 5399
    assert recording.warnings == []
    assert recording.sha256 == hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    with open_recording(tmp_path) as whole:  # the folder is the recording
        assert whole.path == source


def test_files_over_midnight_are_in_order(tmp_path: Path) -> None:
    files = write_tree(tmp_path, seconds=1)
    day = tmp_path / "baby7" / "20240103" / "Depth" / "00"
    times_ms = EPOCH_MS + (90 + np.arange(30)) * STEP_MS
    files.append(write_h5(day / "20240103_000000.h5", relief(4, 30), times_ms))
    (source,) = joined(reversed(files))
    assert parts_of(source) == files


@pytest.mark.parametrize(
    ("other", "count"),
    [
        ({}, 1),
        ({"gap_ms": 4.5 * STEP_MS}, 1),
        ({"gap_ms": 6 * STEP_MS}, 2),
        ({"gap_ms": -500.0}, 2),
        ({"depth_scale": 0.001}, 2),
        ({"serial": "f0000001"}, 2),
        ({"larger": True}, 2),
    ],
)
def test_only_what_follows_at_once_from_the_same_camera_is_joined(
    tmp_path: Path, other: dict[str, float], count: int
) -> None:
    assert len(joined(two(tmp_path, **other))) == count


def test_a_file_that_was_not_given_is_not_joined(tmp_path: Path) -> None:
    files = write_tree(tmp_path, seconds=1)
    assert joined([files[0], files[2]]) == [files[0], files[2]]
    assert joined([files[0], files[2]], force=True) == [files[0], files[2]]
    assert joined(files[1:]) == [files[1].with_name(f"{files[1].name}+1")]


def test_join_keeps_gaps(tmp_path: Path) -> None:
    (source,) = joined(two(tmp_path, gap_ms=20_000), force=True)
    times_s = [frame.time_s for frame in open_recording(source).frames()]
    assert times_s[30] - times_s[29] == pytest.approx(20, abs=1e-6)
    assert len(times_s) == 60
    assert open_recording(tmp_path, join=True).path == source
    with pytest.raises(InputError, match="expected one recording below this folder, found 2"):
        open_recording(tmp_path)


def test_join_of_clocks_that_start_again_says_that_the_gap_is_unknown(tmp_path: Path) -> None:
    (source,) = joined(two(tmp_path, gap_ms=-29 * STEP_MS), force=True)
    recording = open_recording(source)
    assert len(list(recording.frames())) == 60
    assert any("starts again at frame 31" in sentence for sentence in recording.warnings)


def test_join_refuses_pictures_of_another_camera(tmp_path: Path) -> None:
    (source,) = joined(two(tmp_path, larger=True), force=True)
    with pytest.raises(InputError, match=r"d_2.h5: expected pictures of the camera of d_1.h5"):
        open_recording(source)


def test_a_file_that_still_grows_is_waited_for_and_what_is_cut_off_is_left_out(tmp_path: Path) -> None:
    files = write_tree(tmp_path, seconds=1)
    data = files[2].read_bytes()
    files[2].write_bytes(data[:3000])
    (source,) = joined(files)
    assert parts_of(source) == files
    assert ready_at(source) == pytest.approx(files[2].stat().st_mtime + 120, abs=1e-3)
    recording = open_recording(source)
    assert len(list(recording.frames())) == 60
    assert recording.warnings == ["file 3 of 3 is cut off or damaged and was left out"]
    for path in files:
        os.utime(path, (1.0e9, 1.0e9))
    assert joined(files) == [files[0].with_name(f"{files[0].name}+1"), files[2]]  # refused by name
    files[2].write_bytes(data)
    assert settled_at(joined(files)[0]) > 1.7e9


def test_a_joined_recording_is_planned_by_all_of_its_files(tmp_path: Path) -> None:
    files = write_tree(tmp_path, seconds=1)
    source = joined(files)[0]
    assert size_bytes([source]) == sum(path.stat().st_size for path in files)
    before = planning_hash(source)
    assert 0 <= shard_of(source, 7) < 7
    os.utime(files[1], (1.0e9, 1.0e9))
    assert planning_hash(source) != before
    rows, messages = match([Row(2, "Depth/09/20240102_095900.h5")], [source])
    assert (list(rows), messages) == ([source], [])
    files[2].unlink()
    with pytest.raises(InputError, match="expected this file and 2 that follow it, found fewer"):
        open_recording(source)
    with pytest.raises(OSError, match="2 that follow"):
        planning_hash(source)


def test_a_file_whose_name_ends_like_that_of_a_joined_recording_is_itself(tmp_path: Path) -> None:
    path = write_tree(tmp_path, seconds=1)[0]
    odd = path.with_name("x.h5+2")
    shutil.copy(path, odd)
    assert first_part(odd) == odd
    assert parts_of(odd) == [odd]


def test_infants_are_never_joined(tmp_path: Path) -> None:
    for infant in ("17", "18"):
        write_tree(tmp_path, seconds=1, infant=infant)
    assert len(joined(search(tmp_path).recordings, force=True)) == 2


def test_a_hidden_file_that_is_named_stands_alone(tmp_path: Path) -> None:
    path = two(tmp_path)[0].rename(tmp_path / ".d_1.h5")
    assert joined([path, tmp_path / "d_2.h5"]) == [path, tmp_path / "d_2.h5"]
