"""The depth codecs of .oni files: 16zT (table of values, then differences), 16zP (differences) and NONE.

A byte below 0xE0 holds two differences of -6 to 6, 0xE1 and above a run of pairs of equal pixels; 0xFF or a
low nibble of 15 announces an escape. The decoder follows the order of the bytes, whatever wrote them, reads
nothing outside the payload, and accepts only a payload that gives exactly the expected number of pixels.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.jit import compiled

CODECS: Final = ("16zT", "16zP", "NONE")
MAX_TABLE: Final = 32_768  # an escape holds an index of 15 bits

_OK, _OUTSIDE, _ENDS_EARLY, _TOO_MANY, _TOO_FEW = range(5)

_BYTE: Final = np.arange(256)
_PAIR: Final = _BYTE < 0xE0  # of differences; 0xE0 and above are pairs of equal pixels, 0xFF an escape
_LOW: Final = _BYTE & 0x0F
_TWO: Final = _PAIR & (_LOW != 0x0F) & (_LOW != 0x0D)  # 0x0D only fills the last byte up
_FIRST: Final = np.where(_PAIR, 6 - (_BYTE >> 4), 0)
_BOTH: Final = _FIRST + np.where(_TWO, 6 - _LOW, 0)
_ESCAPES: Final = (_BYTE == 0xFF) | (_PAIR & (_LOW == 0x0F))
_COUNT: Final = np.where(_PAIR, 1 + _TWO, np.where(_ESCAPES, 0, 2 * (_BYTE - 0xE0)))


class PayloadError(ValueError):
    """A coded frame is damaged; the message says how, and the caller adds which frame."""


def decode(payload: bytes, codec: str, width_px: int, height_px: int) -> npt.NDArray[np.uint16]:
    """Depth counts uint16 [height, width] of one coded frame; a damaged payload raises `PayloadError`."""
    total = width_px * height_px
    if codec == "NONE":
        if len(payload) != 2 * total:
            raise PayloadError(f"expected {2 * total} bytes, found {len(payload)}")
        plain = np.frombuffer(payload, dtype="<u2").astype(np.uint16)
        return plain.reshape(height_px, width_px)
    table, start = _table(payload, codec)
    if len(payload) < start + 2:
        raise PayloadError(f"expected {start + 2} bytes or more, found {len(payload)}")
    first = int.from_bytes(payload[start : start + 2], "little")
    pixels = np.empty(total + 4, dtype=np.uint16)
    status, done = _expand(np.frombuffer(payload, dtype=np.uint8), start + 2, first, table, pixels, total)
    if status != _OK:
        raise PayloadError(_reason(status, done, total, table.size))
    return pixels[:total].reshape(height_px, width_px)


def encode(depth: npt.NDArray[np.uint16]) -> bytes:
    """Frame of depth counts uint16 [height, width], coded as 16zT.

    Raises `PayloadError` where the codec cannot hold the frame: more than 32,768 distinct values.
    """
    if depth.dtype != np.uint16 or depth.ndim != 2 or depth.size == 0:
        raise PayloadError(f"expected uint16 [height, width], found {depth.dtype} {depth.shape}")
    flat = np.ascontiguousarray(depth).reshape(-1)
    table = np.empty(65_536, dtype=np.uint16)
    index_of = np.zeros(65_536, dtype=np.int32)
    count = _distinct(flat, table, index_of)
    if count > MAX_TABLE:
        raise PayloadError(f"expected at most {MAX_TABLE} depths in a picture of an .oni file, found {count}")
    codes = np.empty(3 * flat.size + 1, dtype=np.uint8)
    size = _compress(flat, index_of, codes)
    head = np.concatenate([[count], table[:count], [index_of[flat[0]]]]).astype("<u2")
    return head.tobytes() + codes[:size].tobytes()


def _table(payload: bytes, codec: str) -> tuple[npt.NDArray[np.uint16], int]:
    """Values by index, and where the first index lies in the payload."""
    if codec == "16zP":  # the index is the value
        return np.arange(65_536, dtype=np.uint16), 0
    if codec != "16zT":
        raise PayloadError(f"codec: expected one of {', '.join(CODECS)}, found {codec!r}")
    count = int.from_bytes(payload[:2], "little")
    if len(payload) < 2 + 2 * count or count == 0:
        left_bytes = max(len(payload) - 2, 0)
        raise PayloadError(f"expected a table of {max(count, 1)} values, found {left_bytes} bytes")
    return np.frombuffer(payload, dtype="<u2", count=count, offset=2).astype(np.uint16), 2 + 2 * count


def _reason(status: int, done: int, total: int, table_size: int) -> str:
    return {
        _OUTSIDE: f"at pixel {done} expected an index below {table_size}, found one outside",
        _ENDS_EARLY: f"at pixel {done} expected the rest of an escape, found the end of the payload",
        _TOO_MANY: f"expected {total} pixels, found more",
        _TOO_FEW: f"expected {total} pixels, found {done}",
    }[status]


@compiled
def _expand(codes: Any, at: int, index: Any, table: Any, pixels: Any, total: int) -> Any:
    """Fill `pixels` from codes[at:]; returns a status and the number of pixels done.

    A processor cannot foresee the next byte. So what a byte stands for is looked up, and four pixels are always
    written, of which the next byte replaces those that are not its own: `pixels` has four more than `total`.
    """
    size, table_size = codes.size, np.uint64(table.size)
    index = np.int64(index)
    if np.uint64(index) >= table_size:
        return _OUTSIDE, 0
    pixels[0] = table[index]
    done = np.int64(1)
    while at < size:
        code = codes[at]
        at += 1
        first, count = index + _FIRST[code], _COUNT[code]
        index += _BOTH[code]
        if np.uint64(first) >= table_size or np.uint64(index) >= table_size:
            return _OUTSIDE, done
        if done + count > total:
            return _TOO_MANY, done
        here, value = np.uint64(done), table[np.uint64(index)]  # unsigned: no index counts from the end
        pixels[here] = table[np.uint64(first)]
        pixels[here + np.uint64(1)] = value
        pixels[here + np.uint64(2)] = value
        pixels[here + np.uint64(3)] = value
        for more in range(done + 4, done + count):
            pixels[np.uint64(more)] = value
        done += count
        if not _ESCAPES[code]:
            continue
        if at >= size:
            return _ENDS_EARLY, done
        step = np.int64(codes[at])
        at += 1
        if step & 0x80:
            index -= step - 192
        else:
            if at >= size:
                return _ENDS_EARLY, done
            index = (step << 8) + np.int64(codes[at])
            at += 1
        if np.uint64(index) >= table_size:
            return _OUTSIDE, done
        if done >= total:
            return _TOO_MANY, done
        pixels[np.uint64(done)] = table[np.uint64(index)]
        done += 1
    return (_OK if done == total else _TOO_FEW), done


@compiled
def _distinct(flat: Any, table: Any, index_of: Any) -> int:
    """Write the sorted distinct values to `table` and their places to `index_of`; returns how many."""
    for i in range(flat.size):
        index_of[flat[i]] = 1
    count = 0
    for value in range(65_536):
        if index_of[value]:
            table[count] = value
            index_of[value] = count
            count += 1
    return count


@compiled
def _compress(flat: Any, index_of: Any, codes: Any) -> int:
    """Write the codes of all pixels after the first; returns their number of bytes.

    A waiting half byte is always filled before a run begins, so pixels keep their order to the very end
    (OpenNI's recorder writes the half byte first there and so misplaces up to 29 pixels).
    """
    size, total = 0, flat.size
    index = np.int64(index_of[flat[0]])
    half = False  # the last byte written still waits for its low nibble
    i = 1
    while i < total:
        if not half:
            run = 0
            while run < 30 and i + run < total and flat[i + run] == flat[i - 1]:
                run += 1
            if run >= 2:
                codes[size] = 0xE0 + run // 2
                size += 1
                i += run // 2 * 2
                continue
        new = np.int64(index_of[flat[i]])
        step = index - new
        index = new
        i += 1
        if -6 <= step <= 6:
            if half:
                codes[size - 1] |= step + 6
            else:
                codes[size] = (step + 6) << 4
                size += 1
            half = not half
            continue
        if half:
            codes[size - 1] |= 0x0F
        else:
            codes[size] = 0xFF
            size += 1
        half = False
        if -63 <= step <= 63:
            codes[size] = step + 192
            size += 1
        else:
            codes[size] = new >> 8
            codes[size + 1] = new & 0xFF
            size += 2
    if half:
        codes[size - 1] |= 0x0D
    return size
