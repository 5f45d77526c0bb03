"""Find the recordings below a folder, by their content."""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from asyconv.errors import InputError
from asyconv.recordings.formats import file_format
from asyconv.recordings.not_depth import kind_of
from asyconv.recordings.png_files import holds_depth_pictures

_VIDEOS: Final = (".mkv", ".avi", ".mov", ".mp4")

SUFFIXES: Final = (".oni", *_VIDEOS, ".h5", ".hdf5", ".bag", ".db3", ".mcap")
"""Endings that promise a recording; what one is, its content says."""

IGNORE_FILE: Final = ".asyconv-ignore"
"""A folder that holds a file of this name is not searched (simulations keep their truth there)."""


@dataclass(frozen=True)
class Found:
    """What lies at or below a place: recordings, what is only named like one, and folders that were not searched.

    `aside` counts by kind the videos that a recorder made beside its depth.
    """

    recordings: list[Path]
    promised: list[Path]
    passed_over: dict[Path, str]
    aside: Counter[str] = field(default_factory=Counter)


def find_recordings(path: Path | str) -> list[Path]:
    """Find the recordings at or below `path`, by content, sorted; see `search`."""
    return search(path).recordings


def search(path: Path | str) -> Found:
    """Search `path` for recordings, by content; everything is sorted.

    A folder with at least one 16-bit gray PNG picture is one recording. What is named like a recording and is none,
    or cannot be read, is `promised`: it must not be passed over in silence. Not entered: folders whose name starts
    with a dot, and, named in `passed_over` with the reason, folders that hold an empty file ``.asyconv-ignore``, links
    to folders (they may run in a circle) and folders that cannot be read. A mark with words, as the truth of
    simulations has, is there on purpose and not named.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path.name}: expected a recording or a folder, found nothing at this place")
    search_result = Found([], [], {})
    if path.is_file():
        if file_format(path):
            search_result.recordings.append(path)
        return search_result

    def unreadable(error: OSError) -> None:
        search_result.passed_over[Path(error.filename)] = f"it cannot be read ({error.strerror})"

    for name, below, names in os.walk(path, onerror=unreadable):
        folder = Path(name)
        if IGNORE_FILE in names:
            mark = folder / IGNORE_FILE
            if not (mark.is_file() and mark.stat().st_size):
                search_result.passed_over[folder] = f"it holds a file {IGNORE_FILE}, as results do"
            below.clear()
            continue
        below[:] = sorted(name for name in below if not name.startswith("."))
        for link in (folder / name for name in below if (folder / name).is_symlink()):
            search_result.passed_over[link] = "it is a link to a folder"
        _sort_out(
            folder, sorted(name for name in names if not name.startswith(".")), search_result, is_top=folder == path
        )
    kinds = {path: kind for path, kind in _beside_depth(search_result).items() if kind is not None}
    return Found(
        sorted(path for path in search_result.recordings if path not in kinds),
        sorted(path for path in search_result.promised if path not in kinds),
        dict(sorted(search_result.passed_over.items())),
        Counter(kinds.values()),
    )


def _beside_depth(found: Found) -> dict[Path, str | None]:
    """Kind of every video that lies in a folder such as ``IR`` beside one that is called depth and holds recordings."""
    videos = {path for path in (*found.recordings, *found.promised) if path.suffix.lower() in _VIDEOS}
    roots = {
        folder.parent
        for path in found.recordings
        if path not in videos
        for folder in list(path.parents)[:2]
        if "depth" in folder.name.lower()
    }
    kinds = {}
    for path in videos:
        for folder in path.parents:
            if folder.parent in roots:
                kinds[path] = kind_of(folder.name)
    return kinds


def _sort_out(folder: Path, names: list[str], search_result: Found, *, is_top: bool) -> None:
    """Add what one folder holds to what was found."""
    try:
        is_recording = holds_depth_pictures(folder)
    except InputError:  # named already as one that cannot be read
        return
    if is_recording:
        search_result.recordings.append(folder)
    elif folder.suffix.lower() in SUFFIXES and not is_top:
        search_result.promised.append(folder)
    for file in (folder / name for name in names):
        if _is_recording(file):
            search_result.recordings.append(file)
        elif file.suffix.lower() in SUFFIXES:
            search_result.promised.append(file)


def _is_recording(file: Path) -> bool:
    try:
        return bool(file_format(file))
    except InputError:  # it cannot be read
        return False
