"""The format of a file, by its content; its name says nothing."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Final

from asyconv.errors import InputError

_VIDEO_BRANDS: Final = (b"qt", b"iso", b"mp4", b"M4V", b"avc1")
_BEGINS: Final = {
    b"NI10": "oni",
    b"\x1a\x45\xdf\xa3": "video",
    b"\x89HDF\r\n\x1a\n": "hdf5",
    b"\x93NUMPY": "npy",
    b"PK\x03\x04": "npz",
    **dict.fromkeys((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), "tiff"),
    b"#ROSBAG V2.0": "bag",
    b"\x89MCAP0\r\n": "mcap",
    b"SQLite format 3\0": "db3",
}
"""How a file of each format begins; several are also those of files without depth."""


def container(path: Path) -> str | None:
    """Format by the first bytes of a file, whatever is in it; None for anything that is never a recording."""
    head = first_bytes(path)
    for begin, name in _BEGINS.items():
        if head.startswith(begin):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "video"
    if head[4:8] == b"ftyp":  # MP4 and QuickTime, but also pictures (HEIC, AVIF)
        return "video" if head[8:].startswith(_VIDEO_BRANDS) else None
    return "video" if head[4:8] in (b"moov", b"mdat", b"wide") else None


def file_format(path: Path) -> str | None:
    """Format of a recording; None for what is none, as far as its headers tell."""
    name = container(path)
    match name:
        case "hdf5":
            from asyconv.recordings import hdf5

            return name if hdf5.holds_depth(path) else None
        case "npy" | "npz":
            from asyconv.recordings import arrays

            return name if arrays.holds_depth(path) else None
        case "tiff":
            from asyconv.recordings import tiff

            return name if tiff.holds_depth(path) else None
        case "db3":
            return name if _is_bag(path) else None
    return name


def _is_bag(path: Path) -> bool:
    """Whether an SQLite database has the tables of a ROS 2 bag."""
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        with contextlib.closing(sqlite3.connect(address, uri=True)) as base:
            tables = base.execute("SELECT name FROM sqlite_master WHERE name IN ('messages', 'topics')").fetchall()
    except sqlite3.Error:
        return False
    return len(tables) == 2


def first_bytes(path: Path) -> bytes:
    """First 16 bytes of a file, none of what is no file; refuses what cannot be read."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(16)
    except OSError as error:
        raise InputError(f"{path.name}: expected a readable file, found: {error.strerror}") from error


def describe(path: Path) -> str:
    """Describe a file that is not a recording."""
    head = first_bytes(path)
    if not head:
        return "an empty file"
    if head.startswith(b"\x89PNG"):
        return "a single picture (give the folder)"
    return f"a file that begins with {ascii(head[:4].decode('latin1'))}"
