"""The records of an .oni file: nodes, their properties, and where each frame lies.

The index is built from the records alone. Frame counts and the seek table are never used: they are wrong in
files that were not finished or were copied in part. Nothing of the layout is trusted before it was checked.
"""

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from asyconv.errors import InputError

FILE_HEADER: Final = struct.Struct("<4sBBHIQI")
RECORD_HEADER: Final = struct.Struct("<4sIIIIQ")
_OLD_RECORD_HEADER: Final = struct.Struct("<4sIIIII")  # before version 1.0.1.0
DATA_FIELDS: Final = struct.Struct("<QI")
MAGIC: Final = b"NIR\0"

NODE_ADDED_OLDEST = 0x02
INT_PROPERTY, REAL_PROPERTY, STRING_PROPERTY, GENERAL_PROPERTY = 0x03, 0x04, 0x05, 0x06
NODE_REMOVED, DATA_BEGIN, STATE_READY, NEW_DATA, END = 0x07, 0x08, 0x09, 0x0A, 0x0B
NODE_ADDED_1005, NODE_ADDED, SEEK_TABLE = 0x0C, 0x0D, 0x0E

DEVICE_NODE, DEPTH_NODE = 1, 2

_MAX_FIELDS: Final = 1 << 20  # the largest property of a real sensor is 20 kB

Property = int | float | bytes


class FrameRecord(NamedTuple):
    """Where one coded frame lies."""

    timestamp_us: int
    start: int
    size: int


@dataclass
class Node:
    """One stream of the file: its properties as they stood at the first frame, and its frames."""

    kind: int
    codec: str
    declared: int | None = None  # frames that the recorder counted; None: it never wrote its count
    properties: dict[str, Property] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)  # properties that were set anew after the first frame
    frames: list[FrameRecord] = field(default_factory=list)


@dataclass(frozen=True)
class Scan:
    """All nodes, and how the file ended: "finished" (END was seen), "cut off" or "damaged"."""

    nodes: list[Node]
    ending: str


class _Damaged(Exception):
    """The fields of a record contradict one another."""


def scan(path: Path) -> Scan:
    """Read the headers of all records up to END, or to the first record that is damaged or not whole."""
    size = path.stat().st_size
    with path.open("rb", buffering=0) as file:
        header = _record_header(file, path.name)
        nodes: list[Node] = []
        current: dict[int, Node] = {}
        position = FILE_HEADER.size
        while position + header.size <= size:
            file.seek(position)
            head = _read(file, header.size)
            if len(head) < header.size:
                return Scan(nodes, "cut off")
            magic, kind, node_id, fields_size, payload_size, _ = header.unpack(head)
            if magic != MAGIC or fields_size < header.size:
                return Scan(nodes, "damaged")
            if kind == END:
                return Scan(nodes, "finished")
            after = position + fields_size + payload_size
            if after > size:
                return Scan(nodes, "cut off")
            try:
                fields = _read(file, min(fields_size - header.size, _MAX_FIELDS))
                _take(kind, node_id, fields, (position + fields_size, payload_size), nodes, current)
            except _Damaged:
                return Scan(nodes, "damaged")
            position = after
    return Scan(nodes, "cut off")


def _record_header(file: BinaryIO, name: str) -> struct.Struct:
    """Return the layout of record headers in this file; refuse what is no .oni file of a known version."""
    head = _read(file, FILE_HEADER.size)
    if len(head) < FILE_HEADER.size or not head.startswith(b"NI10"):
        raise InputError(f"{name}: expected an OpenNI file header, found {len(head)} bytes that are none")
    version = FILE_HEADER.unpack(head)[1:5]
    if not (1, 0, 0, 4) <= version < (2, 0, 0, 0):
        version_text = ".".join(map(str, version))
        raise InputError(f"{name}: expected OpenNI file version 1.0.0.4 or later of 1.x, found {version_text}")
    return RECORD_HEADER if version >= (1, 0, 1, 0) else _OLD_RECORD_HEADER


def _take(
    kind: int, node_id: int, fields: bytes, payload: tuple[int, int], nodes: list[Node], current: dict[int, Node]
) -> None:
    """Enter one record into `nodes`; `current` is the node that an id means at this place of the file."""
    if kind in (NODE_ADDED, NODE_ADDED_1005, NODE_ADDED_OLDEST):
        _, rest = _string(fields)
        if len(rest) < 8:
            raise _Damaged
        count = rest[8:12] if kind != NODE_ADDED_OLDEST else b""
        declared = int.from_bytes(count, "little") if len(count) == 4 and count != b"\xff" * 4 else None
        node = Node(int.from_bytes(rest[:4], "little"), rest[4:8].decode("latin-1"), declared)
        nodes.append(node)
        current[node_id] = node
    elif kind == NEW_DATA:
        if len(fields) < DATA_FIELDS.size:
            raise _Damaged
        if node_id in current:
            timestamp_us, _ = DATA_FIELDS.unpack_from(fields)
            current[node_id].frames.append(FrameRecord(timestamp_us, *payload))
    elif kind in (INT_PROPERTY, REAL_PROPERTY, STRING_PROPERTY, GENERAL_PROPERTY) and node_id in current:
        name, value = _property(kind, fields)
        node = current[node_id]
        if not node.frames:
            node.properties[name] = value
        elif node.properties.get(name) != value:
            node.changed.add(name)


def _property(kind: int, fields: bytes) -> tuple[str, Property]:
    name, rest = _string(fields)
    if len(rest) < 4 or len(rest) - 4 < int.from_bytes(rest[:4], "little"):
        raise _Damaged
    data = rest[4 : 4 + int.from_bytes(rest[:4], "little")]
    if kind == INT_PROPERTY:
        return name, int.from_bytes(data, "little")
    if kind == REAL_PROPERTY:
        if len(data) != 8:
            raise _Damaged
        return name, float(struct.unpack("<d", data)[0])
    return name, data


def _string(fields: bytes) -> tuple[str, bytes]:
    """Return a string and the bytes after it."""
    length = int.from_bytes(fields[:4], "little")
    if len(fields) < 4 or length < 1 or len(fields) < 4 + length:
        raise _Damaged
    return fields[4 : 4 + length].rstrip(b"\0").decode("latin-1"), fields[4 + length :]


def _read(file: BinaryIO, size: int) -> bytes:
    """`size` bytes, or fewer at the end of the file (an unbuffered read may stop early)."""
    pieces = b""
    while len(pieces) < size:
        piece = file.read(size - len(pieces))
        if not piece:
            break
        pieces += piece
    return pieces
