"""The annotated data set that the raters' labels make: COCO key points and the labelled pictures.

It lies in LABELS itself and is brought up to date after every frame, so that a training or a check takes LABELS as it
is. Of several raters a joint counts as visible where more than half of those who labelled the frame saw it, at the mean
of their places. An export is the same for other programs, in a folder of its own.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from asyconv import system
from asyconv.labelling.label_set import ChosenFrame, LabelSet
from asyconv.labelling.rater_file import Label, Labels, rater_names, read_labels
from asyconv.labels.coco_writer import LabelledPicture, coco_text
from asyconv.labels.label_sheets import cells_of, write_label_sheet
from asyconv.pose.depth_pictures import grey, range_of
from asyconv.recordings.png_folder import SIMULATED_FILE
from asyconv.skeleton import JOINTS
from asyconv.whole_files import write_whole

COCO_FILE: Final = "labels.json"
FORMS: Final = ("coco", "babypose", "pypointannotator")


def of_all_raters(chosen: LabelSet) -> dict[str, Labels]:
    """Labels of every rater of the set."""
    return {rater: read_labels(chosen, rater) for rater in rater_names(chosen.folder)}


def update_data_set(chosen: LabelSet) -> None:
    """Bring the data set in LABELS up to date; pages of several raters take their turns."""
    descriptor = os.open(chosen.folder / ".data-set.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        system.lock(descriptor, wait=True)
        write_data_set(chosen, of_all_raters(chosen))
    finally:
        os.close(descriptor)


def merged(labels: Sequence[Label]) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """Places [12, 2] of the joints that most raters saw (NaN: the others), and which of the others are hidden."""
    xy_px = np.full((len(JOINTS), 2), np.nan)
    hidden = []
    for joint, name in enumerate(JOINTS):
        states = [label.states[joint] for label in labels]
        if 2 * states.count("visible") > len(labels):
            points = [label.points[joint] for label in labels if label.states[joint] == "visible"]
            xy_px[joint] = np.mean([point for point in points if point], axis=0)
        elif states.count("hidden") >= states.count("outside"):
            hidden.append(name)
    return xy_px, tuple(hidden)


@dataclass(frozen=True)
class LabelledFrame:
    """A frame, where its joints are [12, 2] (NaN = not visible), and which of the others are hidden."""

    frame: ChosenFrame
    xy_px: npt.NDArray[np.float64]
    hidden: tuple[str, ...]


def labelled_frames(chosen: LabelSet, raters: dict[str, Labels]) -> dict[str, list[LabelledFrame]]:
    """The labelled frames of each infant, in the order of their numbers."""
    found: dict[str, list[LabelledFrame]] = {}
    for frame in sorted(chosen.frames, key=lambda frame: (frame.infant_id, frame.number)):
        labels = [of_one[frame.id] for of_one in raters.values() if frame.id in of_one]
        if labels:
            found.setdefault(frame.infant_id, []).append(LabelledFrame(frame, *merged(labels)))
    return found


def grey_png(chosen: LabelSet, frame: ChosenFrame) -> bytes:
    """The picture of a frame in 8-bit grey, for programs that know no depth."""
    depth_mm = chosen.depth_mm(frame.pictures["0"])
    return cv2.imencode(".png", grey(depth_mm, *range_of(depth_mm)))[1].tobytes()


def write_data_set(chosen: LabelSet, raters: dict[str, Labels], folder: Path | None = None, form: str = "coco") -> int:
    """Write the data set of all labelled frames into LABELS, or `folder`, as one of `FORMS`; how many frames it has.

    Pictures come first, so that no label is ever without its picture.
    """
    folder = folder or chosen.folder
    infants = labelled_frames(chosen, raters)
    rows = {infant: [_picture(chosen, one, folder) for one in frames] for infant, frames in infants.items()}
    if form == "coco":
        write_whole(folder / COCO_FILE, coco_text([one for of_infant in rows.values() for one in of_infant]))
    else:
        for infant, of_infant in rows.items():
            cells = [(Path(one.file_name).name, cells_of(one.xy_px)) for one in of_infant]
            write_label_sheet(folder / f"result_{infant}.csv", cells, numbered=form == "pypointannotator")
    return sum(len(of_infant) for of_infant in rows.values())


def _picture(chosen: LabelSet, one: LabelledFrame, folder: Path) -> LabelledPicture:
    frame = one.frame
    name = f"{frame.infant_id}/{frame.number}_16bit.png"
    path = folder / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        if frame.simulated:
            (path.parent / SIMULATED_FILE).write_text("These pictures were made by a program; no infant is in them.\n")
        write_whole(path, chosen.picture_file(frame.pictures["0"]))
    return LabelledPicture(name, frame.width_px, frame.height_px, one.xy_px, one.hidden)
