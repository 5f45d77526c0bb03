"""Read a folder of 16-bit gray PNG pictures as one recording.

The number in a name (png_names.py) gives the order. Times come from a file ``timestamps.csv`` beside the pictures
(png_times.py), or from the numbers where these are clearly times; otherwise the numbers count frames at the rate that
the user states, and a missing number is a gap in time. Unit, intrinsics and mirroring are unknown to such a folder.
"""

import hashlib
import itertools
import math
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.recordings.clock import Clock, are_times, clock_of, counted_clock
from asyconv.recordings.holes import Holes
from asyconv.recordings.png_files import SIGNATURE, png_contents
from asyconv.recordings.png_names import Picture, depth_series
from asyconv.recordings.png_times import TIMES_FILES, Stamps, read_stamps
from asyconv.recordings.stream import Decoder, Frame, Recording, check_sides

SIMULATED_FILE: Final = "asyconv-simulated.txt"
"""A folder of pictures that this program made up holds a file of this name."""


def open_png_folder(folder: Path, *, depth_unit_mm: float | None = None, fps_hz: float | None = None) -> Recording:
    """Open a folder of pictures; the header of every picture is checked. Errors as `open_recording`."""
    pictures, warnings = depth_series(folder)
    width_px, height_px = _common_size(pictures)
    stamps = read_stamps(folder, pictures)
    clock = _clock(folder, pictures, stamps, fps_hz)
    warnings += clock.said
    head = b"" if stamps is None else stamps.content
    return Recording(
        path=folder,
        format="png",
        width_px=width_px,
        height_px=height_px,
        fps_nominal_hz=fps_hz,
        frame_count=len(pictures),
        length_s=clock.length_s,
        depth_unit_mm=depth_unit_mm,
        intrinsics=None,
        mirrored=None,
        simulated=(folder / SIMULATED_FILE).is_file(),
        clock=lambda: clock,
        decode=lambda: _decode_all(pictures, (height_px, width_px), clock, head, warnings),
        digest=lambda: _digest(pictures, head),
        warnings=warnings,
    )


def _clock(folder: Path, pictures: list[Picture], stamps: Stamps | None, fps_hz: float | None) -> Clock:
    """Clock by the file of times, by the numbers where they are times, or by the rate that the user states."""
    if stamps is not None:
        return clock_of(folder.name, stamps.values, stamps.ticks_per_s, given_hz=fps_hz)
    numbers = [picture.number for picture in pictures]
    as_stamps = np.array(numbers, np.uint64)
    if are_times(as_stamps):
        return clock_of(folder.name, as_stamps, None, given_hz=fps_hz)
    if fps_hz is None:
        raise InputError(
            f"{folder.name}: expected times of the pictures (in their names or in {TIMES_FILES[0]}), found only "
            "numbers; state the frame rate (--fps, or column fps_hz of the sheet)"
        )
    said = f"the pictures have no times: their numbers were read as frames at {fps_hz:g} a second, as stated"
    return counted_clock(numbers, fps_hz, said)


def write_png_folder(
    folder: Path | str,
    frames: Iterable[Frame | npt.NDArray[np.uint16]],
    *,
    numbers: Iterable[int] | None = None,
    suffix: str = "",
    simulated: bool = False,
) -> None:
    """Write pictures uint16 [height, width] as ``<number><suffix>.png``.

    They are numbered from 1 unless `numbers` are given; a `Frame` keeps its own number.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if simulated:
        (folder / SIMULATED_FILE).write_text("These pictures were made by a program; no infant is in them.\n")
    for counted, item in zip(itertools.count(1) if numbers is None else numbers, frames, strict=False):
        number, depth = (item.number, item.depth) if isinstance(item, Frame) else (counted, item)
        if depth.dtype != np.uint16 or depth.ndim != 2:
            raise InputError(f"picture {number}: expected uint16 [height, width], got {depth.dtype} {depth.shape}")
        done, data = cv2.imencode(".png", depth, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        if not done:
            raise InputError(f"picture {number}: expected one that can be coded, got {depth.shape}")
        (folder / f"{number}{suffix}.png").write_bytes(data.tobytes())


def _common_size(pictures: list[Picture]) -> tuple[int, int]:
    """Width and height that all pictures share."""
    size = (pictures[0].header.width_px, pictures[0].header.height_px)
    for _, path, header in pictures:
        name, sides_px = f"{path.parent.name}/{path.name}", (header.width_px, header.height_px)
        check_sides(name, *sides_px)
        if sides_px != size:
            raise InputError(
                f"{name}: expected {size[0]}x{size[1]} as in the first picture, found {sides_px[0]}x{sides_px[1]}"
            )
    return size


def _decode_all(
    pictures: list[Picture], shape: tuple[int, int], clock: Clock, head: bytes, warnings: list[str]
) -> Decoder:
    seen, holes = hashlib.sha256(head), Holes(warnings)
    for place, (number, path, _) in enumerate(pictures, start=1):
        data = png_contents(path)
        _hash_picture(number, data, seen)
        depth = decode_png(data)
        name = f"{path.parent.name}/{path.name}, frame {place}"
        if depth is None or depth.dtype != np.uint16 or depth.shape != shape:
            raise InputError(
                f"{name}: expected a whole 16-bit gray picture of {shape[1]}x{shape[0]}, found a damaged or changed one"
            )
        if not math.isnan(clock.time_s[place - 1]):
            yield Frame(place, float(clock.time_s[place - 1]), holes.fill(depth, name))
    return seen.hexdigest()


def decode_png(data: bytes) -> npt.NDArray[np.uint16] | None:
    """Pixels of a PNG whose every chunk passes its checksum; None otherwise (a decoder may let damage pass)."""
    position, kind = len(SIGNATURE), b""
    while kind != b"IEND":
        if position + 12 > len(data):
            return None
        size = int.from_bytes(data[position : position + 4], "big")
        end = position + 12 + size
        kind = data[position + 4 : position + 8]
        if end > len(data) or zlib.crc32(data[position + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            return None
        position = end
    picture = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    return None if picture is None else np.asarray(picture)


def _digest(pictures: list[Picture], head: bytes) -> str:
    seen = hashlib.sha256(head)
    for number, path, _ in pictures:
        _hash_picture(number, png_contents(path), seen)
    return seen.hexdigest()


def _hash_picture(number: int, data: bytes, seen: Any) -> None:
    """Hash the number too: it is the picture's time. The length keeps one picture from running into the next."""
    seen.update(struct.pack("<QQ", number, len(data)))
    seen.update(data)
