"""An open depth recording: what it is, and its frames one after another."""

import contextlib
import hashlib
import math
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.recordings.clock import Clock

MAX_SIDE_PX: Final = 8192
"""The largest side of a picture that is read, whatever the format."""

AHEAD: Final = 32
"""Frames that are decoded in advance at the most."""


@dataclass(frozen=True)
class Intrinsics:
    """Pinhole model of the picture as stored; pixel centres lie at whole numbers."""

    fx_px: float
    fy_px: float
    cx_px: float
    cy_px: float
    source: str  # "file", "camera" or "sheet"


@dataclass(frozen=True)
class Frame:
    """One depth picture."""

    number: int  # place in the recording, from 1
    time_s: float  # from 0, by the recording's clock; lost frames stay gaps
    depth: npt.NDArray[np.uint16]  # [height, width], raw counts as stored (not unmirrored), 0 = no depth


Decoder = Generator[Frame, None, str | None]
"""Yields the frames; returns the SHA-256 of the input where it was computed on the way."""


@dataclass
class Recording(contextlib.AbstractContextManager["Recording"]):
    """A recording that can be read; made by `open_recording`.

    `depth_unit_mm`, `intrinsics` and `mirrored` are None where neither the file nor the caller states them.
    `warnings` grows while frames are read; it holds sentences for the report and never a path or file name.
    """

    path: Path
    format: str  # "png", or what formats.py calls it
    width_px: int
    height_px: int
    fps_nominal_hz: float | None  # as the file or the user states it; what is used is the clock's
    frame_count: int | None  # expected, where known before reading
    length_s: float | None  # expected, where known before reading
    depth_unit_mm: float | None
    intrinsics: Intrinsics | None
    mirrored: bool | None
    simulated: bool
    clock: Callable[[], Clock] = field(repr=False)  # of all frames; of a video all packets are read for it, once
    decode: Callable[[], Decoder] = field(repr=False)
    digest: Callable[[], str] = field(repr=False)
    warnings: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)  # what else the file or folder holds; told by `info` alone
    lossy: bool = False  # depth has 8 bits or a picture's colours: good for poses alone
    _sha256: str | None = field(default=None, repr=False)
    _stops: list[threading.Event] = field(default_factory=list, repr=False)

    def frames(self) -> Iterator[Frame]:
        """All frames in order, decoded in advance on an own thread.

        An error of the decoder is raised here, at its place in the order. Closing the iterator ends the
        thread.
        """
        ready: queue.Queue[Frame | _End] = queue.Queue(maxsize=AHEAD)
        stop = threading.Event()
        thread = threading.Thread(
            target=_decode_ahead, args=(self.decode, ready, stop), name="asyconv-decode", daemon=True
        )
        self._stops.append(stop)
        thread.start()
        try:
            while True:
                item = _next(ready, thread)
                if isinstance(item, Frame):
                    yield item
                    continue
                if item.error is not None:
                    raise item.error
                self._sha256 = item.sha256 or self._sha256
                return
        finally:
            stop.set()
            thread.join()
            self._stops.remove(stop)

    @property
    def sha256(self) -> str:
        """SHA-256 of the input (PNG folder: numbers and contents in order); free after reading all frames."""
        if self._sha256 is None:
            self._sha256 = self.digest()
        return self._sha256

    def close(self) -> None:
        """End every thread that still decodes."""
        for stop in list(self._stops):
            stop.set()

    def __exit__(self, *raised: object) -> None:
        """Close the recording."""
        self.close()


@dataclass(frozen=True)
class _End:
    """Last item in the queue of the decoding thread: the hash of the input, or the error that ended the decoding."""

    sha256: str | None = None
    error: BaseException | None = None


def _decode_ahead(decode: Callable[[], Decoder], ready: "queue.Queue[Frame | _End]", stop: threading.Event) -> None:
    end = _End()
    try:
        with contextlib.closing(decode()) as frames:
            while not stop.is_set():
                try:
                    frame = next(frames)
                except StopIteration as stopped:
                    end = _End(sha256=stopped.value)
                    break
                _put(ready, frame, stop)
    except BaseException as error:  # raised again in the caller, whatever it is
        end = _End(error=error)
    _put(ready, end, stop)


def _put(ready: "queue.Queue[Frame | _End]", item: "Frame | _End", stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            ready.put(item, timeout=0.05)
            return
        except queue.Full:
            continue


def _next(ready: "queue.Queue[Frame | _End]", thread: threading.Thread) -> "Frame | _End":
    while True:
        alive = thread.is_alive()  # asked before the queue, so that nothing put last is overlooked
        try:
            return ready.get(timeout=0.5 if alive else 0)
        except queue.Empty:
            if not alive:
                return _End()  # the recording was closed meanwhile


def sha256_of(*paths: Path) -> str:
    """SHA-256 of the contents of files, one after another, read in pieces."""
    seen = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            hashlib.file_digest(file, lambda: seen)
    return seen.hexdigest()


def check_sides(name: str, width_px: int, height_px: int) -> None:
    """Refuse pictures without a side, or with one that no camera has."""
    if not (0 < width_px <= MAX_SIDE_PX and 0 < height_px <= MAX_SIDE_PX):
        raise InputError(f"{name}: expected sides of 1 to {MAX_SIDE_PX} pixels, found {width_px}x{height_px}")


def unit_used(given_mm: float | None, stated_mm: float | None, warnings: list[str]) -> float | None:
    """Millimetres a count: what the user gives, else what the recording states; `warnings` tells where they differ."""
    if given_mm is not None and stated_mm is not None and not math.isclose(given_mm, stated_mm):
        warnings.append(f"the given depth unit of {given_mm:g} mm was used; the recording states {stated_mm:g} mm")
    return given_mm or stated_mm


def intrinsics_from_fov(width_px: int, height_px: int, hfov_rad: float, vfov_rad: float) -> Intrinsics | None:
    """Intrinsics of a camera with these fields of view; None where an angle is not between 0 and pi.

    The field of view spans the outer edges of the picture, so with pixel centres at whole numbers the axis
    passes ((w - 1) / 2, (h - 1) / 2); this point also stays where it is when the picture is mirrored. (OpenNI
    itself puts it at (w/2, h/2): half a pixel, less than 1 mm in a crib, and the same in every frame.)
    """
    if not (0 < hfov_rad < np.pi and 0 < vfov_rad < np.pi):
        return None
    return Intrinsics(
        fx_px=float(width_px / (2 * np.tan(hfov_rad / 2))),
        fy_px=float(height_px / (2 * np.tan(vfov_rad / 2))),
        cx_px=(width_px - 1) / 2,
        cy_px=(height_px - 1) / 2,
        source="file",
    )
