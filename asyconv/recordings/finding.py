"""Find the recordings below a folder, by their content."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from asyconv.errors import InputError
from asyconv.recordings.formats import file_format
from asyconv.recordings.png_files import holds_depth_pictures

SUFFIXES: Final = (".oni", ".mkv", ".avi", ".mov", ".mp4")
"""Endings that promise a recording; what one is, its content says."""

IGNORE_FILE: Final = ".asyconv-ignore"
"""A folder that holds a file of this name is not searched (simulations keep their truth there)."""


def find_recordings(path: Path | str) -> list[Path]:
    """Find the recordings at or below `path`, by content, sorted.

    A folder with at least one 16-bit gray PNG picture is one recording. Not entered: folders whose name
    starts with a dot, folders that hold a file ``.asyconv-ignore``, and links to folders (they may run in a
    circle).
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path.name}: expected a recording or a folder, found nothing at this place")
    if path.is_file():
        return [path] if file_format(path) else []
    found = []
    for folder, names in _walk(path):
        if holds_depth_pictures(folder):
            found.append(folder)
        found += [file for file in names if _is_recording(file)]
    return sorted(found)


def find_promised(path: Path | str) -> list[Path]:
    """Find what is named like a recording below `path` and is none, or cannot be read; sorted.

    A file that was never written to or a folder that took its place must not be passed over in silence.
    """
    found = []
    for folder, names in _walk(Path(path)):
        if folder.suffix.lower() in SUFFIXES and folder != Path(path) and not holds_depth_pictures(folder):
            found.append(folder)
        found += [file for file in names if file.suffix.lower() in SUFFIXES and not _is_recording(file)]
    return sorted(found)


def _walk(path: Path) -> Iterator[tuple[Path, list[Path]]]:
    for folder, below, names in os.walk(path):
        if IGNORE_FILE in names:
            below.clear()
            continue
        below[:] = [name for name in below if not name.startswith(".")]
        yield Path(folder), [Path(folder, name) for name in names if not name.startswith(".")]


def _is_recording(file: Path) -> bool:
    try:
        return bool(file_format(file))
    except InputError:  # it cannot be read
        return False
