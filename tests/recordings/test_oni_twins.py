"""Small twins of real OpenNI recordings: their nodes, properties and oddities."""

import struct
from pathlib import Path

import numpy as np
import pytest

from asyconv.errors import InputError
from asyconv.recordings.oni_codec import encode
from asyconv.recordings.opening import open_recording
from asyconv.recordings.stream import sha256_of
from tests.helpers import oni_bytes as twin
from tests.helpers.oni_files import depths, picture, twin_file


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


@pytest.mark.parametrize(("codec", "payload"), [(b"16zT", encode(picture(0))), (b"NONE", picture(0).tobytes())])
def test_a_file_without_optional_properties_leaves_them_unknown(tmp_path: Path, codec: bytes, payload: bytes) -> None:
    """Twin of openni2_dummydevice_320x240_60f.oni: no field of view, mirror or cropping; zero padding after END."""
    parts = [twin.node_added(1, twin.DEPTH, codec), twin.mode(1, 8, 6), twin.integer(1, "oniPixelFormat", 100)]
    recording = open_recording(
        twin_file(tmp_path / "a.oni", *parts, twin.frame(1, 1, 0, payload), twin.end(), bytes(5000))
    )
    assert np.array_equal(depths(recording), [picture(0)])
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
