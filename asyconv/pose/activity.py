"""Activity of a recording on its way through the method: what changes near the infant, and what reaches in."""

from typing import Any

import numpy as np
import numpy.typing as npt

from asyconv.activity import Activity
from asyconv.motion_evidence import LAGS, MotionEvidence
from asyconv.pose.cell_camera import CellCamera
from asyconv.pose.depth_change import body_change, limb_changes, tile_changes
from asyconv.pose.frame_rows import FrameRows
from asyconv.pose.reaching import ReachingObject
from asyconv.skeleton import LIMBS

Changed = tuple[Any, Any, Any]
"""Cells of the earlier and of the later picture, and the joints in between."""

_HALF = max(LAGS) // 2
_ROW = np.dtype([("change", np.float32, 1 + len(LIMBS)), ("hands", np.float32)])
"""Changes of the body and of the limbs, later by half the lag, and the share that an object covers."""


class ActivityCollector:
    """Collects activity; a change belongs to the frame in the middle, an object to the newest."""

    def __init__(self, unit_mm: float, fps_hz: float) -> None:
        self._reaching = ReachingObject(unit_mm, fps_hz)
        self._rows = FrameRows(np.array((np.nan, 0.0), _ROW))

    def nothing(self) -> None:
        """Take a frame before any depth was seen."""
        self._rows.append()

    def add(self, of: CellCamera, box: npt.NDArray[np.int64], changed: Changed | None, samples: Any) -> None:
        """Take the samples of the next frame with the infant's `box` of cells.

        `changed` is None where there is nothing to compare.
        """
        row = self._rows.append()
        if changed is not None:
            earlier, later, joints = changed
            tiles = tile_changes(earlier, later, box)
            row["change"][0] = body_change(tiles)
            row["change"][1:] = limb_changes(tiles, box, joints, float(of.camera[0]))
        row["hands"] = self._reaching.share(samples, box * of.side_px)

    def finish(self, n_frames: int, motion: MotionEvidence) -> Activity:
        """Give the activity of all frames, with the noise that the motion evidence has measured."""
        changes = np.full((n_frames, 1 + len(LIMBS)), np.nan, np.float32)
        hands = np.full(n_frames, np.nan, np.float32)
        rows = self._rows.all()
        if len(rows):
            hands[:] = rows["hands"]
        if len(rows) > _HALF and motion.meta["refused"] is None:
            changes[:-_HALF] = rows["change"][_HALF:]
        noise = motion.meta["noise_mm"]
        return Activity(changes[:, 0].copy(), changes[:, 1:].copy(), hands, {"noise_mm": noise and noise[-1]})
