"""NumPy's files and TIFF stacks, bit by bit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from asyconv.errors import InputError
from asyconv.recordings.finding import find_recordings
from asyconv.recordings.opening import open_recording
from tests.helpers.ward import relief

DEPTH = relief(5, 20)
TIMES_US = 1_000 + np.arange(20) * 33_333


def read(path: Path, **stated: Any) -> np.ndarray[Any, Any]:
    return np.stack([frame.depth for frame in open_recording(path, **stated).frames()])


@pytest.mark.parametrize("array", [DEPTH, DEPTH.astype(">u2"), np.asfortranarray(DEPTH)])
def test_an_npy_is_read_bit_by_bit_at_a_stated_rate(tmp_path: Path, array: Any) -> None:
    np.save(tmp_path / "a.npy", array)
    assert find_recordings(tmp_path) == [tmp_path / "a.npy"]
    assert np.array_equal(read(tmp_path / "a.npy", fps_hz=30.0), DEPTH)
    recording = open_recording(tmp_path / "a.npy", fps_hz=30.0, depth_unit_mm=0.25)
    assert (recording.format, recording.depth_unit_mm) == ("npy", 0.25)
    assert recording.length_s == pytest.approx(20 / 30)
    assert not recording.clock().measured
    with pytest.raises(InputError, match="a.npy: expected times of the frames, found none; state the frame rate"):
        open_recording(tmp_path / "a.npy")


def test_a_cut_npy_gives_its_whole_frames_and_says_so(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", DEPTH)
    data = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(data[: -2 * 12 * 16 - 5])
    assert np.array_equal(read(tmp_path / "a.npy", fps_hz=30.0), DEPTH[:18])
    assert (
        open_recording(tmp_path / "a.npy", fps_hz=30.0).warnings[0]
        == "the recording is cut off; 18 of 20 frames were used"
    )
    for size in (5, 40, 200):
        (tmp_path / "a.npy").write_bytes(data[:size])
        with pytest.raises(InputError, match=r"^a.npy: expected"):
            open_recording(tmp_path / "a.npy", fps_hz=30.0)


def test_arrays_that_are_no_depth_are_no_recordings(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", DEPTH.astype(np.float32))
    np.savez(tmp_path / "b.npz", depth=DEPTH[0], pose=np.zeros((3, 4, 5)))
    np.save(tmp_path / "c.npy", np.array([{"an": "object"}]), allow_pickle=True)
    np.save(tmp_path / "d.npy", DEPTH[:7])
    (tmp_path / "d.npy").write_bytes((tmp_path / "d.npy").read_bytes().replace(b"(7, 12", b"(-7,12"))
    assert find_recordings(tmp_path) == []
    with pytest.raises(InputError, match=r"^d.npy: expected depth as uint16 .*, found uint16 \(-7, 12, 16\)"):
        open_recording(tmp_path / "d.npy", fps_hz=30.0)
    with pytest.raises(
        InputError, match=r"expected depth as uint16 \(N, height, width\), found float32 \(20, 12, 16\)"
    ):
        open_recording(tmp_path / "a.npy", fps_hz=30.0)
    with pytest.raises(InputError, match=r"expected one array uint16 .*found depth uint16 \(12, 16\), pose float64"):
        open_recording(tmp_path / "b.npz", fps_hz=30.0)
    with pytest.raises(InputError, match=r"^c.npy: expected"):
        open_recording(tmp_path / "c.npy", fps_hz=30.0)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(("name", "ticks_per_s"), [("ts", 1e6), ("time_us", 1e6), ("timestamps_s", 1.0), ("t", 1e3)])
def test_an_npz_holds_times(tmp_path: Path, save: Any, name: str, ticks_per_s: float) -> None:
    times = TIMES_US / (1e6 / ticks_per_s)
    save(tmp_path / "a.npz", **{"depth": DEPTH, name: times, "idx": np.arange(20)})
    recording = open_recording(tmp_path / "a.npz")
    assert np.array_equal(read(tmp_path / "a.npz"), DEPTH)
    assert recording.clock().rate_hz == pytest.approx(1e6 / 33_333, rel=1e-6)


def test_one_array_of_several_is_chosen(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", left=DEPTH, right=DEPTH + 1)
    with pytest.raises(InputError, match="expected one array"):
        open_recording(tmp_path / "a.npz", fps_hz=30.0)
    assert np.array_equal(read(tmp_path / "a.npz", fps_hz=30.0, stream="left"), DEPTH)


def test_a_damaged_npz_is_refused_by_its_checksum(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", depth=DEPTH)
    data = bytearray((tmp_path / "a.npz").read_bytes())
    data[2000] ^= 1
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(
        InputError, match=r"^a.npz, frame [0-9]+ or before: expected a whole frame, found a damaged one"
    ):
        read(tmp_path / "a.npz", fps_hz=30.0)
    (tmp_path / "a.npz").write_bytes(data[:3000])
    with pytest.raises(InputError, match=r"^a.npz: expected a whole .npz file"):
        open_recording(tmp_path / "a.npz", fps_hz=30.0)


def write_tiff(path: Path, depth: Any, **how: Any) -> Path:
    pages = [Image.fromarray(np.ascontiguousarray(one)) for one in depth]
    pages[0].save(path, format="TIFF", save_all=True, append_images=pages[1:], **how)
    return path


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate"])
def test_a_tiff_stack_is_read_bit_by_bit(tmp_path: Path, compression: str | None) -> None:
    path = write_tiff(tmp_path / "a.tif", DEPTH, compression=compression)
    assert find_recordings(tmp_path) == [path]
    assert np.array_equal(read(path, fps_hz=30.0), DEPTH)
    recording = open_recording(path, fps_hz=30.0)
    assert (recording.format, recording.frame_count, recording.depth_unit_mm) == ("tiff", 20, None)


def test_a_big_endian_tiff_stack(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", DEPTH.astype(">u2"))
    assert np.array_equal(read(path, fps_hz=30.0), DEPTH)


def test_what_is_wrong_with_a_stack_is_said(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", DEPTH.astype(np.uint8))
    assert find_recordings(tmp_path) == []
    with pytest.raises(InputError, match="a.tif: expected 16-bit gray pages, found pages of kind L"):
        open_recording(tmp_path / "a.tif", fps_hz=30.0)
    data = write_tiff(tmp_path / "b.tif", DEPTH).read_bytes()
    (tmp_path / "b.tif").write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match=r"^b.tif[:,] .*expected"):
        read(tmp_path / "b.tif", fps_hz=30.0)
    write_tiff(tmp_path / "c.tif", DEPTH[:1], description="ImageJ=1.53\nimages=20\nslices=20\n")
    with pytest.raises(InputError, match="expected 20 pages as ImageJ states, found 1"):
        open_recording(tmp_path / "c.tif", fps_hz=30.0)
