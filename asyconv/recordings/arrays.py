"""Read depth from NumPy's files: an array of .npy, which is mapped into memory, or one of those of an .npz.

Depth is uint16 [N, height, width]. An .npz may hold the times of the frames beside it, in an array whose name says so
(``ts``, ``time_s``, ``timestamps_us``); an .npy holds none.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import numpy as np

from asyconv.errors import InputError
from asyconv.recordings.png_times import ticks_per_s_of
from asyconv.recordings.stored import Depth, Stored
from asyconv.recordings.stream import check_sides

_DAMAGE: Final = (OSError, ValueError, EOFError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error)
_TIMES: Final = re.compile(r"(^|_)(ts?|times?|timestamps?|stamps?)(_|$)")


class _Header(NamedTuple):
    """Shape and type of an array, as its file begins."""

    shape: tuple[int, ...]
    by_columns: bool
    dtype: Any

    @property
    def is_depth(self) -> bool:
        """Whether the array is a series of 16-bit pictures."""
        return len(self.shape) == 3 and self.dtype.kind == "u" and self.dtype.itemsize == 2 and min(self.shape) > 0

    def __str__(self) -> str:
        return f"{self.dtype} {self.shape}"


def holds_depth(path: Path) -> bool:
    """Whether the file holds a series of 16-bit pictures, by its headers."""
    try:
        if zipfile.is_zipfile(path):
            return any(header.is_depth for header in _members(path).values())
        with path.open("rb") as file:
            return _header(file).is_depth
    except _DAMAGE:
        return False


def read_npy(path: Path) -> Stored:
    """Read the header of an .npy file."""
    try:
        with path.open("rb") as file:
            header, begin = _header(file), file.tell()
    except _DAMAGE as error:
        raise InputError(f"{path.name}: expected an array of NumPy, found a damaged one ({error})") from error
    if not header.is_depth:
        raise InputError(f"{path.name}: expected depth as uint16 (N, height, width), found {header}")
    n, height_px, width_px = header.shape
    check_sides(path.name, width_px, height_px)
    whole = min(n, (path.stat().st_size - begin) // (2 * height_px * width_px))
    if whole == 0 or (whole < n and header.by_columns):
        raise InputError(f"{path.name}: expected {n} frames, found the file cut off")
    warnings = [f"the recording is cut off; {whole} of {n} frames were used"] if whole < n else []
    order: Any = "F" if header.by_columns else "C"

    def pictures() -> Iterator[Depth]:
        frames = np.memmap(path, header.dtype, "r", begin, (whole, height_px, width_px), order)
        for frame in frames:
            yield np.array(frame, np.uint16, order="C")

    return Stored(path, "npy", width_px, height_px, whole, pictures, warnings=warnings)


def read_npz(path: Path, stream: str | None = None) -> Stored:
    """Read the headers of the arrays of an .npz file, and the times; `stream` names the array with depth."""
    try:
        members = _members(path)
    except _DAMAGE as error:
        raise InputError(f"{path.name}: expected a whole .npz file, found a damaged one ({error})") from error
    depth = [name for name, header in members.items() if header.is_depth and stream in (None, name)]
    depth = [name for name in depth if "depth" in name.lower()] or depth
    if len(depth) != 1:
        found = ", ".join(f"{name} {header}" for name, header in list(members.items())[:5]) or "nothing"
        raise InputError(f"{path.name}: expected one array uint16 (N, height, width), found {found}")
    n, height_px, width_px = members[depth[0]].shape
    check_sides(path.name, width_px, height_px)
    if members[depth[0]].by_columns:
        raise InputError(f"{path.name}: expected '{depth[0]}' frame by frame (C order), found it in Fortran order")
    timed = [name for name, header in members.items() if header.shape == (n,) and header.dtype.kind in "iuf"]
    timed = [name for name in timed if _TIMES.search(name.lower())]
    timed = [name for name in timed if "depth" in name.lower()] or timed
    if len(timed) > 1:
        raise InputError(f"{path.name}: expected one array of times, found {' and '.join(timed[:2])}")
    stamps = _stamps(path, timed[0]) if timed else None
    return Stored(
        path=path,
        format="npz",
        width_px=width_px,
        height_px=height_px,
        count=n,
        pictures=lambda: _unpacked(path, depth[0]),
        stamps=None if stamps is None else lambda: stamps,
        ticks_per_s=ticks_per_s_of(timed[0]) if timed and timed[0].lower() not in ("t", "ts") else None,
        beside=[f"array {name} {header}" for name, header in members.items() if name not in (*depth, *timed)],
    )


def _header(file: IO[bytes]) -> _Header:
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return _Header(*read(file))


def _members(path: Path) -> dict[str, _Header]:
    """Headers of the arrays by name."""
    headers = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".npy"):
                with archive.open(name) as file:
                    headers[name.removesuffix(".npy")] = _header(file)
    return headers


def _stamps(path: Path, name: str) -> Any:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            stamps = arrays[name]
    except _DAMAGE as error:
        raise InputError(f"{path.name}: expected times in '{name}', found them damaged ({error})") from error
    return stamps.astype(np.float64) if stamps.dtype.kind == "f" else stamps


def _unpacked(path: Path, name: str) -> Iterator[Depth]:
    """Unpack frame by frame; the checksum of the whole array is compared after the last one."""
    place = 0
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as file:
            header = _header(file)
            n, height_px, width_px = header.shape
            while place < n:
                place += 1
                data = file.read(2 * height_px * width_px)
                yield np.frombuffer(data, header.dtype).reshape(height_px, width_px).astype(np.uint16)
            file.read(1)
    except _DAMAGE as error:
        where = f"{path.name}, frame {place} or before"  # the checksum is that of all
        raise InputError(f"{where}: expected a whole frame, found a damaged one ({error})") from error
