"""Activity of a recording on its way through the method: what changes near the infant, and what reaches in."""

from typing import Any

import numpy as np
import numpy.typing as npt

from asyconv.activity import Activity
from asyconv.motion_evidence import LAGS, MotionEvidence
from asyconv.pose.cell_camera import CellCamera
from asyconv.pose.depth_change import body_change, limb_changes, tile_changes
from asyconv.pose.reaching import ReachingObject
from asyconv.skeleton import LIMBS

Changed = tuple[Any, Any, Any]
"""Cells of the earlier and of the later picture, and the joints in between."""

_HALF = max(LAGS) // 2


class ActivityCollector:
    """Collects activity; a change belongs to the frame in the middle, an object to the newest."""

    def __init__(self, unit_mm: float, fps_hz: float) -> None:
        self._reaching = ReachingObject(unit_mm, fps_hz)
        self._changes: list[npt.NDArray[np.float32]] = []  # of the body and of the limbs, later by half the lag
        self._hands: list[float] = []

    def nothing(self) -> None:
        """Take a frame before any depth was seen."""
        self._changes.append(np.full(1 + len(LIMBS), np.nan, np.float32))
        self._hands.append(0.0)

    def add(self, of: CellCamera, box: npt.NDArray[np.int64], changed: Changed | None, samples: Any) -> None:
        """Take the samples of the next frame with the infant's `box` of cells.

        `changed` is None where there is nothing to compare.
        """
        change = np.full(1 + len(LIMBS), np.nan, np.float32)
        if changed is not None:
            earlier, later, joints = changed
            tiles = tile_changes(earlier, later, box)
            change[0] = body_change(tiles)
            change[1:] = limb_changes(tiles, box, joints, float(of.camera[0]))
        self._changes.append(change)
        self._hands.append(self._reaching.share(samples, box * of.side_px))

    def finish(self, n_frames: int, motion: MotionEvidence) -> Activity:
        """Give the activity of all frames, with the noise that the motion evidence has measured."""
        changes = np.full((n_frames, 1 + len(LIMBS)), np.nan, np.float32)
        hands = np.full(n_frames, np.nan, np.float32)
        if self._hands:
            hands[:] = self._hands
        if self._changes[_HALF:] and motion.meta["refused"] is None:
            changes[:-_HALF] = self._changes[_HALF:]
        noise = motion.meta["noise_mm"]
        return Activity(changes[:, 0].copy(), changes[:, 1:].copy(), hands, {"noise_mm": noise and noise[-1]})
