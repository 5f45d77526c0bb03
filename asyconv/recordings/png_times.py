"""The times of pictures, as a file ``timestamps.csv`` or ``timestamps.txt`` beside them tells them.

A line for each picture: its time alone, or its name or number and its time, separated by comma, semicolon or blanks. A
first line may name the columns (``frame,timestamp_us``). Lines that begin with # are remarks.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.recordings.png_names import Picture

TIMES_FILES: Final = ("timestamps.csv", "timestamps.txt")
_TICKS: Final = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "millis", "milliseconds"), 1e3),
    **dict.fromkeys(("us", "usec", "micros", "microseconds"), 1e6),
    **dict.fromkeys(("ns", "nsec", "nanos", "nanoseconds"), 1e9),
}  # fmt: skip


class Stamps(NamedTuple):
    """A time of each picture, ticks per second where the file says so, and the file's bytes (for the hash)."""

    values: npt.NDArray[np.generic]
    ticks_per_s: float | None
    content: bytes


def read_stamps(folder: Path, pictures: Sequence[Picture]) -> Stamps | None:
    """Times of the pictures; None where there is no such file; refuses one that does not fit them."""
    paths = [path for path in sorted(folder.iterdir()) if path.name.lower() in TIMES_FILES]
    if not paths:
        return None
    where = f"{folder.name}/{paths[0].name}"
    try:
        content = paths[0].read_bytes()
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{where}: expected times of the pictures in UTF-8, it cannot be read ({error})") from error
    lines = [line.strip() for line in text.splitlines()]
    rows = [re.split(r"\s*[,;]\s*|\s+", line) for line in lines if line and not line.startswith("#")]
    header = rows.pop(0) if rows and not any(_number(cell) is not None for cell in rows[0]) else []
    width = len(rows[0]) if rows else 0
    if not width or any(len(row) != width for row in rows) or len(header) not in (0, width):
        raise InputError(f"{where}: expected a time for each picture, found lines of different length or none")
    named, timed = _columns(where, header, rows, pictures)
    if named is None and len(rows) != len(pictures):
        raise InputError(f"{where}: expected a time for each of {len(pictures)} pictures, found {len(rows)}")
    cells = [row[timed] for row in rows] if named is None else _in_order(where, rows, named, timed, pictures)
    values = [_number(cell) for cell in cells]
    if None in values:
        raise InputError(f"{where}: expected a number as time, found {cells[values.index(None)][:40]!r}")
    whole = all(isinstance(value, int) and 0 <= value < 2**63 for value in values)
    array: npt.NDArray[Any] = np.array(values, np.uint64 if whole else np.float64)
    return Stamps(array, ticks_per_s_of(header[timed]) if header else None, content)


def ticks_per_s_of(name: str) -> float | None:
    """Ticks per second by the last word of a name, such as ``time_us``; None where it is no unit."""
    words = re.findall(r"[a-z]+", name.lower().replace("µ", "u"))
    return _TICKS.get(words[-1]) if words else None


def _columns(
    where: str, header: list[str], rows: list[list[str]], pictures: Sequence[Picture]
) -> tuple[int | None, int]:
    """Column of the pictures' names or numbers (None: the lines are in their order), and column of the times."""
    keys = {key for picture in pictures for key in _keys(picture)}
    fits = [sum(_key(row[place]) in keys for row in rows) for place in range(len(rows[0]))]
    if header:
        times = [place for place, name in enumerate(header) if re.search(r"time|stamp|^ts?$", name.lower())]
        times = [place for place in times if "depth" in header[place].lower()] or times
        others = [place for place in range(len(header)) if place not in times]
        named = max(others, key=lambda place: fits[place], default=None)
        if len(times) == 1:
            return (named if named is not None and fits[named] else None), times[0]
    elif len(rows[0]) == 1:
        return None, 0
    elif len(rows[0]) == 2 and max(fits):
        named = fits.index(max(fits))
        return named, 1 - named
    raise InputError(f"{where}: expected a column of times, and one of the pictures' names, found {rows[0]}")


def _in_order(where: str, rows: list[list[str]], named: int, timed: int, pictures: Sequence[Picture]) -> list[str]:
    cells = {_key(row[named]): row[timed] for row in rows}
    cells_in_order = []
    for picture in pictures:
        keys = [key for key in _keys(picture) if key in cells]
        if not keys:
            raise InputError(f"{where}: expected a time for each picture, found none of {picture.path.name}")
        cells_in_order.append(cells[keys[0]])
    return cells_in_order


def _keys(picture: Picture) -> tuple[str | int, ...]:
    return picture.path.name.lower(), picture.path.stem.lower(), picture.number


def _key(cell: str) -> str | int:
    """A picture in a cell: its number, or its name without folders."""
    return int(cell) if re.fullmatch(r"[0-9]{1,19}", cell) else re.split(r"[\\/]", cell)[-1].lower()


def _number(cell: str) -> int | float | None:
    if re.fullmatch(r"[0-9]{1,19}", cell):
        return int(cell)
    return float(cell) if re.fullmatch(r"-?[0-9]+(\.[0-9]*)?(e[-+]?[0-9]{1,2})?", cell.lower()) else None
