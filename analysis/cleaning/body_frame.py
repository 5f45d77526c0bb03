"""The body frame: the infant's own axes, one set per recording, from the median trunk.

y runs from mid-shoulder to mid-hip, x from the left to the right shoulder, at right angles to y; z = x cross y comes
out of the infant's front, towards a camera above an infant on its back. One frame per recording, not per sample: a
trunk of four joints is too noisy to carry the limbs. What a limb does is read against its own root, so that slow drift
of the trunk is gone before the frame turns it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from asyconv.skeleton import JOINTS

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BodyFrame:
    """Axes as the rows of a rotation [3, 3], origin mid-trunk [3] (mm, camera frame) and the trunk's length in mm."""

    axes: Floats
    origin_mm: Floats
    trunk_length_mm: float

    def turn(self, vectors_mm: Floats) -> Floats:
        """Turn camera-frame vectors [..., 3] into the body frame."""
        return np.asarray(vectors_mm @ self.axes.T)


def middles(points: Floats) -> tuple[Floats, Floats]:
    """Mid-shoulder and mid-hip [N, D] of joints `points` [N, 12, D]."""
    joint = JOINTS.index
    shoulders = points[:, [joint("right_shoulder"), joint("left_shoulder")]].mean(axis=1)
    hips = points[:, [joint("right_hip"), joint("left_hip")]].mean(axis=1)
    return shoulders, hips


def body_frame(points_mm: Floats) -> BodyFrame | None:
    """Body frame of camera-frame joints `points_mm` [N, 12, 3]; None where the trunk is never seen or has no width."""
    shoulders, hips = middles(points_mm)
    down = hips - shoulders
    across = points_mm[:, JOINTS.index("right_shoulder")] - points_mm[:, JOINTS.index("left_shoulder")]
    seen = np.isfinite(down).all(axis=-1)
    if not seen.any():
        return None
    y = np.median(down[seen], axis=0)
    x = np.median(across[seen], axis=0)
    if np.linalg.norm(y) == 0:
        return None
    y /= np.linalg.norm(y)
    x = x - (x @ y) * y
    if np.linalg.norm(x) < 1e-6:
        return None
    x /= np.linalg.norm(x)
    origin = np.median(((shoulders + hips) / 2)[seen], axis=0)
    length_mm = float(np.median(np.linalg.norm(down[seen], axis=-1)))
    return BodyFrame(np.stack([x, y, np.cross(x, y)]), origin, length_mm)
