"""Which frames of tracks are worth looking at: uncertain ones, fast ones, those before a joint is lost, and any others.

Scores are arithmetic over the tracks alone, one number a frame. `pick` takes the frames of the highest scores that lie
apart from each other and from those that were taken before.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.tracks import Tracks

SPREAD: Final = 9
EACH: Final = 6
APART_S: Final = 0.5
STRETCH_S: Final = 10.0
STRETCH_HZ: Final = 6.0

Scores = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int_]


def uncertainty(tracks: Tracks) -> Scores:
    """How unsure the joints of each frame are, from 0 (all surely found or surely hidden) to 1 (all at 50 %).

    It is the mean of 4 p (1 - p) over joints whose probability p is known.
    """
    p = tracks.confidence.astype(np.float64)
    known = np.isfinite(p)
    unsure = np.where(known, 4 * p * (1 - p), 0.0)
    return np.asarray(unsure.sum(axis=1) / np.maximum(known.sum(axis=1), 1))


def speed_px_s(tracks: Tracks) -> Scores:
    """Speed of the fastest joint of each frame since the frame before, 0 where no joint is in both."""
    xy = np.stack([tracks.x_px, tracks.y_px], axis=-1).astype(np.float64)
    steps_px = np.linalg.norm(np.diff(xy, axis=0), axis=-1)
    speeds = np.nan_to_num(steps_px, nan=0.0).max(axis=1) / np.diff(tracks.time_s)
    return np.concatenate([[0.0], speeds])[: len(xy)]


def lost_next(tracks: Tracks) -> Scores:
    """How many joints of each frame are missing in the next one."""
    found = np.isfinite(tracks.x_px)
    lost = (found[:-1] & ~found[1:]).sum(axis=1)
    return np.concatenate([lost, [0]])[: len(found)].astype(np.float64)


def spread(time_s: Scores, count: int) -> Rows:
    """At most `count` frames evenly over the time, each the nearest to the middle of its part."""
    if not len(time_s) or count < 1:
        return np.empty(0, int)
    middles_s = time_s[0] + (np.arange(count) + 0.5) / count * (time_s[-1] - time_s[0])
    return np.unique(np.abs(time_s[:, None] - middles_s).argmin(axis=0))


def pick(scores: Scores, time_s: Scores, count: int, apart_s: float, taken: Rows | None = None) -> Rows:
    """At most `count` frames of the highest scores above 0, `apart_s` from each other and from those `taken`."""
    free = scores > 0
    for row in () if taken is None else taken:
        free &= np.abs(time_s - time_s[row]) >= apart_s
    chosen: list[int] = []
    for row in np.argsort(-scores, kind="stable"):
        if len(chosen) == count:
            break
        if free[row]:
            chosen.append(int(row))
            free &= np.abs(time_s - time_s[row]) >= apart_s
    return np.array(sorted(chosen), int)


def worth_a_look(tracks: Tracks) -> dict[str, Rows]:
    """Frames by the reason to look at them, none twice: over time, least certain, fastest, before joints are lost."""
    time_s = tracks.time_s
    groups = {"spread": spread(time_s, SPREAD)}
    for name, scores in (("lost", lost_next), ("fastest", speed_px_s), ("uncertain", uncertainty)):
        taken = np.concatenate(list(groups.values()))
        groups[name] = pick(scores(tracks), time_s, EACH, APART_S, taken)
    return groups


def stretch_of(tracks: Tracks) -> Rows:
    """Frames of the 10 s round the fastest frame, six a second at most."""
    time_s = tracks.time_s
    if not len(time_s):
        return np.empty(0, int)
    middle_s = time_s[speed_px_s(tracks).argmax()]
    near = np.flatnonzero(np.abs(time_s - middle_s) <= STRETCH_S / 2)
    steps = np.floor((time_s[near] - time_s[near[0]]) * STRETCH_HZ + 1e-6)
    return np.asarray(near[np.unique(steps, return_index=True)[1]])
