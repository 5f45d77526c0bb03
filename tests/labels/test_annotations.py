"""Annotated data sets of every format, read right, and cut into clips that never cross a gap."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from asyconv.errors import InputError
from asyconv.labels.annotations import Annotated, clip_rows, load_clips, read_annotated, write_clips
from asyconv.labels.coco import read_coco, unresolved
from asyconv.labels.label_sheets import (
    HALF_MISSING,
    OUTSIDE,
    SHEET_COLUMNS,
    UNPARSABLE,
    Fault,
    LabelSheet,
    image_name,
    parse_point,
    read_label_sheet,
)
from asyconv.recordings.png_folder import write_png_folder
from asyconv.skeleton import JOINTS

HEADER = ";".join(["image", *SHEET_COLUMNS])
SHEET_NAMES = {joint: joint.replace("wrist", "hand").replace("ankle", "foot") for joint in JOINTS}


def cells(frame: int, **points: str) -> list[str]:
    """Cells of a row: joint j at (100 + 10 j, 200 + frame), or what `points` says."""
    said = {SHEET_NAMES[name]: f"{100 + 10 * j},{200 + frame}" for j, name in enumerate(JOINTS)}
    said |= {"head": "5,5", "neck": "-1,-1"} | {SHEET_NAMES.get(name, name): text for name, text in points.items()}
    return [f"{frame}_8bit.png", *(said[column] for column in SHEET_COLUMNS)]


def labels(frame: int) -> npt.NDArray[np.float64]:
    """What `cells` says without `points`, [12, 2]."""
    return np.array([[100.0 + 10 * j, 200.0 + frame] for j in range(len(JOINTS))])


def write_sheet(path: Path, rows: Sequence[Sequence[str]], end: str = "\n", header: str = HEADER) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(end.join([header, *(";".join(row) for row in rows), ""]).encode())
    return path


def write_pictures(folder: Path, frames: Sequence[int], value: int = 600, bits: int = 16) -> None:
    """Flat pictures of 640x480, ``<frame>_16bit.png`` or ``<frame>_8bit.png``."""
    folder.mkdir(parents=True, exist_ok=True)
    picture = np.full((480, 640), value, np.uint16 if bits == 16 else np.uint8)
    for frame in frames:
        assert cv2.imwrite(str(folder / f"{frame}_{bits}bit.png"), picture)


@pytest.fixture
def data_set(tmp_path: Path) -> Path:
    """One infant, five frames of which 16 is not there, rows in string order."""
    frames = [1, 6, 11, 21]
    write_pictures(tmp_path / "data" / "pz7", frames)
    write_sheet(tmp_path / "data" / "result_pz7.csv", [cells(frame) for frame in (1, 11, 21, 6)])
    return tmp_path / "data"


def test_the_layout_of_baby_pose(data_set: Path) -> None:
    (infant,) = read_annotated(data_set)
    assert (infant.infant_id, infant.format, infant.depth_bits) == ("pz7", "babyPose", 16)
    assert (infant.width_px, infant.height_px, infant.fps_hz, infant.simulated) == (640, 480, 30.0, False)
    assert infant.frame.tolist() == [1, 6, 11, 21]
    assert [image.name for image in infant.images] == ["1_16bit.png", "6_16bit.png", "11_16bit.png", "21_16bit.png"]
    np.testing.assert_array_equal(infant.xy_px, [labels(frame) for frame in (1, 6, 11, 21)])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_marks(tmp_path: Path, end: str, mark: str) -> None:
    path = write_sheet(tmp_path / "result_pz1.csv", [cells(1), [], cells(6)], end, mark + HEADER)
    sheet = read_label_sheet(path)
    assert [(row.row, row.name) for row in sheet.rows] == [(2, ("", 1)), (4, ("", 6))]
    np.testing.assert_array_equal(sheet.rows[1].xy_px, labels(6))
    assert not any(row.faults for row in sheet.rows)


def test_a_missing_joint_is_nan_and_all_others_stay(data_set: Path) -> None:
    rows = [cells(1), cells(6, left_knee="-1,-1", right_wrist=" 7 , 8.5 ")]
    write_sheet(data_set / "result_pz7.csv", rows)
    (infant,) = read_annotated(data_set)
    expected = labels(6)
    expected[JOINTS.index("left_knee")] = np.nan
    expected[JOINTS.index("right_wrist")] = [7, 8.5]
    np.testing.assert_array_equal(infant.xy_px[1], expected)


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


def coco(names: Sequence[str], **changes: object) -> dict[str, object]:
    """A COCO file of the pictures `names`, joints as `labels` says; v = 0 for the left hip."""
    columns = ["nose", *(SHEET_NAMES[joint].replace("_", " ") for joint in reversed(JOINTS))]
    annotations = []
    for number, name in enumerate(names):
        found = image_name(name)
        assert found
        seen = [0 if joint == "left_hip" else 1 + len(joint) % 2 for joint in JOINTS]
        points = [[float(x), float(y), v] for (x, y), v in zip(labels(found.number), seen, strict=True)]
        flat = [0.0, 0.0, 0.0, *(value for point in reversed(points) for value in point)]
        annotations.append({"id": number, "image_id": number, "category_id": 1, "keypoints": flat})
    return {
        "images": [{"id": number, "file_name": name, "width": 640, "height": 480} for number, name in enumerate(names)],
        "annotations": annotations,
        "categories": [{"id": 1, "name": "infant", "keypoints": columns}],
    } | changes


@pytest.mark.parametrize(
    ("name", "folder"), [("pz2/{}_8bit.png", "pz2"), ("images/pz2_{}_8bit.png", "images"), ("{}_8bit.png", ".")]
)
def test_coco_key_points(tmp_path: Path, name: str, folder: str) -> None:
    root = tmp_path / "pz2"
    names = [name.format(frame) for frame in (11, 1, 6)]
    (root / folder).mkdir(parents=True, exist_ok=True)
    for one in names:
        assert cv2.imwrite(str(root / one), np.full((480, 640), 9, np.uint8))
    (root / "labels.json").write_text(json.dumps(coco(names)))
    (infant,) = read_annotated(root)
    assert (infant.infant_id, infant.format, infant.frame.tolist()) == ("pz2", "COCO", [1, 6, 11])
    expected = np.array([labels(frame) for frame in (1, 6, 11)])
    expected[:, JOINTS.index("left_hip")] = np.nan
    np.testing.assert_array_equal(infant.xy_px, expected)


def test_coco_annotations_without_image_are_named(tmp_path: Path) -> None:
    content = coco(["pz2/1.png", "pz2/6.png", "pz2/11.png"])
    content["images"] = [{"id": 1, "file_name": "pz2/6.png"}]
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(content))
    assert unresolved(path) == [1, 3]
    assert [row.row for row in read_coco(path)[0].rows] == [2]
    with pytest.raises(InputError, match=r"^labels.json: .* found 2 without \(the first is annotation 1\)"):
        read_annotated(tmp_path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"images": 3}, "list of images"),
        ({"images": [{"id": None}]}, "image 1: expected an id and a file_name"),
        ({"categories": []}, "expected a category with the 12 joints"),
        ({"annotations": [7]}, "list of annotations"),
    ],
)
def test_coco_that_is_none(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    (tmp_path / "labels.json").write_text(json.dumps(coco(["pz2/1.png"], **changes)))
    with pytest.raises(InputError, match=rf"^labels.json: .*{said}"):
        read_coco(tmp_path / "labels.json")


@pytest.mark.parametrize("keypoints", [None, [1, 2, 2], ["x"] * 39, [float("nan")] * 39])
def test_coco_points_that_make_no_sense_are_named(tmp_path: Path, keypoints: object) -> None:
    content = coco(["pz2/1.png"])
    content["annotations"] = [{"image_id": 0, "category_id": 1, "keypoints": keypoints}]
    (tmp_path / "labels.json").write_text(json.dumps(content))
    (row,) = read_coco(tmp_path / "labels.json")[0].rows
    assert {fault.kind for fault in row.faults} == {UNPARSABLE}
    assert np.isnan(row.xy_px).all()


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


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
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


def test_clips_never_cross_a_gap() -> None:
    frame = np.array([1, 11, 16, 21, 26, 31, 51, 101, 106, 111])
    assert frame[clip_rows(frame, overlap=True)].tolist() == [[11, 16, 21], [16, 21, 26], [21, 26, 31], [101, 106, 111]]
    assert frame[clip_rows(frame, overlap=False)].tolist() == [[11, 16, 21], [101, 106, 111]]
    assert clip_rows(frame[:2], overlap=True).shape == (0, 3)
    assert clip_rows(frame[:0], overlap=False).shape == (0, 3)
    assert clip_rows(np.array([1, 3, 5]), overlap=True, fps_hz=12.0).tolist() == [[0, 1, 2]]


@given(st.sets(st.integers(0, 200), max_size=120), st.booleans())
def test_clips_are_what_their_definition_says(numbers: set[int], overlap: bool) -> None:
    frame = np.array(sorted(numbers), np.int64)
    rows = clip_rows(frame, overlap=overlap)
    assert (np.diff(frame[rows], axis=1) == 5).all()
    assert (np.diff(rows, axis=1) == 1).all()
    whole = [
        [i, i + 1, i + 2]
        for i in range(len(frame) - 2)
        if frame[i + 2] - frame[i] == 10 == 2 * (frame[i + 1] - frame[i])
    ]
    if overlap:
        assert rows.tolist() == whole
    else:
        assert len(np.unique(rows)) == rows.size
        assert all(row in whole for row in rows.tolist())


def test_clips_hold_depth_in_tenths_and_joints_on_the_map(data_set: Path) -> None:
    (infant,) = read_annotated(data_set)
    infant.xy_px[1, 0] = np.nan
    clips = load_clips(infant, clip_rows(infant.frame, overlap=True))
    assert clips.depth.shape == (1, 3, 96, 128)
    assert (clips.depth == 6000).all()
    assert clips.visible.sum() == 35
    assert not clips.visible[0, 1, 0]
    np.testing.assert_allclose(clips.xy_map[0, 0, 1], [(110 + 0.5) / 5 - 0.5, (201 + 0.5) / 5 - 0.5], rtol=1e-6)
    assert np.isfinite(clips.xy_map).all()


@pytest.mark.parametrize(("value", "tenths"), [(0, 0), (1, 5205), (128, 5853), (255, 6500)])
def test_eight_bits_become_the_depth_of_their_window(tmp_path: Path, value: int, tenths: int) -> None:
    write_pictures(tmp_path / "pz1", [1, 6, 11], value, bits=8)
    write_sheet(tmp_path / "result_pz1.csv", [cells(frame) for frame in (1, 6, 11)])
    (infant,) = read_annotated(tmp_path)
    assert (load_clips(infant, np.array([[0, 1, 2]])).depth == tenths).all()


def test_depth_beyond_what_tenths_can_say_stays_far(data_set: Path) -> None:
    write_pictures(data_set / "pz7", [1, 6, 11, 21], value=60000)
    (infant,) = read_annotated(data_set)
    assert (load_clips(infant, np.array([[0, 1, 2]])).depth == 65535).all()


@pytest.mark.parametrize("damage", [lambda data: data[:-30], lambda data: data[:200] + b"\0\0" + data[202:]])
def test_a_damaged_picture_is_named(data_set: Path, damage: Callable[[bytes], bytes]) -> None:
    path = data_set / "pz7" / "6_16bit.png"
    path.write_bytes(damage(path.read_bytes()))
    (infant,) = read_annotated(data_set)
    with pytest.raises(InputError, match=r"^pz7/6_16bit.png, frame 6: expected a whole 16-bit gray picture of 640x480"):
        load_clips(infant, np.array([[0, 1, 2]]))
    path.unlink()
    with pytest.raises(InputError, match=r"^pz7/6_16bit.png: expected a readable picture"):
        load_clips(infant, np.array([[0, 1, 2]]))


def test_clips_of_several_infants_lie_in_files_until_something_changes(data_set: Path, tmp_path: Path) -> None:
    write_pictures(data_set / "pz8", [1, 6, 11, 16], value=500)
    write_sheet(data_set / "result_pz8.csv", [cells(frame) for frame in (1, 6, 11, 16)])
    both = read_annotated(data_set)
    rows = {one.infant_id: clip_rows(one.frame, overlap=True) for one in both}
    clips = write_clips(tmp_path / "cache", both, rows)
    assert isinstance(clips.depth, np.memmap)
    assert clips.depth[:, 0, 0, 0].tolist() == [6000, 5000, 5000]
    np.testing.assert_array_equal(clips.xy_map[1:], load_clips(both[1], rows["pz8"]).xy_map)
    made = sorted((tmp_path / "cache").iterdir())
    write_clips(tmp_path / "cache", both, rows)
    assert sorted((tmp_path / "cache").iterdir()) == made
    write_pictures(data_set / "pz8", [6], value=501)
    assert write_clips(tmp_path / "cache", both, rows).depth[1, 1, 0, 0] == 5010


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


def assert_every_missing_label_has_a_reason(sheet: LabelSheet) -> None:
    """A label is a number >= 0, or said to be missing, or its row has a fault."""
    for row in sheet.rows:
        known = row.xy_px[np.isfinite(row.xy_px)]
        assert (known >= 0).all()
        assert row.faults or row.name is not None


@given(st.binary(max_size=400))
def test_any_bytes_are_no_workbook(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "result_any.xlsx"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"^result_any.xlsx: expected"):
        read_label_sheet(path)


ODD: st.SearchStrategy[object] = st.sampled_from([None, True, -1, 0, 1, 2, 1e300, float("nan"), "x", [], {}])
ANNOTATION = st.fixed_dictionaries(
    {"image_id": ODD, "category_id": ODD, "keypoints": ODD | st.lists(ODD, max_size=4) | st.lists(ODD, min_size=39)}
)
IMAGE = st.fixed_dictionaries({"id": ODD, "file_name": ODD | st.just("pz/1.png")})


@given(
    st.fixed_dictionaries(
        {
            "images": ODD | st.lists(IMAGE | ODD, max_size=2) | st.just([{"id": 0, "file_name": "pz/1.png"}]),
            "annotations": ODD | st.lists(ANNOTATION, max_size=2),
            "categories": ODD | st.just(coco([])["categories"]),
        }
    )
)
def test_any_json_is_coco_or_refused(tmp_path_factory: pytest.TempPathFactory, content: dict[str, object]) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(content))
    try:
        sheets = read_coco(path)
        unresolved(path)
    except InputError:
        return
    for sheet in sheets:
        assert_every_missing_label_has_a_reason(sheet)


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


def test_reading_is_the_same_for_one_sheet_alone(data_set: Path) -> None:
    (whole,), (alone,) = read_annotated(data_set), read_annotated(data_set / "result_pz7.csv")
    assert isinstance(alone, Annotated)
    assert alone.images == whole.images
