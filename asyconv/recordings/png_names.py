"""Which pictures of a folder are one series of depth, and the number in each name: ``<words><number><words>.png``.

The number is the part of the name that changes from picture to picture. Pictures of another kind (colour beside depth)
are left aside where their names differ in more than a number; where they do not, one would stand in place of a frame.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from asyconv.errors import InputError
from asyconv.recordings.clock import are_times
from asyconv.recordings.png_files import PngHeader, png_files, png_header

_NUMBER: Final = re.compile(r"[0-9]{1,19}")
_BITS: Final = "_16bit"
_COLOURS: Final = {0: "gray", 2: "colour", 3: "palette", 4: "gray with alpha", 6: "colour with alpha"}

_Words = tuple[str, ...]


class Picture(NamedTuple):
    """A picture, the number in its name, and its size and kind."""

    number: int
    path: Path
    header: PngHeader


def depth_series(folder: Path) -> tuple[list[Picture], list[str]]:
    """Depth pictures in numeric order, and words about what was left aside; refuses names that give no order."""
    headers = {path: png_header(path) for path in sorted(png_files(folder))}
    depth = {path: header for path, header in headers.items() if header is not None and header.is_depth}
    if not depth:
        for path, header in headers.items():
            raise InputError(f"{folder.name}/{path.name}: {_no_depth(header)}")
        raise InputError(
            f"{folder.name}: expected depth recordings or 16-bit gray PNG pictures, found none in the folder"
        )
    series: dict[_Words, list[Path]] = {}
    for path in depth:
        words, numbers = _split(path)
        if not numbers:
            raise InputError(f"{folder.name}: expected pictures named by number, found {path.name}")
        series.setdefault(words, []).append(path)
    words, chosen = _chosen(folder, series)
    for path, header in headers.items():
        if path not in depth and _split(path)[0] == words:
            raise InputError(f"{folder.name}/{path.name}: {_no_depth(header)}")
    numbers_of = _numbers(folder, chosen)
    pictures: dict[int, Picture] = {}
    for path, number in zip(chosen, numbers_of, strict=True):
        if number in pictures:
            names = f"{pictures[number].path.name} and {path.name}"
            raise InputError(f"{folder.name}: expected each number once, found {names}")
        pictures[number] = Picture(number, path, depth[path])
    kinds = Counter(_kind(headers[path]) for path in headers.keys() - set(chosen))
    aside = [f"{count} pictures beside the depth were left aside: {kind}" for kind, count in sorted(kinds.items())]
    return [pictures[number] for number in sorted(pictures)], aside


def _chosen(folder: Path, series: dict[_Words, list[Path]]) -> tuple[_Words, list[Path]]:
    """The only series, or the only one whose name says depth."""
    named = [words for words in series if "depth" in "".join(words).lower()]
    candidates = named if len(named) == 1 else list(series)
    if len(candidates) > 1:
        first, other = (series[words][0] for words in candidates[:2])
        raise InputError(f"{folder.name}: expected one series of pictures, found {first.name} and {other.name}")
    return candidates[0], series[candidates[0]]


def _numbers(folder: Path, paths: Sequence[Path]) -> list[int]:
    """The number that counts the pictures or tells their time; seconds with a fraction become nanoseconds."""
    words = _split(paths[0])[0]
    columns = list(zip(*(_split(path)[1] for path in paths), strict=True))
    changing = [place for place, column in enumerate(columns) if len({int(cell) for cell in column}) > 1]
    if len(changing) == 2 and changing[1] == changing[0] + 1 and words[changing[1]] == ".":
        seconds, fractions = (columns[place] for place in changing)
        return [int(s + f[:9].ljust(9, "0")) for s, f in zip(seconds, fractions, strict=True)]
    if len(changing) > 1:
        sorted_columns = [np.sort(np.array([int(cell) for cell in columns[place]], np.uint64)) for place in changing]
        changing = [place for place, column in zip(changing, sorted_columns, strict=True) if are_times(column)]
        if len(changing) != 1:
            names = f"{paths[0].name} and {paths[-1].name}"
            raise InputError(f"{folder.name}: expected names in which one number counts the pictures, found {names}")
    return [int(cell) for cell in columns[changing[0] if changing else -1]]


def _split(path: Path) -> tuple[_Words, list[str]]:
    """Words and numbers of a name, by turns."""
    stem = path.stem.removesuffix(_BITS)
    return tuple(_NUMBER.split(stem)), _NUMBER.findall(stem)


def _kind(header: PngHeader | None) -> str:
    return f"{header.bits}-bit {_COLOURS.get(header.colour, 'unknown')}" if header else "no PNG picture"


def _no_depth(header: PngHeader | None) -> str:
    if header is None:
        return "expected a PNG picture, found something else under this name"
    return f"expected 16-bit gray depth, found {_kind(header)}"
