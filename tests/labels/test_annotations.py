"""Annotated data sets of every layout, read right or refused in one sentence."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from asyconv.errors import InputError
from asyconv.labels.annotations import Annotated, read_annotated
from asyconv.labels.coco_writer import LabelledPicture, coco_text
from asyconv.recordings.png_folder import write_png_folder
from asyconv.skeleton import JOINTS
from tests.helpers.written_labels import HEADER, cells, labels, write_pictures, write_sheet


def test_the_layout_of_baby_pose(data_set: Path) -> None:
    (infant,) = read_annotated(data_set)
    assert (infant.infant_id, infant.format, infant.depth_bits) == ("pz7", "babyPose", 16)
    assert (infant.width_px, infant.height_px, infant.simulated) == (640, 480, False)
    assert infant.frame.tolist() == [1, 6, 11, 21]
    assert [image.name for image in infant.images] == ["1_16bit.png", "6_16bit.png", "11_16bit.png", "21_16bit.png"]
    np.testing.assert_array_equal(infant.xy_px, [labels(frame) for frame in (1, 6, 11, 21)])


def test_a_missing_joint_is_nan_and_all_others_stay(data_set: Path) -> None:
    rows = [cells(1), cells(6, left_knee="-1,-1", right_wrist=" 7 , 8.5 ")]
    write_sheet(data_set / "result_pz7.csv", rows)
    (infant,) = read_annotated(data_set)
    expected = labels(6)
    expected[JOINTS.index("left_knee")] = np.nan
    expected[JOINTS.index("right_wrist")] = [7, 8.5]
    np.testing.assert_array_equal(infant.xy_px[1], expected)


def test_the_last_of_several_rows_stands_and_a_row_without_picture_falls_away(data_set: Path) -> None:
    write_sheet(data_set / "result_pz7.csv", [cells(1), cells(6), cells(1, left_hip="9,9"), cells(16)])
    (infant,) = read_annotated(data_set)
    assert infant.frame.tolist() == [1, 6]
    assert infant.xy_px[0, JOINTS.index("left_hip")].tolist() == [9, 9]


def test_a_label_outside_the_picture_is_missing(data_set: Path) -> None:
    write_sheet(data_set / "result_pz7.csv", [cells(1, left_hip="640,20", right_hip="639,479", left_knee="3,480")])
    (infant,) = read_annotated(data_set)
    assert [JOINTS[j] for j in np.flatnonzero(np.isnan(infant.xy_px[0, :, 0]))] == ["left_hip", "left_knee"]


def test_eight_bits_are_said_to_be_eight_and_sixteen_come_first(tmp_path: Path) -> None:
    write_pictures(tmp_path / "pz1", [1, 6, 11], value=128, bits=8)
    write_sheet(tmp_path / "result_pz1.csv", [cells(frame) for frame in (1, 6, 11)])
    (infant,) = read_annotated(tmp_path)
    assert infant.depth_bits == 8
    assert infant.depth_source == "8-bit, 520..650 mm on 0..255"
    write_pictures(tmp_path / "pz1", [1, 6])
    (infant,) = read_annotated(tmp_path)
    assert infant.depth_bits == 16
    assert infant.frame.tolist() == [1, 6]  # kinds are never mixed within an infant


def test_py_point_annotator(tmp_path: Path) -> None:
    write_pictures(tmp_path / "pz3", [1, 6])
    header = ";".join(["image", *(f"label{number}" for number in range(1, 15))])
    write_sheet(tmp_path / "pz3" / "annotation.csv", [cells(1), cells(6)], header=header)
    (tmp_path / "pz3" / "weights.csv").write_text("infant,grams\npz3,1200\n")  # a table of something else
    (infant,) = read_annotated(tmp_path)
    assert (infant.infant_id, infant.format) == ("pz3", "pyPointAnnotator")
    np.testing.assert_array_equal(infant.xy_px, [labels(1), labels(6)])


def two_sheets(path: Path) -> None:
    write_sheet(path / "pz7" / "result_pz7.csv", [cells(1)])


def two_folders(path: Path) -> None:
    write_pictures(path / "other" / "pz7", [1])


def two_sizes(path: Path) -> None:
    write_png_folder(path / "pz7", [np.zeros((240, 320), np.uint16)], numbers=[16])
    write_sheet(path / "result_pz7.csv", [cells(1), cells(16)])


def no_pictures(path: Path) -> None:
    write_sheet(path / "result_pz8.csv", [cells(1)])


def other_frames(path: Path) -> None:
    write_sheet(path / "result_pz7.csv", [cells(2)])


def no_header(path: Path) -> None:
    write_sheet(path / "result_pz7.csv", [cells(1)], header="picture;head")


def half_a_header(path: Path) -> None:
    write_sheet(path / "result_pz7.csv", [], header=HEADER.replace("left_knee;", ""))


def half_saved(path: Path) -> None:
    (path / "result_pz7.csv").unlink()
    whole = coco_text([LabelledPicture("pz7/1_16bit.png", 640, 480, labels(1))])
    (path / "labels.json").write_text(whole[: len(whole) // 2])


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (half_saved, "labels.json: expected a sheet of labels .* or COCO key points, found a half-written one"),
        (two_sheets, "infant pz7: expected one sheet, found result_pz7.csv and result_pz7.csv"),
        (two_folders, "infant pz7: expected one folder of pictures, found other/pz7 and pz7"),
        (two_sizes, "pz7/16.png: expected 640x480 as in the infant's first picture, found 320x240"),
        (no_pictures, "result_pz8.csv: expected pictures of its 1 rows in a folder pz8 or beside it, found none"),
        (other_frames, "result_pz7.csv: expected pictures .* found none of these frames"),
        (no_header, "result_pz7.csv: expected a header image;head;right_hand;.*, found 'picture;head'"),
        (half_a_header, r"result_pz7.csv: expected a header .* \(not there once: left_knee\)"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(data_set: Path, spoil: Callable[[Path], None], said: str) -> None:
    spoil(data_set)
    with pytest.raises(InputError, match=f"^{said}"):
        read_annotated(data_set)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found nothing at this place"):
        read_annotated(tmp_path / "nowhere")
    with pytest.raises(InputError, match="expected sheets of labels"):
        read_annotated(tmp_path)


def test_reading_is_the_same_for_one_sheet_alone(data_set: Path) -> None:
    (whole,), (alone,) = read_annotated(data_set), read_annotated(data_set / "result_pz7.csv")
    assert isinstance(alone, Annotated)
    assert alone.images == whole.images
