"""Roots of the limbs: shoulders and hips, and where one of them is not seen, the trunk in its place.

A limb's movement is that of its endpoint against its root. The trunk is nearly stiff: a shoulder under a cloth goes
where the other shoulder and the hips go. While a root is missing it moves by the median step of the roots that are
there, from the place where it was last seen to the place where it is seen next. One that is never seen lies in their
middle: its place is not known, its movement is.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning.depths import ROOTS
from asyconv.analysis.formulas.gaps import runs, whole

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

OTHERS_MIN: Final = 2
"""So many of the other roots must be there for the trunk to stand in."""

LONG_S: Final = 5.0
"""How long a root must be missing, set by hand. Cloths hide it for long. What hides it for a moment passes over the
hand or foot, too, whose place is then wrong."""


def with_trunk(points: Floats, fs_hz: float) -> tuple[Floats, Bools]:
    """Joints `points` [N, 12, D] with the trunk in the place of missing roots, and where it stands in [N, 12].

    A root stays NaN where fewer than two of the others are seen, and in short gaps.
    """
    found = points[:, ROOTS]
    there = whole(found)
    out, stands_in = points.copy(), np.zeros(points.shape[:2], bool)
    for k, root in enumerate(ROOTS):
        others = np.arange(len(ROOTS)) != k
        stay = there[1:, others] & there[:-1, others]
        steps = _median(np.diff(found[:, others], axis=0), stay)
        for first, stop in runs(stay.sum(axis=1) >= OTHERS_MIN):
            inside = slice(first, stop + 1)
            trunk = np.concatenate([np.zeros((1, points.shape[2])), np.cumsum(steps[first:stop], axis=0)])
            seen = np.flatnonzero(there[inside, k])
            missing = ~there[inside, k]
            missing[[0, -1]] = False  # another run may begin beside this one, of other roots
            offset = (found[inside, k] - trunk)[seen]
            if not len(seen):
                seen, offset = np.zeros(1, int), _mean(found[inside, others], there[inside, others])[:1]
            for begin, end in runs(missing):
                missing[begin:end] = end - begin >= LONG_S * fs_hz
            at = np.flatnonzero(missing)
            out[first + at, root] = trunk[at] + np.stack([np.interp(at, seen, along) for along in offset.T], axis=1)
            stands_in[first + at, root] = True
    return out, stands_in


def with_trunk_sd(sd: Floats, stands_in: Bools) -> Floats:
    """`sd` [N, 12] of joints, or of their speeds; where the trunk stands in, the RMS of the roots that are seen."""
    usual = np.sqrt(_mean(sd[:, ROOTS][..., None] ** 2, np.isfinite(sd[:, ROOTS])))
    return np.where(stands_in, usual, sd)


def _median(values: Floats, known: Bools) -> Floats:
    """Median [N, D] over the `known` [N, K] of `values` [N, K, D]; 0 where none is."""
    out = np.zeros((len(values), values.shape[2]))
    some = known.any(axis=1)
    out[some] = np.nanmedian(np.where(known[..., None], values, np.nan)[some], axis=1)
    return out


def _mean(values: Floats, known: Bools) -> Floats:
    """Mean [N, D] over the `known` [N, K] of `values` [N, K, D]; 0 where none is."""
    total = np.where(known[..., None], values, 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(known.sum(axis=1), 1)[:, None])
