"""Labels of infants who are small in the picture: what `adapt` learns from and `validate` measures is a crop of it.

In each picture there is nothing but a pixel at every joint, whose depth says which joint it is.
"""

import dataclasses
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from asyconv.errors import InputError
from asyconv.evaluation.calibration import annotated_of
from asyconv.evaluation.held_out import HeldOutClips, labelled_clips
from asyconv.evaluation.joint_errors import Evaluation, evaluate_on
from asyconv.evaluation.predictions import Predictions
from asyconv.evaluation.seen_clips import seen_by
from asyconv.labels.clip_set import ClipSet
from asyconv.labels.label_sheets import cells_of, write_label_sheet
from asyconv.pose.model_file import Model, load_model
from asyconv.skeleton import N_JOINTS
from asyconv.training.adapting import adapting_recipe, split_of
from asyconv.training.data import clips_of, read_data_sets
from tests.helpers.flat_infant import make_flat

FRAMES = 1 + 5 * np.arange(18)
MARKS_MM = 500 + 10 * np.arange(N_JOINTS)
SMALL = 0.4
PLACES_PX = ((200.0, 330.0), (460.0, 130.0), (440.0, 300.0), (150.0, 150.0))


def joints_px(place: tuple[float, float], frame: int) -> np.ndarray:
    """Joints of an infant 88 by 100 px in size round a place, who moves by up to 5 px."""
    flat = make_flat()
    return np.asarray(np.round((flat - flat.mean(axis=0)) * [-SMALL, SMALL] + place + [frame % 6, frame % 4]))


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    for number, place in enumerate(PLACES_PX):
        (folder / f"pz{number}").mkdir()
        for frame in FRAMES.tolist():
            picture = np.zeros((480, 640), np.uint16)
            x, y = joints_px(place, frame).astype(int).T
            picture[y, x] = MARKS_MM
            assert cv2.imwrite(str(folder / f"pz{number}/{frame}_16bit.png"), picture)
        rows = [(f"{frame}_16bit.png", cells_of(joints_px(place, frame))) for frame in FRAMES.tolist()]
        write_label_sheet(folder / f"result_pz{number}.csv", rows)
    return folder


@pytest.fixture
def data(labels: Path) -> HeldOutClips:
    return labelled_clips(read_data_sets([labels]))


def marks_map(clips: ClipSet) -> np.ndarray:
    """Where the mark of each joint lies on the map of the clips, [n, 3, 12, 2]."""
    found = np.full((*clips.visible.shape, 2), np.nan)
    for clip, frame, joint in np.ndindex(clips.visible.shape):
        y, x = np.nonzero(clips.depth[clip, frame] == 10 * MARKS_MM[joint])
        found[clip, frame, joint] = x.mean(), y.mean()
    return found


def reads_the_marks(model: Model, clips: ClipSet) -> Predictions:
    sure = np.ones(clips.visible.shape)
    return Predictions(marks_map(clips), sure, sure)


def test_validate_sees_a_crop_and_its_errors_are_those_in_the_picture(
    data: HeldOutClips, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("joint_errors", "seen_clips"):
        monkeypatch.setattr(f"asyconv.evaluation.{name}.predict", reads_the_marks)
    monkeypatch.setattr("asyconv.evaluation.baselines.BASELINE_INFANTS", 1)
    model = load_model("compact")
    assert model.settings.crop_to_infant
    seen = seen_by(model, data)
    for clip in range(len(data.clips.depth)):
        assert seen.seen[clip].scale_px == pytest.approx(0.35 * 5, rel=0.01)  # the smallest crop
        place = np.array(PLACES_PX[data.infant[clip]])
        true_px = np.stack([joints_px(PLACES_PX[data.infant[clip]], frame) for frame in frames_of(data, clip)])
        np.testing.assert_allclose(seen.seen[clip].to_px(seen.clips.xy_map[clip]), true_px, atol=1e-3)
        assert np.abs(seen.seen[clip].to_px([63.5, 47.5]) - place).max() < 10
    assert np.abs(seen.clips.xy_map - marks_map(seen.clips)).max() < 0.51

    def errors_px(evaluation: Evaluation) -> Any:
        return 5 * np.linalg.norm(evaluation.xy_map - data.clips.xy_map, axis=-1)

    cropped = evaluate_on(model, data)
    assert errors_px(cropped).max() < 1.3  # half a map px in the crop, across
    assert cropped.totals["missed_pct"] == 0.0
    whole = dataclasses.replace(model, settings=dataclasses.replace(model.settings, crop_to_infant=False))
    assert errors_px(evaluate_on(whole, data)).max() > 2.0  # half a map px of five pixels
    with pytest.raises(InputError, match="4 annotated infants: expected the pictures, of which compact sees the part"):
        evaluate_on(model, dataclasses.replace(data, pictures=()))


def frames_of(data: HeldOutClips, clip: int) -> list[int]:
    """The numbers of the frames of a clip."""
    first = int((data.infant[:clip] == data.infant[clip]).sum())
    return [int(frame) for frame in FRAMES[3 * first : 3 * first + 3]]


def test_adapt_learns_from_crops_and_knows_its_frames_as_whole_pictures(
    labels: Path, tmp_path: Path, data: HeldOutClips, monkeypatch: pytest.MonkeyPatch
) -> None:
    annotated = read_data_sets([labels])
    nothing = ClipSet(data.clips.depth[:0], data.clips.xy_map[:0], data.clips.visible[:0])
    monkeypatch.setattr("asyconv.training.data.simulated_clips", lambda *args: nothing)
    recipe = adapting_recipe(load_model("compact"), "float32")
    _, own, tuning = clips_of(tmp_path, recipe, annotated, split_of(annotated), 1)
    whole = annotated_of(tmp_path)
    for crops, pictures in zip((own, tuning), whole, strict=True):
        assert crops.visible.all()
        assert len(crops.depth) == len(pictures.depth) > 0
        assert np.abs(crops.xy_map - marks_map(crops)).max() < 0.51
        assert np.abs(pictures.xy_map - marks_map(pictures)).max() < 0.51
        apart, in_picture = (np.ptp(clips.xy_map, axis=2) for clips in (crops, pictures))
        np.testing.assert_allclose(apart, in_picture / 0.35, rtol=0.01)
    known = {frame.tobytes() for clips in whole for clip in clips.depth for frame in clip}
    seen = np.array([all(frame.tobytes() in known for frame in clip) for clip in data.clips.depth])
    assert [seen[data.infant == number].all() for number in range(4)].count(True) == 3  # one is kept apart
