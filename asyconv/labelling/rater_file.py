"""The labels of one rater: one file, written whole after every frame, and locked while a page is open for it.

A joint is visible, hidden or outside the picture; a visible one has a place. Labels belong to one set of frames, and a
file of another set is refused. A frame that was changed elsewhere meanwhile is never written over.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from asyconv import system
from asyconv.errors import InputError
from asyconv.labelling.label_set import LabelSet, Points
from asyconv.skeleton import JOINTS, N_JOINTS
from asyconv.whole_files import json_of, write_json

RATERS: Final = "raters"
STATES: Final = ("visible", "hidden", "outside")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


@dataclass(frozen=True)
class Label:
    """What a rater says of one frame: state and place of each joint, and how often the frame was saved."""

    states: tuple[str, ...]
    points: Points
    revision: int = 1


Labels = dict[str, Label]
"""Labels by frame."""


class ChangedElsewhereError(InputError):
    """A frame was saved from another page since this one read it."""


def label_of(entry: Any, where: str, size_px: tuple[int, int] | None = None) -> Label:
    """A label from JSON; InputError names what is wrong with it."""
    try:
        states = tuple(str(state) for state in entry["states"])
        points = tuple(None if point is None else (float(point[0]), float(point[1])) for point in entry["points"])
        revision = int(entry["revision"])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InputError(f"{where}: expected states and points of the joints, found something else") from error
    if len(states) != N_JOINTS or len(points) != N_JOINTS:
        raise InputError(f"{where}: expected {N_JOINTS} joints, found {len(states)} states and {len(points)} points")
    for joint, state, point in zip(JOINTS, states, points, strict=True):
        if state not in STATES:
            raise InputError(f"{where}: {joint}: expected visible, hidden or outside, found {state[:20]!r}")
        if state == "visible" and point is None:
            raise InputError(f"{where}: {joint}: expected a place of a visible joint, found none")
        if size_px and state == "visible" and point and not _inside(point, size_px):
            raise InputError(f"{where}: {joint}: expected a place in the picture, found {point[0]:g},{point[1]:g}")
    return Label(states, points, revision)


def _inside(point: tuple[float, float], size_px: tuple[int, int]) -> bool:
    return 0 <= point[0] <= size_px[0] - 1 and 0 <= point[1] <= size_px[1] - 1


def rater_names(folder: Path) -> list[str]:
    """Raters that have a file in the folder."""
    return sorted(path.stem for path in (folder / RATERS).glob("*.json") if _NAME.fullmatch(path.stem))


def read_labels(chosen: LabelSet, rater: str) -> Labels:
    """Labels of a rater, none where there is no file; a damaged file and one of other frames are refused."""
    if not _NAME.fullmatch(rater):
        raise InputError(f"rater: expected 1 to 32 letters, digits, - and _, found {rater[:40]!r}")
    path = path_of(chosen, rater)
    if not path.exists():
        return {}
    try:
        content = json_of(path.read_bytes())
        stated, frames = content["set_id"], dict(content["frames"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: expected the labels of a rater, found a damaged file; it was left as it is"
        ) from error
    if stated != chosen.id:
        raise InputError(f"{path}: expected labels of the frames in {chosen.folder}, found those of other recordings")
    known = {frame.id for frame in chosen.frames}
    others = sorted(frames.keys() - known)
    if others:
        raise InputError(f"{path}: expected labels of chosen frames, found a frame {others[0]} that was not chosen")
    return {name: label_of(entry, f"{path.name}, frame {name}") for name, entry in frames.items()}


def path_of(chosen: LabelSet, rater: str) -> Path:
    """File of a rater."""
    return chosen.folder / RATERS / f"{rater}.json"


class RaterFile:
    """The open file of a rater."""

    def __init__(self, chosen: LabelSet, rater: str) -> None:
        self._chosen, self.rater = chosen, rater
        self.labels = read_labels(chosen, rater)
        self._digest = self._on_disk()

    def save(self, frame: str, label: Label) -> Label:
        """Save a frame whose label has the revision that was read (0: none yet); gives it with its new revision."""
        before = self.labels.get(frame)
        if self._on_disk() != self._digest:
            raise ChangedElsewhereError(f"{self.rater}.json: it was changed by another program; start the page again")
        if label.revision != (before.revision if before else 0):
            raise ChangedElsewhereError(
                f"frame {frame}: it was saved from another page meanwhile; load this page again"
            )
        saved = Label(label.states, label.points, label.revision + 1)
        self._write({**self.labels, frame: saved})
        self.labels[frame] = saved
        return saved

    def _write(self, labels: Mapping[str, Label]) -> None:
        frames = {name: {"states": one.states, "points": one.points, "revision": one.revision}
                  for name, one in labels.items()}  # fmt: skip
        path = path_of(self._chosen, self.rater)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {"set_id": self._chosen.id, "rater": self.rater, "frames": frames})
        self._digest = self._on_disk()

    def _on_disk(self) -> str:
        path = path_of(self._chosen, self.rater)
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


@contextmanager
def opened(chosen: LabelSet, rater: str) -> Iterator[RaterFile]:
    """The file of a rater, for one page alone (where the system has no locks, changes elsewhere are still seen)."""
    read_labels(chosen, rater)  # refuses a name that is none before a file is made of it
    path = path_of(chosen, rater).with_name(f".{rater}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not system.lock(descriptor) and system.has_locks():
            raise InputError(
                f"rater {rater}: expected one page for each rater, found another that is open; "
                "close it, or give another name with --rater"
            )
        yield RaterFile(chosen, rater)
    finally:
        os.close(descriptor)
