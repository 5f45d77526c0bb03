"""A plain reader of one-sheet .xlsx files, so that no spreadsheet package is needed for a test."""

import re
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def read_xlsx(path: Path) -> list[dict[str, Any]]:
    """Rows of the first sheet by the names in its first row; numbers as float, text as text, empty cells as None."""
    with zipfile.ZipFile(path) as book:
        shared: list[str] = []
        if "xl/sharedStrings.xml" in book.namelist():
            root = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
            shared = ["".join(t.text or "" for t in item.iter(f"{SPREADSHEET}t")) for item in root]
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    rows = [
        {re.sub(r"\d", "", cell.get("r", "")): _value(cell, shared) for cell in row.iter(f"{SPREADSHEET}c")}
        for row in sheet.iter(f"{SPREADSHEET}row")
    ]
    header = rows[0]
    return [{str(name): row.get(column) for column, name in header.items() if name is not None} for row in rows[1:]]


def _value(cell: ElementTree.Element, shared: list[str]) -> Any:
    kind, value = cell.get("t", "n"), cell.find(f"{SPREADSHEET}v")
    if kind == "inlineStr":
        return "".join(t.text or "" for t in cell.iter(f"{SPREADSHEET}t"))
    if value is None or value.text is None:
        return None
    if kind == "s":
        return shared[int(value.text)]
    return value.text if kind == "str" else float(value.text)
