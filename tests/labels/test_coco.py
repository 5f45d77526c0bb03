"""COCO files of labels: joints read right, and what makes no sense is named."""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyconv.errors import InputError
from asyconv.labels.annotations import read_annotated
from asyconv.labels.coco import read_coco, unresolved
from asyconv.labels.label_sheets import UNPARSABLE, image_name
from asyconv.skeleton import JOINTS
from tests.helpers.written_labels import SHEET_NAMES, assert_every_missing_label_has_a_reason, labels


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
