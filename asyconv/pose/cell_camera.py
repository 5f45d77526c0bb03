"""How a picture of depth lies in cells, and the camera that sees them."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.jit import compiled
from asyconv.pose.depth_cells import cell_side_px
from asyconv.recordings.stream import Intrinsics
from asyconv.skeleton import LIMBS

CLEARANCE_MM: Final = 60.0  # round the joints: what lies farther away is not the infant
SURFACE_MM: Final = 6.0  # the bone lies at least so far behind the surface: the point whose displacement is given
ROOTS: Final = np.array([chain[0] for chain in LIMBS.values()])

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
        """Points in mm, a little behind the surface, of columns and rows (px) and depths (mm) [n, 3]."""
        return np.asarray(_to_mm(places, self.side_px, self.camera))

    def to_places(self, points: Array) -> Array:
        """Do the reverse of `to_mm`."""
        fx, fy, cx, cy = self.camera
        z = points[..., 2] - SURFACE_MM
        x, y = points[..., 0] / z * fx + cx, points[..., 1] / z * fy + cy
        return np.stack([(x + 0.5) * self.side_px - 0.5, (y + 0.5) * self.side_px - 0.5, z], axis=-1)

    def with_middle(self, places: Array) -> Array:
        """Joints in cells [13, 3], the last the middle of shoulders and hips."""
        return np.asarray(_with_middle(places, self.side_px, ROOTS))

    def everything(self) -> npt.NDArray[np.int64]:
        """The box of the whole picture: top, left, bottom, right."""
        return np.array([0, 0, self.height, self.width])

    def infant(self, places: Array) -> npt.NDArray[np.int64]:
        """The box of the joints with a clearance; empty where no joint is known."""
        return np.asarray(_box(self.with_middle(places), CLEARANCE_MM * self.camera[0], self.height, self.width))


@compiled
def _to_mm(places: Array, side_px: int, camera: Array) -> Any:
    points = np.empty(places.shape)
    for n in range(len(places)):
        x, y, z = (places[n, 0] + 0.5) / side_px - 0.5, (places[n, 1] + 0.5) / side_px - 0.5, places[n, 2]
        points[n, 0], points[n, 1] = (x - camera[2]) / camera[0] * z, (y - camera[3]) / camera[1] * z
        points[n, 2] = z + SURFACE_MM
    return points


@compiled
def _with_middle(places: Array, side_px: int, roots: Any) -> Any:
    joints = np.empty((len(places) + 1, 3))
    joints[:-1] = places
    joints[-1] = 0.0
    for root in roots:
        joints[-1] += places[root]
    joints[-1] /= len(roots)
    joints[:, :2] = (joints[:, :2] + 0.5) / side_px - 0.5
    return joints


@compiled
def _box(joints: Array, clearance: float, height: int, width: int) -> Any:
    top, left, bottom, right = np.inf, np.inf, -np.inf, -np.inf
    depth, known = 0.0, 0
    for joint in joints:
        if np.isfinite(joint).all():
            top, bottom = min(top, joint[1]), max(bottom, joint[1])
            left, right = min(left, joint[0]), max(right, joint[0])
            depth += joint[2]
            known += 1
    box = np.zeros(4, np.int64)
    if known:
        margin = clearance / (depth / known)
        box[0], box[2] = min(max(top - margin, 0), height), min(max(bottom + margin, 0), height)
        box[1], box[3] = min(max(left - margin, 0), width), min(max(right + margin, 0), width)
    return box
