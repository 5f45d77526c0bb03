"""Read a folder of 16-bit gray PNG pictures as one recording.

Names are ``<number>.png`` or ``<number>_16bit.png`` (babyPose; ``_8bit`` copies beside them are passed over), with a
common prefix or none. The numbers are frame numbers at 30 per second unless another rate is given: a missing number
is a gap in time. Unit, intrinsics and mirroring are unknown to such a folder.
"""

import hashlib
import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.recordings.png_files import SIGNATURE, png_contents, png_files, png_header
from asyconv.recordings.stream import Decoder, Frame, Recording

SIMULATED_FILE: Final = "asyconv-simulated.txt"
"""A folder of pictures that this program made up holds a file of this name."""

_NAME: Final = re.compile(r"(.*?)([0-9]{1,12})(?:_16bit)?")
_DEFAULT_FPS_HZ: Final = 30.0
_MAX_SIDE_PX: Final = 8192
_COLOURS: Final = {0: "gray", 2: "colour", 3: "palette", 4: "gray with alpha", 6: "colour with alpha"}


class _Picture(NamedTuple):
    number: int
    path: Path


def open_png_folder(folder: Path, *, depth_unit_mm: float | None = None, fps_hz: float | None = None) -> Recording:
    """Open a folder of pictures; the header of every picture is checked. Errors as `open_recording`."""
    pictures = _pictures(folder)
    width_px, height_px = _common_size(pictures)
    warnings: list[str] = []
    if fps_hz is None:
        fps_hz = _DEFAULT_FPS_HZ
        warnings.append("no frame rate was given: the file numbers were read as frame numbers at 30 per second")

    return Recording(
        path=folder,
        format="png",
        width_px=width_px,
        height_px=height_px,
        fps_nominal_hz=fps_hz,
        frame_count=len(pictures),
        depth_unit_mm=depth_unit_mm,
        intrinsics=None,
        mirrored=None,
        simulated=(folder / SIMULATED_FILE).is_file(),
        decode=lambda: _decode_all(pictures, (height_px, width_px), fps_hz),
        digest=lambda: _digest(pictures),
        warnings=warnings,
    )


def write_png_folder(
    folder: Path | str,
    frames: Iterable[npt.NDArray[np.uint16]],
    *,
    numbers: Iterable[int] | None = None,
    suffix: str = "",
    simulated: bool = False,
) -> None:
    """Write pictures uint16 [height, width] as ``<number><suffix>.png``, from 1 unless `numbers` are given."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if simulated:
        (folder / SIMULATED_FILE).write_text("These pictures were made by a program; no infant is in them.\n")
    numbered: Iterator[tuple[int, npt.NDArray[np.uint16]]]
    numbered = enumerate(frames, start=1) if numbers is None else zip(numbers, frames, strict=False)
    for number, depth in numbered:
        if depth.dtype != np.uint16 or depth.ndim != 2:
            raise InputError(f"picture {number}: expected uint16 [height, width], got {depth.dtype} {depth.shape}")
        done, data = cv2.imencode(".png", depth, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        if not done:
            raise InputError(f"picture {number}: expected one that can be coded, got {depth.shape}")
        (folder / f"{number}{suffix}.png").write_bytes(data.tobytes())


def _pictures(folder: Path) -> list[_Picture]:
    """Pictures in numeric order; refuses names without a number, two prefixes, and a number given twice."""
    found: dict[int, Path] = {}
    prefixes: dict[str, Path] = {}
    for path in sorted(png_files(folder)):
        match = _NAME.fullmatch(path.stem)
        if match is None:
            raise InputError(f"{folder.name}: expected pictures named by number, found {path.name}")
        prefixes[match[1]] = path
        number = int(match[2])
        if number in found:
            raise InputError(f"{folder.name}: expected each number once, found {found[number].name} and {path.name}")
        found[number] = path
    if not found:
        raise InputError(f"{folder.name}: expected 16-bit gray PNG pictures, found none in the folder")
    if len(prefixes) > 1:
        one, other = list(prefixes.values())[:2]
        raise InputError(f"{folder.name}: expected one series of pictures, found {one.name} and {other.name}")
    return [_Picture(number, found[number]) for number in sorted(found)]


def _common_size(pictures: list[_Picture]) -> tuple[int, int]:
    """Width and height that all pictures share; refuses everything that is not 16-bit gray."""
    size: tuple[int, int] | None = None
    for _, path in pictures:
        header = png_header(path)
        name = f"{path.parent.name}/{path.name}"
        if header is None:
            raise InputError(f"{name}: expected a PNG picture, found something else under this name")
        if not header.is_depth:
            found = f"{header.bits}-bit {_COLOURS.get(header.colour, 'unknown')}"
            raise InputError(f"{name}: expected 16-bit gray depth, found {found}")
        if not (0 < header.width_px <= _MAX_SIDE_PX and 0 < header.height_px <= _MAX_SIDE_PX):
            found = f"{header.width_px}x{header.height_px}"
            raise InputError(f"{name}: expected sides of 1 to {_MAX_SIDE_PX} pixels, found {found}")
        here = (header.width_px, header.height_px)
        size = size or here
        if here != size:
            raise InputError(f"{name}: expected {size[0]}x{size[1]} as in the first picture, found {here[0]}x{here[1]}")
    assert size is not None  # there is at least one picture
    return size


def _decode_all(pictures: list[_Picture], shape: tuple[int, int], fps_hz: float) -> Decoder:
    seen = hashlib.sha256()
    for place, (number, path) in enumerate(pictures, start=1):
        data = png_contents(path)
        _hash_picture(number, data, seen)
        depth = decode_png(data)
        if depth is None or depth.dtype != np.uint16 or depth.shape != shape:
            raise InputError(
                f"{path.parent.name}/{path.name}, frame {place}: expected a whole 16-bit gray picture of "
                f"{shape[1]}x{shape[0]}, found a damaged or changed one"
            )
        yield Frame(place, (number - pictures[0].number) / fps_hz, depth)
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


def _digest(pictures: list[_Picture]) -> str:
    seen = hashlib.sha256()
    for number, path in pictures:
        _hash_picture(number, png_contents(path), seen)
    return seen.hexdigest()


def _hash_picture(number: int, data: bytes, seen: Any) -> None:
    """Hash the number too: it is the picture's time. The length keeps one picture from running into the next."""
    seen.update(struct.pack("<QQ", number, len(data)))
    seen.update(data)
