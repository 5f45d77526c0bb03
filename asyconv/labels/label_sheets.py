"""Sheets of labelled joints: one row for each annotated picture, as a table or as COCO key points (coco.py).

A table has the header ``image`` and a column for each joint (babyPose), or ``image;label1;...;label14`` in the same
order (pyPointAnnotator); cells are ``x,y`` in native pixels, ``-1,-1`` = not visible. Head and neck are dropped, hand
and foot are wrist and ankle here. Columns are separated by semicolons (.csv, any line ends) or are a workbook's (.xlsx,
first sheet).

Nothing in a cell stops the reading: a label that cannot be understood is missing, and its row says why.
"""

import codecs
import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError, why_unreadable
from asyconv.labels.foreign import LOOKED_AT, what_encoding, what_table
from asyconv.skeleton import JOINTS, N_JOINTS

SHEET_COLUMNS: Final = (
    "head", "right_hand", "right_elbow", "right_shoulder", "neck", "left_shoulder", "left_elbow", "left_hand",
    "right_foot", "right_knee", "right_hip", "left_hip", "left_knee", "left_foot",
)  # fmt: skip
"""Columns of a babyPose sheet after ``image``."""

NUMBERED: Final = tuple(f"label{number}" for number in range(1, len(SHEET_COLUMNS) + 1))
"""The same columns as pyPointAnnotator calls them."""

UNPARSABLE: Final = "unparsable cell"
HALF_MISSING: Final = "half-missing point"
OUTSIDE: Final = "point outside the picture"
ORIGIN: Final = "point at 0,0"
SCORE: Final = "visibility is no flag"

HEADERS: Final = "image;head;right_hand;... or image;label1;...;label14"
"""What the first row of a table says."""

_PREFIX: Final = "result_"
_CELL: Final = re.compile(r"(-?[0-9]{1,6}(?:\.[0-9]{1,6})?)\s*,\s*(-?[0-9]{1,6}(?:\.[0-9]{1,6})?)")
_NAME: Final = re.compile(r"(.*?)([0-9]{1,12})(?:_(?:8|16)bit)?(?:\.png)?", re.IGNORECASE | re.DOTALL)


class ImageName(NamedTuple):
    """What a picture's name says: what stands before the number (mostly nothing), and the number."""

    prefix: str
    number: int


class Fault(NamedTuple):
    """Something wrong in one row: its kind, and a sentence."""

    kind: str
    text: str


Point = tuple[float, float] | Fault | None
"""Pixels of a joint, None = not labelled, or why what was said makes no sense."""


@dataclass(frozen=True)
class LabelRow:
    """One annotated picture: its place in the sheet (as an editor counts, from 1) and its labels."""

    row: int
    image: str
    name: ImageName | None  # None where the picture's name holds no number
    xy_px: npt.NDArray[np.float64]  # [12, 2], NaN = not visible, or not understood (then in `faults`)
    faults: tuple[Fault, ...] = ()
    size_px: tuple[int, int] | None = None  # width and height of the picture, where the file states them
    area_px2: float | None = None  # of the infant in the picture, where the file states it


@dataclass(frozen=True)
class LabelSheet:
    """All rows of one infant, in the order of the file."""

    path: Path
    format: str  # "babyPose", "pyPointAnnotator" or "COCO"
    infant_id: str
    rows: tuple[LabelRow, ...]


def image_name(text: str) -> ImageName | None:
    """Prefix and number in ``<folders>/<prefix><number>[_8bit|_16bit].png``; None where there is no number."""
    match = _NAME.fullmatch(re.split(r"[\\/]", text)[-1])
    return None if match is None else ImageName(match[1], int(match[2]))


def joint_name(column: str) -> str:
    """Name of the joint as this program says it, of a column of a sheet: hand is wrist, foot is ankle."""
    words = re.split(r"[\s_-]+", column.strip().lower())
    return "_".join({"hand": "wrist", "foot": "ankle"}.get(word, word) for word in words)


def is_label_sheet(path: Path) -> bool:
    """Whether a file is a table of labels: named as one, or with a header that begins with ``image``."""
    if path.suffix.lower() not in (".csv", ".xlsx"):
        return False
    if path.stem.lower().startswith(_PREFIX):
        return True
    try:
        if path.suffix.lower() == ".csv":
            with path.open("rb") as file:  # a table of something else may be large
                return file.read(16).removeprefix(codecs.BOM_UTF8).lower().startswith(b"image;")
        header = next(_table(path), [])
    except (OSError, InputError):
        return False
    return bool(header) and header[0].strip().lower() == "image"


def read_label_sheet(path: Path) -> LabelSheet:
    """Read a table of labels; InputError where it is none."""
    lines = _table(path)
    header, *more = itertools.islice(lines, LOOKED_AT) or [[]]
    sheet_format, columns = _columns(path, header, more)
    lines = itertools.chain(more, lines)
    rows = tuple(_row(number, cells, columns, len(header)) for number, cells in enumerate(lines, start=2) if any(cells))
    stem = path.stem
    infant_id = stem[len(_PREFIX) :] if stem.lower().startswith(_PREFIX) else path.resolve().parent.name
    return LabelSheet(path, sheet_format, infant_id, rows)


def _columns(path: Path, header: Sequence[str], more: Sequence[Sequence[str]]) -> tuple[str, list[int]]:
    """Format of a table, and the column of each joint; `more` are the next rows."""
    names = [name.strip().lower() for name in header]
    if names == ["image", *NUMBERED]:
        names = ["image", *SHEET_COLUMNS]
        sheet_format = "pyPointAnnotator"
    else:
        sheet_format = "babyPose"
    joints = [joint_name(name) for name in names]
    missing = [joint for joint in JOINTS if joints.count(joint) != 1]
    if not names or names[0] != "image" or missing:
        header_text = ";".join(header) if header else "nothing"
        lacking = f" (not there once: {', '.join(missing)})" if missing and len(missing) < N_JOINTS else ""
        looks = what_table([header, *more])
        raise InputError(
            f"{path.name}: expected a header {HEADERS}, "
            f"found {looks + ', ' if looks else ''}{header_text[:80]!r}{lacking}"
        )
    return sheet_format, [joints.index(joint) for joint in JOINTS]


def _row(number: int, cells: Sequence[str], columns: Sequence[int], width: int) -> LabelRow:
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    points: list[Point] | Fault
    if len(cells) != width:  # which cell is whose is not known
        points = Fault(UNPARSABLE, f"expected {width} cells, found {len(cells)}: its labels are left out")
    else:
        points = [parse_point(cells[column]) for column in columns]
    return label_row(number, cells[0].strip(), points)


def label_row(row: int, image: str, points: list[Point] | Fault, **stated: Any) -> LabelRow:
    """A row of its joints' points, or of the fault that leaves them all out, and of what else is stated."""
    faults = [points] if isinstance(points, Fault) else []
    xy_px = np.full((N_JOINTS, 2), np.nan)
    for joint, point in enumerate([] if isinstance(points, Fault) else points):
        if isinstance(point, Fault):
            faults.append(Fault(point.kind, f"{JOINTS[joint]}: {point.text}"))
        elif point is not None:
            xy_px[joint] = point
    name = image_name(image)
    if name is None:
        faults.append(Fault(UNPARSABLE, f"image: expected a name with a frame number, found {image[:40]!r}"))
    return LabelRow(row, image, name, xy_px, tuple(faults), **stated)


def parse_point(cell: str) -> Point:
    """A cell's point; None where it says not visible, a fault where it makes no sense."""
    match = _CELL.fullmatch(cell.strip())
    if match is None:
        return Fault(UNPARSABLE, f"expected x,y, found {cell[:40]!r}")
    return check_point(float(match[1]), float(match[2]))


def check_point(x: float, y: float) -> Point:
    """The point itself; None for -1,-1, a fault where only one of the two is -1, one is below 0, or both are 0."""
    if x == -1 and y == -1:
        return None
    if x == 0 and y == 0:  # the corner of the picture: other programs' way to say that a joint is not labelled
        return Fault(ORIGIN, "expected a point or a sign that there is none, found 0,0")
    if x == -1 or y == -1:
        return Fault(HALF_MISSING, f"expected both or none to be -1, found {x:g},{y:g}")
    if x < 0 or y < 0:
        return Fault(OUTSIDE, f"expected a point in the picture, found {x:g},{y:g}")
    return x, y


def _table(path: Path) -> Iterator[list[str]]:
    """Cells of every row, the header first, blank rows too (so that rows can be counted)."""
    return _workbook(path) if path.suffix.lower() == ".xlsx" else _text_table(path)


def _text_table(path: Path) -> Iterator[list[str]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path.name}: expected a table of labels, {why_unreadable(error)}") from error
    if encoding := what_encoding(data):
        raise InputError(f"{path.name}: expected a table of labels in UTF-8, found {encoding}; save it as UTF-8")
    text = data.decode("utf-8-sig")
    lines = re.split(r"\r\n|\r|\n", text)
    try:  # a line is a row: no cell of such a table holds a line end, and a stray quote must not swallow rows
        yield from (next(csv.reader([line], delimiter=";", quoting=csv.QUOTE_NONE), []) for line in lines)
    except csv.Error as error:
        raise InputError(f"{path.name}: expected cells separated by semicolons, found: {error}") from error


def _workbook(path: Path) -> Iterator[list[str]]:
    import openpyxl

    try:
        content = io.BytesIO(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path.name}: expected a workbook, {why_unreadable(error)}") from error
    try:
        book = openpyxl.load_workbook(content, read_only=True, data_only=True)
        rows = [[_as_text(value) for value in row] for row in book.worksheets[0].iter_rows(values_only=True)]
        book.close()
    except Exception as error:  # a damaged workbook fails in the archive, in the XML or in openpyxl itself
        raise InputError(f"{path.name}: expected a workbook (.xlsx), found a damaged one") from error
    yield from rows


def _as_text(value: object) -> str:
    """A workbook's cell as text. A number stays one: where a program read ``12,50`` as 12.5 no pixel can be told."""
    return "" if value is None else str(value)


def by_frame(rows: Iterable[LabelRow]) -> list[LabelRow]:
    """Rows with a frame number in numeric order; of several rows of one frame the last in the sheet stands."""
    last = {row.name: row for row in rows if row.name is not None}
    return [last[name] for name in sorted(last, key=lambda name: (name.number, name.prefix))]


def cells_of(xy_px: npt.NDArray[np.float64]) -> list[str]:
    """Cells of one row [12, 2] as the annotators write them: whole pixels, -1,-1 = missing (so head and neck)."""
    points = {
        joint: (-1, -1) if np.isnan(x) else (round(x), round(y)) for joint, (x, y) in zip(JOINTS, xy_px, strict=True)
    }
    placed = (points.get(joint_name(column), (-1, -1)) for column in SHEET_COLUMNS)
    return [f"{x},{y}" for x, y in placed]


def write_label_sheet(
    path: Path, rows: Iterable[tuple[str, Sequence[str]]], line_end: str = "\n", *, numbered: bool = False
) -> None:
    """Write a sheet of (picture's name, `cells_of` its labels): of babyPose, or with `numbered` of pyPointAnnotator."""
    columns = NUMBERED if numbered else SHEET_COLUMNS
    lines = [";".join(["image", *columns]), *(";".join([image, *cells]) for image, cells in rows)]
    path.write_text("".join(line + line_end for line in lines), encoding="utf8", newline="")
