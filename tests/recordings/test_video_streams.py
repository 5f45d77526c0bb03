"""Films of several streams, as an Azure Kinect records them: which one is depth, and its camera."""

import hashlib
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from asyconv.errors import InputError
from asyconv.recordings.opening import open_recording
from asyconv.recordings.stream import Intrinsics, sha256_of
from tests.helpers.real_data import shared_data


def film(path: Path, streams: list[tuple[str, str, str]], frames: int = 2, shape: tuple[int, int] = (576, 640)) -> Path:
    """Write a Matroska file of streams (title, codec, pixel format); each is of one value, 1000 x its place from 1."""
    with av.open(str(path), "w", format="matroska", container_options={"allow_raw_vfw": "1"}) as container:
        made: list[Any] = []
        for title, codec, pixel_format in streams:
            stream: Any = container.add_stream(codec, rate=5)
            stream.height, stream.width = shape
            stream.pix_fmt, stream.metadata["title"] = pixel_format, title
            if title == "DEPTH":
                stream.metadata["K4A_DEPTH_MODE"] = "NFOV_UNBINNED"
            made.append(stream)
        calibration = {"Location": "CALIBRATION_CameraLocationD0"}
        calibration["Intrinsics"] = {"ModelParameters": [0.5, 0.5, 0.5, 0.5] + [0.0] * 10}  # type: ignore[assignment]
        data = json.dumps({"CalibrationInformation": {"Cameras": [calibration]}}).encode()
        container.add_attachment("calibration.json", "application/octet-stream", data + b"\0")
        for number in range(frames):
            for place, stream in enumerate(made, start=1):
                value = np.full(shape, 1000 * place + number, dtype=np.uint16)
                one: Any = av.VideoFrame.from_ndarray(value, format="gray16le").reformat(format=stream.pix_fmt)
                one.pts, one.time_base = 464 + 200 * number, Fraction(1, 1000)
                container.mux(stream.encode(one))
        for stream in made:
            container.mux(stream.encode(None))
    # PyAV leaves the code of raw video empty (after planes 1, bits 16); the camera writes b16g
    empty, code = b"\x01\x00\x10\x00" + bytes(4), b"\x01\x00\x10\x00b16g"
    path.write_bytes(path.read_bytes().replace(empty, code))
    return path


COLOUR = ("COLOR", "ffv1", "yuv420p")


DEPTH = ("DEPTH", "rawvideo", "gray16be")


INFRARED = ("IR", "rawvideo", "gray16be")


def test_depth_is_chosen_by_title_among_streams_of_one_kind(tmp_path: Path) -> None:
    for streams, value in (([COLOUR, DEPTH, INFRARED], 2000), ([INFRARED, COLOUR, DEPTH], 3000)):
        recording = open_recording(film(tmp_path / "a.mkv", streams))
        frames = list(recording.frames())
        assert [int(frame.depth[5, 7]) for frame in frames] == [value, value + 1]
        assert frames[0].depth.dtype == np.uint16
        assert [frame.time_s for frame in frames] == pytest.approx([0, 0.2])
        assert (recording.width_px, recording.height_px, recording.depth_unit_mm) == (640, 576, 1.0)
        assert recording.mirrored is False


def test_the_calibration_becomes_the_intrinsics_of_the_cropped_picture(tmp_path: Path) -> None:
    recording = open_recording(film(tmp_path / "a.mkv", [DEPTH]))
    # 0.5 of 1024, less the crop (192, 180), less half a pixel
    assert recording.intrinsics == Intrinsics(512.0, 512.0, 319.5, 331.5, source="file")
    assert recording.warnings == ["lens distortion is not corrected: lengths at the picture's sides are 0 % short"]


@pytest.mark.parametrize(
    ("streams", "reason"),
    [
        ([COLOUR], "expected a 16-bit gray depth stream, found yuv420p"),
        ([COLOUR, INFRARED], "expected a 16-bit gray depth stream, found yuv420p .COLOR., gray16be .IR."),
        ([("DEPTH", "ffv1", "gray")], "expected a 16-bit gray depth stream, found gray"),
        (
            [("", "ffv1", "gray16le"), ("", "ffv1", "gray16le")],
            "found the streams 0 .without a title. and 1 .*choose one with --stream",
        ),
    ],
)
def test_films_without_one_depth_stream_are_refused(
    tmp_path: Path, streams: list[tuple[str, str, str]], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        open_recording(film(tmp_path / "a.mkv", streams))


@pytest.mark.parametrize("title", ["Infrared", "ir", "left infra", "IR_1", "Confidence", "NIR amplitude"])
def test_one_gray_stream_that_is_not_depth_is_refused(tmp_path: Path, title: str) -> None:
    """A film of one stream of 16-bit infra-red was taken as depth: its brightness became millimetres."""
    path = film(tmp_path / "a.mkv", [(title, "ffv1", "gray16le")])
    with pytest.raises(InputError, match=rf"expected a 16-bit gray depth stream, found gray16le \({title}\)"):
        open_recording(path)


def test_the_user_chooses_among_two_candidates(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mkv", [("left", "ffv1", "gray16le"), ("right", "ffv1", "gray16le"), COLOUR])
    with pytest.raises(InputError, match=r"the streams 0 \(left\) and 1 \(right\); choose one with --stream"):
        open_recording(path)
    for wanted, value in (("right", 2000), ("LEFT", 1000), ("1", 2000)):
        recording = open_recording(path, stream=wanted)
        assert [int(frame.depth[0, 0]) for frame in recording.frames()] == [value, value + 1]
    for wanted in ("middle", "COLOR"):
        with pytest.raises(
            InputError, match=rf"expected one stream '{wanted}' of 16-bit gray \(--stream\), found gray16le"
        ):
            open_recording(path, stream=wanted)


@pytest.mark.parametrize("title", ["", "Stream #1", "Depth (aligned)", "Circuit"])
def test_one_gray_stream_that_may_be_depth_is_taken(tmp_path: Path, title: str) -> None:
    path = film(tmp_path / "a.mkv", [(title, "ffv1", "gray16le"), COLOUR])
    assert [int(frame.depth[0, 0]) for frame in open_recording(path).frames()] == [1000, 1001]


def test_the_real_azure_kinect_frame_is_the_expected_one() -> None:
    folder = shared_data("azure_kinect_mkv")
    expected = json.loads((folder / "expected_depth.json").read_text())
    recording = open_recording(folder / "recording.mkv")
    frames = list(recording.frames())
    assert len(frames) == expected["n"] == 1
    assert frames[0].depth.shape == tuple(expected["shape"])
    assert hashlib.sha256(frames[0].depth.astype("<u2").tobytes()).hexdigest() == expected["sha256_u16le"]
    assert int(frames[0].depth.sum(dtype=np.int64)) == 380_924_829
    assert (frames[0].time_s, recording.depth_unit_mm, recording.mirrored) == (0.0, 1.0, False)
    assert recording.intrinsics is not None
    assert recording.intrinsics.fx_px == pytest.approx(504.6076, abs=1e-3)
    assert recording.intrinsics.cx_px == pytest.approx(332.7811, abs=1e-3)
    assert recording.warnings == ["lens distortion is not corrected: lengths at the picture's sides are 14 % short"]
    assert recording.sha256 == sha256_of(folder / "recording.mkv")
