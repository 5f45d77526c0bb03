"""Rows of measurements in a CSV file."""

import csv
from pathlib import Path

from asyconv.cli.outputs import check_rows_file


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
