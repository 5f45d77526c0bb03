"""Limb series: endpoint relative to root, its speed, joint angles, and when the limb moves.

Limb motion is always the endpoint (wrist, ankle) relative to its root (shoulder, hip), so that being carried along by
the trunk is no movement of the limb. Left and right are the infant's own.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning.clean import CleanTracks
from asyconv.analysis.formulas.angles import angle_between, included_angle
from asyconv.analysis.formulas.bouts import moving_mask
from asyconv.analysis.formulas.gaps import runs, whole
from asyconv.analysis.formulas.kinematics import acceleration, speed
from asyconv.analysis.formulas.sampling import FAST_HZ
from asyconv.analysis.series.floor import Floor, floor_in_time, speed_floor
from asyconv.skeleton import JOINTS, LIMBS

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SEGMENT_MIN_SHARE: Final = 0.5  # shorter than half its median: foreshortened by a depth error
LIFT_BASE_PERCENTILE: Final = 5.0
ANGLES: Final = {"arm": ("elbow", "shoulder_elevation"), "leg": ("knee", "hip_flexion")}
"""Joint angles of an arm and of a leg."""


@dataclass(frozen=True)
class LimbSeries:
    """One limb over N samples; NaN = missing, lengths in native px, mm or trunk lengths (tl), angles in degrees.

    Positions are the endpoint's against its root, in the camera frame and in the infant's own (`position_body_mm`).
    `accel_mm_s2` is missing below 25 Hz, where it would be noise. `angle_speeds_deg_s` are never negative.

    `valid` [N]: has a speed in mm/s and is not excluded; only there is `moving` known. `bouts` are half-open sample
    ranges, `censored` [bouts] tells which touch a gap or an end of the recording. `floor` is the limb's and rules
    `moving`; `floor_in_time_mm_s` [N] rises where the noise about a sample is higher.
    """

    limb: str
    found: Bools
    position_px: Floats
    position_mm: Floats
    position_body_mm: Floats
    speed_px_s: Floats
    speed_mm_s: Floats
    accel_mm_s2: Floats
    trunk_length_mm: float
    angles_deg: dict[str, Floats]
    angle_speeds_deg_s: dict[str, Floats]
    angles_3d: bool
    lift_mm: Floats
    floor: Floor
    floor_in_time_mm_s: Floats
    valid: Bools
    moving: Bools
    bouts: list[tuple[int, int]]
    censored: list[bool]
    end_flags: npt.NDArray[np.uint16]
    root_flags: npt.NDArray[np.uint16]

    @property
    def position_tl(self) -> Floats:
        """Position in the body frame, in trunk lengths: infants of different size side by side."""
        return np.asarray(self.position_body_mm / self.trunk_length_mm)

    @property
    def speed_tl_s(self) -> Floats:
        """Speed in trunk lengths per second."""
        return np.asarray(self.speed_mm_s / self.trunk_length_mm)


def limb_series(tracks: CleanTracks, meta: dict[str, Any]) -> dict[str, LimbSeries]:
    """Series of the four limbs, by limb name in skeleton order."""
    return {limb: _one_limb(limb, tracks, meta) for limb in LIMBS}


def _one_limb(limb: str, tracks: CleanTracks, meta: dict[str, Any]) -> LimbSeries:
    root, middle, end = LIMBS[limb]
    fs_hz = tracks.time.fs_hz
    position_px = tracks.smooth_px[:, end] - tracks.smooth_px[:, root]
    position_mm = tracks.smooth_mm[:, end] - tracks.smooth_mm[:, root]
    speed_px_s, speed_mm_s = speed(position_px, fs_hz), speed(position_mm, fs_hz)
    gated_mm = tracks.gated_mm[:, end] - tracks.gated_mm[:, root]
    floor = speed_floor(gated_mm, speed_mm_s, fs_hz, tracks.cutoff_hz, still_floor(meta, limb))
    valid = np.isfinite(speed_mm_s) & ~tracks.excluded
    moving = moving_mask(speed_mm_s, valid, fs_hz, tracks.time.effective_hz, floor.value or 0.0)
    bouts = runs(moving)
    in_3d = bool(np.isfinite(tracks.gated_mm[:, [root, middle, end]]).all(axis=-1).any())
    angles_deg = limb_angles(limb, tracks.smooth_mm if in_3d else tracks.smooth_px)
    missing = np.full(len(speed_mm_s), np.nan)
    return LimbSeries(
        limb=limb,
        found=whole(tracks.gated_px[:, root]) & whole(tracks.gated_px[:, end]),
        position_px=position_px,
        position_mm=position_mm,
        position_body_mm=np.full_like(position_mm, np.nan) if tracks.body is None else tracks.body.turn(position_mm),
        speed_px_s=speed_px_s,
        speed_mm_s=speed_mm_s,
        accel_mm_s2=np.linalg.norm(acceleration(position_mm, fs_hz), axis=-1)
        if tracks.time.effective_hz >= FAST_HZ
        else missing,
        trunk_length_mm=np.nan if tracks.body is None else tracks.body.trunk_length_mm,
        angles_deg=angles_deg,
        angle_speeds_deg_s={name: speed(angle[:, None], fs_hz) for name, angle in angles_deg.items()},
        angles_3d=in_3d,
        lift_mm=lift(tracks.smooth_mm[:, end], meta.get("mattress_plane")),
        floor=floor,
        floor_in_time_mm_s=floor_in_time(gated_mm, floor, fs_hz, tracks.cutoff_hz),
        valid=valid,
        moving=moving,
        bouts=bouts,
        censored=[_touches_unknown(valid, start, stop) for start, stop in bouts],
        end_flags=tracks.flags[:, end],
        root_flags=tracks.flags[:, root],
    )


def still_floor(meta: dict[str, Any], limb: str) -> float | None:
    """Still-clip floor of a limb in mm/s from a tracks file's metadata: one number, one by limb, or none."""
    stated = meta.get("still_floor_mm_s")
    value = stated.get(limb) if isinstance(stated, dict) else stated
    return None if value is None else float(value)


def trunk_down(points: Floats) -> Floats:
    """Find the unit vector [D] from mid-shoulder to mid-hip of `points` [N, 12, D] (median); NaN if never seen."""
    joint = JOINTS.index
    shoulders = points[:, [joint("right_shoulder"), joint("left_shoulder")]].mean(axis=1)
    hips = points[:, [joint("right_hip"), joint("left_hip")]].mean(axis=1)
    down = hips - shoulders
    down = down[whole(down)]
    if not len(down):
        return np.full(points.shape[-1], np.nan)
    middle = np.median(down, axis=0)
    length = np.linalg.norm(middle)
    return np.asarray(middle / length) if length > 0 else np.full(points.shape[-1], np.nan)


def lift(end_mm: Floats, plane: list[float] | None) -> Floats:
    """Height in mm of an endpoint [N, 3] above the mattress `plane` (unit normal, d), above its own 5th percentile."""
    if plane is None:
        return np.full(len(end_mm), np.nan)
    height: Floats = end_mm @ np.asarray(plane[:3], float) + plane[3]
    seen = height[np.isfinite(height)]
    return height - np.percentile(seen, LIFT_BASE_PERCENTILE) if len(seen) else height


def limb_angles(limb: str, points: Floats) -> dict[str, Floats]:
    """Joint angles of one limb from `points` [N, 12, D], in degrees; NaN where a segment points at the camera.

    Shoulder and hip: 0 deg = along the trunk. Elbow and knee: 180 deg = straight.
    """
    root, middle, end = (points[:, k].copy() for k in LIMBS[limb])
    for near, far in ((root, middle), (middle, end)):
        length = np.linalg.norm(far - near, axis=-1)
        if np.isfinite(length).any():
            with np.errstate(invalid="ignore"):
                far[length < SEGMENT_MIN_SHARE * np.nanmedian(length)] = np.nan
    down = np.broadcast_to(trunk_down(points), root.shape)
    bend, raised = ANGLES["arm" if limb.endswith("arm") else "leg"]
    return {bend: included_angle(middle, root, end), raised: angle_between(middle - root, down)}


def _touches_unknown(valid: Bools, start: int, stop: int) -> bool:
    return start == 0 or stop == len(valid) or not valid[start - 1] or not valid[stop]
