"""Lines of a CSV file that a person wrote: UTF-8, comma or semicolon, columns by name."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from asyconv.errors import InputError, why_unreadable


def read_csv(path: Path, required: Sequence[str]) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
    """(line number, cells by column) of every line that is not empty, and the columns."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name}: expected a CSV file in UTF-8, {why_unreadable(error)}") from error
    first = text.split("\n", 1)[0]
    reader = csv.DictReader(text.splitlines(), delimiter=";" if first.count(";") > first.count(",") else ",")
    columns = [name.strip() for name in reader.fieldnames or []]
    reader.fieldnames = columns
    if not set(required) <= set(columns) or len(set(columns)) < len(columns):
        named = f"{'columns' if len(required) > 1 else 'a column'} named {', '.join(required)}"
        raise InputError(f"{path.name}: expected {named}, and no name twice, found {', '.join(columns) or 'none'}")
    lines = []
    for cells in _whole_lines(path, reader):
        if None in cells:
            raise InputError(f"{path.name}: line {reader.line_num}: expected {len(columns)} cells, found more")
        stripped = {name: (value or "").strip() for name, value in cells.items()}
        if any(stripped.values()):
            lines.append((reader.line_num, stripped))
    return lines, columns


def _whole_lines(path: Path, reader: "csv.DictReader[str]") -> Iterator[dict[str, Any]]:
    try:
        yield from reader
    except csv.Error as error:
        raise InputError(
            f"{path.name}: after line {reader.line_num}: expected cells of a CSV file ({error})"
        ) from error
