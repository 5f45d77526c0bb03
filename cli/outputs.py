"""Where a command may write: never over an input, and over an existing file only with ``--overwrite``."""

import csv
from collections.abc import Sequence
from pathlib import Path

from asyconv.errors import InputError


def check_output(path: Path, endings: Sequence[str], inputs: Sequence[Path | None], *, overwrite: bool) -> None:
    """Refuse an output that ends otherwise, is one of `inputs` or in a folder of them, or is there already.

    A file that is there and lies in a folder of `inputs` is an input: `overwrite` does not replace it.
    """
    from asyconv.night.results import read_manifest

    if path.suffix.lower() not in endings:
        known = " or ".join(filter(None, endings)) + (", or in none for a folder" if "" in endings else "")
        raise InputError(f"{path}: expected a name that ends in {known}, found {path.suffix or 'none'}")
    if any(read_manifest(folder.parent, folder.name) for folder in path.resolve().parents):
        raise InputError(f"{path}: expected a file outside of the result folder, which holds only what `process` wrote")
    if not path.exists():
        return
    if path.is_dir():
        raise InputError(f"{path}: expected a file to write to, found a folder")
    for given in inputs:
        if given is not None and given.exists():
            below = given.is_dir() and path.resolve().is_relative_to(given.resolve())
            if below or path.samefile(given):
                raise InputError(f"{path}: this is an input, and no output may replace it; give another name")
    if not overwrite:
        raise InputError(f"{path}: there is a file of this name already; --overwrite replaces it")


def check_shows_infant(path: Path) -> None:
    """Refuse a place inside results for what shows the infant."""
    from asyconv.night.claims import CLAIMS
    from asyconv.night.results import read_manifest

    place = path.resolve()
    for folder in (place, *place.parents):
        if (folder / CLAIMS).is_dir() or read_manifest(folder.parent, folder.name):
            raise InputError(f"{path}: expected a place outside the results, as what is written there shows the infant")


def check_folder(
    folder: Path, inputs: Sequence[Path | None], *, overwrite: bool = False, may_hold: Sequence[str] | None = ()
) -> None:
    """Refuse a folder to write into that is, lies in or holds one of `inputs`, or holds what no output may replace.

    That is everything but `may_hold`, unless `overwrite`; with None the caller knows which files it replaces.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: expected a folder to write into, found a file")
    place = folder.resolve()
    for given in inputs:
        if given is not None and given.exists():
            source = given.resolve()
            if place.is_relative_to(source) or source.is_relative_to(place):
                raise InputError(f"{folder}: expected a folder apart from the input {given}; give another name")
    if overwrite or may_hold is None or not folder.is_dir():
        return
    others = sorted(path.name for path in folder.iterdir() if path.name not in may_hold)
    if others:
        raise InputError(
            f"{folder}: expected an empty folder or none, found {others[0]} in it; --overwrite replaces it"
        )


def check_rows_file(path: Path, columns: Sequence[str], inputs: Sequence[Path | None] = ()) -> None:
    """Refuse a file to add rows to that is an input, or that is there and does not begin with `columns`."""
    check_output(path, (".csv",), inputs, overwrite=True)
    if path.is_file():
        with path.open(encoding="utf8", errors="replace", newline="") as file:
            header = file.readline(10_000).rstrip("\r\n")
        if header != ",".join(columns):
            raise InputError(f"{path}: expected a file of such rows ({columns[0]}, {columns[1]}, ...), found another")


def add_row(path: Path, row: dict[str, object]) -> None:
    """Append to a CSV file that has these columns, or begin one."""
    check_rows_file(path, list(row))
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    with path.open("a", encoding="utf8", newline="") as file:
        writer = csv.DictWriter(file, list(row), lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow(row)
