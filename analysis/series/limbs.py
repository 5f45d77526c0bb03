"""Limb series: endpoint relative to root, its speed, joint angles, and when the limb moves.

Limb motion is always the endpoint (wrist, ankle) relative to its root (shoulder, hip), so that being carried along by
the trunk is no movement of the limb. Where the root is not seen, the trunk stands in for it (roots.py). Left and right
are the infant's own. Smoothness and spectra need quicker positions than the rest: these are low-passed at 6 Hz where
the rate allows it.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning.body_frame import middles
from asyconv.analysis.cleaning.clean import CleanTracks
from asyconv.analysis.cleaning.estimated import quick_hz
from asyconv.analysis.formulas.bouts import Bouts, bouts, moving_mask
from asyconv.analysis.formulas.filters import smooth
from asyconv.analysis.formulas.gaps import whole
from asyconv.analysis.formulas.kinematics import acceleration, derivative, freed, path_steps, segment_length, speed
from asyconv.analysis.formulas.noise import white_noise
from asyconv.analysis.formulas.sampling import FAST_HZ
from asyconv.analysis.formulas.spatial import lift_mm
from asyconv.analysis.series.angles import BENDS, RAISES, LimbAngles, kind_of, limb_angles
from asyconv.analysis.series.floor import Floor, floor_in_time, speed_floor
from asyconv.analysis.series.roots import with_trunk, with_trunk_sd
from asyconv.skeleton import LIMBS

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

DRIFT_HZ: Final = 0.5
ANGLES: Final = {kind: (BENDS[kind], RAISES[kind]) for kind in BENDS}
"""Joint angles of an arm and of a leg that stand in the tables of series."""


@dataclass(frozen=True)
class LimbSeries:
    """One limb over N samples; NaN = missing, lengths in native px or mm.

    Positions are the endpoint's against its root, in the camera frame and in the infant's own (`position_body_mm`);
    `place_mm` is the endpoint against the slow middle of the trunk in the infant's frame. `quick_mm` is the position
    in the camera frame and `quick_velocity_mm_s` its velocity, both low-passed at 6 Hz. `accel_mm_s2` is missing below
    25 Hz, where it would be noise.

    `by_trunk` [N]: has a speed in mm/s, but only against the trunk, which stands in for the root.
    `valid` [N]: has a speed in mm/s and is not excluded; only there is `moving` known. Elsewhere pictures may show that
    nothing moves about the endpoint (`unseen_still`), or that something does (`unseen_moving`). `speed_sd_mm_s` [N] is
    the SD of the speed, all axes, and `speed_noise_mm_s` [N] how much of it the model's card states as noise that makes
    speeds larger, 0 without. The speed without it and `floor`, the limb's, rule `moving`; `floor_in_time_mm_s` [N]
    rises where the noise about a sample is higher. `noise_mm` is the white noise per axis.
    """

    limb: str
    seen: Bools
    position_px: Floats
    position_mm: Floats
    position_body_mm: Floats
    place_mm: Floats
    quick_mm: Floats
    quick_velocity_mm_s: Floats
    quick_floor: Floor
    speed_px_s: Floats
    speed_mm_s: Floats
    accel_mm_s2: Floats
    angles: LimbAngles
    upper_mm: Floats
    lower_mm: Floats
    lift_mm: Floats
    noise_mm: float
    floor: Floor
    floor_in_time_mm_s: Floats
    speed_sd_mm_s: Floats
    speed_noise_mm_s: Floats
    by_trunk: Bools
    valid: Bools
    unseen_still: Bools
    unseen_moving: Bools
    moving: Bools
    bouts: Bouts
    end_flags: npt.NDArray[np.uint16]
    root_flags: npt.NDArray[np.uint16]

    @property
    def kind(self) -> str:
        """Arm or leg."""
        return kind_of(self.limb)

    @property
    def floor_mm_s(self) -> float:
        """Speed floor; 0 where none could be measured."""
        return self.floor.value or 0.0

    @property
    def quick_speed_mm_s(self) -> Floats:
        """Speed [N] of the endpoint relative to its root, low-passed at 6 Hz."""
        return np.asarray(np.linalg.norm(self.quick_velocity_mm_s, axis=1))


def moving_of(limb: LimbSeries, fs_hz: float, effective_hz: float, floor_mm_s: float | Floats) -> Bools:
    """Mask [N] of the movement of `limb` above a floor, its own or another: of its speed freed of noise."""
    speed_mm_s = freed(limb.speed_mm_s, limb.speed_noise_mm_s)
    return moving_mask(speed_mm_s, limb.valid, fs_hz, effective_hz, floor_mm_s)


def path_of(limb: LimbSeries, moving: Bools, fs_hz: float, floor_mm_s: float | Floats) -> Floats:
    """Path of `limb` at each sample [N] while `moving`, freed of a floor or, where that is more, of noise."""
    return path_steps(limb.speed_mm_s, moving, fs_hz, np.maximum(floor_mm_s, limb.speed_noise_mm_s))


def limb_series(tracks: CleanTracks, meta: dict[str, Any]) -> dict[str, LimbSeries]:
    """Series of the four limbs, by limb name in skeleton order."""
    placed = in_body(tracks, tracks.smooth_mm)
    smooth_mm, stands_in = with_trunk(tracks.smooth_mm, tracks.time.fs_hz)
    rooted = replace(
        tracks,
        gated_mm=np.where(stands_in[..., None], smooth_mm, tracks.gated_mm),
        smooth_px=with_trunk(tracks.smooth_px, tracks.time.fs_hz)[0],
        smooth_mm=smooth_mm,
        quick_mm=with_trunk(tracks.quick_mm, tracks.time.fs_hz)[0],
        speed_sd_mm_s=with_trunk_sd(tracks.speed_sd_mm_s, stands_in),
        noise=with_trunk_sd(tracks.noise, stands_in),
    )
    return {limb: _one_limb(limb, tracks, rooted, stands_in[:, LIMBS[limb][0]], meta, placed) for limb in LIMBS}


def in_body(tracks: CleanTracks, points_mm: Floats) -> Floats:
    """Camera-frame joints `points_mm` [N, 12, 3] in the body frame, relative to the slow middle of the trunk."""
    if tracks.body is None:
        return np.full_like(points_mm, np.nan)
    shoulders, hips = middles(tracks.smooth_mm)
    fs_hz = tracks.time.fs_hz
    slow = smooth((shoulders + hips) / 2, fs_hz, min(DRIFT_HZ, fs_hz / 3))
    return tracks.body.turn(points_mm - slow[:, None])


def _one_limb(
    limb: str, tracks: CleanTracks, rooted: CleanTracks, by_trunk: Bools, meta: dict[str, Any], placed: Floats
) -> LimbSeries:
    """Series of `limb`; in `rooted` the trunk stands in for missing roots, which no angle is measured from."""
    root, middle, end = LIMBS[limb]
    fs_hz, cutoff_hz, effective_hz = tracks.time.fs_hz, tracks.cutoff_hz, tracks.time.effective_hz
    position_px = rooted.smooth_px[:, end] - rooted.smooth_px[:, root]
    position_mm = rooted.smooth_mm[:, end] - rooted.smooth_mm[:, root]
    speed_mm_s = speed(position_mm, fs_hz)
    gated_mm = (rooted.gated_mm[:, end] - rooted.gated_mm[:, root])[:, : tracks.dimensions]
    own_noise = np.sqrt((rooted.noise[:, [end, root]] ** 2).mean(axis=1))
    still_clip = None if tracks.in_plane else still_floor(meta, limb)
    floor = speed_floor(gated_mm, speed_mm_s, fs_hz, cutoff_hz, still_clip, own_noise, tracks.stirred[:, end])
    valid = np.isfinite(speed_mm_s) & ~tracks.excluded
    speed_sd_mm_s = np.sqrt((rooted.speed_sd_mm_s[:, [end, root]] ** 2).sum(axis=1))
    noise_mm_s = (meta.get("speed_noise_sds") or 0.0) * np.nan_to_num(speed_sd_mm_s)
    moving = moving_mask(freed(speed_mm_s, noise_mm_s), valid, fs_hz, effective_hz, floor.value or 0.0)
    quick_mm = rooted.quick_mm[:, end] - rooted.quick_mm[:, root]
    return LimbSeries(
        limb=limb,
        seen=whole(tracks.gated_px[:, root]) & whole(tracks.gated_px[:, end]),
        position_px=position_px,
        position_mm=position_mm,
        position_body_mm=np.full_like(position_mm, np.nan) if tracks.body is None else tracks.body.turn(position_mm),
        place_mm=placed[:, end],
        quick_mm=quick_mm,
        quick_velocity_mm_s=derivative(quick_mm, fs_hz),
        quick_floor=speed_floor(
            gated_mm, speed(quick_mm, fs_hz), fs_hz, quick_hz(tracks.time), None, own_noise, tracks.stirred[:, end]
        ),
        speed_px_s=speed(position_px, fs_hz),
        speed_mm_s=speed_mm_s,
        accel_mm_s2=np.linalg.norm(acceleration(position_mm, fs_hz), axis=-1)
        if effective_hz >= FAST_HZ
        else np.full(len(speed_mm_s), np.nan),
        angles=limb_angles(limb, tracks),
        upper_mm=segment_length(tracks.gated_mm[:, root], tracks.gated_mm[:, middle]),
        lower_mm=segment_length(tracks.gated_mm[:, middle], tracks.gated_mm[:, end]),
        lift_mm=lift_mm(tracks.smooth_mm[:, end], None if tracks.in_plane else meta.get("mattress_plane")),
        noise_mm=float(np.sqrt((white_noise(gated_mm, fs_hz) ** 2).mean())),
        floor=floor,
        floor_in_time_mm_s=floor_in_time(gated_mm, floor, fs_hz, cutoff_hz, own_noise),
        speed_sd_mm_s=speed_sd_mm_s,
        speed_noise_mm_s=noise_mm_s,
        by_trunk=valid & by_trunk,
        valid=valid,
        unseen_still=~valid & ~tracks.excluded & tracks.still[:, end],
        unseen_moving=~valid & ~tracks.excluded & tracks.stirred[:, end],
        moving=moving,
        bouts=bouts(moving, valid),
        end_flags=tracks.flags[:, end],
        root_flags=tracks.flags[:, root],
    )


def still_floor(meta: dict[str, Any], limb: str) -> float | None:
    """Still-clip floor of a limb in mm/s from a tracks file's metadata: one number, one by limb, or none."""
    stated = meta.get("still_floor_mm_s")
    value = stated.get(limb) if isinstance(stated, dict) else stated
    return None if value is None else float(value)
