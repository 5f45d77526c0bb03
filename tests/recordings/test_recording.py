"""Recordings as streams: reading ahead, finding them by content, and folders of PNG pictures."""

import hashlib
import itertools
import struct
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numba
import numpy as np
import numpy.typing as npt
import pytest

from asyconv.errors import InputError
from asyconv.jit import compiled
from asyconv.recordings.finding import find_recordings
from asyconv.recordings.oni import OniWriter
from asyconv.recordings.opening import open_recording
from asyconv.recordings.png_folder import open_png_folder, write_png_folder
from asyconv.recordings.stream import Decoder, Frame, Recording, intrinsics_from_fov
from tests.helpers.real_data import shared_data

Depth = npt.NDArray[np.uint16]


def picture(seed: int) -> Depth:
    return np.random.default_rng(seed).integers(0, 60_000, (6, 8)).astype(np.uint16)


def stream(decode: Callable[[], Decoder]) -> Recording:
    return Recording(
        path=Path("none"),
        format="oni",
        width_px=8,
        height_px=6,
        fps_nominal_hz=30.0,
        frame_count=None,
        depth_unit_mm=1.0,
        intrinsics=None,
        mirrored=None,
        simulated=False,
        decode=decode,
        digest=lambda: "on demand",
    )


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "asyconv-decode"]


# Reading ahead


def test_the_decoder_never_runs_further_ahead_than_the_queue() -> None:
    decoded = []

    def endless() -> Decoder:
        for number in itertools.count(1):
            decoded.append(number)
            yield Frame(number, number / 30, picture(0))
        return None

    frames = stream(endless).frames(ahead=3)
    assert [next(frames).number for _ in range(5)] == [1, 2, 3, 4, 5]
    time.sleep(0.3)
    assert len(decoded) <= 5 + 3 + 1  # those taken, those queued, and the one that waits to be queued
    frames.close()  # type: ignore[attr-defined]
    assert readers() == []


def test_a_dropped_or_closed_reader_ends_its_thread() -> None:
    def endless() -> Decoder:
        for number in itertools.count(1):
            yield Frame(number, number / 30, picture(0))
        return None

    with stream(endless) as recording:
        frames = recording.frames(ahead=1)
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
    with pytest.raises(ValueError, match="ahead"):
        recording.frames(ahead=0)


def test_numba_functions_work_where_nothing_can_be_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*, cache: bool = False, nogil: bool, fastmath: bool) -> Callable[..., Any]:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return numba.njit(nogil=nogil, fastmath=fastmath)

    monkeypatch.setattr("asyconv.jit.numba", SimpleNamespace(njit=read_only))
    assert compiled(lambda x: x + 1)(2) == 3


# The field of view


def test_the_axis_of_a_camera_stays_where_it_is_when_the_picture_is_mirrored() -> None:
    camera = intrinsics_from_fov(640, 480, 1.01447, 0.78981)
    assert camera is not None
    assert 639 - camera.cx_px == camera.cx_px
    assert camera.fx_px == pytest.approx(575.816, abs=2e-3)
    for hfov_rad, vfov_rad in ((0.0, 1.0), (1.0, 3.2), (float("nan"), 1.0)):
        assert intrinsics_from_fov(640, 480, hfov_rad, vfov_rad) is None


# Finding and opening


def some_oni(path: Path) -> Path:
    with OniWriter(path, 8, 6, 30, hfov_rad=1.0, vfov_rad=0.8) as writer:
        writer.write(picture(1), 0)
    return path


def test_recordings_are_found_by_content_below_a_folder(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    expected = [some_oni(tmp_path / "b" / "c.bin")]
    write_png_folder(tmp_path / "a" / "depth", [picture(1)])
    expected.append(tmp_path / "a" / "depth")
    (tmp_path / "b" / "film.dat").write_bytes(b"\x1a\x45\xdf\xa3 matroska, whatever its name")
    expected.append(tmp_path / "b" / "film.dat")
    (tmp_path / "b" / "notes.oni").write_text("not a recording")
    (tmp_path / "b" / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic")
    (tmp_path / "b" / ".half.oni.part").write_bytes(b"NI10")
    for hidden in ("truth", ".old"):
        (tmp_path / hidden).mkdir()
        some_oni(tmp_path / hidden / "d.oni")
    (tmp_path / "truth" / ".asyconv-ignore").touch()
    (tmp_path / "colour").mkdir()
    cv2.imwrite(str(tmp_path / "colour" / "1.png"), np.zeros((6, 8, 3), np.uint8))
    assert find_recordings(tmp_path) == sorted(expected)
    assert find_recordings(tmp_path / "b" / "c.bin") == [tmp_path / "b" / "c.bin"]
    assert find_recordings(tmp_path / "a" / "depth") == [tmp_path / "a" / "depth"]
    assert find_recordings(tmp_path / "b" / "notes.oni") == []
    with pytest.raises(InputError, match="found nothing"):
        find_recordings(tmp_path / "missing")


@pytest.mark.parametrize(
    ("content", "found"),
    [(b"", "an empty file"), (b"GIF89a", "starts with"), (b"\x89PNG\r\n\x1a\n", "a single picture")],
)
def test_unknown_files_are_refused(tmp_path: Path, content: bytes, found: str) -> None:
    (tmp_path / "a.oni").write_bytes(content)
    with pytest.raises(InputError, match=f"a.oni: expected an .oni file.*{found}"):
        open_recording(tmp_path / "a.oni")


def test_missing_paths_and_senseless_options_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found nothing"):
        open_recording(tmp_path / "missing.oni")
    with pytest.raises(InputError, match="expected 16-bit gray PNG pictures, found none"):
        open_recording(tmp_path)
    path = some_oni(tmp_path / "a.oni")
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


# Folders of pictures


def test_pictures_come_in_numeric_order_and_a_missing_number_is_a_gap(tmp_path: Path) -> None:
    numbers = [220, 0, 40, 20, 100]
    write_png_folder(tmp_path, [picture(n) for n in numbers], numbers=numbers)
    recording = open_recording(tmp_path, depth_unit_mm=0.125, fps_hz=20.0)
    frames = list(recording.frames())
    assert [frame.number for frame in frames] == [1, 2, 3, 4, 5]
    assert [frame.time_s for frame in frames] == [0.0, 1.0, 2.0, 5.0, 11.0]
    assert all(np.array_equal(f.depth, picture(n)) for f, n in zip(frames, sorted(numbers), strict=True))
    assert (recording.format, recording.width_px, recording.height_px, recording.frame_count) == ("png", 8, 6, 5)
    assert (recording.depth_unit_mm, recording.fps_nominal_hz) == (0.125, 20.0)
    assert (recording.intrinsics, recording.mirrored, recording.simulated) == (None, None, False)
    assert recording.warnings == []


def test_babypose_names_are_raw_frame_numbers_at_30_a_second(tmp_path: Path) -> None:
    for number in (1, 6, 11):
        cv2.imwrite(str(tmp_path / f"{number}_16bit.png"), picture(number))
        cv2.imwrite(str(tmp_path / f"{number}_8bit.png"), np.zeros((6, 8), np.uint8))
    cv2.imwrite(str(tmp_path / "._1_16bit.png"), np.zeros((6, 8, 3), np.uint8))
    recording = open_recording(tmp_path)
    assert [frame.time_s for frame in recording.frames()] == pytest.approx([0, 1 / 6, 2 / 6])
    assert recording.depth_unit_mm is None
    assert recording.warnings == [
        "no frame rate was given: the file numbers were read as frame numbers at 30 per second"
    ]


def test_simulated_pictures_say_so(tmp_path: Path) -> None:
    write_png_folder(tmp_path, [picture(1)], simulated=True)
    assert open_recording(tmp_path).simulated
    with pytest.raises(InputError, match="picture 1: expected uint16"):
        write_png_folder(tmp_path, [picture(1).astype(np.int32)])


def test_the_hash_covers_contents_and_numbers(tmp_path: Path) -> None:
    for name, numbers in (("a", [1, 2]), ("b", [1, 3]), ("c", [1, 2])):
        write_png_folder(tmp_path / name, [picture(1), picture(2)], numbers=numbers)
    hashes = {}
    for name in "abc":
        recording = open_recording(tmp_path / name)
        on_demand = recording.sha256
        recording = open_recording(tmp_path / name)
        assert sum(1 for _ in recording.frames()) == 2
        assert recording.sha256 == on_demand
        hashes[name] = on_demand
    assert hashes["a"] == hashes["c"] != hashes["b"]
    data = [(tmp_path / "a" / f"{number}.png").read_bytes() for number in (1, 2)]
    framed = b"".join(struct.pack("<QQ", n, len(piece)) + piece for n, piece in enumerate(data, start=1))
    assert hashes["a"] == hashlib.sha256(framed).hexdigest()


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        (np.zeros((6, 8), np.uint8), "8-bit gray"),
        (np.zeros((6, 8, 3), np.uint8), "8-bit colour"),
        (np.zeros((6, 8, 3), np.uint16), "16-bit colour"),
        (np.zeros((6, 8, 4), np.uint16), "16-bit colour with alpha"),
        (np.zeros((8, 6), np.uint16), "found 6x8"),
    ],
)
def test_pictures_that_are_no_depth_of_one_size_are_refused_by_name(
    tmp_path: Path, wrong: npt.NDArray[np.uint8], found: str
) -> None:
    write_png_folder(tmp_path, [picture(1), picture(2)])
    cv2.imwrite(str(tmp_path / "3.png"), wrong)
    with pytest.raises(InputError, match=f"/3.png: expected .*{found}"):
        open_recording(tmp_path)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["1.png", "picture.png"], "expected pictures named by number, found picture.png"),
        (["1.png", "01.png"], "expected each number once, found 01.png and 1.png"),
        (["a1.png", "b2.png"], "expected one series of pictures, found a1.png and b2.png"),
    ],
)
def test_names_that_give_no_order_are_refused(tmp_path: Path, names: list[str], reason: str) -> None:
    for name in names:
        cv2.imwrite(str(tmp_path / name), picture(1))
    with pytest.raises(InputError, match=reason):
        open_recording(tmp_path)


@pytest.mark.parametrize("at", [20, 60, -20, -2])
def test_a_damaged_picture_is_named(tmp_path: Path, at: int) -> None:
    write_png_folder(tmp_path, [picture(n) for n in range(3)])
    recording = open_recording(tmp_path)
    data = bytearray((tmp_path / "2.png").read_bytes())
    data[at] ^= 0x10
    for changed in (data, data[:at]):
        (tmp_path / "2.png").write_bytes(changed)
        with pytest.raises(InputError, match="/2.png, frame 2: expected a whole 16-bit gray picture of 8x6"):
            list(recording.frames())


def test_a_chunk_that_claims_more_than_the_file_is_refused(tmp_path: Path) -> None:
    header = b"IHDR" + struct.pack(">IIBBBBB", 8, 6, 16, 0, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    (tmp_path / "1.png").write_bytes(data + struct.pack(">I", 2**31) + b"IDAT")
    with pytest.raises(InputError, match="/1.png, frame 1"):
        list(open_png_folder(tmp_path).frames())


def test_the_real_picture_sequences_keep_order_gap_and_unit() -> None:
    folder = shared_data("sr305_depth_png") / "datasets" / "custom"
    recording = open_recording(folder / "20210326-231615", depth_unit_mm=0.125, fps_hz=20.0)
    frames = list(recording.frames())
    numbers = [0, 20, 40, 60, 80, 100, 140, 160, 180, 200, 220]
    assert [frame.time_s for frame in frames] == [number / 20 for number in numbers]
    assert int(frames[0].depth.sum(dtype=np.int64)) == 370_706_255
    assert int(frames[-1].depth.sum(dtype=np.int64)) == 332_604_672
    assert (int(frames[0].depth[frames[0].depth > 0].min()), int(frames[0].depth.max())) == (4504, 6927)
    assert recording.depth_unit_mm == 0.125
    first = next(iter(open_recording(folder / "20210326-230536").frames()))
    assert int(first.depth.sum(dtype=np.int64)) == 419_454_054


def test_the_real_folders_are_searched_by_content() -> None:
    found = find_recordings(shared_data("sr305_depth_png"))
    assert [path.name for path in found] == ["20210326-230536", "20210326-231615"]
    names = {path.name for path in find_recordings(shared_data("openni_oni"))}
    assert len(names) == 6  # five .oni files, and the folder itself for its one 16-bit picture
