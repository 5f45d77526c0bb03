"""Write depth as an .oni file that OpenNI 2 plays: codec 16zT, seek table, END record."""

import struct
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.recordings import oni_records as records
from asyconv.recordings.oni_codec import PayloadError, encode

SIMULATED_PROPERTY: Final = "asyconvSource"
"""String property of the device node; ``simulated`` in every recording that this program made up."""

_DEVICE_ID, _DEPTH_ID = 1, 2
_UNKNOWN_64: Final = 2**64 - 1
_PIXEL_FORMAT: Final = {1.0: 100, 0.1: 101}
_GRAY_16_BIT: Final = 4
_CODEC: Final = "16zT"


class OniWriter(AbstractContextManager["OniWriter"]):
    """An .oni file under construction: one depth stream, and a device node that says whether it is simulated.

    Parameters
    ----------
    path : file to write; replaced if it exists.
    width_px, height_px, fps_hz : of the pictures; the rate is nominal, frames carry their own times.
    hfov_rad, vfov_rad : fields of view between the outer edges of the picture; None leaves the property out.
    mirrored : whether the pictures are stored flipped left to right.
    simulated : mark the recording as made up.
    depth_unit_mm : 1.0 or 0.1.
    """

    def __init__(
        self,
        path: Path | str,
        width_px: int,
        height_px: int,
        fps_hz: float,
        *,
        hfov_rad: float | None,
        vfov_rad: float | None,
        mirrored: bool = False,
        simulated: bool = False,
        depth_unit_mm: float = 1.0,
    ) -> None:
        """Create the file and write all that comes before the first frame."""
        if depth_unit_mm not in _PIXEL_FORMAT:
            raise InputError(f"depth unit of an .oni file: expected 1 or 0.1 mm, got {depth_unit_mm}")
        self._size = (height_px, width_px)
        self._name = Path(path).name
        self._written: list[tuple[int, int]] = []  # timestamp and place of each frame
        self._previous = 0
        self._file = Path(path).open("wb")  # noqa: SIM115 - closed by close()
        self._file.write(_file_header(_UNKNOWN_64))
        self._device_at = self._node_added(_DEVICE_ID, "Device1", records.DEVICE_NODE, "NONE", (0, 0, 0, 0))
        if simulated:
            self._string_property(_DEVICE_ID, SIMULATED_PROPERTY, "simulated")
        self._record(records.STATE_READY, _DEVICE_ID)
        unknown = (2**32 - 1, 0, _UNKNOWN_64, 0)
        self._depth_at = self._node_added(_DEPTH_ID, "Depth", records.DEPTH_NODE, _CODEC, unknown)
        fov = None if hfov_rad is None or vfov_rad is None else (hfov_rad, vfov_rad)
        self._depth_properties(round(fps_hz), fov, mirrored, _PIXEL_FORMAT[depth_unit_mm])
        self._record(records.STATE_READY, _DEPTH_ID)
        self._record(records.DATA_BEGIN, _DEPTH_ID, struct.pack("<IQ", 2**32 - 1, _UNKNOWN_64))

    def write(self, depth: npt.NDArray[np.uint16], timestamp_us: int) -> None:
        """Append one picture, uint16 counts [height, width], 0 = no depth; times must advance."""
        number = len(self._written) + 1
        if depth.dtype != np.uint16 or depth.shape != self._size:
            actual = f"{depth.dtype} {depth.shape}"
            raise InputError(f"{self._name}, frame {number}: expected uint16 {self._size}, found {actual}")
        if timestamp_us < 0 or (self._written and timestamp_us <= self._written[-1][0]):
            raise InputError(f"{self._name}, frame {number}: expected a later time, found {timestamp_us} us")
        try:
            payload = encode(depth)
        except PayloadError as error:
            raise InputError(f"{self._name}, frame {number}: {error}") from error
        fields = records.DATA_FIELDS.pack(timestamp_us, number)
        self._previous = self._record(records.NEW_DATA, _DEPTH_ID, fields, payload, undo=self._previous)
        self._written.append((int(timestamp_us), self._previous))

    def close(self) -> None:
        """Write seek table and END, and fill in what only now is known. A second call does nothing."""
        if self._file.closed:
            return
        with self._file:
            times = [timestamp_us for timestamp_us, _ in self._written] or [0]
            self._record(records.NODE_REMOVED, _DEVICE_ID, undo=self._device_at)
            self._record(records.NODE_REMOVED, _DEPTH_ID, undo=self._depth_at)
            seek_at = self._record(records.SEEK_TABLE, _DEPTH_ID, payload=self._seek_table())
            self._record(records.END, 0)
            self._file.seek(0)
            self._file.write(_file_header(times[-1]))
            self._file.seek(self._depth_at)
            counts = (len(self._written), times[0], times[-1], seek_at)
            self._node_added(_DEPTH_ID, "Depth", records.DEPTH_NODE, _CODEC, counts)

    def __exit__(self, kind: object, *raised: object) -> None:
        """Finish the file; after an error leave it without END, so that it reads as cut off."""
        if kind is None:
            self.close()
        else:
            self._file.close()

    def _record(self, kind: int, node_id: int, fields: bytes = b"", payload: bytes = b"", *, undo: int = 0) -> int:
        """Append a record; returns its place in the file."""
        place = self._file.tell()
        size = records.RECORD_HEADER.size + len(fields)
        self._file.write(records.RECORD_HEADER.pack(records.MAGIC, kind, node_id, size, len(payload), undo))
        self._file.write(fields)
        self._file.write(payload)
        return place

    def _node_added(self, node_id: int, name: str, kind: int, codec: str, counts: tuple[int, int, int, int]) -> int:
        fields = _string(name) + struct.pack("<I4sIQQQ", kind, codec.encode(), *counts)
        return self._record(records.NODE_ADDED, node_id, fields)

    def _seek_table(self) -> bytes:
        # an entry names the state of the properties; here it never changes after the first frame
        entry = struct.Struct("<QIQ")
        entries = [entry.pack(time_us, 0, place) for time_us, place in self._written]
        return entry.pack(0, 0, 0) + b"".join(entries)

    def _depth_properties(
        self, fps: int, fov_rad: tuple[float, float] | None, mirrored: bool, pixel_format: int
    ) -> None:
        """Write what OpenNI 2 needs to play the stream (Cropping and Mirror announce abilities)."""
        height_px, width_px = self._size
        mode = struct.pack("<III", width_px, height_px, fps)
        self._int_property("oniRequiredFrameSize", 2 * width_px * height_px)
        self._int_property("xnIsGenerating", 1)
        self._int_property("xnDeviceMaxDepth", 10_000)
        self._int_property("xnSupportedMapOutputModesCount", 1)
        self._general_property("xnSupportedMapOutputModes", mode)
        self._general_property("xnMapOutputMode", mode)
        self._general_property("xnSupportedPixelFormats", bytes([8, 0, 0, 0]))
        self._int_property("xnPixelFormat", _GRAY_16_BIT)
        self._int_property("oniPixelFormat", pixel_format)
        if fov_rad is not None:
            self._general_property("xnFOV", struct.pack("<dd", *fov_rad))
        self._int_property("Cropping", 1)
        self._general_property("xnCropping", bytes(12))
        self._int_property("Mirror", 1)
        self._int_property("xnMirror", int(mirrored))

    def _int_property(self, name: str, value: int) -> None:
        self._record(records.INT_PROPERTY, _DEPTH_ID, _string(name) + struct.pack("<IQ", 8, value))

    def _general_property(self, name: str, data: bytes) -> None:
        self._record(records.GENERAL_PROPERTY, _DEPTH_ID, _string(name) + struct.pack("<I", len(data)) + data)

    def _string_property(self, node_id: int, name: str, text: str) -> None:
        self._record(records.STRING_PROPERTY, node_id, _string(name) + _string(text))


def _file_header(last_us: int) -> bytes:
    return records.FILE_HEADER.pack(b"NI10", 1, 0, 1, 0, last_us, _DEPTH_ID)


def _string(text: str) -> bytes:
    data = text.encode("ascii") + b"\0"
    return struct.pack("<I", len(data)) + data
