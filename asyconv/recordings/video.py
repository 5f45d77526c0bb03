"""Read and write lossless 16-bit depth video: FFV1 gray16 in Matroska, and Azure Kinect recordings.

Azure Kinect files carry colour and infra-red beside the depth, infra-red in the very format of the depth: the stream is
chosen by its title. Eight-bit video is refused, for its depth cannot be recovered. PyAV is imported when it is needed.
"""

import contextlib
import json
import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.recordings.stream import Decoder, Frame, Intrinsics, Recording, sha256_of
from asyconv.recordings.video_container import ffv1_slices_are_whole, is_whole

_SIMULATED: Final = "asyconv simulated"
_FACTS_TAG: Final = "ASYCONV"
_DEPTH_FORMATS: Final = ("gray16le", "gray16be")
_NOT_DEPTH: Final = ("COLOR", "IR")
_MAX_SIDE_PX: Final = 8192

# Azure Kinect: side of the square the calibration refers to, offset of the picture in it, size of the picture
_K4A_MODES: Final = {
    "NFOV_UNBINNED": (1024, (192, 180), (640, 576)),
    "NFOV_2X2BINNED": (512, (96, 90), (320, 288)),
    "WFOV_UNBINNED": (1024, (0, 0), (1024, 1024)),
    "WFOV_2X2BINNED": (512, (0, 0), (512, 512)),
}


def open_video(path: Path, *, depth_unit_mm: float | None = None, fps_hz: float | None = None) -> Recording:
    """Open a 16-bit depth video; no frame is decoded. Errors as `open_recording`."""
    warnings: list[str] = []
    with _container(path) as container:
        stream = _depth_stream(container, path.name)
        width_px, height_px = stream.codec_context.width, stream.codec_context.height
        if not (0 < width_px <= _MAX_SIDE_PX and 0 < height_px <= _MAX_SIDE_PX):
            raise InputError(f"{path.name}: expected sides of 1 to {_MAX_SIDE_PX} pixels, found {width_px}x{height_px}")
        rate_hz = float(stream.average_rate or stream.guessed_rate or 30)
        frame_count = stream.frames or None
        facts = _facts(container, stream, warnings)
    stated_mm = facts.get("depth_unit_mm")
    if depth_unit_mm is not None and stated_mm is not None and depth_unit_mm != stated_mm:
        warnings.append(f"the given depth unit of {depth_unit_mm:g} mm was used; the recording states {stated_mm:g} mm")
    return Recording(
        path=path,
        format="video",
        width_px=width_px,
        height_px=height_px,
        fps_nominal_hz=fps_hz or rate_hz,
        frame_count=frame_count,
        depth_unit_mm=depth_unit_mm or stated_mm,
        intrinsics=facts.get("intrinsics"),
        mirrored=facts.get("mirrored"),
        simulated=bool(facts.get("simulated")),
        decode=lambda: _decode_all(path, (height_px, width_px), warnings),
        digest=lambda: sha256_of(path),
        warnings=warnings,
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
                found = f"{depth.dtype} {depth.shape}"
                raise InputError(f"frame {place + 1}: expected uint16 [height, width], got {found}")
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


def _depth_stream(container: Any, name: str) -> Any:
    """Return the stream titled DEPTH, else the only 16-bit gray one that is not titled as something else."""
    streams = [stream for stream in container.streams.video if stream.codec_context is not None]
    titles = [stream.metadata.get("title", "").upper() for stream in streams]
    if "DEPTH" in titles:
        candidates = [streams[titles.index("DEPTH")]]
    else:
        candidates = [
            stream
            for stream, title in zip(streams, titles, strict=True)
            if title not in _NOT_DEPTH and stream.codec_context.pix_fmt in _DEPTH_FORMATS
        ]
    if len(candidates) == 1 and candidates[0].codec_context.pix_fmt in _DEPTH_FORMATS:
        return candidates[0]
    if len(candidates) > 1:
        raise InputError(f"{name}: expected one stream titled DEPTH, found {len(candidates)} that might be it")
    found = ", ".join(stream.codec_context.pix_fmt or "one that cannot be read" for stream in streams) or "no video"
    raise InputError(f"{name}: expected a 16-bit gray depth stream, found {found}")


def _decode_all(path: Path, shape: tuple[int, int], warnings: list[str]) -> Decoder:
    import av

    whole = is_whole(path)
    place, first_s, last_s, lost = 0, 0.0, -1.0, 0
    with _container(path) as container:
        stream = _depth_stream(container, path.name)
        stream.codec_context.thread_type, stream.codec_context.thread_count = "SLICE", 2
        step_s = 1 / float(stream.average_rate or stream.guessed_rate or 30)
        azure = "K4A_DEPTH_MODE" in stream.metadata
        stated_s = (container.duration or 0) / av.time_base
        pictures = _pictures(container, stream)
        while True:
            try:
                picture = next(pictures, None)
                if picture is None:
                    break
                depth = _pixels(picture, shape)
            except (av.FFmpegError, ValueError) as error:
                if not whole:
                    break  # the last frame of a file that was cut off
                raise InputError(f"{path.name}, frame {place + 1}: {_plain(error)}") from error
            place += 1
            time_s = float(picture.pts * picture.time_base)
            first_s = time_s if place == 1 else first_s
            if time_s - first_s <= last_s:
                lost += 1
                continue
            last_s = time_s - first_s
            yield Frame(place, last_s, depth)
    if place == 0:
        raise InputError(f"{path.name}: expected depth frames, found none that is whole")
    _warn(warnings, f"{lost} of {place} frames were left out: their time does not advance", lost > 0)
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
    if picture.pts is None:
        raise ValueError("expected a time, found none")
    if picture.is_corrupt or picture.format.name not in _DEPTH_FORMATS:
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
        return {"depth_unit_mm": 1.0, "mirrored": False, "intrinsics": _k4a_intrinsics(data, mode, warnings)}
    facts: dict[str, Any] = {"simulated": tags.get("COMMENT") == _SIMULATED}
    with contextlib.suppress(ValueError, TypeError, KeyError):  # somebody else's tag of the same name
        stored = json.loads(tags[_FACTS_TAG])
        if stored["intrinsics"] is not None:
            fx_px, fy_px, cx_px, cy_px = map(float, stored["intrinsics"])
            facts["intrinsics"] = Intrinsics(fx_px, fy_px, cx_px, cy_px, source="file")
        facts["mirrored"], facts["depth_unit_mm"] = stored["mirrored"], stored["depth_unit_mm"]
    return facts


def _k4a_intrinsics(data: bytes, mode: str, warnings: list[str]) -> Intrinsics | None:
    """Pinhole part of the depth camera's calibration, as the Azure Kinect SDK scales and crops it for this mode."""
    try:
        side_px, (left_px, top_px), (width_px, _) = _K4A_MODES[mode]
        cameras = json.loads(data.rstrip(b"\0"))["CalibrationInformation"]["Cameras"]
        depth = next(camera for camera in cameras if camera["Location"] == "CALIBRATION_CameraLocationD0")
        values = [float(value) for value in depth["Intrinsics"]["ModelParameters"]]
        cx, cy, fx, fy, *lens = values[:10]
        if not all(map(math.isfinite, values)) or not (fx > 0 and fy > 0) or len(lens) < 6:
            raise ValueError
    except (KeyError, TypeError, ValueError, StopIteration):
        warnings.append("the calibration in the recording could not be read; its intrinsics are unknown")
        return None
    short_pct = 100 * _shortening(width_px / 2 / (fx * side_px), lens)
    warnings.append(f"lens distortion is not corrected: lengths at the picture's sides are {short_pct:.0f} % short")
    return Intrinsics(
        fx_px=fx * side_px,
        fy_px=fy * side_px,
        cx_px=cx * side_px - left_px - 0.5,
        cy_px=cy * side_px - top_px - 0.5,
        source="file",
    )


def _shortening(distorted: float, lens: list[float]) -> float:
    """How much nearer to the axis a lens shows a point that appears at this tangent (Brown-Conrady, rational)."""
    k1, k2, k3, k4, k5, k6 = lens
    true, ratio = distorted, 1.0
    for _ in range(50):  # converges quickly: the ratio changes slowly
        r2 = true * true
        ratio = (1 + r2 * (k1 + r2 * (k2 + r2 * k3))) / (1 + r2 * (k4 + r2 * (k5 + r2 * k6)))
        true = distorted / ratio
    return 1 - ratio


def _plain(error: Exception) -> str:
    """Text of an error without the path that PyAV puts into it."""
    return getattr(error, "strerror", None) or str(error)
