"""Which clips of recordings are worth labelling: a third least certain, a third of different poses, the rest at random.

The networks see three frames 1/6 s apart at once, so clips of three frames are chosen and each of their frames is
labelled. Clips of a recording begin a second apart or more, so no frame is chosen twice.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.pose.clips import CLIP_FRAMES, SPACING_S
from asyconv.pose.frame_choice import pick, uncertainty
from asyconv.skeleton import JOINTS
from asyconv.tracks import Tracks

APART_S: Final = 1.0
TOLERANCE: Final = 0.2  # of the spacing, as for the clips of a recording

Rows = npt.NDArray[np.int_]
Array = npt.NDArray[np.float64]


def rows_at(time_s: Array, wanted_s: Array) -> Rows:
    """The row nearest to each wanted time; -1 where none is within a fifth of 1/6 s."""
    if not len(time_s):
        return np.full(len(wanted_s), -1)
    nearest = np.abs(time_s[:, None] - wanted_s).argmin(axis=0)
    return np.where(np.abs(time_s[nearest] - wanted_s) <= TOLERANCE * SPACING_S, nearest, -1)


def clip_of(time_s: Array, first: int) -> Rows | None:
    """The rows of the clip that begins with row `first`; None where the recording has not all its frames."""
    rows = rows_at(time_s, time_s[first] + SPACING_S * np.arange(CLIP_FRAMES))
    return rows if (np.diff(rows) > 0).all() and rows[0] == first else None


def choose_clips(tracks: Tracks, count: int, seed: int, taken_s: Sequence[float] = ()) -> dict[int, str]:
    """At most `count` clips: their first rows, and why each was chosen; none near the times `taken_s` of earlier ones.

    The same tracks, seed and earlier clips give the same choice.
    """
    time_s = tracks.time_s
    whole = np.array([clip_of(time_s, row) is not None for row in range(len(time_s))], bool)
    taken = [int(np.abs(time_s - at_s).argmin()) for at_s in taken_s] if len(time_s) else []
    chosen: dict[int, str] = {}

    def free() -> npt.NDArray[np.bool_]:
        away = whole.copy()
        for row in (*taken, *chosen):
            away &= np.abs(time_s - time_s[row]) >= APART_S
        return away

    thirds = [count - 2 * (count // 3), count // 3, count // 3]
    scores = np.where(whole, uncertainty(tracks), 0.0)
    chosen |= dict.fromkeys(pick(scores, time_s, thirds[0], APART_S, np.array(taken, int)).tolist(), "least certain")
    poses = relative_poses(tracks)
    for _ in range(thirds[1]):
        row = most_different(poses, [*taken, *chosen], free())
        if row is not None:
            chosen[row] = "different pose"
    random = np.random.default_rng(seed)
    while len(chosen) < count and (left := np.flatnonzero(free())).size:
        chosen[int(random.choice(left))] = "at random"
    return chosen


def relative_poses(tracks: Tracks) -> Array:
    """Joints [N, 24] relative to their middle, in units of their spread; a missing joint lies in its usual place."""
    xy = np.stack([tracks.x_px, tracks.y_px], axis=-1).astype(np.float64)
    found = np.isfinite(xy).all(axis=-1, keepdims=True)
    count = np.maximum(found.sum(axis=1, keepdims=True), 1)
    middle = np.where(found, xy, 0.0).sum(axis=1, keepdims=True) / count
    offset = np.where(found, xy - middle, 0.0)
    size = np.sqrt((offset**2).sum(axis=(1, 2), keepdims=True) / count)
    pose = offset / np.maximum(size, 1e-9)
    mean = pose.sum(axis=0) / np.maximum(found.sum(axis=0), 1)
    return np.asarray(np.where(found, pose, mean).reshape(len(xy), 2 * len(JOINTS)))


def most_different(poses: Array, taken: Sequence[int], free: npt.NDArray[np.bool_]) -> int | None:
    """The free row whose pose is farthest from the nearest pose taken (without any: from the mean pose)."""
    if not free.any():
        return None
    others = poses[list(taken)] if taken else poses.mean(axis=0, keepdims=True)
    nearest = np.min([np.linalg.norm(poses - other, axis=1) for other in others], axis=0)
    return int(np.where(free, nearest, -1.0).argmax())


def shares(clips: int, recordings: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """How many clips each recording gives: infants alike, and the recordings of an infant alike.

    `recordings` are the identifiers of each infant's recordings.
    """
    given: dict[str, int] = {}
    for place, infant in enumerate(sorted(recordings)):
        of_infant = clips * (place + 1) // len(recordings) - clips * place // len(recordings)
        ids = sorted(recordings[infant])
        for number, recording in enumerate(ids):
            given[recording] = of_infant * (number + 1) // len(ids) - of_infant * number // len(ids)
    return given
