"""Folders of 16-bit pictures: their order, kinds and holes, damaged pictures, and the real folders."""

import hashlib
import struct
import zlib
from pathlib import Path, PurePath
from unittest import mock

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from asyconv.errors import InputError
from asyconv.recordings.opening import open_recording
from asyconv.recordings.png_folder import open_png_folder, write_png_folder
from tests.helpers.png_folders import Depth, named, smooth, times_of
from tests.helpers.real_data import shared_data


def picture(seed: int) -> Depth:
    return np.random.default_rng(seed).integers(0, 60_000, (6, 8)).astype(np.uint16)


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
    text = "the pictures have no times: their numbers were read as frames at 20 a second, as stated"
    assert recording.warnings == [text]


def test_babypose_names_are_frame_numbers_at_the_rate_that_the_user_states(tmp_path: Path) -> None:
    for number in (1, 6, 11):
        cv2.imwrite(str(tmp_path / f"{number}_16bit.png"), picture(number))
        cv2.imwrite(str(tmp_path / f"{number}_8bit.png"), np.zeros((6, 8), np.uint8))
    cv2.imwrite(str(tmp_path / "._1_16bit.png"), np.zeros((6, 8, 3), np.uint8))
    with pytest.raises(InputError, match=r"expected times of the pictures .* found only numbers; state the frame rate"):
        open_recording(tmp_path)  # 30 a second was guessed: a dump of 15 had doubled speeds
    for rate_hz in (30.0, 15.0):
        recording = open_recording(tmp_path, fps_hz=rate_hz)
        assert [frame.time_s for frame in recording.frames()] == pytest.approx([0, 5 / rate_hz, 10 / rate_hz])
        assert (recording.clock().rate_hz, recording.clock().measured) == (rate_hz, False)
        assert recording.depth_unit_mm is None


def test_simulated_pictures_say_so(tmp_path: Path) -> None:
    write_png_folder(tmp_path, [picture(1)], simulated=True)
    assert open_recording(tmp_path, fps_hz=30).simulated
    with pytest.raises(InputError, match="picture 1: expected uint16"):
        write_png_folder(tmp_path, [picture(1).astype(np.int32)])


def test_the_hash_covers_contents_and_numbers(tmp_path: Path) -> None:
    for name, numbers in (("a", [1, 2]), ("b", [1, 3]), ("c", [1, 2])):
        write_png_folder(tmp_path / name, [picture(1), picture(2)], numbers=numbers)
    hashes = {}
    for name in "abc":
        recording = open_recording(tmp_path / name, fps_hz=30)
        on_demand = recording.sha256
        recording = open_recording(tmp_path / name, fps_hz=30)
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
    recording = open_recording(tmp_path, fps_hz=30)
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
        list(open_png_folder(tmp_path, fps_hz=30).frames())


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
    first = next(iter(open_recording(folder / "20210326-230536", fps_hz=20).frames()))
    assert int(first.depth.sum(dtype=np.int64)) == 419_454_054


# Names and kinds


@pytest.mark.parametrize(
    "name", ["{:05d}-DEPTH.png", "frame-{:06d}.depth.png", "cam0_{}_depth_new.png", "{}_16bit.png", "a {} b.png"]
)
def test_numbers_stand_among_words(tmp_path: Path, name: str) -> None:
    """Such folders were refused: "expected pictures named by number"."""
    folder = named(tmp_path / "a", [name.format(n) for n in (2, 10, 9)])
    recording = open_recording(folder, fps_hz=10)
    assert times_of(recording) == pytest.approx([0, 0.7, 0.8])
    assert [int(frame.depth[0, 0]) - 700 for frame in recording.frames()] == [0, 2, 1]


def test_two_numbers_that_both_count_are_refused(tmp_path: Path) -> None:
    folder = named(tmp_path / "a", ["1_1.png", "1_2.png", "2_1.png"])
    with pytest.raises(InputError, match="expected names in which one number counts the pictures"):
        open_recording(folder, fps_hz=30)


def test_pictures_of_another_kind_beside_depth_are_left_aside_by_kind(tmp_path: Path) -> None:
    """One colour picture beside a series of depth made the whole folder refused."""
    folder = named(tmp_path / "a", [f"{n}-DEPTH.png" for n in range(3)])
    for n in range(3):
        cv2.imwrite(str(folder / f"{n}-COLOR.png"), np.zeros((9, 9, 3), np.uint8))
        cv2.imwrite(str(folder / f"{n}-IR.png"), np.zeros((9, 9), np.uint16))
    cv2.imwrite(str(folder / "Anna.png"), np.zeros((9, 9), np.uint8))
    recording = open_recording(folder, fps_hz=30)
    assert len(times_of(recording)) == 3
    assert recording.warnings[:3] == [
        "3 pictures beside the depth were left aside: 16-bit gray",
        "3 pictures beside the depth were left aside: 8-bit colour",
        "1 pictures beside the depth were left aside: 8-bit gray",
    ]


def test_a_folder_is_opened_in_time_proportional_to_its_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every name was compared with every other: seconds for each opening of 180 s of pictures."""
    folder = named(tmp_path / "a", [f"{n}.png" for n in range(60)])
    equal = mock.Mock(side_effect=PurePath.__eq__)
    monkeypatch.setattr(PurePath, "__eq__", lambda one, other: equal(one, other))
    open_recording(folder, fps_hz=30)
    assert equal.call_count <= 60


# Holes and bytes


def infant(n: int = 0) -> Depth:
    depth = smooth(n)
    depth[10:20, 10:20] -= 90
    return depth


@pytest.mark.parametrize("value", [65_535, 65_000, 10_000, 4_095])
def test_values_that_stand_for_no_depth_become_holes(tmp_path: Path, value: int) -> None:
    """They were depth: the mean of the picture, and the mattress, lay many metres away."""
    for n in range(3):
        depth = infant(n)
        depth[:5, :5] = value
        write_png_folder(tmp_path, [depth], numbers=[n])
    recording = open_recording(tmp_path, fps_hz=30)
    for n, frame in enumerate(recording.frames()):
        assert not frame.depth[:5, :5].any()
        assert np.array_equal(frame.depth[5:], infant(n)[5:])
    assert recording.warnings[-1] == f"the value {value} was taken to mean no depth"
    assert sum("taken to mean" in text for text in recording.warnings) == 1


@pytest.mark.parametrize("value", [1500, 900])
def test_depth_that_is_not_far_beyond_the_rest_stays(tmp_path: Path, value: int) -> None:
    depth = infant()
    depth[:5, :5] = value  # the floor beside the crib
    few = infant()
    few[0, 0] = 10_000  # one pixel in 1600 is noise
    write_png_folder(tmp_path, [depth, few])
    frames = list(open_recording(tmp_path, fps_hz=30).frames())
    assert np.array_equal(frames[0].depth, depth)
    assert np.array_equal(frames[1].depth, few)


def test_a_picture_with_its_bytes_exchanged_is_refused_by_name(tmp_path: Path) -> None:
    """It was read as depth of up to 65 m, and gave joints somewhere."""
    write_png_folder(tmp_path, [infant().byteswap(), infant(1).byteswap()])
    with pytest.raises(InputError, match=r"/1\.png, frame 1: expected smooth depth, found one whose two bytes"):
        list(open_recording(tmp_path, fps_hz=30).frames())


def test_no_real_picture_has_sentinels_or_exchanged_bytes() -> None:
    folder = shared_data("sr305_depth_png") / "datasets" / "custom"
    for name in ("20210326-231615", "20210326-230536"):
        recording = open_recording(folder / name, fps_hz=20.0)
        assert sum(1 for _ in recording.frames()) in (8, 11)
        assert len(recording.warnings) == 1  # the rate is stated
