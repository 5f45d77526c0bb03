"""Lossless 16-bit video: FFV1 there and back, cut and damaged files, and the clock."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from asyconv.errors import InputError
from asyconv.recordings.finding import find_recordings
from asyconv.recordings.opening import open_recording
from asyconv.recordings.stream import Frame, Intrinsics, sha256_of
from asyconv.recordings.video import write_ffv1
from asyconv.recordings.video_container import ffv1_slices_are_whole, is_whole

Depth = npt.NDArray[np.uint16]


def picture(seed: int, shape: tuple[int, int] = (48, 64)) -> Depth:
    return np.random.default_rng(seed).integers(0, 65_536, shape).astype(np.uint16)


FILM = [picture(seed) for seed in range(6)]


def test_ffv1_keeps_every_bit_and_what_is_known_of_the_camera(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    camera = Intrinsics(570.5, 571.0, 31.5, 23.5, source="file")
    write_ffv1(path, FILM, 30, simulated=True, depth_unit_mm=0.1, mirrored=True, intrinsics=camera)
    assert find_recordings(path) == [path]
    recording = open_recording(path)
    frames = list(recording.frames())
    assert all(np.array_equal(f.depth, depth) for f, depth in zip(frames, FILM, strict=True))
    assert [frame.number for frame in frames] == [1, 2, 3, 4, 5, 6]
    # Matroska keeps milliseconds
    assert [frame.time_s for frame in frames] == pytest.approx([n / 30 for n in range(6)], abs=6e-4)
    assert (recording.format, recording.width_px, recording.height_px) == ("video", 64, 48)
    assert recording.fps_nominal_hz == pytest.approx(30)
    assert (recording.depth_unit_mm, recording.mirrored, recording.intrinsics) == (0.1, True, camera)
    assert recording.simulated
    assert recording.warnings == []
    assert recording.sha256 == sha256_of(path)


def test_gaps_and_a_first_time_after_zero_survive(tmp_path: Path) -> None:
    times_s = (0.464, 0.497, 0.664)
    frames = [Frame(n + 1, time_s, FILM[n]) for n, time_s in enumerate(times_s)]
    write_ffv1(tmp_path / "a.mkv", frames, 30)
    recording = open_recording(tmp_path / "a.mkv", depth_unit_mm=2.0, fps_hz=15.0)
    assert [frame.time_s for frame in recording.frames()] == pytest.approx([0, 0.033, 0.2])
    assert (recording.depth_unit_mm, recording.fps_nominal_hz) == (2.0, 15.0)
    assert (recording.mirrored, recording.intrinsics, recording.simulated) == (None, None, False)


def test_the_same_film_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        write_ffv1(tmp_path / name, FILM, 30, simulated=True)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_writer_refuses_pictures_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"frame 2: expected \(48, 64\) as before, got \(64, 48\)"):
        write_ffv1(tmp_path / "a.mkv", [FILM[0], FILM[1].T], 30)
    with pytest.raises(InputError, match="frame 1: expected uint16"):
        write_ffv1(tmp_path / "a.mkv", [FILM[0].astype(np.float32)], 30)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.77, 0.999])
def test_a_cut_film_gives_its_whole_frames_and_says_so(tmp_path: Path, share: float) -> None:
    write_ffv1(tmp_path / "a.mkv", FILM, 30)
    data = (tmp_path / "a.mkv").read_bytes()
    (tmp_path / "a.mkv").write_bytes(data[: int(share * len(data))])
    recording = open_recording(tmp_path / "a.mkv")
    frames = list(recording.frames())
    assert 1 <= len(frames) <= 6
    assert len(frames) >= int(share * 6) - 1
    assert all(np.array_equal(f.depth, depth) for f, depth in zip(frames, FILM, strict=False))
    text = f"the recording is cut off (its file is not closed); {len(frames)} whole frames were used"
    assert recording.warnings == [text]
    assert len(list(recording.frames())) == len(frames)
    assert recording.warnings == [text]  # not said twice


def test_a_film_cut_before_its_first_frame_is_refused(tmp_path: Path) -> None:
    write_ffv1(tmp_path / "a.mkv", FILM, 30)
    data = (tmp_path / "a.mkv").read_bytes()
    for size in (40, 300, 2000):
        (tmp_path / "a.mkv").write_bytes(data[:size])
        with pytest.raises(InputError, match="^a.mkv: "):
            list(open_recording(tmp_path / "a.mkv").frames())


def test_a_changed_byte_is_found_by_its_checksum_and_the_frame_is_named(tmp_path: Path) -> None:
    write_ffv1(tmp_path / "a.mkv", FILM, 30)
    with av.open(str(tmp_path / "a.mkv")) as container:
        fourth = [packet for packet in container.demux(video=0) if packet.size][3]
        inside = (fourth.pos or 0) + fourth.size // 2
    data = bytearray((tmp_path / "a.mkv").read_bytes())
    data[inside] ^= 1
    (tmp_path / "a.mkv").write_bytes(data)
    frames = open_recording(tmp_path / "a.mkv").frames()
    assert [next(frames).number for _ in range(3)] == [1, 2, 3]
    with pytest.raises(InputError, match="a.mkv, frame 4: expected coded slices that pass their checksums"):
        next(frames)


def test_slices_without_checksums_are_not_judged() -> None:
    assert ffv1_slices_are_whole(b"") is None
    assert ffv1_slices_are_whole(b"no slices here, only text") is None


def test_a_file_is_whole_when_its_outermost_box_ends_in_it(tmp_path: Path) -> None:
    matroska = b"\x1a\x45\xdf\xa3\x82ab\x18\x53\x80\x67"
    cases = {
        matroska + b"\x83abc": True,
        matroska + b"\x40\x03abc": True,  # the size in two bytes
        matroska + b"\x84abc": False,
        matroska + b"\xff" + b"abc": False,  # never filled in
        matroska: False,
        b"\x1a\x45\xdf\xa3\x82ab\x11\x11\x11\x11\x80": False,
        b"RIFF\4\0\0\0AVI ": True,
        b"RIFF\5\0\0\0AVI ": False,
        b"RIFF\0\0\0\0AVI ": False,
        b"\0\0\0\x0cftypqt  \0\0\0\x08mdat": True,
        b"\0\0\0\x0cftypqt  \0\0\0\x0amdat": False,
        b"\0\0\0\1mdat\0\0\0\0\0\0\0\x12ab": True,
        b"\0\0\0\0mdat any length": True,
        b"\0\0\0\2mdat": False,
    }
    for content, whole in cases.items():
        (tmp_path / "a").write_bytes(content)
        assert is_whole(tmp_path / "a") == whole, content


def test_the_container_tells_the_length_that_matroska_does_not_count(tmp_path: Path) -> None:
    """The number of frames is 0 in Matroska: a film of more than 7 minutes was killed after 600 s as hung."""
    frames = [Frame(n + 1, 30.0 * n, FILM[0]) for n in range(20)]
    write_ffv1(tmp_path / "a.mkv", frames, 30)
    recording = open_recording(tmp_path / "a.mkv")
    assert recording.frame_count is None
    assert recording.length_s == pytest.approx(570, rel=0.01)
    data = (tmp_path / "a.mkv").read_bytes().replace(b"\x44\x89\x88", b"\xec\x89\x88")  # the duration becomes a void
    (tmp_path / "b.mkv").write_bytes(data)
    assert open_recording(tmp_path / "b.mkv").length_s == pytest.approx(600, rel=0.01)


@pytest.mark.parametrize("true_hz", [15.0, 24.0])
def test_the_rate_of_a_film_is_measured(tmp_path: Path, true_hz: float) -> None:
    frames = [Frame(n + 1, n / true_hz, FILM[0]) for n in range(60)]
    write_ffv1(tmp_path / "a.mkv", frames, 30)
    recording = open_recording(tmp_path / "a.mkv")
    assert recording.clock().rate_hz == pytest.approx(true_hz, rel=1e-3)
    assert recording.clock().measured
    with pytest.raises(InputError, match="as you state"):
        open_recording(tmp_path / "a.mkv", fps_hz=30.0).clock()


def test_an_avi_holds_no_times_and_says_so(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.avi"), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "gray16le"
        for depth in FILM:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(depth, format="gray16le")))
        container.mux(stream.encode(None))
    for given_hz, rate_hz in ((None, 25.0), (12.5, 12.5)):
        recording = open_recording(tmp_path / "a.avi", fps_hz=given_hz)
        assert [frame.time_s for frame in recording.frames()] == pytest.approx(np.arange(6) / rate_hz)
        assert not recording.clock().measured
        said = f"the recording holds no times of its frames: {rate_hz:g} a second, as stated, was used"
        assert recording.warnings == [said]


def test_values_that_stand_for_no_depth_are_holes_in_a_film_too(tmp_path: Path) -> None:
    depth = np.full((48, 64), 700, np.uint16)
    depth[:, :9] = 65_535
    write_ffv1(tmp_path / "a.mkv", [depth] * 3, 30)
    recording = open_recording(tmp_path / "a.mkv")
    assert all(not frame.depth[:, :9].any() and (frame.depth[:, 9:] == 700).all() for frame in recording.frames())
    assert recording.warnings == ["the value 65535 was taken to mean no depth"]


def test_a_damaged_video_header_is_refused_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "a.mkv").write_bytes(b"\x1a\x45\xdf\xa3" + bytes(100))
    with pytest.raises(InputError, match=r"^a\.mkv: expected a whole video file") as caught:
        open_recording(tmp_path / "a.mkv")
    assert str(tmp_path) not in str(caught.value)


def test_twelve_bit_gray_is_read_as_counts(tmp_path: Path) -> None:
    film = [(one >> 4).astype(np.uint16) for one in FILM]
    with av.open(str(tmp_path / "a.mkv"), "w", format="matroska") as container:
        stream: Any = container.add_stream("ffv1", rate=30, options={"level": "3"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "gray12le"
        for one in film:
            frame = av.VideoFrame.from_ndarray(one, format="gray16le")
            twelve = av.VideoFrame(64, 48, "gray12le")
            twelve.planes[0].update(bytes(frame.planes[0]))
            container.mux(stream.encode(twelve))
        container.mux(stream.encode(None))
    frames = list(open_recording(tmp_path / "a.mkv").frames())
    assert all(np.array_equal(frame.depth, one) for frame, one in zip(frames, film, strict=True))
