"""Consecutive files of one camera as one recording.

A recorder that begins a new file every minute leaves ``Depth/<hour>/<date_time>.h5``. Files that follow each other in
such a tree, or in one folder, and of which each begins within a few frames of the end of the one before, are one
recording. It is named by its first file and the number of those that follow: ``20240101_1000.h5+2``.
"""

import re
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from asyconv.errors import InputError
from asyconv.recordings.formats import file_format
from asyconv.recordings.readers import read_stored
from asyconv.recordings.stored import Stored

GROWING_S: Final = 120.0
"""A file changed more recently may still be being recorded."""

_JOINED: Final = ("hdf5", "bag", "db3", "mcap")  # the formats that hold times of a clock that runs on
_FRAMES_APART: Final = 5.0
_NAME: Final = re.compile(r"(?P<first>.+)\+(?P<more>[1-9][0-9]{0,5})")
_HOUR: Final = re.compile(r"[01]?[0-9]|2[0-3]")
_DATE: Final = re.compile(r"20[0-9]{2}(-?)[01][0-9]\1[0-3][0-9]")


def first_part(path: Path) -> Path:
    """The first file of a joined recording; any other path as it is."""
    name = _NAME.fullmatch(path.name)
    return path if name is None or path.exists() else path.with_name(name["first"])


def parts_of(path: Path) -> list[Path]:
    """Files of a recording in order: one, or those that a joined recording's name stands for."""
    first = first_part(path)
    if first == path:
        return [path]
    more = int(path.name[len(first.name) + 1 :])
    files = _files_beside(first)
    if first not in files or len(files) <= (last := files.index(first) + more):
        raise InputError(f"{path.name}: expected this file and {more} that follow it, found fewer")
    return files[files.index(first) : last + 1]


def joined(files: Iterable[Path], *, force: bool = False) -> list[Path]:
    """Join what is one recording among `files`; `force` joins all that follow each other, whatever lies between.

    Raises InputError where files that shall be joined are not of one camera.
    """
    given = list(files)
    left = {path for path in given if _format(path) in _JOINED}
    sources = {path: path for path in given if path not in left}  # by the first file of each
    while left:
        runs: list[list[Path]] = []
        last: Stored | None = None
        goes_on = False
        first = min(left)
        beside = _files_beside(first)
        for path in beside if first in beside else [first]:
            if path not in left:
                goes_on = False
                continue
            left.remove(path)
            content = _content(path)
            if goes_on and (force or (_grows(path) if content is None else _follows(last, content))):
                runs[-1].append(path)
            else:
                runs.append([path])
            last, goes_on = content, True
        sources |= {run[0]: _named(run) for run in runs}
    return [sources[path] for path in given if path in sources]


def read_parts(parts: Sequence[Path], stream: str | None = None) -> list[Stored]:
    """Read what the files of a joined recording say; those that are cut off are left out, which leaves a gap."""
    read: list[Stored] = []
    damaged: dict[int, InputError] = {}
    for place, part in enumerate(parts, start=1):
        try:
            read.append(read_stored(part, str(_format(part)), stream))
        except InputError as error:
            damaged[place] = error
    if not read:
        raise damaged[1]
    said = f"of {len(parts)} is cut off or damaged and was left out"
    read[0].warnings.extend(f"file {place} {said}" for place in damaged)
    for content in read[1:]:
        if not _same_camera(read[0], content):
            expected = f"pictures of the camera of {read[0].path.name}, to be joined with it"
            raise InputError(f"{content.path.name}: expected {expected}, found others")
    return read


def _named(run: Sequence[Path]) -> Path:
    return run[0] if len(run) == 1 else run[0].with_name(f"{run[0].name}+{len(run) - 1}")


def _format(path: Path) -> str | None:
    try:
        return file_format(path)
    except InputError:  # it cannot be read, which is said when its turn comes
        return None


def _content(path: Path) -> Stored | None:
    try:
        return read_stored(path, str(_format(path)))
    except InputError:  # likewise
        return None


def _follows(one: Stored | None, other: Stored | None) -> bool:
    """Whether the other file goes on where this one ends."""
    if one is None or other is None or not _same_camera(one, other):
        return False
    times, others = one.span(), other.span()
    if times is None or others is None or one.count < 2:
        return False
    step = (times[1] - times[0]) / (one.count - 1)
    return 0 < others[0] - times[1] <= _FRAMES_APART * step


def _same_camera(one: Stored, other: Stored) -> bool:
    def kind(content: Stored) -> tuple[object, ...]:
        size = content.width_px, content.height_px
        return content.format, size, content.unit_mm, content.intrinsics, content.camera, content.ticks_per_s

    return kind(one) == kind(other)


def _grows(path: Path) -> bool:
    return abs(time.time() - path.stat().st_mtime) < GROWING_S


def _files_beside(file: Path) -> list[Path]:
    """Files with the same ending in the same folder, and in the folders of other hours and dates, in order of names."""
    by_hour = _HOUR.fullmatch(file.parent.name) is not None
    kind = file.parent.parent if by_hour else file.parent  # the folder "Depth"
    folders = [kind]
    if _DATE.fullmatch(kind.parent.name):
        folders = [date / kind.name for date in _folders(kind.parent.parent, _DATE)]
    if by_hour:
        folders = [hour for folder in folders for hour in _folders(folder, _HOUR)]
    files = [path for folder in folders for path in _inside(folder)]
    files = [path for path in files if path.suffix == file.suffix and not path.name.startswith(".")]
    return sorted(files, key=_order)


def _folders(folder: Path, name: "re.Pattern[str]") -> list[Path]:
    return [path for path in _inside(folder) if name.fullmatch(path.name) and path.is_dir()]


def _inside(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # it is not there, or cannot be read
        return []


def _order(path: Path) -> tuple[tuple[int, str], ...]:
    """Order by the numbers in a name, not by their digits."""
    pieces = re.split(r"([0-9]+)", "/".join(path.parts[-4:]))
    return tuple((int(piece), "") if piece.isdecimal() else (-1, piece) for piece in pieces)
