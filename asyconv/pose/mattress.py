"""The mattress plane of a recording, fitted to pixels that are not the infant; four numbers are kept, never pixels."""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.pose.geometry import MAP_HEIGHT, MAP_WIDTH, MapGeometry
from asyconv.recordings.stream import Intrinsics, Recording

STEEP: Final = 11.0
"""Tangent of 85 degrees, rounded: no depth camera sees so far from its axis."""

INLIER_MM: Final = 8.0
TRIALS: Final = 200
LEAST_SHARE: Final = 0.3
CLEARANCE_MAP: Final = 10.0
MAPS_KEPT: Final = 48
BODY_MM: Final = 200.0
"""So far above the mattress the body can lie, the middle of it; set by hand. What lies as far below is the floor."""

Array = npt.NDArray[np.float64]


class DepthSampler:
    """Keeps at most 48 depth maps, evenly spread over a stream of unknown length; the others are never made."""

    def __init__(self) -> None:
        self._maps: list[npt.NDArray[np.float32]] = []
        self._every = 15
        self._seen = 0

    def push(self, make_mm: Callable[[], npt.NDArray[np.float32]]) -> None:
        """Offer the next frame, of which `make_mm` makes the map f32 [96, 128]."""
        if self._seen % self._every == 0:
            self._maps.append(make_mm())
        self._seen += 1
        if len(self._maps) == MAPS_KEPT:
            self._maps = self._maps[::2]
            self._every *= 2

    def median(self) -> Array:
        """Median over time of the valid depth of each map pixel, [96, 128] mm, NaN where there is none."""
        stack = np.stack(self._maps).astype(np.float64)
        stack[stack == 0] = np.nan
        some = np.isfinite(stack).any(axis=0)
        out = np.full(some.shape, np.nan)
        out[some] = np.nanmedian(stack[:, some], axis=0)
        return out


def to_camera_mm(xy_px: Array, depth_mm: Array, intrinsics: Intrinsics, mirrored: bool) -> Array:
    """Camera-frame points [..., 3] (x right, y down, z away, of the unmirrored picture) of native pixels [..., 2]."""
    x = (xy_px[..., 0] - intrinsics.cx_px) / intrinsics.fx_px * depth_mm
    y = (xy_px[..., 1] - intrinsics.cy_px) / intrinsics.fy_px * depth_mm
    return np.stack([-x if mirrored else x, y, depth_mm], axis=-1)


def fit_mattress(
    median_mm: Array, joints_map: Array, geometry: MapGeometry, intrinsics: Intrinsics
) -> list[float] | None:
    """Plane [nx, ny, nz, d] in mm, unit normal towards the camera, height = n.p + d; None where no plane stands out.

    `median_mm` [96, 128] is the still scene, `joints_map` [n, 2] all joints found (NaN = missing): their surroundings
    are left out. Of the planes that the body can lie on, the one with most pixels within 8 mm wins. It must hold at
    least 30 % of what is left, without what lies 200 mm and more below it. The random trials are fixed.
    """
    rows, columns = np.mgrid[:MAP_HEIGHT, :MAP_WIDTH]
    xy_map = np.stack([columns, rows], axis=-1).reshape(-1, 2).astype(np.float64)
    depth = median_mm.ravel()
    free = np.isfinite(depth)
    joints = joints_map[np.isfinite(joints_map[:, 0])]
    body = np.empty((0, 3))
    if len(joints):
        cells = np.unique(np.round(joints).astype(int).clip(0, (MAP_WIDTH - 1, MAP_HEIGHT - 1)), axis=0)
        skin_mm = median_mm[cells[:, 1], cells[:, 0]]
        seen = np.isfinite(skin_mm)
        body = to_camera_mm(geometry.to_px(cells[seen]), skin_mm[seen], intrinsics, geometry.mirrored)
        low, high = joints.min(axis=0) - CLEARANCE_MAP, joints.max(axis=0) + CLEARANCE_MAP
        free &= ~((xy_map >= low) & (xy_map <= high)).all(axis=1)
    if free.sum() < 200:
        return None
    points = to_camera_mm(geometry.to_px(xy_map[free]), depth[free], intrinsics, geometry.mirrored)
    rng = np.random.default_rng(0)
    best, above = np.zeros(len(points), bool), np.ones(len(points), bool)
    for _ in range(TRIALS):
        plane = _through(points[rng.choice(len(points), 3, replace=False)])
        if plane is None:
            continue
        height = points @ plane[:3] + plane[3]
        near = np.abs(height) < INLIER_MM
        if near.sum() > best.sum() and not (len(body) and np.median(body @ plane[:3] + plane[3]) > BODY_MM):
            best, above = near, height > -BODY_MM
    if best.sum() < LEAST_SHARE * above.sum():
        return None
    for _ in range(3):  # least squares over the pixels of the plane, which may grow by it
        centre = points[best].mean(axis=0)
        normal = np.linalg.svd(points[best] - centre, full_matrices=False)[2][2]
        normal = normal if normal[2] < 0 else -normal
        best = np.abs((points - centre) @ normal) < INLIER_MM
    return [float(v) for v in (*normal, -normal @ centre)]


def _through(three: Array) -> Array | None:
    normal = np.cross(three[1] - three[0], three[2] - three[0])
    size = np.linalg.norm(normal)
    if size < 1e-6:
        return None
    normal = normal / size * (-1.0 if normal[2] > 0 else 1.0)
    return np.append(normal, -normal @ three[0])


def check_camera(recording: Recording, camera: Intrinsics) -> None:
    """Refuse stated intrinsics that are not those of pictures of this size."""
    for axis, side_px in (("x", recording.width_px), ("y", recording.height_px)):
        focal_px, centre_px = (float(getattr(camera, f"{name}{axis}_px")) for name in "fc")
        if not (0 <= centre_px < side_px and max(centre_px, side_px - centre_px) < STEEP * focal_px):
            raise InputError(
                f"{recording.path.name}: expected the intrinsics of pictures of {recording.width_px}x"
                f"{recording.height_px} px, found f{axis}_px {focal_px:g} and c{axis}_px {centre_px:g} (--camera)"
            )
