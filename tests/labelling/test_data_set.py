"""What labels become: a data set that check and training take, exports that our readers and pycocotools read alike."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from asyconv.labelling.agreement import ALL, as_table, disagreement
from asyconv.labelling.data_set import COCO_FILE, merged, of_all_raters, write_data_set
from asyconv.labelling.label_set import LabelSet
from asyconv.labelling.rater_file import Label
from asyconv.labels.annotations import clip_rows, load_clips, read_annotated
from asyconv.labels.check import GAP, check
from asyconv.labels.splits import within_infant
from asyconv.skeleton import JOINTS
from tests.helpers.commands import invoke
from tests.helpers.labelled import chosen_of, label_all, label_for

ANKLE = JOINTS.index("left_ankle")


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> LabelSet:
    root = tmp_path_factory.mktemp("set")
    made = chosen_of(root / "recordings", root / "labels")
    label_all(made, "anna", left_ankle="outside", right_elbow="hidden")
    return made


def expected(chosen: LabelSet, infant: str) -> np.ndarray:
    """Labels that were given, by frame number."""
    frames = sorted((f for f in chosen.frames if f.infant_id == infant), key=lambda f: f.number)
    points = [label_for(frame).points for frame in frames]
    xy_px = np.array([[point or (np.nan, np.nan) for point in of_frame] for of_frame in points], float)
    xy_px[:, [ANKLE, JOINTS.index("right_elbow")]] = np.nan
    return xy_px


def test_the_folder_is_a_data_set_without_a_finding_that_a_training_splits(chosen: LabelSet) -> None:
    checked = check(chosen.folder)
    never = {finding.text.split()[0] for finding in checked.findings if finding.kind == "joint never visible"}
    assert {finding.kind for finding in checked.findings} <= {"joint never visible"}, checked.findings
    assert never == {"left_ankle", "right_elbow"}
    annotated = read_annotated(chosen.folder)
    assert [infant.infant_id for infant in annotated] == ["inf-1", "inf-2"]
    for infant in annotated:
        assert (infant.simulated, infant.depth_bits, infant.format) == (True, 16, "COCO")
        np.testing.assert_array_equal(infant.xy_px, expected(chosen, infant.infant_id))
        rows = clip_rows(infant.frame, overlap=False)
        assert rows.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
        clips = load_clips(infant, rows)
        assert (clips.depth[:, :, 10:80, 10:100] > 6000).all()
        assert not clips.visible[..., ANKLE].any()
    assert within_infant(annotated).train.keys() == {"inf-1", "inf-2"}


@pytest.mark.parametrize("form", ["coco", "babypose", "pypointannotator"])
def test_exports_are_read_back_equal(form: str, chosen: LabelSet, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = invoke("label", "-o", chosen.folder, "--export", out, "--form", form)
    assert (done.exit_code, done.stdout) == (0, f"{out}\n"), done.output
    annotated = read_annotated(out)
    assert {infant.format for infant in annotated} == {
        {"coco": "COCO", "babypose": "babyPose", "pypointannotator": "pyPointAnnotator"}[form]
    }
    for infant in annotated:
        given = expected(chosen, infant.infant_id)
        np.testing.assert_array_equal(infant.xy_px, given if form == "coco" else given.round())
    assert {finding.kind for finding in check(out).findings} <= {"joint never visible"}
    again = invoke("label", "-o", chosen.folder, "--export", out, "--form", form)
    assert again.exit_code == 1
    assert "expected an empty folder or none" in again.stderr


def test_pycocotools_reads_the_same_values(chosen: LabelSet) -> None:
    coco = pytest.importorskip("pycocotools.coco").COCO(str(chosen.folder / COCO_FILE))
    for infant in ("inf-1", "inf-2"):
        images = [image for image in coco.loadImgs(coco.getImgIds()) if image["file_name"].startswith(infant)]
        given = expected(chosen, infant)
        assert len(images) == len(given) == 9
        for image, xy_px in zip(images, given, strict=True):
            (annotation,) = coco.loadAnns(coco.getAnnIds(imgIds=image["id"]))
            points = np.array(annotation["keypoints"], float).reshape(-1, 3)
            seen = np.isfinite(xy_px[:, 0])
            np.testing.assert_array_equal(points[seen], np.column_stack([xy_px, np.full(12, 2)])[seen])
            assert (points[~seen] == 0).all()
            assert annotation["num_keypoints"] == seen.sum()
            assert annotation["attributes"]["outside"] == ["left_ankle"]
            assert "right_elbow" in annotation["attributes"]["hidden"]


def test_a_package_of_sleap_has_the_labels_and_grey_pictures(chosen: LabelSet, tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    done = invoke("label", "-o", chosen.folder, "--export", tmp_path / "out", "--form", "sleap")
    assert done.exit_code == 0, done.output
    with h5py.File(tmp_path / "out" / "labels.pkg.slp") as file:
        points = file["points"][:].reshape(18, len(JOINTS))
        assert (file["instances"]["instance_type"] == 0).all()  # a person's
        for n, infant in enumerate(("inf-1", "inf-2")):
            rows = file["frames"]["video"] == n
            given = expected(chosen, infant)
            np.testing.assert_array_equal(np.stack([points[rows]["x"], points[rows]["y"]], axis=-1), given)
            np.testing.assert_array_equal(points[rows]["visible"], np.isfinite(given[..., 0]))
            (annotated,) = [one for one in read_annotated(chosen.folder) if one.infant_id == infant]
            np.testing.assert_array_equal(file["frames"]["frame_idx"][rows], annotated.frame)
            video = file[f"video{n}/video"]
            picture = np.asarray(Image.open(BytesIO(video[0].tobytes())))
            assert picture.shape == (video.attrs["height"], video.attrs["width"]) == (480, 640)
            assert picture[470, 630] == 0 < picture[200, 300]  # the hole of the recording


def test_frames_of_a_half_labelled_clip_are_named_by_check(chosen: LabelSet, tmp_path: Path) -> None:
    labels = {"anna": dict(list(of_all_raters(chosen)["anna"].items())[:-1])}
    (tmp_path / "part").mkdir()
    assert write_data_set(chosen, labels, tmp_path / "part") == 17
    gaps = [finding.text for finding in check(tmp_path / "part").findings if finding.kind == GAP]
    assert len(gaps) == 2
    assert all("is in no clip of three frames 5 apart" in text for text in gaps)


def test_of_several_raters_a_joint_is_where_most_saw_it() -> None:
    def label(*points: tuple[float, float] | None) -> Label:
        states = ("visible",) * 3
        return Label((*states, *["hidden"] * 9), (*points, *[None] * 9))

    a, b = label((10, 10), (0, 0), (5, 5)), label((12, 14), (2, 0), (5, 5))
    c = Label(("visible", "hidden", "outside", *["hidden"] * 9), ((14, 12), None, None, *[None] * 9))
    xy_px, hidden = merged([a, b, c])
    assert xy_px[:3].tolist() == [[12, 12], [1, 0], [5, 5]]
    two, _ = merged([a, c])
    assert two[0].tolist() == [12, 11]
    assert np.isnan(two[1:]).all()  # one of two is not most
    assert hidden == JOINTS[3:]


def test_disagreement_is_in_px_and_in_mm_at_the_depth_of_the_picture(tmp_path: Path) -> None:
    chosen = chosen_of(tmp_path / "recordings", tmp_path / "labels", frames=6)
    refused = invoke("label", "-o", chosen.folder, "--compare")
    assert refused.exit_code == 1
    assert "expected frames that two raters labelled" in refused.stderr
    label_all(chosen, "anna")
    label_all(chosen, "ben", dx=4.0, left_ankle="hidden")
    rows = {row.joint: row for row in disagreement(chosen, of_all_raters(chosen))}
    hip = rows["right_hip"]
    assert (hip.both_visible, hip.one_visible) == (6, 0)
    assert hip.median_px == pytest.approx(4.0, abs=0.051)
    depth_mm = [
        float(chosen.depth_mm(frame.pictures["0"])[round(point[1]), round(point[0] + 2)])
        for frame in chosen.frames
        if (point := frame.predicted[JOINTS.index("right_hip")])
    ]
    assert hip.median_mm == pytest.approx(4.0 * np.median(depth_mm) / 570.0, rel=0.02)
    assert (rows["left_ankle"].both_visible, rows["left_ankle"].one_visible) == (0, 6)
    assert np.isnan(rows["left_ankle"].median_px)
    assert rows[ALL].both_visible == sum(row.both_visible for name, row in rows.items() if name != ALL)
    text = as_table(list(rows.values()))
    assert len({len(line) for line in text.splitlines()}) == 1
    done = invoke("label", "-o", chosen.folder, "--compare")
    assert done.stdout == text + "\n"
