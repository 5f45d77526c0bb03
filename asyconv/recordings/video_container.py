"""Tell whether a video file, and a coded FFV1 frame, is whole.

A recorder that was killed, or a copy that was broken off, leaves a Matroska segment, RIFF chunk or QuickTime atom that
was never closed or runs past the end of the file. The decoder libraries just stop there, without an error; and where
a checksum of FFV1 fails they patch the picture from the frame before, also without an error. Both are checked here.
"""

import zlib
from pathlib import Path
from typing import BinaryIO, Final

_EBML: Final = b"\x1a\x45\xdf\xa3"
_SEGMENT: Final = b"\x18\x53\x80\x67"
_SLICE_TAIL: Final = 8  # size of the slice without its tail (3 bytes), error status (1), CRC-32 (4)
_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def is_whole(path: Path) -> bool:
    """Whether the file is closed and all there; False for what cannot be followed."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(0)
        if head == _EBML:
            return _matroska_is_whole(file, size)
        return _boxes_are_whole(file, size, riff=head == b"RIFF")


def ffv1_slices_are_whole(packet: bytes) -> bool | None:
    """Whether the checksum of every slice of a coded FFV1 frame holds; None where the slices carry none.

    FFV1 (RFC 9043, 4.9) counts bits from the highest; zlib counts from the lowest, so the bytes are reversed first.
    The register starts at 0 (zlib inverts it on the way in and out) and must end at 0 over slice and checksum.
    """
    end, slices = len(packet), []
    while end > _SLICE_TAIL:
        start = end - _SLICE_TAIL - int.from_bytes(packet[end - 8 : end - 5], "big")
        if start < 0:
            return None
        slices.append(packet[start:end])
        end = start
    if end != 0 or not slices:
        return None
    return all(zlib.crc32(piece.translate(_REVERSED), 0xFFFFFFFF) == 0xFFFFFFFF for piece in slices)


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
