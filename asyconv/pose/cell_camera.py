"""How a picture of depth lies in cells, and the camera that sees them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.pose.depth_cells import cell_side_px
from asyconv.recordings.stream import Intrinsics
from asyconv.skeleton import LIMBS

CLEARANCE_MM: Final = 60.0  # round the joints: what lies farther away is not the infant
SURFACE_MM: Final = 6.0  # the bone lies at least so far behind the surface: the point whose displacement is given
ROOTS: Final = [chain[0] for chain in LIMBS.values()]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CellCamera:
    """How a picture lies in cells: their side, how many there are, and the camera in units of cells."""

    side_px: int
    height: int
    width: int
    camera: Array  # fx, fy, cx, cy

    @staticmethod
    def of(camera: Intrinsics, depth: npt.NDArray[np.uint16], unit_mm: float) -> "CellCamera | None":
        """Cells of about 2 mm at the middle depth of a picture; None where it has no depth."""
        depths = depth[::8, ::8][depth[::8, ::8] > 0]
        if not len(depths):
            return None
        side = cell_side_px(camera.fx_px, float(np.median(depths)) * unit_mm)
        centre = (camera.cx_px + 0.5) / side - 0.5, (camera.cy_px + 0.5) / side - 0.5
        seen = np.array([camera.fx_px / side, camera.fy_px / side, *centre])
        return CellCamera(side, depth.shape[0] // side, depth.shape[1] // side, seen)

    def to_mm(self, places: Array) -> Array:
        """Points in mm, a little behind the surface, of columns and rows (px) and depths (mm) [..., 3]."""
        fx, fy, cx, cy = self.camera
        x, y = (places[..., 0] + 0.5) / self.side_px - 0.5, (places[..., 1] + 0.5) / self.side_px - 0.5
        z = places[..., 2]
        return np.stack([(x - cx) / fx * z, (y - cy) / fy * z, z + SURFACE_MM], axis=-1)

    def to_places(self, points: Array) -> Array:
        """Do the reverse of `to_mm`."""
        fx, fy, cx, cy = self.camera
        z = points[..., 2] - SURFACE_MM
        x, y = points[..., 0] / z * fx + cx, points[..., 1] / z * fy + cy
        return np.stack([(x + 0.5) * self.side_px - 0.5, (y + 0.5) * self.side_px - 0.5, z], axis=-1)

    def with_middle(self, places: Array) -> Array:
        """Joints in cells [13, 3], the last the middle of shoulders and hips."""
        joints = np.concatenate([places, places[ROOTS].mean(axis=0, keepdims=True)])
        joints[:, :2] = (joints[:, :2] + 0.5) / self.side_px - 0.5
        return joints

    def everything(self) -> npt.NDArray[np.int64]:
        """The box of the whole picture: top, left, bottom, right."""
        return np.array([0, 0, self.height, self.width])

    def infant(self, places: Array) -> npt.NDArray[np.int64]:
        """The box of the joints with a clearance; empty where no joint is known."""
        joints = self.with_middle(places)
        joints = joints[np.isfinite(joints).all(axis=1)]
        if not len(joints):
            return np.zeros(4, np.int64)
        margin = CLEARANCE_MM * self.camera[0] / joints[:, 2].mean()
        low, high = joints[:, 1::-1].min(axis=0) - margin, joints[:, 1::-1].max(axis=0) + margin
        limits = np.array([self.height, self.width])
        return np.concatenate([np.clip(low, 0, limits), np.clip(high, 0, limits)]).astype(np.int64)
