"""Read depth from OpenNI recordings (.oni of OpenNI 1 and 2); oni_writer.py writes them.

A file that was cut off gives every whole frame before the cut and a warning; a damaged frame is an error that
names it.
"""

import hashlib
import math
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np

from asyconv.errors import InputError
from asyconv.recordings.clock import UNITS, clock_of
from asyconv.recordings.oni_codec import CODECS, PayloadError, decode
from asyconv.recordings.oni_records import DEPTH_NODE, FrameRecord, Node, Scan, scan
from asyconv.recordings.oni_writer import SIMULATED_PROPERTY
from asyconv.recordings.stream import (
    Decoder,
    Frame,
    Intrinsics,
    Recording,
    check_sides,
    intrinsics_from_fov,
    sha256_of,
    unit_used,
)
from asyconv.words import counted

_UNIT_MM: Final = {100: 1.0, 101: 0.1}  # oniPixelFormat; absent in OpenNI 1 files, which are in mm
_OTHERS: Final = {3: "colour", 4: "sound", 5: "infra-red"}  # kinds of nodes
_PIECE: Final = 1 << 20


def open_oni(path: Path, *, depth_unit_mm: float | None = None, fps_hz: float | None = None) -> Recording:
    """Open an .oni file; its records are scanned, no frame is decoded. Errors as `open_recording`."""
    scanned = scan(path)
    node = _depth_node(scanned, path.name)
    warnings: list[str] = []
    width_px, height_px, rate_hz, intrinsics = _picture(node, path.name, warnings)
    nominal_hz = fps_hz or (rate_hz if 1 <= rate_hz <= 1000 else None)
    stamps = np.array([record.timestamp_us for record in node.frames], np.uint64)
    clock = clock_of(path.name, stamps, UNITS["microseconds"], nominal_hz=nominal_hz, given_hz=fps_hz)
    warnings += clock.said
    frames = [_Timed(n, float(t), r) for n, (t, r) in enumerate(zip(clock.time_s, node.frames, strict=True), 1)]
    frames = [frame for frame in frames if not math.isnan(frame.time_s)]
    if scanned.ending != "finished":
        warnings.append(_unfinished(scanned.ending, len(frames)))
    elif node.declared not in (None, len(node.frames)):
        warnings.append(f"the recorder counted {node.declared} frames, {len(node.frames)} are there")
    if sum(other.kind == DEPTH_NODE and bool(other.frames) for other in scanned.nodes) > 1:
        warnings.append("the recording has several depth streams; the first was used")
    unit_mm = _unit_mm(node, path.name, depth_unit_mm, warnings)

    def decode_all() -> Decoder:
        return _decode_all(path, node.codec, width_px, height_px, frames)

    return Recording(
        path=path,
        format="oni",
        width_px=width_px,
        height_px=height_px,
        fps_nominal_hz=nominal_hz,
        frame_count=len(frames),
        length_s=clock.length_s,
        depth_unit_mm=unit_mm,
        intrinsics=intrinsics,
        mirrored=_mirrored(node, warnings),
        simulated=any(other.properties.get(SIMULATED_PROPERTY) == b"simulated\0" for other in scanned.nodes),
        clock=lambda: clock,
        decode=decode_all,
        digest=lambda: sha256_of(path),
        warnings=warnings,
        beside=[
            f"{_OTHERS.get(other.kind, 'unknown')} stream of {len(other.frames)} frames"
            for other in scanned.nodes
            if other.frames and other.kind != DEPTH_NODE
        ],
    )


class _Timed(NamedTuple):
    """A frame as it is stored: its number from 1, its time, and where it lies."""

    number: int
    time_s: float
    record: FrameRecord


def _decode_all(path: Path, codec: str, width_px: int, height_px: int, frames: list[_Timed]) -> Decoder:
    """Decode frame by frame; every byte of the file is read once and hashed on the way."""
    seen = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        position = 0
        for number, time_s, record in frames:
            _hash_on(file, record.start - position, seen)
            payload = file.read(record.size)
            if len(payload) < record.size:
                raise InputError(
                    f"{path.name}, frame {number}: expected {record.size} bytes, found {len(payload)} "
                    "(did the file change while it was read?)"
                )
            seen.update(payload)
            position = record.start + record.size
            try:
                depth = decode(payload, codec, width_px, height_px)
            except PayloadError as error:
                raise InputError(f"{path.name}, frame {number}: {error}") from error
            yield Frame(number, time_s, depth)
        hashlib.file_digest(file, lambda: seen)  # what is left
    return seen.hexdigest()


def _hash_on(file: BinaryIO, size: int, seen: Any) -> None:
    """Read the next `size` bytes into the hash, in pieces."""
    while size > 0 and (piece := file.read(min(size, _PIECE))):
        seen.update(piece)
        size -= len(piece)


def _depth_node(scanned: Scan, name: str) -> Node:
    """Return the first depth stream with frames. Chosen by type: ids differ from file to file."""
    depth = [node for node in scanned.nodes if node.kind == DEPTH_NODE]
    with_frames = [node for node in depth if node.frames]
    if with_frames:
        return with_frames[0]
    if depth:
        raise InputError(f"{name}: expected depth frames, found no whole one in the stream ({scanned.ending})")
    others = f"{counted(len(scanned.nodes), 'stream')} without depth"
    raise InputError(f"{name}: expected a depth stream, found {others} ({scanned.ending})")


def _picture(node: Node, name: str, warnings: list[str]) -> tuple[int, int, float, Intrinsics | None]:
    """Width, height, nominal rate (0 = not stated) and intrinsics of the frames as stored."""
    mode = _unpack(node, "xnMapOutputMode", "<III")
    if mode is None:
        raise InputError(f"{name}: expected the size of the pictures (xnMapOutputMode), found none")
    full_width_px, full_height_px, rate_hz = mode
    x_px, y_px, width_px, height_px = 0, 0, full_width_px, full_height_px
    cropping = _unpack(node, "xnCropping", "<iHHHH")
    if cropping is not None and cropping[0]:
        _, x_px, y_px, width_px, height_px = cropping
    check_sides(name, width_px, height_px)
    if node.codec not in CODECS:
        raise InputError(f"{name}: expected codec {', '.join(CODECS)}, found {node.codec!r}")
    if node.changed & {"xnMapOutputMode", "xnCropping", "oniPixelFormat"}:
        warnings.append("the recording resets its picture size or depth unit on the way; the first was used")
    fov = _unpack(node, "xnFOV", "<dd")
    whole = intrinsics_from_fov(full_width_px, full_height_px, *fov) if fov else None
    if fov and whole is None:
        warnings.append("the recording states an impossible field of view, which was not used")
    shifted = whole and replace(whole, cx_px=whole.cx_px - x_px, cy_px=whole.cy_px - y_px)
    return width_px, height_px, float(rate_hz), shifted


def _unit_mm(node: Node, name: str, given_mm: float | None, warnings: list[str]) -> float:
    stated = node.properties.get("oniPixelFormat", 100)
    unit_mm = _UNIT_MM.get(stated) if isinstance(stated, int) else None
    if unit_mm is None:
        if given_mm is None or stated in (102, 103):  # shift values are no lengths, whatever the unit
            raise InputError(f"{name}: expected depth in 1 or 0.1 mm (oniPixelFormat 100, 101), found {stated!r}")
        return given_mm
    return unit_used(given_mm, unit_mm, warnings) or unit_mm


def _mirrored(node: Node, warnings: list[str]) -> bool | None:
    if "xnMirror" in node.changed:
        warnings.append("the mirror setting changes during the recording; left and right cannot be told")
        return None
    stated = node.properties.get("xnMirror")
    return bool(stated) if isinstance(stated, int) else None


def _unpack(node: Node, name: str, layout: str) -> Any:
    """Return the values of a general property; None where it is absent or too short."""
    data = node.properties.get(name)
    if not isinstance(data, bytes) or len(data) < struct.calcsize(layout):
        return None
    return struct.unpack_from(layout, data)


def _unfinished(ending: str, frames: int) -> str:
    what = "is cut off (it has no end record)" if ending == "cut off" else "is cut off by a damaged record"
    return f"the recording {what}; {frames} whole frames were used"
