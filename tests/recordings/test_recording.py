"""Recordings as streams: reading ahead, finding them by content, and folders of PNG pictures."""

import itertools
import threading
import time
from collections.abc import Callable
from pathlib import Path, PurePath
from types import SimpleNamespace
from typing import Any
from unittest import mock

import cv2
import numba
import numpy as np
import pytest

from asyconv.errors import InputError
from asyconv.jit import compiled
from asyconv.recordings.clock import Clock
from asyconv.recordings.finding import find_recordings, search
from asyconv.recordings.opening import open_recording
from asyconv.recordings.png_folder import write_png_folder
from asyconv.recordings.stream import Decoder, Frame, Recording
from tests.helpers.films import write
from tests.helpers.oni_files import picture
from tests.helpers.real_data import shared_data


def stream(decode: Callable[[], Decoder]) -> Recording:
    return Recording(
        path=Path("none"),
        format="oni",
        width_px=8,
        height_px=6,
        fps_nominal_hz=30.0,
        frame_count=None,
        length_s=None,
        depth_unit_mm=1.0,
        intrinsics=None,
        mirrored=None,
        simulated=False,
        clock=lambda: Clock(np.arange(2) / 30, 30.0, measured=True),
        decode=decode,
        digest=lambda: "on demand",
    )


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "asyconv-decode"]


# Reading ahead


def test_the_decoder_never_runs_further_ahead_than_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyconv.recordings.stream.AHEAD", 3)
    decoded = []

    def endless() -> Decoder:
        for number in itertools.count(1):
            decoded.append(number)
            yield Frame(number, number / 30, picture(0))
        return None

    frames = stream(endless).frames()
    assert [next(frames).number for _ in range(5)] == [1, 2, 3, 4, 5]
    time.sleep(0.3)
    assert len(decoded) <= 5 + 3 + 1  # those taken, those queued, and the one that waits to be queued
    frames.close()  # type: ignore[attr-defined]
    assert readers() == []


def test_a_dropped_or_closed_reader_ends_its_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyconv.recordings.stream.AHEAD", 1)

    def endless() -> Decoder:
        for number in itertools.count(1):
            yield Frame(number, number / 30, picture(0))
        return None

    with stream(endless) as recording:
        frames = recording.frames()
        assert next(frames).number == 1
    assert sum(1 for _ in frames) <= 3  # what was queued when the recording was closed
    assert readers() == []
    for frame in stream(endless).frames():
        assert frame.number == 1
        break
    assert readers() == []


def test_an_error_of_the_decoder_arrives_at_its_place() -> None:
    def failing() -> Decoder:
        yield Frame(1, 0.0, picture(0))
        raise InputError("frame 2: expected this")

    frames = stream(failing).frames()
    assert next(frames).number == 1
    with pytest.raises(InputError, match="frame 2: expected this"):
        next(frames)
    assert readers() == []

    def damaged() -> Decoder:
        raise InputError("expected a clock")

    with pytest.raises(InputError, match="expected a clock"):  # it read as a recording without any frame
        next(stream(damaged).frames())


def test_the_hash_is_the_decoder_s_once_all_was_read_and_made_on_demand_before() -> None:
    def two() -> Decoder:
        yield Frame(1, 0.0, picture(0))
        yield Frame(2, 0.1, picture(1))
        return "read on the way"

    assert stream(two).sha256 == "on demand"
    recording = stream(two)
    assert [frame.number for frame in recording.frames()] == [1, 2]
    assert recording.sha256 == "read on the way"
    assert [frame.number for frame in recording.frames()] == [1, 2]  # it can be read again


def test_numba_functions_work_where_nothing_can_be_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*, cache: bool = False, **options: Any) -> Any:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return numba.njit(**options)

    monkeypatch.setattr("asyconv.jit.numba", SimpleNamespace(njit=read_only))
    assert compiled(lambda x: x + 1)(2) == 3


# Finding and opening


def test_recordings_are_found_by_content_below_a_folder(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    expected = [write(tmp_path / "b" / "c.bin", [picture(1)])]
    write_png_folder(tmp_path / "a" / "depth", [picture(1)])
    expected.append(tmp_path / "a" / "depth")
    (tmp_path / "b" / "film.dat").write_bytes(b"\x1a\x45\xdf\xa3 matroska, whatever its name")
    expected.append(tmp_path / "b" / "film.dat")
    (tmp_path / "b" / "notes.oni").write_text("not a recording")
    (tmp_path / "b" / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic")
    (tmp_path / "b" / ".half.oni.part").write_bytes(b"NI10")
    for hidden in ("truth", ".old"):
        (tmp_path / hidden).mkdir()
        write(tmp_path / hidden / "d.oni", [picture(1)])
    (tmp_path / "truth" / ".asyconv-ignore").touch()
    (tmp_path / "colour").mkdir()
    cv2.imwrite(str(tmp_path / "colour" / "1.png"), np.zeros((6, 8, 3), np.uint8))
    assert find_recordings(tmp_path) == sorted(expected)
    assert find_recordings(tmp_path / "b" / "c.bin") == [tmp_path / "b" / "c.bin"]
    assert find_recordings(tmp_path / "a" / "depth") == [tmp_path / "a" / "depth"]
    assert find_recordings(tmp_path / "b" / "notes.oni") == []
    with pytest.raises(InputError, match="found nothing"):
        find_recordings(tmp_path / "missing")


def test_a_tree_of_many_files_is_searched_in_time_proportional_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every recording was compared with every video beside it: minutes for the files of a week."""
    for folder in ("Depth", "IR"):
        (tmp_path / folder).mkdir()
    for n in range(40):
        np.save(tmp_path / "Depth" / f"{n}.npy", np.ones((1, 2, 2), np.uint16))
        (tmp_path / "IR" / f"{n}.mp4").write_bytes(b"\0\0\0\x0cftypisom")
    equal = mock.Mock(side_effect=PurePath.__eq__)
    monkeypatch.setattr(PurePath, "__eq__", lambda one, other: equal(one, other))
    found = search(tmp_path)
    assert (len(found.recordings), found.aside) == (40, {"ir": 40})
    assert equal.call_count < 800


@pytest.mark.parametrize(
    ("content", "found"),
    [(b"", "an empty file"), (b"GIF89a", "begins with"), (b"\x89PNG\r\n\x1a\n", "a single picture")],
)
def test_unknown_files_are_refused(tmp_path: Path, content: bytes, found: str) -> None:
    (tmp_path / "a.oni").write_bytes(content)
    with pytest.raises(InputError, match=f"a.oni: expected an .oni file.*{found}"):
        open_recording(tmp_path / "a.oni")


def test_missing_paths_and_senseless_options_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found nothing"):
        open_recording(tmp_path / "missing.oni")
    with pytest.raises(InputError, match="expected depth recordings or 16-bit gray PNG pictures, found none"):
        open_recording(tmp_path)
    path = write(tmp_path / "a.oni", [picture(1)])
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="depth_unit_mm: expected a number above 0"):
            open_recording(path, depth_unit_mm=wrong)
    with pytest.raises(InputError, match="fps_hz: expected a number above 0"):
        open_recording(path, fps_hz=0.0)
    assert open_recording(path, fps_hz=15.0).fps_nominal_hz == 15.0


def test_a_header_cut_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.oni").write_bytes(b"NI10\1\0")
    with pytest.raises(InputError, match="a.oni: expected an OpenNI file header"):
        open_recording(tmp_path / "a.oni")


def test_the_real_folders_are_searched_by_content() -> None:
    found = find_recordings(shared_data("sr305_depth_png"))
    assert [path.name for path in found] == ["20210326-230536", "20210326-231615"]
    names = {path.name for path in find_recordings(shared_data("openni_oni"))}
    assert len(names) == 7  # five .oni files, the live frames as .npz, and the folder itself for its one 16-bit picture
