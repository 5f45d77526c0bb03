"""The three messages of ROS that a depth recording needs, read tolerantly: what follows the standard fields is ignored.

Cameras append fields of their own (RealSense the unit of depth, Orbbec numbers and times), of which the definitions in
their bags say nothing, so that strict parsers fail. ROS 1 packs the fields; ROS 2 (CDR) aligns each to its own size.
"""

import math
import struct
from typing import Any, Final, NamedTuple

import cv2
import numpy as np

from asyconv.recordings.stored import Depth

_WHOLE: Final = {"16UC1": "u2", "mono16": "u2"}
METRES: Final = "32FC1"
FLOAT_UNIT_MM: Final = 0.1
"""Depths in metres are rounded to this; 6.5 m are still in range."""

_M_MM: Final = 1000.0
_CODED_HEAD: Final = struct.Struct("<iff")  # compressedDepth: kind, and two numbers of the coding of 32FC1


class Image(NamedTuple):
    """A picture: its time, its encoding, its pixels, and the unit of depth that a RealSense appends."""

    stamp_ns: int
    encoding: str
    height_px: int
    width_px: int
    big_endian: bool
    step_bytes: int
    data: bytes
    unit_mm: float | None


class _Fields:
    """Reads the fields of a message one after another; `ValueError` where it ends early."""

    def __init__(self, message: bytes, *, is_ros2: bool) -> None:
        self._message, self._is_ros2 = message, is_ros2
        self._at = self._begin = 4 if is_ros2 else 0
        self._order = ">" if is_ros2 and len(message) > 1 and not message[1] & 1 else "<"

    def numbers(self, kind: str, count: int = 1) -> tuple[Any, ...]:
        size = struct.calcsize(kind)
        if self._is_ros2 and count:
            self._at += -(self._at - self._begin) % size
        end = self._at + size * count
        if end > len(self._message):
            raise ValueError("a message that ends early")
        values = struct.unpack_from(f"{self._order}{count}{kind}", self._message, self._at)
        self._at = end
        return values

    def number(self, kind: str) -> Any:
        return self.numbers(kind)[0]

    def data(self) -> bytes:
        size = self.number("I")
        if self._at + size > len(self._message):
            raise ValueError("a message that ends early")
        self._at += size
        return self._message[self._at - size : self._at]

    def text(self) -> str:
        return self.data().rstrip(b"\0").decode("utf8", "replace")

    def stamp_ns(self) -> int:
        """Read the header: its number in ROS 1, time and name of the frame of reference."""
        if not self._is_ros2:
            self.number("I")
        seconds, nanoseconds = self.numbers("I", 2)
        self.text()
        return int(seconds) * 10**9 + int(nanoseconds)

    def rest(self) -> bytes:
        return self._message[self._at :]


def image(message: bytes, *, is_ros2: bool) -> Image:
    """Read sensor_msgs/Image."""
    fields = _Fields(message, is_ros2=is_ros2)
    stamp_ns = fields.stamp_ns()
    height_px, width_px = fields.numbers("I", 2)
    encoding, big_endian, step_bytes = fields.text(), fields.number("B"), fields.number("I")
    data, rest = fields.data(), fields.rest()
    return Image(
        stamp_ns, encoding, height_px, width_px, bool(big_endian), step_bytes, data, None if is_ros2 else unit_mm(rest)
    )


def coded_image(message: bytes, *, is_ros2: bool) -> Image:
    """Read sensor_msgs/CompressedImage of compressedDepth; its pixels are a PNG."""
    fields = _Fields(message, is_ros2=is_ros2)
    stamp_ns, form, data = fields.stamp_ns(), fields.text(), fields.data()
    encoding = form.partition(";")[0].strip()
    if "compresseddepth" not in form.lower() or "rvl" in form.lower():
        raise ValueError(f"pictures coded as {form!r}")
    if len(data) <= _CODED_HEAD.size:
        raise ValueError("a picture without content")
    _, first, second = _CODED_HEAD.unpack_from(data)
    picture = cv2.imdecode(np.frombuffer(data, np.uint8, offset=_CODED_HEAD.size), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.dtype != np.uint16 or picture.ndim != 2:
        raise ValueError("a damaged PNG")
    height_px, width_px = picture.shape
    if encoding != METRES:
        return Image(
            stamp_ns, encoding, height_px, width_px, False, 2 * width_px, picture.astype("<u2").tobytes(), None
        )
    counts = picture.astype(np.float32)  # inverse depth
    with np.errstate(divide="ignore", invalid="ignore"):
        metres = np.where(picture > 0, first / (counts - second), np.nan)
    return Image(stamp_ns, encoding, height_px, width_px, False, 4 * width_px, metres.astype("<f4").tobytes(), None)


def is_depth(encoding: str) -> bool:
    """Whether pictures so encoded may be depth."""
    return encoding in _WHOLE or encoding == METRES


def own_unit_mm(picture: Image) -> float | None:
    """Millimetres a count as stored: those that are appended, else those of the encoding; None for mono16."""
    if picture.encoding == METRES:
        return FLOAT_UNIT_MM
    return picture.unit_mm or {"16UC1": 1.0}.get(picture.encoding)


def pixels(picture: Image) -> Depth:
    """Depth counts [height, width]; metres become counts of 0.1 mm, and what is no number or too far becomes 0."""
    kind = _WHOLE.get(picture.encoding, "f4" if picture.encoding == METRES else "")
    if not kind:
        raise ValueError(f"pictures of encoding {picture.encoding!r}")
    dtype = np.dtype((">" if picture.big_endian else "<") + kind)
    height_px, row_bytes = picture.height_px, picture.width_px * dtype.itemsize
    step_bytes = max(picture.step_bytes, row_bytes)
    whole = len(picture.data) >= step_bytes * (height_px - 1) + row_bytes
    if not whole or (picture.step_bytes < row_bytes and picture.step_bytes):
        raise ValueError(f"{len(picture.data)} bytes in rows of {picture.step_bytes}")
    rows = np.ndarray((height_px, picture.width_px), dtype, picture.data, strides=(step_bytes, dtype.itemsize))
    if picture.encoding != METRES:
        return rows.astype(np.uint16)
    with np.errstate(invalid="ignore", over="ignore"):
        counts = np.round(rows.astype(np.float64) * (_M_MM / FLOAT_UNIT_MM))
        return np.where((counts > 0) & (counts < 2**16), counts, 0).astype(np.uint16)


def camera_matrix(message: bytes, *, is_ros2: bool) -> tuple[int, int, tuple[float, ...]]:
    """Read sensor_msgs/CameraInfo: height, width and the 9 numbers of K."""
    fields = _Fields(message, is_ros2=is_ros2)
    fields.stamp_ns()
    height_px, width_px = fields.numbers("I", 2)
    fields.text()
    fields.numbers("d", fields.number("I"))
    return height_px, width_px, fields.numbers("d", 9)


def unit_mm(rest: bytes) -> float | None:
    """Unit of depth that librealsense and Orbbec append or store as the first number, in metres."""
    if len(rest) < 4:
        return None
    unit_m = struct.unpack_from("<f", rest)[0]
    return round(unit_m * _M_MM, 6) if math.isfinite(unit_m) and 1e-6 <= unit_m <= 0.1 else None
