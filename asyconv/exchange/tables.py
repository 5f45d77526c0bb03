"""Numbers as text, exactly: single precision in the fewest digits that give it back; and text as numbers."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

from asyconv.errors import InputError, why_unreadable


def text_table(columns: Mapping[str, npt.NDArray[Any]], separator: str = ",", missing: str = "") -> str:
    """`columns` as lines without a header; NaN is `missing`."""
    import polars as pl

    table = pl.DataFrame({name: pl.Series(values) for name, values in columns.items()}).fill_nan(None)
    return table.write_csv(include_header=False, separator=separator, null_value=missing)


def csv_rows(path: Path, what: str, reader: Any = csv.DictReader) -> list[Any]:
    """Rows of a CSV file; `what` says what was expected in the place of one that cannot be read."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: expected {what}, {why_unreadable(error)}") from error


def number_in(cell: str, where: str) -> float:
    """The number in a cell of text; an empty one is NaN."""
    try:
        return float(cell) if cell else float("nan")
    except ValueError as error:
        raise InputError(f"{where}: expected a number or an empty cell, found {cell[:40]!r}") from error
