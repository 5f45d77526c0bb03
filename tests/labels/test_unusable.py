"""Whole files that cannot be labels: `check` names each, a training refuses it; files that are no sheets say what."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from asyconv.errors import InputError
from asyconv.labels import check as kinds
from asyconv.labels.annotations import read_annotated
from asyconv.labels.check import as_table, check
from asyconv.labels.label_sheets import ORIGIN, OUTSIDE, SCORE, cells_of, write_label_sheet
from asyconv.labels.unusable import NO_BODY, NO_PIXELS, OTHER_SIZE, SIDES, TWO_INFANTS
from asyconv.skeleton import FLIP, JOINTS
from tests.helpers.checked_labels import FRAMES, POSE, still_labels, write_labels
from tests.helpers.written_labels import HEADER


def coco(root: Path, *, size: tuple[int, int] = (640, 480), pictures: bool = True) -> dict[str, Any]:
    """COCO content of an infant that lies still, labels a little off; its pictures lie in `root`."""
    rng = np.random.default_rng(3)
    images, annotations = [], []
    (root / "pz1").mkdir(parents=True)
    for n, frame in enumerate(FRAMES):
        name = f"pz1/{frame}_16bit.png"
        if pictures:
            cv2.imwrite(str(root / name), np.full((size[1], size[0]), 600, np.uint16))
        images.append({"id": n, "file_name": name, "width": size[0], "height": size[1]})
        points = [[float(x), float(y), 2] for x, y in POSE + rng.integers(-3, 4, (12, 2))]
        annotations.append({"id": n, "image_id": n, "category_id": 1, "area": 25_000.0 + n, "keypoints": points})
    category = {"id": 1, "name": "infant", "keypoints": list(JOINTS)}
    return {"images": images, "annotations": annotations, "categories": [category]}


def written(root: Path, content: dict[str, Any]) -> Path:
    for one in content["annotations"]:
        one["keypoints"] = [value for point in one["keypoints"] for value in point]
    (root / "labels.json").write_text(json.dumps(content))
    return root


def each(change: Callable[[list[float]], list[float]]) -> Callable[[dict[str, Any]], None]:
    def of(content: dict[str, Any]) -> None:
        for one in content["annotations"]:
            one["keypoints"] = [change(point) for point in one["keypoints"]]

    return of


def two_infants(content: dict[str, Any]) -> None:
    content["annotations"].append({**content["annotations"][4], "id": 99})


def sides(content: dict[str, Any]) -> None:
    for one in content["annotations"]:
        one["keypoints"] = [one["keypoints"][joint] for joint in FLIP]


def joints_exchanged(content: dict[str, Any]) -> None:
    """Hips and shoulders, as a file with its own order of joints has it."""
    order = [0, 1, 8, 9, 4, 5, 6, 7, 2, 3, 10, 11]
    for one in content["annotations"]:
        one["keypoints"] = [one["keypoints"][joint] for joint in order]


def scattered(content: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    for one in content["annotations"]:
        one["keypoints"] = [[*rng.uniform(0, 470, 2).tolist(), 2] for _ in JOINTS]


def stated_size(content: dict[str, Any]) -> None:
    for one in content["images"]:
        one["width"], one["height"] = 1280, 960


@pytest.mark.parametrize(
    ("spoil", "kind", "said"),
    [
        (each(lambda p: [p[0] / 640, p[1] / 480, 2]), NO_PIXELS, "found coordinates of 0 to 1"),
        (each(lambda p: [p[0] / 6.4, p[1] / 4.8, 2]), NO_PIXELS, "found none above 100: per cent of the sides"),
        (each(lambda p: [p[0], p[1], 0.93]), SCORE, "expected a visibility of 0, 1 or 2, found other numbers in 12"),
        (each(lambda p: [p[0], p[1], 612.5]), SCORE, "expected a visibility of 0, 1 or 2"),
        (two_infants, TWO_INFANTS, r"expected one infant in each picture, found more in 1 \(the first is 21\)"),
        (sides, SIDES, "the right shoulder and hip lie left of the left ones in 12 of 12 rows"),
        (joints_exchanged, NO_BODY, "an arm or leg is too long for the trunk in 12 of 12 rows"),
        (scattered, NO_BODY, "an arm or leg is too long for the trunk"),
        (stated_size, OTHER_SIZE, "expected labels of pictures of 640x480, found ones of 1280x960"),
    ],
    ids=["0 to 1", "per cent", "scores", "z", "two infants", "sides", "joints", "scattered", "another size"],
)
def test_what_cannot_be_labels_is_named_and_refused(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], None], kind: str, said: str
) -> None:
    """Each of these was taken, and would have been learnt; of two infants in a picture the last one stood."""
    content = coco(tmp_path)
    spoil(content)
    written(tmp_path, content)
    assert kind in {one.kind for one in check(tmp_path).findings}
    with pytest.raises(InputError, match=rf"labels\.json.*{said}"):
        read_annotated(tmp_path)


def test_right_labels_are_taken_and_their_areas_kept(tmp_path: Path) -> None:
    written(tmp_path, coco(tmp_path))
    assert check(tmp_path).findings == ()
    one = read_annotated(tmp_path)[0]
    assert one.area_px2.tolist() == [25_000.0 + n for n in range(12)]


def test_an_infant_on_its_side_is_not_judged_by_the_few_rows_in_which_its_trunk_is_seen(tmp_path: Path) -> None:
    """A set was refused because the trunk, seen from its end in 4 rows, was short beside the legs of 94 others."""
    content = coco(tmp_path)
    shoulders = [JOINTS.index(name) for name in ("right_shoulder", "left_shoulder")]
    for row, one in enumerate(content["annotations"]):
        for joint in shoulders:
            one["keypoints"][joint][1] = 110.0
        if row >= 4:
            one["keypoints"][shoulders[0]] = [0, 0, 0]
    written(tmp_path, content)
    assert NO_BODY not in {one.kind for one in check(tmp_path).findings}
    assert len(read_annotated(tmp_path)[0].frame) == len(FRAMES)


@pytest.mark.parametrize("v", [1, 2])
def test_a_point_at_0_0_is_none_whatever_its_v(tmp_path: Path, v: int) -> None:
    """It was a joint in the corner of the picture, there and learnt."""
    content = coco(tmp_path)
    content["annotations"][3]["keypoints"][0] = [0, 0, v]
    written(tmp_path, content)
    assert [(one.row, one.kind) for one in check(tmp_path).findings] == [(4, ORIGIN)]
    assert np.isnan(read_annotated(tmp_path)[0].xy_px[3, 0]).all()


def test_a_sheet_of_exchanged_sides_is_refused_too(tmp_path: Path) -> None:
    write_labels(tmp_path, still_labels()[:, FLIP])
    assert SIDES in {one.kind for one in check(tmp_path).findings}
    with pytest.raises(InputError, match="result_pz1.csv: the right shoulder and hip lie left"):
        read_annotated(tmp_path)


def test_the_size_that_a_file_states_is_that_of_its_pictures(tmp_path: Path) -> None:
    """640x480 was assumed: 4,705 false findings in a set of 1280x720 whose pictures lay elsewhere."""
    content = coco(tmp_path, size=(1280, 720), pictures=False)
    for one in content["annotations"]:
        one["keypoints"] = [[x + 600, y + 300, v] for x, y, v in one["keypoints"]]
    written(tmp_path, content)
    assert OUTSIDE not in {one.kind for one in check(tmp_path).findings}


def test_the_share_missing_of_every_joint_is_printed(tmp_path: Path) -> None:
    """A joint seen in 0.1 % of the frames passed as one that is seen."""
    content = coco(tmp_path)
    wrist = JOINTS.index("left_wrist")
    for n in range(9):
        content["annotations"][n]["keypoints"][wrist][2] = 0
    checked = check(written(tmp_path, content))
    assert checked.missing_pct["left_wrist"] == 75.0
    assert "left_wrist 75.0, right_ankle 0.0" in as_table(checked)
    (tmp_path / "one").mkdir()
    cells = cells_of(np.full((12, 2), np.nan))
    seen = [(f"{n}.png", cells_of(POSE) if n == 7 else cells) for n in range(1, 1001)]
    write_label_sheet(tmp_path / "one" / "result_pz9.csv", seen)
    found = [one for one in check(tmp_path / "one").findings if one.kind == kinds.NEVER]
    assert len(found) == 12
    assert found[0].text.endswith("is labelled in 1 of 1000 frames")


DLC = "scorer,me,me\nbodyparts,nose,nose\ncoords,x,y\nlabeled-data/a/img001.png,1.5,2\n"


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("CollectedData_me.csv", DLC.encode(), "a table of DeepLabCut"),
        ("x.csv", DLC.encode(), "a table of DeepLabCut"),
        ("labels.csv", b"a,b\n1,2\n", "a table that its name calls labels"),
        ("x.csv", HEADER.replace(";", ",").encode(), "a table of labels with other columns, separated by commas"),
        ("x.csv", ("made by me;;\n\n" + HEADER).encode(), "a table of labels whose header is row 3"),
        ("x.csv", HEADER.encode("utf-16"), "a table of labels with other columns, text in UTF-16"),
        ("x.csv", b"who;L\xe9a\n" + HEADER.encode(), "a table of labels whose header is row 2, text in a code page"),
    ],
)
def test_files_that_were_meant_as_labels_say_what_they_look_like(
    tmp_path: Path, name: str, data: bytes, what: str
) -> None:
    """They were passed over: "expected sheets of labels, found none"."""
    (tmp_path / name).write_bytes(data)
    (tmp_path / "notes.csv").write_text("weight;length\n1;2\n")
    found = check(tmp_path).findings
    assert [(one.file, one.kind) for one in found] == [(name, kinds.UNREADABLE_SHEET)]
    assert what in found[0].text
    assert "expected a sheet of labels with the header image;head;right_hand;..." in found[0].text
    with pytest.raises(InputError, match=rf"{name}: expected a sheet of labels .*found {what}"):
        read_annotated(tmp_path)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (HEADER.encode("utf-16"), "expected a table of labels in UTF-8, found text in UTF-16; save it as UTF-8"),
        (HEADER.encode() + b"\n1.png;L\xe9a", "found text in a code page such as cp1252; save it as UTF-8"),
        (DLC.encode(), "found a table of DeepLabCut, 'scorer,me,me'"),
        (b"by me\n" + HEADER.encode(), "found a table of labels whose header is row 2, 'by me'"),
    ],
)
def test_a_sheet_by_its_name_that_is_none_says_what_it_is(tmp_path: Path, data: bytes, what: str) -> None:
    (tmp_path / "result_pz1.csv").write_bytes(data)
    with pytest.raises(InputError, match=what):
        read_annotated(tmp_path)
