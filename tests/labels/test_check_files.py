"""`check` names files and rows that are missing, broken or there twice."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyconv.labels import check as kinds
from asyconv.labels.check import check
from asyconv.labels.label_sheets import HALF_MISSING, UNPARSABLE, read_label_sheet, write_label_sheet
from asyconv.skeleton import JOINTS
from tests.helpers.checked_labels import FLAT, FRAMES, SHEET, drop_pictures, still_labels, where, write_labels

Spoil = Callable[[Path], object]


def change_lines(change: Callable[[list[str]], list[str]]) -> Spoil:
    """Change the lines of the sheet, of which the first is row 1."""

    def spoil(root: Path) -> None:
        lines = change((root / SHEET).read_text().splitlines())
        (root / SHEET).write_text("\n".join(lines) + "\n")

    return spoil


def change_row(row: int, change: Callable[[str], str]) -> Spoil:
    return change_lines(lambda lines: [*lines[: row - 1], change(lines[row - 1]), *lines[row:]])


def drop_rows(first: int, last: int) -> Spoil:
    return change_lines(lambda lines: lines[: first - 1] + lines[last:])


def gap(root: Path) -> None:
    drop_pictures(21, 26)(root)
    drop_rows(6, 7)(root)


def eight_bits_only(root: Path) -> None:
    drop_pictures(21)(root)
    (root / "pz1" / "21_8bit.png").write_bytes(cv2.imencode(".png", np.zeros((480, 640), np.uint8))[1].tobytes())


def change_picture(data: bytes) -> Spoil:
    return lambda root: (root / "pz1" / "21_16bit.png").write_bytes(data)


def no_folder(root: Path) -> None:
    (root / "pz1").rename(root / "other")


def two_sheets(root: Path) -> None:
    (root / "pz1" / "result_pz1.csv").write_bytes((root / "result_pz1.csv").read_bytes())


def no_sheet(root: Path) -> None:
    (root / "pz2").mkdir()
    for frame in (1, 6):
        (root / "pz2" / f"{frame}_16bit.png").write_bytes(FLAT)


NO_LEFT_HIP = change_row(1, lambda line: line.replace("left_hip", "hip"))
REORDER = change_lines(lambda lines: [lines[0], *sorted(lines[1:])])
SMALL = cv2.imencode(".png", np.zeros((240, 320), np.uint16))[1].tobytes()
NO_PNG = b"no picture at all, but long enough to hold a header"


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (change_row(5, lambda line: line.replace(",", ",-1;-1,", 1)), [(SHEET, 5, UNPARSABLE)]),
        (change_row(5, lambda line: line[: line.rindex(",")] + ",-1"), [(SHEET, 5, HALF_MISSING)]),
        (change_row(5, lambda line: line[: line.rindex(",")]), [(SHEET, 5, UNPARSABLE)]),
        (change_row(5, lambda line: f"{line}\n{line}"), [(SHEET, 6, kinds.DUPLICATE)]),
        (NO_LEFT_HIP, [(SHEET, None, kinds.UNREADABLE_SHEET), ("pz1/1_16bit.png", None, kinds.NO_ROW)]),
        (REORDER, [(SHEET, 4, kinds.UNORDERED)]),
        (drop_pictures(21, 31), [(SHEET, 6, kinds.MISSING_IMAGE), (SHEET, 8, kinds.MISSING_IMAGE)]),
        (drop_rows(6, 6), [("pz1/21_16bit.png", None, kinds.NO_ROW)]),
        (drop_rows(6, 8), [("pz1/21_16bit.png", None, kinds.NO_ROW)]),
        (gap, [(SHEET, 6, kinds.GAP)]),
        (eight_bits_only, [(SHEET, 6, kinds.MISSING_IMAGE)]),
        (change_picture(SMALL), [("pz1/21_16bit.png", None, kinds.SIZES)]),
        (change_picture(FLAT[:-20]), [("pz1/21_16bit.png", None, kinds.BAD_IMAGE)]),
        (change_picture(NO_PNG), [("pz1/21_16bit.png", None, kinds.BAD_IMAGE)]),
        (no_folder, [(SHEET, None, kinds.MISSING_IMAGE), ("other/1_16bit.png", None, kinds.NO_ROW)]),
        (two_sheets, [("pz1/result_pz1.csv", None, kinds.TWO_SHEETS)]),
        (no_sheet, [("pz2/1_16bit.png", None, kinds.NO_ROW)]),
    ],
)
def test_files_and_rows_by_hand(tmp_path: Path, spoil: Spoil, expected: list[tuple[str, int | None, str]]) -> None:
    spoil(write_labels(tmp_path, still_labels()))
    findings = check(tmp_path).findings
    assert where(findings) == Counter(expected), findings


def test_pictures_without_row_in_a_row_are_one_finding(tmp_path: Path) -> None:
    drop_rows(6, 8)(write_labels(tmp_path, still_labels()))
    (finding,) = check(tmp_path).findings
    assert finding.text == "no sheet has a row of this frame and 2 more, up to frame 31"


def test_an_infant_with_two_folders(tmp_path: Path) -> None:
    copy = write_labels(tmp_path, still_labels()) / "copy" / "pz1"
    copy.mkdir(parents=True)
    (copy / "1_16bit.png").write_bytes(FLAT)
    findings = check(tmp_path).findings
    assert (SHEET, None, kinds.MISSING_IMAGE) in where(findings)
    assert any("expected one folder of pictures, found copy/pz1 and pz1" in one.text for one in findings)


def test_coco_annotations_without_image_are_named_by_their_place(tmp_path: Path) -> None:
    still = still_labels()
    joints = [joint.replace("wrist", "hand") for joint in JOINTS]
    content = {
        "images": [{"id": frame, "file_name": f"pz1/{frame}_16bit.png"} for frame in FRAMES],
        "annotations": [
            {"image_id": frame, "category_id": 1, "keypoints": np.insert(xy, 2, 2, axis=1).ravel().tolist()}
            for frame, xy in zip([*FRAMES[:-1], 999], still, strict=True)
        ],
        "categories": [{"id": 1, "keypoints": joints}],
    }
    write_labels(tmp_path, still)
    (tmp_path / SHEET).unlink()
    (tmp_path / "labels.json").write_text(json.dumps(content))
    assert where(check(tmp_path).findings) == Counter(
        [("labels.json", 12, kinds.NO_LISTED_IMAGE), (f"pz1/{FRAMES[-1]}_16bit.png", None, kinds.NO_ROW)]
    )


CELLS = st.sampled_from(["12,30", "-1,-1", "-1,3", "9999,1", "x", "", "5,5"])
IMAGES = st.sampled_from(["1_8bit.png", "6_8bit.png", "11.png", "0.png", "999999999999.png", "no.png", "", "b1.png"])


@given(st.lists(st.tuples(IMAGES, st.lists(CELLS, min_size=13, max_size=15)), max_size=8))
def test_whatever_stands_in_a_sheet_is_looked_through(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, list[str]]]
) -> None:
    root = tmp_path_factory.getbasetemp() / "any"
    (root / "pz1").mkdir(parents=True, exist_ok=True)
    (root / "pz1" / "1_16bit.png").write_bytes(FLAT)
    write_label_sheet(root / SHEET, rows)
    found = where(check(root).findings)
    for place, row in enumerate(read_label_sheet(root / SHEET).rows, start=2):
        assert row.row == place
        for fault in row.faults:
            assert found[SHEET, place, fault.kind]
        if row.name and row.name.number != 1:
            assert found[SHEET, place, kinds.MISSING_IMAGE]
