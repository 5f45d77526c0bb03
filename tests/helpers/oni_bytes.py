"""Make .oni files byte by byte, independently of `OniWriter`, as OpenNI 1 and OpenNI 2 leave them."""

import struct
from typing import Final

NODE_ADDED, NODE_REMOVED, READY, DATA, END = 0x0D, 0x07, 0x09, 0x0A, 0x0B
INT, REAL, STRING, GENERAL = 0x03, 0x04, 0x05, 0x06
DEVICE, DEPTH, COLOUR = 1, 2, 3

HEADER: Final = struct.pack("<4sBBHIQI", b"NI10", 1, 0, 1, 0, 2**64 - 1, 3)


def text(value: str) -> bytes:
    return struct.pack("<I", len(value) + 1) + value.encode() + b"\0"


def record(kind: int, node: int, fields: bytes = b"", payload: bytes = b"") -> bytes:
    return struct.pack("<4sIIIIQ", b"NIR\0", kind, node, 28 + len(fields), len(payload), 0) + fields + payload


def node_added(node: int, kind: int, codec: bytes = b"16zT") -> bytes:
    return record(NODE_ADDED, node, text("node") + struct.pack("<I4sIQQQ", kind, codec, 2**32 - 1, 0, 2**64 - 1, 0))


def integer(node: int, name: str, value: int) -> bytes:
    return record(INT, node, text(name) + struct.pack("<IQ", 8, value))


def general(node: int, name: str, data: bytes) -> bytes:
    return record(GENERAL, node, text(name) + struct.pack("<I", len(data)) + data)


def mode(node: int, width_px: int, height_px: int, fps: int = 30) -> bytes:
    return general(node, "xnMapOutputMode", struct.pack("<III", width_px, height_px, fps))


def frame(node: int, number: int, time_us: int, payload: bytes) -> bytes:
    return record(DATA, node, struct.pack("<QI", time_us, number), payload)


def end() -> bytes:
    return record(END, 0)
