"""Read and write lossless 16-bit depth video: FFV1 gray16 in Matroska, and Azure Kinect recordings.

Azure Kinect files carry colour and infra-red beside the depth, infra-red in the very format of the depth: the stream is
chosen by its title, or by the user (video_streams.py). Eight-bit video is refused, for its depth cannot be recovered,
unless the user asks for poses alone (lossy_video.py).
PyAV is imported when it is needed.
"""

import contextlib
import functools
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.recordings import lossy_video
from asyconv.recordings.azure_kinect import k4a_intrinsics
from asyconv.recordings.clock import Clock, clock_of, counted_clock
from asyconv.recordings.formats import first_bytes
from asyconv.recordings.holes import Holes
from asyconv.recordings.lossy_video import counts_of
from asyconv.recordings.stream import Decoder, Frame, Intrinsics, Recording, check_sides, sha256_of, unit_used
from asyconv.recordings.video_container import ffv1_slices_are_whole, is_whole
from asyconv.recordings.video_streams import DEPTH_FORMATS, depth_stream, others
from asyconv.whole_files import json_of

_SIMULATED: Final = "asyconv simulated"
_FACTS_TAG: Final = "ASYCONV"


def open_video(
    path: Path,
    *,
    depth_unit_mm: float | None = None,
    fps_hz: float | None = None,
    stream: str | None = None,
    lossy_mm: tuple[float, float] | None = None,
) -> Recording:
    """Open a 16-bit depth video; no frame is decoded. Errors as `open_recording`."""
    import av

    warnings: list[str] = []
    with _container(path) as container:
        chosen = depth_stream(container, path.name, stream, lossy=lossy_mm is not None)
        width_px, height_px = chosen.codec_context.width, chosen.codec_context.height
        check_sides(path.name, width_px, height_px)
        stated_hz = float(chosen.average_rate or chosen.guessed_rate or 0) or None
        frame_count = chosen.frames or None
        length_s = container.duration / av.time_base if container.duration else None
        facts, beside = _facts(container, chosen, warnings), others(container, chosen)
        film = _Film(path, (height_px, width_px), chosen.index, fps_hz or stated_hz, fps_hz, warnings, lossy_mm)
    if lossy_mm is not None:
        warnings.append(lossy_video.SAID)
        depth_unit_mm, facts = lossy_video.UNIT_MM, {"simulated": facts.get("simulated")}
    return Recording(
        path=path,
        format="video",
        width_px=width_px,
        height_px=height_px,
        fps_nominal_hz=film.nominal_hz,
        frame_count=frame_count,
        length_s=length_s or film.clock.length_s,
        depth_unit_mm=unit_used(depth_unit_mm, facts.get("depth_unit_mm"), warnings),
        intrinsics=facts.get("intrinsics"),
        mirrored=facts.get("mirrored"),
        simulated=bool(facts.get("simulated")),
        clock=lambda: film.clock,
        decode=lambda: _decode_all(film),
        digest=lambda: sha256_of(path),
        warnings=warnings,
        beside=beside,
        lossy=lossy_mm is not None,
    )


def write_ffv1(
    path: Path | str,
    frames: Iterable[Frame | npt.NDArray[np.uint16]],
    fps_hz: float,
    simulated: bool = False,
    *,
    depth_unit_mm: float | None = None,
    mirrored: bool | None = None,
    intrinsics: Intrinsics | None = None,
) -> None:
    """Write depth without loss as FFV1 in Matroska.

    Pictures are uint16 [height, width], at `fps_hz`; a `Frame` keeps its own time. Times are kept to the millisecond,
    as Matroska does. What is known of the camera is stored as a tag and read back by `open_video`.
    """
    import av

    facts = {
        "depth_unit_mm": depth_unit_mm,
        "mirrored": mirrored,
        "intrinsics": intrinsics and [intrinsics.fx_px, intrinsics.fy_px, intrinsics.cx_px, intrinsics.cy_px],
    }
    rate = Fraction(fps_hz).limit_denominator(1001)
    with av.open(str(path), "w", format="matroska", container_options={"fflags": "+bitexact"}) as container:
        container.metadata[_FACTS_TAG] = json.dumps(facts)
        if simulated:
            container.metadata["comment"] = _SIMULATED
        stream: Any = None
        for place, item in enumerate(frames):
            depth, time_s = (item.depth, item.time_s) if isinstance(item, Frame) else (item, place / fps_hz)
            if depth.dtype != np.uint16 or depth.ndim != 2:
                actual = f"{depth.dtype} {depth.shape}"
                raise InputError(f"frame {place + 1}: expected uint16 [height, width], got {actual}")
            if stream is None:
                stream = _ffv1_stream(container, rate, *depth.shape)
            if depth.shape != (stream.height, stream.width):
                expected = (stream.height, stream.width)
                raise InputError(f"frame {place + 1}: expected {expected} as before, got {depth.shape}")
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(depth), format="gray16le")
            picture.pts, picture.time_base = round(time_s * 1000), Fraction(1, 1000)
            container.mux(stream.encode(picture))
        if stream is not None:
            container.mux(stream.encode(None))


def _ffv1_stream(container: Any, rate: Fraction, height_px: int, width_px: int) -> Any:
    options = {"level": "3", "g": "1", "slices": "16", "slicecrc": "1", "context": "0"}
    stream = container.add_stream("ffv1", rate=rate, options=options)
    stream.width, stream.height, stream.pix_fmt = width_px, height_px, "gray16le"
    stream.codec_context.time_base = Fraction(1, 1000)
    stream.codec_context.thread_count, stream.codec_context.thread_type = 2, "SLICE"
    return stream


@contextlib.contextmanager
def _container(path: Path) -> Iterator[Any]:
    import av

    try:
        container = av.open(str(path), metadata_errors="replace")
    except (av.FFmpegError, OSError) as error:
        raise InputError(f"{path.name}: expected a whole video file, found a damaged one ({_plain(error)})") from error
    with container:
        yield container


@dataclass(frozen=True)
class _Film:
    """The depth stream of a video, the stated rates, and the list that collects warnings."""

    path: Path
    shape: tuple[int, int]
    stream_index: int
    nominal_hz: float | None
    given_hz: float | None
    warnings: list[str]
    lossy_mm: tuple[float, float] | None = None

    @functools.cached_property
    def clock(self) -> Clock:
        """Clock by the packets of the stream; they are read, not decoded."""
        with _container(self.path) as container:
            stream = container.streams[self.stream_index]
            stamps = [
                packet.pts if packet.pts is not None else packet.dts or 0 for packet in _packets(container, stream)
            ]
            ticks_per_s = float(1 / stream.time_base)
        if not stamps:
            raise InputError(f"{self.path.name}: expected depth frames, found none that is whole")
        if not _has_times(self.path) and self.nominal_hz is not None:
            said = f"the recording holds no times of its frames: {self.nominal_hz:g} a second, as stated, was used"
            clock = counted_clock([stamp - stamps[0] for stamp in stamps], self.nominal_hz, said)
        else:
            clock = clock_of(
                self.path.name, np.array(stamps, np.int64), ticks_per_s, unit_sure=True,
                nominal_hz=self.nominal_hz, given_hz=self.given_hz,
            )  # fmt: skip
        self.warnings.extend(clock.said)
        return clock


def _has_times(path: Path) -> bool:
    """Whether the format holds a time for each frame; AVI only counts them."""
    return not first_bytes(path).startswith(b"RIFF")


def _packets(container: Any, stream: Any) -> Iterator[Any]:
    """Packets of a stream up to its end, or to where the file is damaged (decoding says so)."""
    import av

    with contextlib.suppress(av.FFmpegError):
        yield from (packet for packet in container.demux(stream) if packet.size)


def _decode_all(film: _Film) -> Decoder:
    import av

    path, shape, warnings = film.path, film.shape, film.warnings
    whole, holes = is_whole(path), Holes(warnings)
    place, first_s, last_s = 0, 0.0, 0.0
    clock = film.clock
    with _container(path) as container:
        stream = container.streams[film.stream_index]
        stream.codec_context.thread_type, stream.codec_context.thread_count = "SLICE", 2
        azure = "K4A_DEPTH_MODE" in stream.metadata
        stated_s = (container.duration or 0) / av.time_base
        pictures = _pictures(container, stream)
        while True:
            try:
                picture = next(pictures, None)
                if picture is None:
                    break
                window_mm = film.lossy_mm
                depth = _pixels(picture, shape) if window_mm is None else counts_of(picture, shape, window_mm)
            except (av.FFmpegError, ValueError) as error:
                if not whole:
                    break  # the last frame of a file that was cut off
                raise InputError(f"{path.name}, frame {place + 1}: {_plain(error)}") from error
            place += 1
            if place == 1 and picture.pts is not None:
                first_s = float(picture.pts * picture.time_base)
            if place > len(clock.time_s) or math.isnan(clock.time_s[place - 1]):
                continue
            last_s = float(clock.time_s[place - 1])
            yield Frame(place, last_s, holes.fill(depth, f"{path.name}, frame {place}"))
    if place == 0:
        raise InputError(f"{path.name}: expected depth frames, found none that is whole")
    step_s = 1 / clock.rate_hz
    late = whole and first_s > 1.5 * step_s and not azure  # whose cameras do not begin together
    _warn(warnings, f"the first frame is at {first_s:.2f} s; frames before it may be lost", late)
    early = whole and first_s + last_s < stated_s - 2.5 * step_s
    _warn(warnings, f"the recording states {stated_s:.2f} s, its last frame is at {first_s + last_s:.2f} s", early)
    _warn(warnings, f"the recording is cut off (its file is not closed); {place} whole frames were used", not whole)
    return None


def _pictures(container: Any, stream: Any) -> Iterator[Any]:
    """Decode packet by packet; a packet that fails its checksums is a `ValueError`."""
    checked = False
    for packet in container.demux(stream):
        if stream.codec_context.name == "ffv1" and packet.size:
            whole = ffv1_slices_are_whole(bytes(packet))
            if whole is False or (checked and whole is None):
                raise ValueError("expected coded slices that pass their checksums, found a damaged one")
            checked = checked or whole is not None
        yield from packet.decode()


def _pixels(picture: Any, shape: tuple[int, int]) -> npt.NDArray[np.uint16]:
    if picture.is_corrupt or picture.format.name not in DEPTH_FORMATS:
        raise ValueError(f"expected a whole 16-bit picture, found a damaged one ({picture.format.name})")
    depth = np.asarray(picture.to_ndarray())
    if depth.shape != shape or depth.dtype != np.uint16:
        raise ValueError(f"expected uint16 {shape}, found {depth.dtype} {depth.shape}")
    return depth


def _warn(warnings: list[str], text: str, applies: bool) -> None:
    if applies and text not in warnings:  # the frames may be read twice
        warnings.append(text)


def _facts(container: Any, stream: Any, warnings: list[str]) -> dict[str, Any]:
    """Read what the file says of its camera: depth_unit_mm, mirrored, intrinsics, simulated."""
    tags = {key.upper(): value for key, value in container.metadata.items()}
    mode = stream.metadata.get("K4A_DEPTH_MODE")
    if mode is not None:  # Azure Kinect: mm, and never mirrored
        attached = [item for item in container.streams.attachments if item.name == "calibration.json"]
        data = bytes(attached[0].data) if attached else b""
        return {"depth_unit_mm": 1.0, "mirrored": False, "intrinsics": k4a_intrinsics(data, mode, warnings)}
    facts: dict[str, Any] = {"simulated": tags.get("COMMENT") == _SIMULATED}
    with contextlib.suppress(ValueError, TypeError, KeyError):  # somebody else's tag of the same name
        stored = json_of(tags[_FACTS_TAG])
        if stored["intrinsics"] is not None:
            fx_px, fy_px, cx_px, cy_px = map(float, stored["intrinsics"])
            facts["intrinsics"] = Intrinsics(fx_px, fy_px, cx_px, cy_px, source="file")
        facts["mirrored"], facts["depth_unit_mm"] = stored["mirrored"], stored["depth_unit_mm"]
    return facts


def _plain(error: Exception) -> str:
    """Text of an error without the path that PyAV puts into it."""
    return getattr(error, "strerror", None) or str(error)
