"""The folder LABELS: which frames were chosen, their depth pictures, and the frames before and after them.

``frames.json`` lists the frames. ``.pictures`` holds them as 16-bit PNG (mm), turned so that the head is down and
unmirrored, with the frames round them. A picture is known by the SHA-256 of its file. Labels are in pixels of these
pictures. ``raters/`` holds a file for each rater (rater_file.py); the rest is the annotated data set that the labels
make (data_set.py).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.pose.clips import CLIP_FRAMES
from asyconv.recordings.png_folder import decode_png
from asyconv.whole_files import json_of, write_json, write_whole

FRAMES: Final = "frames.json"
PICTURES: Final = ".pictures"
Points = tuple[tuple[float, float] | None, ...]
"""Pixels of the 12 joints; None = not known."""


@dataclass(frozen=True)
class ChosenFrame:
    """A frame to be labelled; `number` counts 30 a second and stands in the names of its files."""

    infant_id: str
    number: int
    clip: int
    place: int  # in its clip, 0 to 2
    why: str
    recording_id: str
    recording_sha256: str
    frame: int  # in the recording, from 1
    time_s: float
    width_px: int
    height_px: int
    predicted: Points  # by the model of the tracks
    pictures: dict[str, str]  # file names: of the frame ("0"), of those 1/6 s before ("-1") and after it ("1")
    focal_px: float | None
    simulated: bool

    @property
    def id(self) -> str:
        """Name of the frame in the files of raters and in addresses."""
        return f"{self.infant_id}/{self.number}"


@dataclass(frozen=True)
class LabelSet:
    """What is to be labelled: frames in the order of labelling, and the hash of each picture."""

    folder: Path
    id: str
    frames: tuple[ChosenFrame, ...]
    sha256: dict[str, str]

    def has(self, recordings: Sequence[str], frames: int) -> bool:
        """Whether all `recordings` (SHA-256) gave frames and `frames` were chosen, so that there is nothing to add."""
        known = {frame.recording_sha256 for frame in self.frames}
        return known.issuperset(recordings) and len(self.frames) >= frames - frames % CLIP_FRAMES

    def picture_file(self, name: str) -> bytes:
        """The file of a picture; refused where it is not the one that was chosen."""
        path = self.folder / PICTURES / name
        content = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(content).hexdigest() != self.sha256.get(name):
            found = "another" if content else "none"
            raise InputError(
                f"{PICTURES}/{name}: expected the picture that was chosen, found {found}; "
                "labels of this frame would belong to another picture"
            )
        return content

    def depth_mm(self, name: str) -> npt.NDArray[np.uint16]:
        """A picture [H, W] in mm."""
        picture = decode_png(self.picture_file(name))
        assert picture is not None
        return np.asarray(picture, np.uint16)


def read_label_set(folder: Path) -> LabelSet | None:
    """What was chosen in a folder; None where nothing was. Damaged files are refused."""
    path = folder / FRAMES
    if not path.is_file():
        return None
    try:
        content = json_of(path.read_bytes())
        frames = tuple(_frame(entry) for entry in content["frames"])
        return LabelSet(folder, str(content["id"]), frames, dict(content["pictures_sha256"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: expected the list of chosen frames, found a damaged file") from error


def _frame(entry: dict[str, Any]) -> ChosenFrame:
    points = tuple(None if point is None else (float(point[0]), float(point[1])) for point in entry["predicted"])
    return ChosenFrame(**{**entry, "predicted": points})


def write_label_set(chosen: LabelSet) -> None:
    """Write the list of frames, whole or not at all; the pictures are there before it."""
    frames = [asdict(frame) for frame in chosen.frames]
    write_json(chosen.folder / FRAMES, {"id": chosen.id, "frames": frames, "pictures_sha256": chosen.sha256})


def write_picture(folder: Path, name: str, depth_mm: npt.NDArray[np.uint16]) -> str:
    """Write a picture of the set and give the hash of its file."""
    path = folder / PICTURES / name
    path.parent.mkdir(parents=True, exist_ok=True)
    content = cv2.imencode(".png", depth_mm)[1].tobytes()
    write_whole(path, content)
    return hashlib.sha256(content).hexdigest()


def in_turn(frames: Sequence[ChosenFrame]) -> tuple[ChosenFrame, ...]:
    """Frames in the order of labelling: a clip of each infant in turn, so that stopping early keeps them spread."""
    clips: dict[str, list[int]] = {}
    for frame in frames:
        of_infant = clips.setdefault(frame.infant_id, [])
        if frame.clip not in of_infant:
            of_infant.append(frame.clip)

    def order(frame: ChosenFrame) -> tuple[int, str, int]:
        return clips[frame.infant_id].index(frame.clip), frame.infant_id, frame.place

    return tuple(sorted(frames, key=order))
