"""The body frame: the infant's own axes, from the trunk as it lay for some seconds about each sample.

y runs from mid-shoulder to mid-hip, x from the left to the right shoulder, at right angles to y; z = x cross y comes
out of the infant's front, towards a camera above an infant on its back. The trunk is the median over 5 s: four joints
of one sample are too noisy to carry the limbs, and one frame for a whole recording is wrong once the infant turns. What
a limb does is read against its own root, so that slow drift of the trunk is gone before the frame turns it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from asyconv.analysis.formulas.windows import slow_median
from asyconv.skeleton import JOINTS

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BodyFrame:
    """Axes as the rows of rotations [N, 3, 3]; origin mid-trunk [3] (mm, camera frame) and trunk length, medians."""

    axes: Floats
    origin_mm: Floats
    trunk_length_mm: float

    def turn(self, vectors_mm: Floats) -> Floats:
        """Turn camera-frame vectors [N, ..., 3] into the body frame."""
        return np.asarray(np.einsum("nij,n...j->n...i", self.axes, vectors_mm))


def middles(points: Floats) -> tuple[Floats, Floats]:
    """Mid-shoulder and mid-hip [N, D] of joints `points` [N, 12, D]."""
    joint = JOINTS.index
    shoulders = points[:, [joint("right_shoulder"), joint("left_shoulder")]].mean(axis=1)
    hips = points[:, [joint("right_hip"), joint("left_hip")]].mean(axis=1)
    return shoulders, hips


def trunk_down(points: Floats, fs_hz: float) -> Floats:
    """Unit vectors [N, D] from mid-shoulder to mid-hip of `points` [N, 12, D], as medians over 5 s; NaN: never seen."""
    shoulders, hips = middles(points)
    return _unit(slow_median(hips - shoulders, fs_hz))


def body_frame(points_mm: Floats, fs_hz: float) -> BodyFrame | None:
    """Body frame of camera-frame joints `points_mm` [N, 12, 3]; None where the trunk is never seen or has no width."""
    shoulders, hips = middles(points_mm)
    down = hips - shoulders
    seen = np.isfinite(down).all(axis=-1)
    if not seen.any():
        return None
    y = trunk_down(points_mm, fs_hz)
    across = points_mm[:, JOINTS.index("right_shoulder")] - points_mm[:, JOINTS.index("left_shoulder")]
    x = slow_median(across, fs_hz)
    x = _unit(x - (x * y).sum(axis=-1, keepdims=True) * y)
    if not np.isfinite(x).any():
        return None
    origin = np.median(((shoulders + hips) / 2)[seen], axis=0)
    length_mm = float(np.median(np.linalg.norm(down[seen], axis=-1)))
    return BodyFrame(np.stack([x, y, np.cross(x, y)], axis=1), origin, length_mm)


def _unit(vectors: Floats) -> Floats:
    """`vectors` [N, D] with length 1; NaN for those without a length."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return np.asarray(vectors / np.where(length > 1e-6, length, np.nan))
