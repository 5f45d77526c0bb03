"""OpenNI recordings: the codecs by hand and by round trip, the container by twins of real files, and the real files."""

import hashlib
import json
import struct
from pathlib import Path

import hypothesis.extra.numpy as arrays
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyconv.errors import InputError
from asyconv.recordings.oni import OniWriter
from asyconv.recordings.oni_codec import PayloadError, decode, encode
from asyconv.recordings.opening import open_recording
from asyconv.recordings.stream import Recording, sha256_of
from tests.helpers import oni_bytes as twin
from tests.helpers.real_data import shared_data

Depth = npt.NDArray[np.uint16]


def coded(table: list[int], first: int, *codes: int) -> bytes:
    return struct.pack(f"<H{len(table)}HH", len(table), *table, first) + bytes(codes)


def picture(seed: int, shape: tuple[int, int] = (6, 8)) -> Depth:
    rng = np.random.default_rng(seed)
    return rng.choice([0, 0, 0, 700, 701, 702, 810, 2000], size=shape).astype(np.uint16)


def written(path: Path, frames: list[Depth], step_us: int = 33_333) -> Path:
    height_px, width_px = frames[0].shape
    with OniWriter(path, width_px, height_px, 30, hfov_rad=1.0, vfov_rad=0.8) as writer:
        for index, depth in enumerate(frames):
            writer.write(depth, index * step_us)
    return path


def _write_all(writer: OniWriter, frames: list[Depth]) -> None:
    for index, depth in enumerate(frames):
        writer.write(depth, index)


def depths(recording: Recording) -> list[Depth]:
    return [frame.depth for frame in recording.frames()]


def twin_file(path: Path, *records: bytes, header: bytes = twin.HEADER) -> Path:
    path.write_bytes(header + b"".join(records))
    return path


# The codec by hand


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        pytest.param(coded([7], 0, 0xE3, 0x6D), [7] * 8, id="three pairs, then half a byte"),
        pytest.param(coded([0, 5, 9], 1, 0x75, 0xE2, 0x6D), [5, 0, 5, 5, 5, 5, 5, 5], id="steps of -1 and +1"),
        pytest.param(coded([0, 5, 9], 0, 0xFF, 0xBF, 0xE3), [0, 5, 5, 5, 5, 5, 5, 5], id="escape, step"),
        pytest.param(coded([0, 5, 9], 0, 0xFF, 0x00, 0x02, 0xE3), [0] + [9] * 7, id="escape, absolute index"),
        pytest.param(coded([0, 5, 9], 0, 0x6F, 0x00, 0x02, 0x66, 0xE1, 0x6D), [0, 0] + [9] * 6, id="half byte, escape"),
        pytest.param(coded([3, 4], 0, 0x5D, 0xE3), [3] + [4] * 7, id="half byte before a run, as OpenNI ends frames"),
    ],
)
def test_payloads_written_by_hand_decode_to_their_pixels(payload: bytes, expected: list[int]) -> None:
    assert decode(payload, "16zT", 4, 2).reshape(-1).tolist() == expected


def test_16zp_steps_through_the_values_themselves() -> None:
    payload = struct.pack("<H", 1000) + bytes([0x57, 0xFF, 0x03, 0x20])
    assert decode(payload, "16zP", 2, 2).tolist() == [[1000, 1001], [1000, 800]]


def test_none_is_the_plain_pixels() -> None:
    depth = picture(1)
    assert np.array_equal(decode(depth.astype("<u2").tobytes(), "NONE", 8, 6), depth)


def test_the_encoder_writes_the_bytes_worked_out_by_hand() -> None:
    depth = np.array([[5, 0, 5, 5], [5, 5, 5, 9]], dtype=np.uint16)
    # indices 1 0 1 1 1 1 1 2: step 1 (7), step -1 (5), four equal (0xE2), step -1 (5) and a half byte left over
    assert encode(depth) == coded([0, 5, 9], 1, 0x75, 0xE2, 0x5D)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "table of 1 values"),
        (b"\x01", "table of 1 values"),
        (b"\x00\x00\x00\x00", "table of 1 values"),
        (struct.pack("<HH", 9, 1), "table of 9 values"),
        (struct.pack("<HH", 1, 7), "expected 6 bytes"),
        (coded([7], 1, 0xE3, 0x6D), "index below 1"),
        (coded([7], 0, 0x76), "index below 1"),
        (coded([7], 0, 0x65), "index below 1"),
        (coded([7], 0, 0xFF, 0x00, 0x01), "index below 1"),
        (coded([7], 0, 0xFF, 0x80), "index below 1"),
        (coded([7], 0, 0xE3), "expected 8 pixels, found 7"),
        (coded([7], 0, 0xE3, 0x66), "expected 8 pixels, found more"),
        (coded([7], 0, 0xE3, 0x6D, 0x6D), "expected 8 pixels, found more"),
        (coded([7], 0, 0xE4), "expected 8 pixels, found more"),
        (coded([7], 0, 0xE3, 0xFF, 0xC0, 0xFF, 0xC0), "expected 8 pixels, found more"),
        (coded([7], 0, 0xE3, 0xFF), "the end of the payload"),
        (coded([7], 0, 0xE3, 0xFF, 0x00), "the end of the payload"),
        (coded([7], 0, 0xE2, 0x6F), "the end of the payload"),
    ],
)
def test_a_malformed_payload_is_refused(payload: bytes, reason: str) -> None:
    with pytest.raises(PayloadError, match=reason):
        decode(payload, "16zT", 4, 2)


@pytest.mark.parametrize(("codec", "payload"), [("NONE", bytes(15)), ("16zP", b"\x01"), ("Im8z", bytes(16))])
def test_malformed_payloads_of_the_other_codecs_are_refused(codec: str, payload: bytes) -> None:
    with pytest.raises(PayloadError):
        decode(payload, codec, 4, 2)


smooth = st.integers(0, 65_535).flatmap(
    lambda base: arrays.arrays(
        np.int64, st.tuples(st.integers(1, 12), st.integers(1, 40)), elements=st.integers(-70, 70)
    ).map(lambda steps: np.clip(base + steps // 20 * steps, 0, 65_535).astype(np.uint16))
)
rough = arrays.arrays(np.uint16, st.tuples(st.integers(1, 9), st.integers(1, 70)))


@given(depth=st.one_of(smooth, rough))
def test_what_is_encoded_decodes_to_itself(depth: Depth) -> None:
    height_px, width_px = depth.shape
    assert np.array_equal(decode(encode(depth), "16zT", width_px, height_px), depth)


@given(depth=st.one_of(smooth, rough), data=st.data())
def test_a_changed_payload_gives_a_picture_or_an_error_and_nothing_else(depth: Depth, data: st.DataObject) -> None:
    payload = bytearray(encode(depth))
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(payload)))
    height_px, width_px = depth.shape
    for codec in ("16zT", "16zP"):
        try:
            assert decode(bytes(payload[:cut]), codec, width_px, height_px).shape == depth.shape
        except PayloadError:
            continue


def test_absolute_indices_reach_the_15_bits_of_an_escape() -> None:
    values = np.arange(32_768, dtype=np.uint16) * 2
    depth = np.concatenate([values[::2], values[1::2][::-1]]).reshape(256, 128)
    assert np.array_equal(decode(encode(depth), "16zT", 128, 256), depth)


def test_a_frame_of_too_many_distinct_depths_is_refused_and_told_the_other_codec() -> None:
    depth = np.arange(32_769, dtype=np.uint16).reshape(1, -1)
    with pytest.raises(PayloadError, match=r"at most 32768 distinct values, found 32769; use codec NONE"):
        encode(depth)
    assert np.array_equal(decode(encode(depth, "NONE"), "NONE", 32_769, 1), depth)


def test_the_encoder_takes_views_and_refuses_other_types() -> None:
    depth = picture(3, (10, 12))[::2, ::3]
    assert np.array_equal(decode(encode(depth), "16zT", 4, 5), depth)
    for wrong in (depth.astype(np.int32), depth.reshape(-1), depth[:0]):
        with pytest.raises(PayloadError, match="expected uint16"):
            encode(wrong)  # type: ignore[arg-type]


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


def test_a_recording_of_tenths_of_millimetres_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.oni"
    with OniWriter(path, 8, 6, 30, hfov_rad=None, vfov_rad=None, depth_unit_mm=0.1, codec="NONE") as writer:
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
    with pytest.raises(InputError, match="16zT or NONE"):
        OniWriter(tmp_path / "b.oni", 8, 6, 30, hfov_rad=1.0, vfov_rad=0.8, codec="16zP")


def test_a_writer_that_fails_leaves_a_file_that_reads_as_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "a.oni"
    writer = OniWriter(path, 8, 6, 30, hfov_rad=1.0, vfov_rad=0.8)
    with pytest.raises(InputError, match="frame 2"), writer:
        _write_all(writer, [picture(1), picture(1).T])
    recording = open_recording(path)
    assert len(depths(recording)) == 1
    assert recording.warnings == ["the recording is cut off (it has no end record); 1 whole frames were used"]


def test_the_end_of_a_written_file_is_what_the_reference_player_looks_up(tmp_path: Path) -> None:
    """The node record points to the seek table, whose entries point to the frames."""
    data = written(tmp_path / "a.oni", [picture(1), picture(2)]).read_bytes()
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
    whole = written(folder / "whole.oni", frames).read_bytes()
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
    changed = bytearray(written(path, [picture(1), picture(2)]).read_bytes())
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


# Twins of real files


def test_an_openni_1_file_of_three_nodes_gives_its_depth_alone(tmp_path: Path) -> None:
    """Twin of kinect1_openni1_color_depth.oni: depth is node 2, times do not start at 0, stale records after END."""
    parts = [
        twin.node_added(1, twin.DEVICE, b"NONE") + twin.record(twin.READY, 1),
        twin.node_added(2, twin.DEPTH) + twin.mode(2, 8, 6) + twin.integer(2, "xnMirror", 1),
        twin.record(twin.REAL, 2, twin.text("ZPPS") + struct.pack("<Id", 8, 0.1042)),
        twin.general(2, "xnFOV", struct.pack("<dd", 1.01447, 0.78981)),
        twin.node_added(3, twin.COLOUR, b"JPEG") + twin.mode(3, 640, 480),
    ]
    for n in range(3):
        parts.append(twin.frame(3, n + 1, n * 33_369, b"no picture"))
        parts.append(twin.frame(2, n + 1, 11_680 + n * 33_369, encode(picture(n))))
    parts.append(twin.record(twin.END, 2**32 - 1) + twin.frame(2, 9, 999_999, b"stale"))
    recording = open_recording(twin_file(tmp_path / "a.oni", *parts))
    got = list(recording.frames())
    assert [frame.time_s for frame in got] == pytest.approx([0, 0.033369, 0.066738])
    assert all(np.array_equal(frame.depth, picture(n)) for n, frame in enumerate(got))
    assert recording.mirrored is True
    assert recording.depth_unit_mm == 1.0  # OpenNI 1 states no pixel format: mm
    assert recording.intrinsics is not None
    assert recording.intrinsics.fx_px == pytest.approx(8 * 575.816 / 640, rel=1e-4)
    assert recording.warnings == []


def test_a_file_without_optional_properties_leaves_them_unknown(tmp_path: Path) -> None:
    """Twin of openni2_dummydevice_320x240_60f.oni: no field of view, mirror or cropping; zero padding after END."""
    parts = [twin.node_added(1, twin.DEPTH), twin.mode(1, 8, 6), twin.integer(1, "oniPixelFormat", 100)]
    recording = open_recording(
        twin_file(tmp_path / "a.oni", *parts, twin.frame(1, 1, 0, encode(picture(0))), twin.end(), bytes(5000))
    )
    assert len(depths(recording)) == 1
    assert (recording.intrinsics, recording.mirrored, recording.simulated) == (None, None, False)
    assert recording.warnings == []
    assert recording.sha256 == sha256_of(recording.path)  # the padding is part of the input


def test_a_file_of_one_colour_node_is_refused(tmp_path: Path) -> None:
    """Twin of kinect1_openni1_header_only_colour.oni."""
    path = twin_file(tmp_path / "a.oni", twin.node_added(1, twin.COLOUR, b"JPEG"), twin.end(), twin.record(0x07, 1))
    with pytest.raises(InputError, match="a.oni: expected a depth stream, found 1 stream without depth"):
        open_recording(path)


def test_a_depth_stream_without_a_frame_is_refused(tmp_path: Path) -> None:
    path = twin_file(tmp_path / "a.oni", twin.node_added(1, twin.DEPTH), twin.mode(1, 8, 6), twin.end())
    with pytest.raises(InputError, match="expected depth frames"):
        open_recording(path)


def test_cropped_pictures_have_their_own_size_and_a_shifted_axis(tmp_path: Path) -> None:
    cropping = twin.general(1, "xnCropping", struct.pack("<iHHHH", 1, 2, 1, 4, 3))
    begin = twin.node_added(1, twin.DEPTH) + twin.mode(1, 8, 6) + cropping
    begin += twin.general(1, "xnFOV", struct.pack("<dd", 1.0, 0.8))
    depth = picture(1, (3, 4))
    recording = open_recording(twin_file(tmp_path / "a.oni", begin, twin.frame(1, 1, 0, encode(depth)), twin.end()))
    assert np.array_equal(depths(recording)[0], depth)
    assert recording.intrinsics is not None
    assert (recording.intrinsics.cx_px, recording.intrinsics.cy_px) == (1.5, 1.5)
    assert recording.intrinsics.fx_px == pytest.approx(4 / np.tan(0.5))


def test_files_older_than_1_0_1_0_have_shorter_record_headers(tmp_path: Path) -> None:
    def old(kind: int, fields: bytes, payload: bytes = b"") -> bytes:
        return struct.pack("<4sIIIII", b"NIR\0", kind, 1, 24 + len(fields), len(payload), 0) + fields + payload

    path = twin_file(
        tmp_path / "a.oni",
        old(0x02, twin.text("Depth") + struct.pack("<I4s", 2, b"16zT")),
        old(0x06, twin.text("xnMapOutputMode") + struct.pack("<IIII", 12, 8, 6, 30)),
        old(0x0A, struct.pack("<QI", 0, 1), encode(picture(1))),
        old(0x0B, b""),
        header=struct.pack("<4sBBHIQI", b"NI10", 1, 0, 0, 5, 0, 1),
    )
    recording = open_recording(path)
    assert np.array_equal(depths(recording)[0], picture(1))
    assert recording.warnings == []


@pytest.mark.parametrize("fps", [0, 2**32 - 1])
def test_a_rate_that_is_none_is_taken_from_the_times(tmp_path: Path, fps: int) -> None:
    begin = twin.node_added(1, twin.DEPTH) + twin.mode(1, 8, 6, fps)
    frames = [twin.frame(1, n, time_us, encode(picture(n))) for n, time_us in enumerate((0, 40_000, 80_000, 500_000))]
    recording = open_recording(twin_file(tmp_path / "a.oni", begin, *frames, twin.end()))
    assert recording.fps_nominal_hz is None
    assert recording.clock().rate_hz == 25.0


@pytest.mark.parametrize("version", [(0, 9, 0, 0), (1, 0, 0, 3), (2, 0, 0, 0)])
def test_unknown_versions_are_refused(tmp_path: Path, version: tuple[int, int, int, int]) -> None:
    header = struct.pack("<4sBBHIQI", b"NI10", *version, 0, 1)
    with pytest.raises(InputError, match="version 1.0.0.4 or later"):
        open_recording(twin_file(tmp_path / "a.oni", header=header))


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        (b"", "xnMapOutputMode"),
        (twin.mode(1, 0, 6), "found 0x6"),
        (twin.mode(1, 2**31, 2**31), "expected sides of 1 to 8192"),
        (twin.mode(1, 8, 6) + twin.integer(1, "oniPixelFormat", 102), "oniPixelFormat"),
    ],
)
def test_properties_that_make_no_picture_are_refused(tmp_path: Path, properties: bytes, reason: str) -> None:
    path = twin_file(
        tmp_path / "a.oni",
        twin.node_added(1, twin.DEPTH),
        properties,
        twin.frame(1, 1, 0, encode(picture(1))),
        twin.end(),
    )
    with pytest.raises(InputError, match=reason):
        open_recording(path)


def test_a_foreign_codec_is_refused(tmp_path: Path) -> None:
    begin = twin.node_added(1, twin.DEPTH, b"JPEG") + twin.mode(1, 8, 6)
    with pytest.raises(InputError, match="found 'JPEG'"):
        open_recording(twin_file(tmp_path / "a.oni", begin, twin.frame(1, 1, 0, b"x"), twin.end()))


def test_oddities_become_warnings(tmp_path: Path) -> None:
    begin = twin.node_added(1, twin.DEPTH) + twin.mode(1, 8, 6) + twin.integer(1, "xnMirror", 0)
    begin += twin.general(1, "xnFOV", struct.pack("<dd", 0.0, 9.0))
    data = encode(picture(1))
    path = twin_file(
        tmp_path / "a.oni",
        begin,
        twin.frame(1, 1, 0, data) + twin.frame(1, 2, 33_000, data) + twin.frame(1, 3, 33_000, data),
        twin.integer(1, "xnMirror", 1) + twin.frame(1, 4, 66_000, data),
        twin.node_added(2, twin.DEPTH) + twin.mode(2, 8, 6) + twin.frame(2, 1, 0, data),
        twin.end(),
    )
    recording = open_recording(path)
    assert [frame.number for frame in recording.frames()] == [1, 2, 4]
    assert recording.mirrored is None
    assert recording.intrinsics is None
    assert recording.warnings == [
        "the recording states an impossible field of view, which was not used",
        "1 of 4 frames were left out: their time does not fit between those of their neighbours",
        "the recording has several depth streams; the first was used",
        "the mirror setting changes during the recording; left and right cannot be told",
    ]


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


def test_the_real_frames_encode_as_small_as_the_recorder_made_them_and_back(tmp_path: Path) -> None:
    frames = depths(open_recording(shared_data("openni_oni") / "openni2_depth_only_finalised.oni"))
    payload = encode(frames[0])
    assert len(payload) == 105_410  # the recorder's own size of frame 1
    assert all(np.array_equal(decode(encode(depth), "16zT", 640, 480), depth) for depth in frames)


def test_the_virtual_device_gives_its_live_frames() -> None:
    folder = shared_data("openni_oni")
    recording = open_recording(folder / "openni2_dummydevice_320x240_60f.oni")
    got = list(recording.frames())
    with np.load(folder / "openni2_dummydevice_live.npz") as live:
        assert np.array_equal(np.stack([frame.depth for frame in got]), live["d"])
        assert [round(frame.time_s * 1e6) for frame in got] == (live["ts"].astype(np.int64) - 33_000).tolist()
    assert (recording.intrinsics, recording.mirrored, recording.warnings) == (None, None, [])


def test_the_real_header_without_depth_is_refused() -> None:
    with pytest.raises(InputError, match="stream without depth"):
        open_recording(shared_data("openni_oni") / "kinect1_openni1_header_only_colour.oni")


@pytest.mark.parametrize(("size", "kept"), [(1_267_183, 12), (1_267_182, 11), (700_000, 6), (106_469, 1)])
def test_a_shortened_copy_of_a_real_recording_keeps_its_whole_frames(tmp_path: Path, size: int, kept: int) -> None:
    data = (shared_data("openni_oni") / "openni2_depth_only_finalised.oni").read_bytes()[:size]
    (tmp_path / "cut.oni").write_bytes(data)
    recording = open_recording(tmp_path / "cut.oni")
    assert len(depths(recording)) == kept
    assert recording.warnings == [f"the recording is cut off (it has no end record); {kept} whole frames were used"]
