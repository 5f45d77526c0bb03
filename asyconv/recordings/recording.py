"""An open depth recording: what it is, and its frames one after another.

Formats: OpenNI ``.oni`` (oni.py), a folder of 16-bit gray PNG pictures (png_folder.py), and lossless 16-bit
video, FFV1 or Azure Kinect (video.py). A format is recognised by content, never by the name of the file.
"""

import hashlib
import os
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError

SUFFIXES: Final = (".oni", ".mkv", ".avi", ".mov", ".mp4")
"""Endings that promise a recording; what one is, its content says."""

IGNORE_FILE: Final = ".asyconv-ignore"
"""A folder that holds a file of this name is not searched (simulations keep their truth there)."""

_VIDEO_BRANDS: Final = (b"qt", b"iso", b"mp4", b"M4V", b"avc1")


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
    time_s: float  # from 0, by the file's own timestamps; lost frames stay gaps
    depth: npt.NDArray[np.uint16]  # [height, width], raw counts as stored (not unmirrored), 0 = no depth


Decoder = Generator[Frame, None, str | None]
"""Yields the frames; returns the SHA-256 of the input where it was computed on the way."""


@dataclass
class Recording:
    """A recording that can be read; made by `open_recording`.

    `depth_unit_mm`, `intrinsics` and `mirrored` are None where neither the file nor the caller states them.
    `warnings` grows while frames are read; it holds sentences for the report and never a path or file name.
    """

    path: Path
    format: str  # "png", "oni" or "video"
    width_px: int
    height_px: int
    fps_nominal_hz: float
    frame_count: int | None  # expected, where known before reading
    depth_unit_mm: float | None
    intrinsics: Intrinsics | None
    mirrored: bool | None
    simulated: bool
    decode: Callable[[], Decoder] = field(repr=False)
    digest: Callable[[], str] = field(repr=False)
    warnings: list[str] = field(default_factory=list)
    _sha256: str | None = field(default=None, repr=False)
    _stops: list[threading.Event] = field(default_factory=list, repr=False)

    def frames(self, ahead: int = 32) -> Iterator[Frame]:
        """All frames in order, decoded on an own thread at most `ahead` frames in advance.

        An error of the decoder is raised here, at its place in the order. Closing the iterator ends the
        thread.
        """
        if ahead < 1:
            raise ValueError(f"ahead: expected 1 or more, got {ahead}")
        return self._read(ahead)

    def _read(self, ahead: int) -> Iterator[Frame]:
        ready: queue.Queue[Frame | _End] = queue.Queue(maxsize=ahead)
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

    def __enter__(self) -> Self:
        """Use the recording in a with statement."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the recording."""
        self.close()


@dataclass(frozen=True)
class _End:
    """What the decoding thread leaves after its last frame."""

    sha256: str | None = None
    error: BaseException | None = None


def _decode_ahead(decode: Callable[[], Decoder], ready: "queue.Queue[Frame | _End]", stop: threading.Event) -> None:
    frames = decode()
    end = _End()
    try:
        while not stop.is_set():
            try:
                frame = next(frames)
            except StopIteration as stopped:
                end = _End(sha256=stopped.value)
                break
            _put(ready, frame, stop)
    except BaseException as error:  # raised again in the caller, whatever it is
        end = _End(error=error)
    finally:
        frames.close()
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


def open_recording(path: Path | str, *, depth_unit_mm: float | None = None, fps_hz: float | None = None) -> Recording:
    """Open a recording; only its headers are read.

    Parameters
    ----------
    path : an .oni file, a lossless 16-bit video, or a folder of 16-bit gray PNG pictures.
    depth_unit_mm : millimetres per count; overrides what the file says.
    fps_hz : nominal frames per second; for PNG folders the rate of the numbers in the names, 30 if not given.

    Raises
    ------
    InputError : nothing there, an unknown format, no depth in it, or damaged before the first frame.
    """
    path = Path(path)
    for name, value in (("depth_unit_mm", depth_unit_mm), ("fps_hz", fps_hz)):
        if value is not None and not 0 < value < float("inf"):
            raise InputError(f"{name}: expected a number above 0, got {value}")
    if not path.exists():
        raise InputError(f"{path.name}: expected a recording, found nothing at this place")
    if path.is_dir():
        from asyconv.recordings.png_folder import open_png_folder

        return open_png_folder(path, depth_unit_mm=depth_unit_mm, fps_hz=fps_hz)
    match file_format(path):
        case "oni":
            from asyconv.recordings.oni import open_oni

            return open_oni(path, depth_unit_mm=depth_unit_mm, fps_hz=fps_hz)
        case "video":
            from asyconv.recordings.video import open_video

            return open_video(path, depth_unit_mm=depth_unit_mm, fps_hz=fps_hz)
    expected = "an .oni file, a 16-bit video or a folder of 16-bit gray PNG pictures"
    raise InputError(f"{path.name}: expected {expected}, found {_describe(path)}")


def find_recordings(path: Path | str) -> list[Path]:
    """Find the recordings at or below `path`, by content, sorted.

    A folder with at least one 16-bit gray PNG picture is one recording. Not entered: folders whose name
    starts with a dot, folders that hold a file ``.asyconv-ignore``, and links to folders (they may run in a
    circle).
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path.name}: expected a recording or a folder, found nothing at this place")
    if path.is_file():
        return [path] if file_format(path) else []
    from asyconv.recordings.png_folder import holds_depth_pictures

    found = []
    for folder, names in _walk(path):
        if holds_depth_pictures(folder):
            found.append(folder)
        found += [file for file in names if _is_recording(file)]
    return sorted(found)


def find_promised(path: Path | str) -> list[Path]:
    """Find what is named like a recording below `path` and is none, or cannot be read; sorted.

    A file that was never written to or a folder that took its place must not be passed over in silence.
    """
    from asyconv.recordings.png_folder import holds_depth_pictures

    found = []
    for folder, names in _walk(Path(path)):
        if folder.suffix.lower() in SUFFIXES and folder != Path(path) and not holds_depth_pictures(folder):
            found.append(folder)
        found += [file for file in names if file.suffix.lower() in SUFFIXES and not _is_recording(file)]
    return sorted(found)


def _walk(path: Path) -> Iterator[tuple[Path, list[Path]]]:
    for folder, below, names in os.walk(path):
        if IGNORE_FILE in names:
            below.clear()
            continue
        below[:] = [name for name in below if not name.startswith(".")]
        yield Path(folder), [Path(folder, name) for name in names if not name.startswith(".")]


def _is_recording(file: Path) -> bool:
    try:
        return bool(file_format(file))
    except InputError:  # it cannot be read
        return False


def file_format(path: Path) -> str | None:
    """Return "oni" or "video" by the first bytes of a file, None for anything else."""
    head = _head(path)
    if head.startswith(b"NI10"):
        return "oni"
    if head.startswith(b"\x1a\x45\xdf\xa3") or (head[:4] == b"RIFF" and head[8:12] == b"AVI "):
        return "video"
    if head[4:8] == b"ftyp":  # MP4 and QuickTime, but also pictures (HEIC, AVIF)
        return "video" if head[8:].startswith(_VIDEO_BRANDS) else None
    return "video" if head[4:8] in (b"moov", b"mdat", b"wide") else None


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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


def _head(path: Path) -> bytes:
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(16)
    except OSError as error:
        raise InputError(f"{path.name}: expected a readable file, found: {error.strerror}") from error


def _describe(path: Path) -> str:
    head = _head(path)
    if not head:
        return "an empty file"
    if head.startswith(b"\x89PNG"):
        return "a single picture (give the folder)"
    return f"a file that starts with {head[:4]!r}"
