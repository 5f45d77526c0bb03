"""OpenNI recordings: written files there and back, cut and damaged files, and the real files."""

import hashlib
import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyconv.errors import InputError
from asyconv.recordings.oni_codec import encode
from asyconv.recordings.oni_writer import OniWriter
from asyconv.recordings.opening import open_recording
from asyconv.recordings.stream import intrinsics_from_fov, sha256_of
from tests.helpers import oni_bytes as twin
from tests.helpers.films import write
from tests.helpers.oni_files import coded, depths, picture, twin_file
from tests.helpers.real_data import shared_data

# Written files


def test_a_written_file_reads_back_as_it_was(tmp_path: Path) -> None:
    frames = [picture(seed) for seed in range(5)]
    path = tmp_path / "a.oni"
    with OniWriter(path, 8, 6, 30, hfov_rad=1.0, vfov_rad=0.8, mirrored=True, simulated=True) as writer:
        for depth, time_us in zip(frames, (1000, 34_000, 67_000, 200_000, 233_000), strict=True):
            writer.write(depth, time_us)
    with open_recording(path) as recording:
        got = list(recording.frames())
    assert [frame.number for frame in got] == [1, 2, 3, 4, 5]
    assert [frame.time_s for frame in got] == pytest.approx([0, 0.033, 0.066, 0.199, 0.232])  # the gap stays a gap
    assert all(np.array_equal(frame.depth, depth) for frame, depth in zip(got, frames, strict=True))
    assert (recording.format, recording.width_px, recording.height_px) == ("oni", 8, 6)
    assert (recording.fps_nominal_hz, recording.frame_count, recording.depth_unit_mm) == (30.0, 5, 1.0)
    assert recording.mirrored is True
    assert recording.simulated is True
    assert recording.warnings == []
    assert recording.sha256 == sha256_of(path)


def test_focal_lengths_follow_from_the_fields_of_view_and_the_axis_is_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "a.oni"
    with OniWriter(path, 640, 480, 30, hfov_rad=np.pi / 2, vfov_rad=2 * np.arctan(0.75)) as writer:
        writer.write(np.ones((480, 640), np.uint16), 0)
    camera = open_recording(path).intrinsics
    assert camera is not None
    # tan 45 deg = 1: half the width; the same from the vertical angle: 240 / 0.75
    assert (camera.fx_px, camera.fy_px) == pytest.approx((320.0, 320.0))
    assert (camera.cx_px, camera.cy_px, camera.source) == (319.5, 239.5, "file")
    for fov_rad in ((0.0, 1.0), (1.0, 3.2), (float("nan"), 1.0)):
        assert intrinsics_from_fov(640, 480, *fov_rad) is None


def test_a_recording_of_tenths_of_millimetres_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.oni"
    with OniWriter(path, 8, 6, 30, hfov_rad=None, vfov_rad=None, depth_unit_mm=0.1) as writer:
        writer.write(picture(1), 0)
    recording = open_recording(path)
    assert (recording.depth_unit_mm, recording.intrinsics, recording.mirrored) == (0.1, None, False)
    assert np.array_equal(depths(recording)[0], picture(1))
    given = open_recording(path, depth_unit_mm=0.5)
    assert given.depth_unit_mm == 0.5
    assert given.warnings == ["the given depth unit of 0.5 mm was used; the recording states 0.1 mm"]


def test_the_writer_refuses_pictures_and_times_that_do_not_fit(tmp_path: Path) -> None:
    with OniWriter(tmp_path / "a.oni", 8, 6, 30, hfov_rad=1.0, vfov_rad=0.8) as writer:
        writer.write(picture(1), 100)
        with pytest.raises(InputError, match="frame 2: expected a later time, found 100 us"):
            writer.write(picture(1), 100)
        with pytest.raises(InputError, match="frame 2: expected uint16"):
            writer.write(picture(1).T, 200)
    writer.close()  # a second time does nothing
    assert open_recording(tmp_path / "a.oni").frame_count == 1
    with pytest.raises(InputError, match="1 or 0.1 mm"):
        OniWriter(tmp_path / "b.oni", 8, 6, 30, hfov_rad=1.0, vfov_rad=0.8, depth_unit_mm=0.3)


def test_a_writer_that_fails_leaves_a_file_that_reads_as_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "a.oni"
    writer = OniWriter(path, 8, 6, 30, hfov_rad=1.0, vfov_rad=0.8)
    writer.write(picture(1), 0)
    with pytest.raises(InputError, match="frame 2"), writer:
        writer.write(picture(1).T, 1)
    recording = open_recording(path)
    assert len(depths(recording)) == 1
    assert recording.warnings == ["the recording is cut off (it has no end record); 1 whole frames were used"]


def test_the_end_of_a_written_file_is_what_the_reference_player_looks_up(tmp_path: Path) -> None:
    """The node record points to the seek table, whose entries point to the frames."""
    data = write(tmp_path / "a.oni", [picture(1), picture(2)]).read_bytes()
    added = data.rindex(b"16zT", 0, data.index(b"oniRequiredFrameSize")) + 4
    frames, first_us, last_us, seek_at = struct.unpack_from("<IQQQ", data, added)
    assert (frames, first_us, last_us) == (2, 0, 33_333)
    assert data[seek_at : seek_at + 8] == b"NIR\0" + struct.pack("<I", 0x0E)
    entries = list(struct.iter_unpack("<QIQ", data[seek_at + 28 : seek_at + 28 + 60]))
    assert entries[0] == (0, 0, 0)
    for time_us, _, place in entries[1:]:
        assert data[place : place + 8] == b"NIR\0" + struct.pack("<I", 0x0A)
        assert struct.unpack_from("<Q", data, place + 28) == (time_us,)
    assert struct.unpack_from("<Q", data, 12) == (33_333,)
    assert data[-28:-20] == b"NIR\0" + struct.pack("<I", 0x0B)


# Files that were cut off or damaged


@given(data=st.data())
def test_a_file_cut_at_any_byte_gives_every_whole_frame_before_the_cut(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("cut", numbered=True)
    frames = [picture(seed) for seed in range(4)]
    whole = write(folder / "whole.oni", frames).read_bytes()
    starts = [whole.index(struct.pack("<4sI", b"NIR\0", 0x0A))]
    for _ in frames:  # where each frame ends, by the sizes in its record
        fields, payload = struct.unpack_from("<II", whole, starts[-1] + 12)
        starts.append(starts[-1] + fields + payload)
    cut = data.draw(st.one_of(st.integers(0, len(whole) - 1), st.sampled_from(starts)))
    path = folder / "cut.oni"
    path.write_bytes(whole[:cut])
    kept = sum(end <= cut for end in starts[1:])
    if not kept:
        with pytest.raises(InputError):
            open_recording(path)
        return
    recording = open_recording(path)
    got = depths(recording)
    assert len(got) == recording.frame_count == kept
    assert all(np.array_equal(one, other) for one, other in zip(got, frames, strict=False))
    assert recording.warnings == [f"the recording is cut off (it has no end record); {kept} whole frames were used"]
    assert recording.sha256 == hashlib.sha256(whole[:cut]).hexdigest()


@given(data=st.data())
def test_a_changed_file_gives_frames_or_an_error_and_nothing_else(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("changed", numbered=True) / "a.oni"
    changed = bytearray(write(path, [picture(1), picture(2)]).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.sampled_from([0, 1, 2, 127, 128, 254, 255]))
    path.write_bytes(changed)
    try:
        recording = open_recording(path)
        for depth in depths(recording):
            assert depth.shape == (recording.height_px, recording.width_px)
    except InputError:
        pass


def test_a_damaged_frame_is_named(tmp_path: Path) -> None:
    good, bad = encode(picture(1)), coded([7], 0, 0x76)
    path = twin_file(
        tmp_path / "a.oni",
        twin.node_added(1, twin.DEPTH) + twin.mode(1, 8, 6),
        *(twin.frame(1, n, n * 33_333, payload) for n, payload in ((1, good), (2, bad), (3, good))),
        twin.end(),
    )
    frames = open_recording(path).frames()
    assert next(frames).number == 1
    with pytest.raises(InputError, match="a.oni, frame 2: at pixel 1 expected an index below 1"):
        next(frames)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(bytes(500), id="zeroed tail"),
        pytest.param(
            struct.pack("<4sIIIIQ", b"NIR\0", 0x0A, 1, 27, 0, 0) + bytes(40), id="fields shorter than the header"
        ),
        pytest.param(struct.pack("<4sIIIIQ", b"NIR\0", 0x0A, 1, 0, 0, 0) + bytes(40), id="a record of no length"),
        pytest.param(twin.record(twin.DATA, 1, b"short"), id="frame without its fields"),
        pytest.param(twin.record(twin.INT, 1, b"\xff\xff\xff\xffname"), id="name longer than the record"),
        pytest.param(twin.record(twin.INT, 1, twin.text("name") + b"\xff\xff\0\0"), id="value longer than the record"),
    ],
)
def test_reading_ends_at_a_damaged_record(tmp_path: Path, damage: bytes) -> None:
    begin = twin.node_added(1, twin.DEPTH) + twin.mode(1, 8, 6)
    path = twin_file(tmp_path / "a.oni", begin, twin.frame(1, 1, 0, encode(picture(1))), damage, twin.end())
    recording = open_recording(path)
    assert len(depths(recording)) == 1
    assert recording.warnings == ["the recording is cut off by a damaged record; 1 whole frames were used"]


def test_a_record_that_runs_past_the_file_is_never_read(tmp_path: Path) -> None:
    begin = twin.node_added(1, twin.DEPTH) + twin.mode(1, 8, 6) + twin.frame(1, 1, 0, encode(picture(1)))
    huge = struct.pack("<4sIIIIQ", b"NIR\0", 0x0A, 1, 40, 2**32 - 1, 0) + bytes(12)
    recording = open_recording(twin_file(tmp_path / "a.oni", begin, huge))
    assert recording.frame_count == 1
    assert recording.warnings == ["the recording is cut off (it has no end record); 1 whole frames were used"]


# Real files


def test_the_real_recordings_give_their_expected_frames() -> None:
    folder = shared_data("openni_oni")
    expected = json.loads((folder / "expected_depth_frames.json").read_text())
    for name, frames in expected.items():
        recording = open_recording(folder / name)
        got = list(recording.frames())
        assert [frame.number for frame in got] == [frame["frame"] for frame in frames]
        hashes = [hashlib.sha256(frame.depth.astype("<u2").tobytes()).hexdigest() for frame in got]
        assert hashes == [frame["sha256_u16le"] for frame in frames]
        first_us = frames[0]["timestamp_us"]
        assert [round(frame.time_s * 1e6) + first_us for frame in got] == [f["timestamp_us"] for f in frames]
        assert recording.mirrored is True
        assert recording.intrinsics is not None
        assert recording.intrinsics.fx_px == pytest.approx(575.816, abs=1e-3)
        assert recording.intrinsics.fy_px == pytest.approx(575.816, abs=1e-3)
        assert recording.sha256 == sha256_of(folder / name)
        assert recording.frame_count == 12
        assert bool(recording.warnings) == ("unfinalised" in name)


def test_the_virtual_device_gives_its_live_frames() -> None:
    folder = shared_data("openni_oni")
    recording = open_recording(folder / "openni2_dummydevice_320x240_60f.oni")
    got = list(recording.frames())
    with np.load(folder / "openni2_dummydevice_live.npz") as live:
        assert np.array_equal(np.stack([frame.depth for frame in got]), live["d"])
        assert [round(frame.time_s * 1e6) for frame in got] == (live["ts"].astype(np.int64) - 33_000).tolist()
    again = open_recording(folder / "openni2_dummydevice_live.npz").frames()
    for frame, other in zip(got, again, strict=True):
        assert np.array_equal(frame.depth, other.depth)
        assert frame.time_s == pytest.approx(other.time_s, abs=1e-9)
    assert (recording.intrinsics, recording.mirrored, recording.warnings) == (None, None, [])


@pytest.mark.parametrize(("size", "kept"), [(1_267_183, 12), (1_267_182, 11), (700_000, 6), (106_469, 1)])
def test_a_shortened_copy_of_a_real_recording_keeps_its_whole_frames(tmp_path: Path, size: int, kept: int) -> None:
    data = (shared_data("openni_oni") / "openni2_depth_only_finalised.oni").read_bytes()[:size]
    (tmp_path / "cut.oni").write_bytes(data)
    recording = open_recording(tmp_path / "cut.oni")
    assert len(depths(recording)) == kept
    assert recording.warnings == [f"the recording is cut off (it has no end record); {kept} whole frames were used"]
