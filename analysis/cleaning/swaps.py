"""Swaps: stretches in which the tracker confuses the left and the right arm, or the left and the right leg.

For elbow and wrist (knee and ankle) of both sides, two readings of each frame compete: as tracked, and exchanged. Each
costs the distance to where the frame before lets the joints be expected, at constant velocity where two frames are at
hand. Where exchanging costs less than half, the sides changed. Two such changes within two seconds enclose a swap,
which is undone; a change without its way back is ambiguous and only marked. A lone frame is left to the outlier test.
"""

from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from asyconv.skeleton import JOINTS

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Values = TypeVar("Values", bound=npt.NDArray[Any])

SWAP_COST_SHARE: Final = 0.5
SWAP_MAX_S: Final = 2.0
SWAP_MIN_SAMPLES: Final = 2
SIDES_APART_MIN_MM: Final = 30.0
"""Limbs closer together than this cross rather than change sides."""


def _indices(*parts: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return (
        tuple(JOINTS.index(f"right_{part}") for part in parts),
        tuple(JOINTS.index(f"left_{part}") for part in parts),
    )


PAIRS: Final = ((_indices("elbow", "wrist"), _indices("shoulder")), (_indices("knee", "ankle"), _indices("hip")))
"""Right and left joints that are compared, and the roots that go with them where they changed sides too."""


@dataclass(frozen=True)
class Swaps:
    """`undo` and `doubtful` [N, J]: samples whose side was exchanged, and samples at a change without its way back.

    `other` [J] is the joint on the other side.
    """

    undo: Bools
    doubtful: Bools
    other: npt.NDArray[np.int64]

    def apply(self, values: Values) -> Values:
        """`values` [N, J, ...] with the exchanged samples given back to their sides."""
        out = values.copy()
        rows, joints = np.nonzero(self.undo)
        out[rows, joints] = values[rows, self.other[joints]]
        return out


def find_swaps(xy: Floats, fs_hz: float, apart_min: float) -> Swaps:
    """Look for exchanged sides among positions `xy` [N, 12, 2]; `apart_min` is `SIDES_APART_MIN_MM` in their unit."""
    undo, doubtful = np.zeros(xy.shape[:2], bool), np.zeros(xy.shape[:2], bool)
    other = np.arange(len(JOINTS))
    for (right, left), (right_root, left_root) in PAIRS:
        other[list(right)], other[list(left)] = left, right
        other[list(right_root)], other[list(left_root)] = left_root, right_root
        limbs = list(right + left)
        roots = list(right_root + left_root)
        at = changes(xy[:, right], xy[:, left], apart_min)
        k = 0
        while k < len(at):
            length = at[k + 1] - at[k] if k + 1 < len(at) else None  # None: never changed back
            if length is not None and SWAP_MIN_SAMPLES <= length <= SWAP_MAX_S * fs_hz:
                inside = slice(at[k], at[k + 1])
                undo[inside, limbs] = True
                undo[inside, roots] = _roots_changed(xy[:, right_root[0]], xy[:, left_root[0]], inside)[:, None]
            if length is not None and length <= SWAP_MAX_S * fs_hz:
                k += 2
            else:
                doubtful[at[k] - 1 : at[k] + 1, limbs] = True
                k += 1
    return Swaps(undo, doubtful, other)


def changes(right: Floats, left: Floats, apart_min: float) -> list[int]:
    """Samples at which `right` and `left` [N, K, 2] look exchanged against the sample before."""
    apart = np.linalg.norm(right - left, axis=-1).sum(axis=-1)
    with np.errstate(invalid="ignore"):
        near = _cost(right[:-1], left[:-1], left[1:], right[1:]) < _cost(right[:-1], left[:-1], right[1:], left[1:])
        near &= (apart[1:] > apart_min) & (apart[:-1] > apart_min)
    exchanged_at: list[int] = []
    for t in np.flatnonzero(near) + 1:
        right_before, left_before = right[t - 1], left[t - 1]
        steady = (
            t >= 2 and (not exchanged_at or exchanged_at[-1] < t - 1) and np.isfinite(right[t - 2] + left[t - 2]).all()
        )
        if steady:
            right_before, left_before = 2 * right_before - right[t - 2], 2 * left_before - left[t - 2]
        as_tracked = _cost(right_before, left_before, right[t], left[t])
        if _cost(right_before, left_before, left[t], right[t]) < SWAP_COST_SHARE * as_tracked:
            exchanged_at.append(int(t))
    return exchanged_at


def _cost(right_before: Floats, left_before: Floats, right: Floats, left: Floats) -> Floats:
    """Distance of both sides' joints [..., K, 2] from where they were expected, summed."""
    away = np.linalg.norm(right - right_before, axis=-1) + np.linalg.norm(left - left_before, axis=-1)
    return np.asarray(away.sum(axis=-1))


def _roots_changed(right: Floats, left: Floats, inside: slice) -> Bools:
    """Whether the roots lie on each other's side, by the sign of their median offset over the recording."""
    usual = np.nanmedian(right - left, axis=0) if np.isfinite(right - left).any() else np.zeros(2)
    with np.errstate(invalid="ignore"):
        return np.asarray(((right - left)[inside] * usual).sum(axis=-1) < 0)
