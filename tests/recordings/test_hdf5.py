"""HDF5 files of a ward's recorder: every layout bit by bit, and what is wrong with one in one sentence."""

from pathlib import Path
from typing import Any
from unittest import mock

import h5py
import numpy as np
import pytest

from asyconv.errors import InputError
from asyconv.recordings.finding import find_recordings, search
from asyconv.recordings.opening import open_recording
from asyconv.recordings.stream import sha256_of
from tests.helpers.ward import EPOCH_MS, SERIAL, damage_frames, relief, write_h5

TIMES_MS = EPOCH_MS + np.arange(40) * 1000 / 30


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("ts", ["ts", "ts_depth"])
def test_both_layouts_are_read_bit_by_bit(tmp_path: Path, flat: bool, ts: str) -> None:
    depth = relief(1, 40)
    path = write_h5(tmp_path / "a.bin", depth, TIMES_MS, flat=flat, ts=ts)
    assert find_recordings(tmp_path) == [path]
    recording = open_recording(path)
    assert (recording.format, recording.width_px, recording.height_px) == ("hdf5", 16, 12)
    assert (recording.depth_unit_mm, recording.fps_nominal_hz, recording.frame_count) == (0.25, 30.0, 40)
    assert (recording.intrinsics, recording.mirrored, recording.warnings) == (None, None, [])
    frames = list(recording.frames())
    assert [frame.number for frame in frames] == list(range(1, 41))
    assert [frame.time_s for frame in frames] == pytest.approx(np.arange(40) / 30, abs=1e-6)
    assert all(np.array_equal(frame.depth, one) for frame, one in zip(frames, depth, strict=True))
    assert recording.clock().rate_hz == pytest.approx(30, abs=1e-4)
    assert recording.sha256 == sha256_of(path)


def test_depth_has_its_own_times_beside_those_of_colour(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "a.h5", relief(1, 40), TIMES_MS / 2, ts="ts_color")
    with h5py.File(path, "a") as file:
        file["ts"] = TIMES_MS / 3
        file["ts_depth"] = TIMES_MS
    assert open_recording(path).clock().rate_hz == pytest.approx(30, abs=1e-4)


def test_big_endian_uncompressed_and_chunked_otherwise(tmp_path: Path) -> None:
    depth = relief(2, 40)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("depth", data=depth.astype(">u2"), chunks=(7, 5, 16))
        file["ts"] = TIMES_MS
        file["depth"].attrs.update(depth_scale=np.float32(0.0001), width=16, height=12)
    recording = open_recording(tmp_path / "a.h5")
    assert recording.depth_unit_mm == 0.1
    assert np.array_equal(np.stack([frame.depth for frame in recording.frames()]), depth)


def test_frames_without_a_time_are_left_out_and_lost_ones_stay_gaps(tmp_path: Path) -> None:
    times_ms = TIMES_MS.copy()
    times_ms[20:] += 500
    times_ms[[3, 4]] = np.nan
    recording = open_recording(write_h5(tmp_path / "a.h5", relief(1, 40), times_ms))
    frames = list(recording.frames())
    assert [frame.number for frame in frames][:4] == [1, 2, 3, 6]
    assert frames[18].time_s - frames[17].time_s == pytest.approx(0.5 + 1 / 30, abs=1e-6)
    assert recording.warnings == ["2 of 40 frames were left out: they have no time"]


def test_the_rate_is_measured_and_a_unit_of_the_user_wins(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "a.h5", relief(1, 40), EPOCH_MS + np.arange(40) * 1000 / 15)
    recording = open_recording(path, depth_unit_mm=1.0)
    assert recording.clock().rate_hz == pytest.approx(15, abs=1e-4)
    assert recording.depth_unit_mm == 1.0
    assert any("states 30 frames a second" in sentence for sentence in recording.warnings)
    assert any("given depth unit of 1 mm was used" in sentence for sentence in recording.warnings)


def test_a_file_without_times_has_the_stated_rate(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["depth"] = relief(1, 40)
    recording = open_recording(path, fps_hz=15.0)
    np.testing.assert_allclose([frame.time_s for frame in recording.frames()], np.arange(40) / 15)
    assert recording.warnings[0] == "the recording holds no times of its frames: 15 a second, as stated, was used"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no depth": ({"depth": None}, "expected a dataset 'depth', found ts"),
    "no times": ({"ts": None}, "expected times of the frames, found none; state the frame rate (--fps"),
    "fewer times": ({"ts": TIMES_MS[:-1]}, "expected a time for each of 40 frames in 'ts', found float64 (39,)"),
    "no number is a time": ({"ts": TIMES_MS * np.nan}, "expected time stamps that rise"),
    "8 bits": ({"depth": relief(1, 40).astype(np.uint8)}, "expected 'depth' as uint16 (N, height, width)"),
    "one picture": ({"depth": relief(1, 1)[0, 0]}, "expected 'depth' as uint16 (N, height, width)"),
    "no frame": ({"depth": relief(1, 1)[:0]}, "expected 'depth' as uint16 (N, height, width)"),
    "flat, no size": (
        {"depth": relief(1, 40).reshape(40, -1), "width": None},
        "'width' and 'height' of a flat dataset",
    ),
    "flat, another size": ({"depth": relief(1, 40).reshape(40, -1), "width": 17}, "width 17 and height 12"),
    "another size": ({"height": 16, "width": 12}, "width 12 and height 16 as its attributes say"),
    "bytes exchanged": ({"depth": relief(1, 40).byteswap()}, "whose two bytes of each pixel are exchanged"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path, case: str) -> None:
    changes, sentence = WRONG[case]
    content = {"depth": relief(1, 40), "ts": TIMES_MS, "width": 16, "height": 12} | changes
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name in ("depth", "ts"):
            if content[name] is not None:
                file[name] = content[name]
        file.attrs.update({name: content[name] for name in ("width", "height") if content[name] is not None})
    with pytest.raises(InputError) as refused:
        list(open_recording(tmp_path / "a.h5").frames())
    assert str(refused.value).startswith("a.h5")
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_a_cut_file_is_refused_in_one_sentence(tmp_path: Path, share: float) -> None:
    data = write_h5(tmp_path / "a.h5", relief(1, 40), TIMES_MS).read_bytes()
    (tmp_path / "a.h5").write_bytes(data[: int(share * len(data))])
    assert search(tmp_path).recordings == [tmp_path / "a.h5"]
    with pytest.raises(InputError, match="^a.h5: expected a whole HDF5 file, found one that is cut off or damaged$"):
        open_recording(tmp_path / "a.h5")


def test_a_damaged_frame_is_named(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "a.h5", relief(1, 40), TIMES_MS, chunks=(10, 12, 16))
    assert damage_frames(path, 10) == 10
    with pytest.raises(InputError, match="^a.h5, frame 11: expected a whole frame, found a damaged one"):
        list(open_recording(path).frames())


def test_other_hdf5_files_are_no_recordings_but_one_named_so_is_not_passed_over(tmp_path: Path) -> None:
    for name in ("a.nwb", "b.h5"):
        with h5py.File(tmp_path / name, "w") as file:
            file["tracks"] = [1.0]
    found = search(tmp_path)
    assert found.recordings == []
    assert found.promised == [tmp_path / "b.h5"]


def test_without_the_library_the_extra_is_named(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "a.h5", relief(1, 40), TIMES_MS)
    with (
        mock.patch.dict("sys.modules", {"h5py": None}),
        pytest.raises(InputError, match=r"^a.h5: reading it needs the package h5py: pip install 'asyconv\[readers\]'$"),
    ):
        open_recording(path)


def test_the_serial_number_tells_cameras_apart_and_is_kept_nowhere(tmp_path: Path) -> None:
    recording = open_recording(write_h5(tmp_path / "a.h5", relief(1, 40), TIMES_MS))
    list(recording.frames())
    assert SERIAL not in repr(vars(recording))
