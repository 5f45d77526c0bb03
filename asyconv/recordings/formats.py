"""The format of a file, by its first bytes; its name says nothing."""

from pathlib import Path
from typing import Final

from asyconv.errors import InputError

_VIDEO_BRANDS: Final = (b"qt", b"iso", b"mp4", b"M4V", b"avc1")


def file_format(path: Path) -> str | None:
    """Return "oni" or "video" by the first bytes of a file, None for anything else."""
    head = first_bytes(path)
    if head.startswith(b"NI10"):
        return "oni"
    if head.startswith(b"\x1a\x45\xdf\xa3") or (head[:4] == b"RIFF" and head[8:12] == b"AVI "):
        return "video"
    if head[4:8] == b"ftyp":  # MP4 and QuickTime, but also pictures (HEIC, AVIF)
        return "video" if head[8:].startswith(_VIDEO_BRANDS) else None
    return "video" if head[4:8] in (b"moov", b"mdat", b"wide") else None


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
    return f"a file that starts with {head[:4]!r}"
