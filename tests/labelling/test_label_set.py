"""The folder of labels: pictures of the frames that were chosen, head down, once; nothing half, foreign or lost."""

import json
from pathlib import Path

import numpy as np
import pytest

from asyconv.errors import InputError
from asyconv.labelling.choosing import choose, in_mm
from asyconv.labelling.label_set import FRAMES, PICTURES, LabelSet, read_label_set
from asyconv.labelling.rater_file import ChangedElsewhereError, Label, opened, path_of, read_labels
from asyconv.pose.geometry import MapGeometry
from asyconv.skeleton import HEADS
from tests.helpers.labelled import chosen_of, forget_labels, label_for, source


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> LabelSet:
    root = tmp_path_factory.mktemp("labels")
    return chosen_of(root / "recordings", root / "labels")


@pytest.fixture
def chosen(made: LabelSet) -> LabelSet:
    """The same set; the raters' files of other tests are gone."""
    forget_labels(made)
    return made


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("head", HEADS)
def test_a_turned_picture_has_each_pixel_where_its_point_goes(head: str, mirrored: bool) -> None:
    geometry = MapGeometry(160, 120, head, mirrored)
    depth = np.arange(160 * 120, dtype=np.uint16).reshape(120, 160)
    turned = geometry.turn(depth)
    assert turned.shape[::-1] == geometry.turned_size_px
    for x, y in ((0, 0), (159, 0), (31, 77)):
        to_x, to_y = geometry.to_turned([x, y])
        assert turned[int(to_y), int(to_x)] == depth[y, x]


def test_frames_are_spread_over_infants_in_turn_and_never_twice(chosen: LabelSet) -> None:
    frames = chosen.frames
    assert len(frames) == 18
    assert len({(frame.infant_id, frame.frame) for frame in frames}) == 18
    assert [frame.infant_id for frame in frames] == (["inf-1"] * 3 + ["inf-2"] * 3) * 3
    assert [frame.place for frame in frames] == [0, 1, 2] * 6
    assert {frame.why for frame in frames} == {"least certain", "different pose", "at random"}
    for frame in frames:
        assert frame.number == 1 + round(30 * frame.time_s)  # 30 fps: the recording's own numbers
        assert frame.frame == frame.number


def test_pictures_are_head_down_and_predictions_are_turned_with_them(chosen: LabelSet) -> None:
    frame = chosen.frames[0]
    depth_mm = chosen.depth_mm(frame.pictures["0"])
    assert depth_mm.shape == (480, 640)
    assert depth_mm[470, 630] == 0  # the hole of the recording's upper left corner
    assert depth_mm[0, 0] - depth_mm[0, 600] > 150  # the slope runs the other way
    shoulder, hip = (frame.predicted[joint] for joint in (2, 8))
    assert shoulder is not None
    assert hip is not None
    assert shoulder[1] > hip[1]


def test_asking_again_adds_nothing_and_asking_for_more_keeps_what_was_chosen(tmp_path: Path) -> None:
    first = chosen_of(tmp_path / "recordings", tmp_path / "labels", frames=12)
    written = (tmp_path / "labels" / FRAMES).read_bytes()
    again = chosen_of(tmp_path / "recordings", tmp_path / "labels", frames=12)
    assert again == first == read_label_set(tmp_path / "labels")
    assert (tmp_path / "labels" / FRAMES).read_bytes() == written
    more = chosen_of(tmp_path / "recordings", tmp_path / "labels", frames=18)
    assert set(more.sha256) > set(first.sha256)
    assert len({(frame.infant_id, frame.frame) for frame in more.frames}) == 18
    assert {frame.id for frame in first.frames} < {frame.id for frame in more.frames}


def test_a_recording_of_the_same_name_with_other_bytes_is_refused(chosen: LabelSet, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="frames of rec-1 were chosen from another file"):
        choose(chosen.folder, [source(tmp_path, 1, level=900)], 18)


def test_a_picture_that_was_changed_or_is_gone_is_refused(tmp_path: Path) -> None:
    chosen = chosen_of(tmp_path / "recordings", tmp_path / "labels", frames=6)
    name = chosen.frames[0].pictures["0"]
    path = chosen.folder / PICTURES / name
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(InputError, match="expected the picture that was chosen, found another"):
        chosen.depth_mm(name)
    path.unlink()
    with pytest.raises(InputError, match="found none"):
        chosen.depth_mm(name)


@pytest.mark.parametrize("content", ["", "{}", '{"frames": [{}], "id": "x", "pictures_sha256": {}}', "[1]", "nul"])
def test_a_damaged_list_of_frames_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / FRAMES).write_text(content)
    with pytest.raises(InputError, match="expected the list of chosen frames, found a damaged file"):
        read_label_set(tmp_path)


def test_labels_are_read_back_as_they_were_saved(chosen: LabelSet) -> None:
    label = label_for(chosen.frames[0], left_ankle="outside")
    with opened(chosen, "anna") as file:
        saved = file.save(chosen.frames[0].id, label)
    assert saved == Label(label.states, label.points, 1)
    assert read_labels(chosen, "anna") == {chosen.frames[0].id: saved}
    assert read_labels(chosen, "ben") == {}


def test_two_pages_of_one_rater_are_refused_and_two_raters_are_not(chosen: LabelSet) -> None:
    with opened(chosen, "anna"), opened(chosen, "ben"), pytest.raises(InputError, match="expected one page for each"):
        opened(chosen, "anna").__enter__()
    with opened(chosen, "anna"):
        pass


def test_a_frame_that_was_saved_elsewhere_is_never_written_over(chosen: LabelSet) -> None:
    name = chosen.frames[0].id
    with opened(chosen, "anna") as file:
        file.save(name, label_for(chosen.frames[0]))
        with pytest.raises(ChangedElsewhereError, match="saved from another page"):
            file.save(name, label_for(chosen.frames[0], dx=5))  # another tab, which has read it before
        path = path_of(chosen, "anna")
        path.write_text(path.read_text().replace("hidden", "outside"))
        with pytest.raises(ChangedElsewhereError, match="changed by another program"):
            file.save(chosen.frames[1].id, label_for(chosen.frames[1]))
    assert read_labels(chosen, "anna").keys() == {name}


def test_files_of_other_frames_and_half_files_are_refused_and_left_as_they_are(chosen: LabelSet) -> None:
    with opened(chosen, "anna") as file:
        file.save(chosen.frames[0].id, label_for(chosen.frames[0]))
    path = path_of(chosen, "anna")
    whole = path.read_text()
    for content, said in (
        (whole[: len(whole) // 2], "found a damaged file; it was left as it is"),
        ("[]", "found a damaged file"),
        (whole.replace(chosen.id, "0" * 32), "found those of other recordings"),
        (whole.replace(chosen.frames[0].id, "inf-1/999"), "found a frame inf-1/999 that was not chosen"),
        (whole.replace("hidden", "covered"), "expected visible, hidden or outside, found 'covered'"),
        (json.dumps(json.loads(whole) | {"frames": {chosen.frames[0].id: {"states": []}}}), "found something else"),
    ):
        path.write_text(content)
        with pytest.raises(InputError, match=said):
            opened(chosen, "anna").__enter__()
        assert path.read_text() == content
    for name in ("", "a/b", "../anna", "x" * 33, "Änne"):
        with pytest.raises(InputError, match="expected 1 to 32 letters"):
            opened(chosen, name).__enter__()


def test_depths_in_another_unit_become_mm() -> None:
    counts = np.array([[0, 1000, 65535]], np.uint16)
    assert in_mm(counts, 0.25).tolist() == [[0, 250, 16384]]
    assert in_mm(counts, 2.0).tolist() == [[0, 2000, 0]]
