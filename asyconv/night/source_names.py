"""Which pseudonym stands for which file: kept beside the input, readable by its owner only, never in RESULTS."""

import contextlib
import csv
import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from asyconv.errors import InputError, why_unreadable
from asyconv.night.claims import same_file
from asyconv.recordings.formats import file_format
from asyconv.recordings.png_files import holds_depth_pictures
from asyconv.system import lock
from asyconv.whole_files import write_whole

NAMES_FILE: Final = "source_names.csv"
COLUMNS: Final = ["recording_id", "source"]


def default_place(given: Path) -> Path:
    """Beside a recording; in a folder that holds recordings."""
    given = given.resolve()
    is_recording = holds_depth_pictures(given) if given.is_dir() else bool(file_format(given))
    return (given.parent if is_recording or not given.is_dir() else given) / NAMES_FILE


def add_names(path: Path, names: Iterable[tuple[str, str]]) -> None:
    """Add (recording_id, source) to the file at `path`, one writer at a time; the latest source of a pseudonym stands.

    Names that are no text in any coding are kept byte by byte.
    """
    try:
        with _locked(path):
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(sorted((dict(_read(path)) | dict(names)).items()))
            write_whole(path, text.getvalue().encode(errors="surrogateescape"), mode=0o600)
    except OSError as error:
        raise InputError(f"{path}: the names of the sources cannot be written here ({error.strerror})") from error


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the file at `path`, made if it is not there, against other writers; each of them puts a new one there."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            locked = lock(descriptor, wait=True)
            if locked and same_file(path, descriptor):
                yield
                return
        finally:
            os.close(descriptor)
        if not locked:  # a system without locks, which also replaces no file that is open
            yield
            return


def read_names(path: Path) -> dict[str, Path]:
    """Source of each recording_id; refuses a file that is not there."""
    try:
        return {recording_id: Path(source) for recording_id, source in _read(path)}
    except OSError as error:
        raise InputError(f"{path}: expected a file source_names.csv, {why_unreadable(error)}") from error


def _read(path: Path) -> list[tuple[str, str]]:
    text = path.read_bytes().decode(errors="surrogateescape").removeprefix("\ufeff")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    if rows and (rows[0] != COLUMNS or any(len(row) != 2 for row in rows)):
        raise InputError(f"{path}: expected the columns {', '.join(COLUMNS)}; it is left as it is")
    return [(row[0], row[1]) for row in rows[1:]]
