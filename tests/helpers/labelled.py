"""Folders of labels made in a test: two infants of known joints on sloped walls, chosen frames, and labels of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from asyconv.labelling.choosing import Source, choose
from asyconv.labelling.data_set import of_all_raters, write_data_set
from asyconv.labelling.label_set import ChosenFrame, LabelSet
from asyconv.labelling.rater_file import Label, opened
from asyconv.recordings.opening import open_recording
from asyconv.skeleton import JOINTS
from asyconv.tracks import Tracks
from tests.helpers.closed_form import hide, make_tracks, shake
from tests.helpers.sloped_wall import wall

SECONDS = 6.0


def tracks_of(number: int) -> Tracks:
    """An infant with its head up in the picture, a moving arm, a wrist that is lost, and some uncertainty."""
    tracks = make_tracks(
        SECONDS, motion={"right_wrist": shake(20, 1.0)}, noise_mm=0.6, seed=number,
        infant_id=f"inf-{number}", recording_id=f"rec-{number}",
    )  # fmt: skip
    tracks = hide(tracks, "left_wrist", 60, 120)
    confidence = np.random.default_rng(number).uniform(0.5, 1.0, tracks.confidence.shape).astype(np.float32)
    return replace(tracks, confidence=confidence)


def source(folder: Path, number: int, level: int = 700) -> Source:
    """The recording of an infant, written to `folder`, and its tracks."""
    recording = open_recording(wall(folder / f"r{number}.mkv", round(30 * SECONDS), level=level + number))
    return Source(recording, recording.sha256, tracks_of(number))


def chosen_of(folder: Path, out: Path, frames: int = 18) -> LabelSet:
    """A folder of labels with frames of two infants."""
    folder.mkdir(parents=True, exist_ok=True)
    return choose(out, [source(folder, 1), source(folder, 2)], frames)


def label_for(frame: ChosenFrame, dx: float = 0.0, **states: str) -> Label:
    """A label at the predicted places, `dx` px to the right; what was not predicted is hidden, or as `states` say."""
    points = tuple(point and (round(point[0] + dx, 1), round(point[1], 1)) for point in frame.predicted)
    named = tuple(
        states.get(joint, "visible" if point else "hidden") for joint, point in zip(JOINTS, points, strict=True)
    )
    return Label(named, points, 0)


def forget_labels(chosen: LabelSet) -> None:
    """Delete the raters' files."""
    for path in (chosen.folder / "raters").glob("*.json"):
        path.unlink()


def label_all(chosen: LabelSet, rater: str, dx: float = 0.0, **states: str) -> None:
    """Label every frame as one rater."""
    with opened(chosen, rater) as file:
        for frame in chosen.frames:
            file.save(frame.id, label_for(frame, dx, **states))
    write_data_set(chosen, of_all_raters(chosen))
