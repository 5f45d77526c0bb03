"""Tell whether a video file is whole: its outermost box ends within the file.

A recorder that was killed, or a copy that was broken off, leaves a Matroska segment, RIFF chunk or QuickTime atom that
was never closed or runs past the end of the file. The decoder libraries just stop there, without an error.
"""

from pathlib import Path
from typing import BinaryIO, Final

_EBML: Final = b"\x1a\x45\xdf\xa3"
_SEGMENT: Final = b"\x18\x53\x80\x67"


def is_whole(path: Path) -> bool:
    """Whether the file is closed and all there; False for what cannot be followed."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(0)
        if head == _EBML:
            return _matroska_is_whole(file, size)
        return _boxes_are_whole(file, size, riff=head == b"RIFF")


def _matroska_is_whole(file: BinaryIO, size: int) -> bool:
    file.seek(4)
    header_size = _element_size(file)
    if header_size is None:
        return False
    file.seek(header_size, 1)
    if file.read(4) != _SEGMENT:
        return False
    segment_size = _element_size(file)
    return segment_size is not None and file.tell() + segment_size <= size


def _element_size(file: BinaryIO) -> int | None:
    """Read the size of an element: the leading zero bits of the first byte tell how many bytes follow."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    more = 8 - first[0].bit_length()
    rest = file.read(more)
    value = int.from_bytes(bytes([first[0] & (0x7F >> more)]) + rest, "big")
    if len(rest) < more or value == (1 << 7 * (more + 1)) - 1:  # all ones: never filled in
        return None
    return value


def _boxes_are_whole(file: BinaryIO, size: int, *, riff: bool) -> bool:
    """Follow RIFF chunks (name, then size without the header) or QuickTime atoms (size with it, then name)."""
    position = 0
    while position < size:
        file.seek(position)
        head = file.read(16)
        if riff:
            length = int.from_bytes(head[4:8], "little")
            if length == 0:
                return False
            position += 8 + length + length % 2
        else:
            length = int.from_bytes(head[:4], "big")
            if length == 1:  # the true size follows the name
                length = int.from_bytes(head[8:16], "big")
            elif length == 0:  # "to the end of the file"
                return True
            if length < 8:
                return False
            position += length
    return position == size
