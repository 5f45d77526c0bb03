"""Depth pictures of a relief that moves by known millimetres before a known camera, in noisy still surroundings."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from asyconv.motion_evidence import MotionEvidence
from asyconv.pose.motion import MotionCollector
from asyconv.recordings.stream import Intrinsics

CAMERA = Intrinsics(575.8, 575.8, 319.5, 239.5, "file")
UNIT_MM = 0.1
"""Of the made pictures, so that rounding plays no part."""

JOINTS_PX = np.array(
    [(230, 150), (250, 190), (290, 220), (350, 220), (390, 190), (410, 150), (270, 390), (260, 340), (300, 300),
     (340, 300), (380, 340), (370, 390)], float,
)  # fmt: skip
INSIDE = (slice(110, 430), slice(190, 450))
"""Rows and columns of the picture that show the relief."""

Array = npt.NDArray[np.float64]
Relief = Callable[[Array, Array], Any]
"""Depth in mm at places in mm."""


def bumps(x_mm: Array, y_mm: Array) -> Array:
    """A surface with slopes in all directions, as steep as a limb's sides."""
    return 600.0 + 6.0 * np.sin(x_mm / 9.0 + 0.3 * np.sin(y_mm / 15.0)) + 6.0 * np.cos(y_mm / 10.0 + 1.0)


def picture(relief: Relief, moved_mm: Array) -> Array:
    """Depth in mm of the relief at the pixels `INSIDE` after it has moved; what a pixel sees is found in steps."""
    rows, columns = np.mgrid[INSIDE]
    ray_x, ray_y = (columns - CAMERA.cx_px) / CAMERA.fx_px, (rows - CAMERA.cy_px) / CAMERA.fy_px
    z = np.full(rows.shape, 600.0)
    for _ in range(10):
        z = relief(ray_x * z - moved_mm[0], ray_y * z - moved_mm[1]) + moved_mm[2]
    return z


def counts(
    inside_mm: Array, rng: np.random.Generator, noise_mm: float = 0.0, around_noise_mm: float = 1.0
) -> npt.NDArray[np.uint16]:
    """A picture as a camera gives it, with the relief in the middle of a still plane at 640 mm."""
    depth = 640.0 + around_noise_mm * rng.standard_normal((480, 640))
    depth[INSIDE] = inside_mm + noise_mm * rng.standard_normal(inside_mm.shape)
    return np.asarray(np.round(depth / UNIT_MM), np.uint16)


def evidence(
    frames: list[npt.NDArray[np.uint16]],
    joints_px: Array = JOINTS_PX,
    camera: Intrinsics | None = CAMERA,
    mirrored: bool = False,
    time_s: Array | None = None,
    found: npt.NDArray[np.bool_] | None = None,
) -> MotionEvidence:
    """Evidence of frames at 30 Hz with joints [12, 2] or [N, 12, 2] at known pixels; `found` [N, 12] says when."""
    collector = MotionCollector(camera, mirrored, UNIT_MM, 30.0)
    places = np.broadcast_to(joints_px, (len(frames), 12, 2)).copy()
    if found is not None:
        places[~found] = np.nan
    for n, depth in enumerate(frames):
        collector.push(n / 30.0 if time_s is None else time_s[n], depth)
        depth_mm = np.full(12, np.nan)
        seen = np.isfinite(places[n, :, 0])
        columns, rows = np.rint(places[n, seen]).astype(int).T
        depth_mm[seen] = np.where(depth[rows, columns] > 0, depth[rows, columns] * UNIT_MM, np.nan)
        collector.place(places[n], depth_mm, np.ones(12))
    return collector.finish()
