"""Which pseudonym stands for which file: kept beside the input, readable by its owner only, never in RESULTS."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from asyconv.errors import InputError
from asyconv.recordings.formats import file_format
from asyconv.recordings.png_files import holds_depth_pictures
from asyconv.whole_files import write_whole

NAMES_FILE: Final = "source_names.csv"


def default_place(given: Path) -> Path:
    """Beside a recording; in a folder that holds recordings."""
    given = given.resolve()
    is_recording = holds_depth_pictures(given) if given.is_dir() else bool(file_format(given))
    return (given.parent if is_recording or not given.is_dir() else given) / NAMES_FILE


def add_names(path: Path, names: Iterable[tuple[str, str]]) -> None:
    """Add (recording_id, source) to the file at `path`; the latest source of a pseudonym stands."""
    known = dict(_read(path)) | dict(names)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("recording_id", "source"))
    writer.writerows(sorted(known.items()))
    try:
        write_whole(path, text.getvalue(), mode=0o600)
    except OSError as error:
        raise InputError(f"{path}: the names of the sources cannot be written here ({error.strerror})") from error


def read_names(path: Path) -> dict[str, Path]:
    """Source of each recording_id; refuses a file that is not there."""
    if not path.is_file():
        raise InputError(f"{path}: expected the file of the sources' names, found none")
    return {recording_id: Path(source) for recording_id, source in _read(path)}


def _read(path: Path) -> list[tuple[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf8", newline="") as file:
        rows = list(csv.reader(file))
    if not rows or rows[0] != ["recording_id", "source"] or any(len(row) != 2 for row in rows):
        raise InputError(f"{path}: expected the columns recording_id, source; it is left as it is")
    return [(row[0], row[1]) for row in rows[1:]]
