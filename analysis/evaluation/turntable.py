"""Turntable: a still infant that is turned in front of the camera moves in the camera's frame, not in its own.

A record player turns 33 1/3 times a minute, so a point at the distance r from the axis has the speed 3.491 r.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning.body_frame import middles
from asyconv.analysis.cleaning.clean import clean
from asyconv.analysis.formulas.kinematics import speed
from asyconv.skeleton import JOINTS, LIMBS
from asyconv.tracks import Tracks

Floats = npt.NDArray[np.float64]

TURN_RAD_S: Final = 2 * np.pi * (100 / 3) / 60


@dataclass(frozen=True)
class Turned:
    """One limb's endpoint: its distance from the axis, and its median speed in the camera's frame and the trunk's."""

    limb: str
    radius_mm: float
    camera_mm_s: float
    body_mm_s: float


def turned(still: Tracks) -> list[Turned]:
    """Turn the joints of a `still` infant about the camera's axis through its trunk, clean them and take the speeds."""
    joints_mm = np.stack([still.x_mm, still.y_mm, still.z_mm], axis=-1).astype(float)
    shoulders, hips = middles(joints_mm)
    axis_mm = np.nanmean((shoulders + hips) / 2, axis=0) * [1.0, 1.0, 0.0]
    angle = TURN_RAD_S * still.time_s
    spun_mm = _about_z(joints_mm - axis_mm, angle) + axis_mm
    x, y, z = (spun_mm[..., k].astype(np.float32) for k in range(3))
    cleaned = clean(replace(still, x_mm=x, y_mm=y, z_mm=z, depth_mm=z, motion=None, activity=None))
    found_mm, fs_hz = cleaned.smooth_mm, cleaned.time.fs_hz
    own_mm = _in_trunk(found_mm)
    out = []
    for limb, (_, _, end) in LIMBS.items():
        radius_mm = float(np.nanmedian(np.linalg.norm((spun_mm - axis_mm)[:, end, :2], axis=1)))
        seen = slice(round(fs_hz), -round(fs_hz))  # without the first and the last second
        speeds = (float(np.nanmedian(speed(points[:, end], fs_hz)[seen])) for points in (found_mm, own_mm))
        out.append(Turned(limb, radius_mm, *speeds))
    return out


def turntable_text(limbs: list[Turned]) -> str:
    """What was found, in a line for a terminal."""
    ratios = [limb.camera_mm_s / (TURN_RAD_S * limb.radius_mm) for limb in limbs]
    own = max(limb.body_mm_s for limb in limbs)
    return (
        f"Turntable, a still SIMULATED infant at 33 1/3 turns a minute, true joints: endpoints have {min(ratios):.3f} "
        f"to {max(ratios):.3f} of their speed {TURN_RAD_S:.3f} r in the camera's frame, and at most {own:.2f} mm/s in "
        "the trunk's."
    )


def _about_z(points: Floats, angle: Floats) -> Floats:
    """`points` [N, J, 3] turned by `angle` [N] about the axis of depth."""
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    return np.stack([cos * x - sin * y, sin * x + cos * y, z], axis=-1)


def _in_trunk(points_mm: Floats) -> Floats:
    """Joints [N, 12, 3] from mid-trunk along the axes of the trunk of the same sample."""
    shoulders, hips = middles(points_mm)
    y = hips - shoulders
    y = y / np.linalg.norm(y, axis=-1, keepdims=True)
    across = points_mm[:, JOINTS.index("right_shoulder")] - points_mm[:, JOINTS.index("left_shoulder")]
    x = across - (across * y).sum(axis=-1, keepdims=True) * y
    x = x / np.linalg.norm(x, axis=-1, keepdims=True)
    axes = np.stack([x, y, np.cross(x, y)], axis=1)
    return np.asarray(np.einsum("nij,nkj->nki", axes, points_mm - ((shoulders + hips) / 2)[:, None]))
