"""Sheets of labels: every cell is a point, missing, or a fault that is named."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from asyconv.errors import InputError
from asyconv.labels.annotations import read_annotated
from asyconv.labels.label_sheets import (
    HALF_MISSING,
    OUTSIDE,
    SHEET_COLUMNS,
    UNPARSABLE,
    Fault,
    image_name,
    parse_point,
    read_label_sheet,
)
from asyconv.skeleton import JOINTS
from tests.helpers.written_labels import (
    HEADER,
    assert_every_missing_label_has_a_reason,
    cells,
    labels,
    write_pictures,
    write_sheet,
)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_marks(tmp_path: Path, end: str, mark: str) -> None:
    path = write_sheet(tmp_path / "result_pz1.csv", [cells(1), [], cells(6)], end, mark + HEADER)
    sheet = read_label_sheet(path)
    assert [(row.row, row.name) for row in sheet.rows] == [(2, ("", 1)), (4, ("", 6))]
    np.testing.assert_array_equal(sheet.rows[1].xy_px, labels(6))
    assert not any(row.faults for row in sheet.rows)


@pytest.mark.parametrize(
    ("cell", "kind", "said"),
    [
        ("12,-1", HALF_MISSING, "expected both or none to be -1, found 12,-1"),
        ("-1,0", HALF_MISSING, "expected both or none to be -1, found -1,0"),
        ("-2,5", OUTSIDE, "expected a point in the picture, found -2,5"),
        ("", UNPARSABLE, "expected x,y, found ''"),
        ("12", UNPARSABLE, "expected x,y, found '12'"),
        ("12,5,3", UNPARSABLE, "expected x,y, found '12,5,3'"),
        ("nan,nan", UNPARSABLE, "expected x,y, found 'nan,nan'"),
        ("1e3,5", UNPARSABLE, "expected x,y, found '1e3,5'"),
        ("١,٢", UNPARSABLE, "expected x,y, found '١,٢'"),
    ],
)
def test_a_cell_that_makes_no_sense_is_missing_and_named(tmp_path: Path, cell: str, kind: str, said: str) -> None:
    (row,) = read_label_sheet(write_sheet(tmp_path / "result_pz1.csv", [cells(1, left_hip=cell)])).rows
    assert row.faults == (Fault(kind, f"left_hip: {said}"),)
    assert np.isnan(row.xy_px[JOINTS.index("left_hip")]).all()
    assert np.isfinite(np.delete(row.xy_px, JOINTS.index("left_hip"), axis=0)).all()


def test_a_broken_head_does_not_matter(tmp_path: Path) -> None:
    assert not read_label_sheet(write_sheet(tmp_path / "result_pz1.csv", [cells(1, head="?")])).rows[0].faults


def test_rows_that_are_too_short_or_too_long(tmp_path: Path) -> None:
    rows = [cells(1)[:4], [*cells(6), "", ""], [*cells(11), "3,3"], ["name.png", *cells(1)[1:]]]
    short, padded, long, nameless = read_label_sheet(write_sheet(tmp_path / "result_pz1.csv", rows)).rows
    assert short.faults == (Fault(UNPARSABLE, "expected 15 cells, found 4: its labels are left out"),)
    assert np.isnan([short.xy_px, long.xy_px]).all()
    assert not padded.faults
    assert long.faults == (Fault(UNPARSABLE, "expected 15 cells, found 16: its labels are left out"),)
    assert nameless.faults == (Fault(UNPARSABLE, "image: expected a name with a frame number, found 'name.png'"),)


def test_a_workbook(tmp_path: Path) -> None:
    import openpyxl

    write_pictures(tmp_path / "pz3", [1, 6])
    book = openpyxl.Workbook()
    for row in (HEADER.split(";"), cells(1), [None], cells(6, left_hip="12,5")):
        book.active.append(row)
    book.active.cell(row=4, column=1 + 1 + SHEET_COLUMNS.index("left_knee"), value=12.5)
    book.save(tmp_path / "result_pz3.xlsx")
    (sheet_row, other) = read_label_sheet(tmp_path / "result_pz3.xlsx").rows
    assert (sheet_row.row, other.row) == (2, 4)
    assert other.faults == (Fault(UNPARSABLE, "left_knee: expected x,y, found '12.5'"),)
    (infant,) = read_annotated(tmp_path)
    np.testing.assert_array_equal(infant.xy_px[0], labels(1))
    assert infant.xy_px[1, JOINTS.index("left_hip")].tolist() == [12, 5]
    (tmp_path / "result_pz3.xlsx").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(InputError, match=r"^result_pz3.xlsx: expected a workbook"):
        read_annotated(tmp_path)


SPECIAL = st.sampled_from(
    [";", ",", "\n", "\r", '"', "-1", "12", "image", "_8bit.png", "\0", "\ufeff", HEADER, "label1"]
)
TEXTS = st.lists(SPECIAL | st.text(max_size=5), max_size=60).map("".join)


@given(TEXTS)
@example(HEADER)
def test_any_text_is_a_sheet_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "result_any.csv"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        sheet = read_label_sheet(path)
    except InputError:
        return
    assert_every_missing_label_has_a_reason(sheet)


@given(st.lists(TEXTS, max_size=16), st.integers(1, 99))
def test_any_row_below_a_header_is_read_and_its_faults_are_told(
    tmp_path_factory: pytest.TempPathFactory, row: list[str], frame: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "result_rows.csv"
    path.write_bytes(f"{HEADER}\n{';'.join(row)}\n{';'.join(cells(frame))}\n".encode("utf-8", "replace"))
    sheet = read_label_sheet(path)
    assert_every_missing_label_has_a_reason(sheet)
    np.testing.assert_array_equal(sheet.rows[-1].xy_px, labels(frame))


@given(st.binary(max_size=400))
def test_any_bytes_are_no_workbook(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "result_any.xlsx"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"^result_any.xlsx: expected"):
        read_label_sheet(path)


@given(st.text(max_size=12))
def test_any_cell_is_a_point_or_missing_or_a_fault(cell: str) -> None:
    point = parse_point(cell)
    if point is not None and not isinstance(point, Fault):
        assert min(point) >= 0


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("1_8bit.png", ("", 1)),
        ("0001_16bit.PNG", ("", 1)),
        ("a/b\\frame_12.png", ("frame_", 12)),
        ("8bit.png", None),
        ("7", ("", 7)),
        ("", None),
    ],
)
def test_names_of_pictures(text: str, name: tuple[str, int] | None) -> None:
    assert image_name(text) == name
