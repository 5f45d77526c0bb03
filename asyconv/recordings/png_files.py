"""PNG pictures as files: what their first bytes say, whether they are whole, and which folders hold depth."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from asyconv.errors import InputError

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_LAST_CHUNK: Final = b"\0\0\0\0IEND\xaeB\x60\x82"
_HEADER: Final = struct.Struct(">8sI4sIIBB")


class PngHeader(NamedTuple):
    """Size and kind of a picture, from its first bytes."""

    width_px: int
    height_px: int
    bits: int
    colour: int

    @property
    def is_depth(self) -> bool:
        """Whether the picture is 16-bit gray."""
        return self.bits == 16 and self.colour == 0


def holds_depth_pictures(folder: Path) -> bool:
    """Whether at least one picture in the folder is a 16-bit gray PNG."""
    return any(header.is_depth for path in png_files(folder) if (header := png_header(path)))


def png_files(folder: Path) -> Iterator[Path]:
    """All files that are named .png, except hidden files and the 8-bit copies of babyPose."""
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        raise InputError(f"{folder.name}: expected a readable folder, found: {error.strerror}") from error
    for entry in entries:
        name = entry.name.lower()
        if name.endswith(".png") and not name.startswith(".") and not name.endswith("_8bit.png") and entry.is_file():
            yield folder / entry.name


def png_contents(path: Path) -> bytes:
    """Bytes of a picture; InputError names it where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path.parent.name}/{path.name}: expected a readable picture, {error.strerror}") from error


def png_is_whole(path: Path) -> bool:
    """Whether a picture ends as a PNG ends; says nothing of what lies between."""
    try:
        with path.open("rb") as file:
            file.seek(-len(_LAST_CHUNK), os.SEEK_END)
            return file.read() == _LAST_CHUNK
    except OSError:
        return False


def png_header(path: Path) -> PngHeader | None:
    """Size and kind from the first bytes; None for what is no PNG."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER.size)
    except OSError:
        return None
    if len(head) < _HEADER.size or not head.startswith(SIGNATURE):
        return None
    _, _, _, width_px, height_px, bits, colour = _HEADER.unpack(head)
    return PngHeader(width_px, height_px, bits, colour)
