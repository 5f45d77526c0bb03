"""Body series: the trunk and the twelve joints over a recording."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning.body_frame import middles
from asyconv.analysis.cleaning.clean import CleanTracks
from asyconv.analysis.cleaning.depths import ROOTS
from asyconv.analysis.formulas.bouts import moving_mask
from asyconv.analysis.formulas.gaps import whole
from asyconv.analysis.formulas.kinematics import path_steps, segment_length, speed
from asyconv.analysis.formulas.noise import white_noise
from asyconv.analysis.series.floor import speed_floor
from asyconv.analysis.series.limbs import in_body
from asyconv.skeleton import JOINTS, N_JOINTS

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class JointSeries:
    """One joint over N samples in the camera frame: where it was seen, its flags, white noise per axis and floor."""

    joint: str
    seen: Bools
    flags: npt.NDArray[np.uint16]
    noise_mm: float
    floor_mm_s: float


@dataclass(frozen=True)
class BodySeries:
    """The whole infant over N samples; NaN = missing.

    `trunk_speed_mm_s` [N] and `trunk_moving` [N] belong to the middle of the trunk in the camera frame; `joint_mm`
    [N, 12, 3] are joints in the body frame relative to the slow trunk, `joint_speed_mm_s` [N, 12] their speeds, and
    `joint_moving_mm_s` [N, 12] the same while the joint moves, freed of its floor's share, else 0.
    """

    trunk_lengths_mm: Floats
    trunk_speed_mm_s: Floats
    trunk_moving: Bools
    joint_mm: Floats
    joint_speed_mm_s: Floats
    joint_moving_mm_s: Floats


def joint_series(tracks: CleanTracks) -> list[JointSeries]:
    """Series of the twelve joints in skeleton order."""
    fs_hz = tracks.time.fs_hz
    out = []
    for j, joint in enumerate(JOINTS):
        gated = tracks.gated_mm[:, j, : tracks.dimensions]
        along = speed(tracks.smooth_mm[:, j], fs_hz)
        floor = speed_floor(gated, along, fs_hz, tracks.cutoff_hz, None, tracks.noise[:, j], tracks.stirred[:, j]).value
        noise_mm = float(np.sqrt((white_noise(gated, fs_hz) ** 2).mean()))
        seen = whole(tracks.gated_px[:, j])
        out.append(JointSeries(joint, seen, tracks.flags[:, j], noise_mm, np.nan if floor is None else floor))
    return out


def body_series(tracks: CleanTracks, joints: list[JointSeries]) -> BodySeries:
    """Series of the trunk, and of the `joints` together, over a whole recording."""
    fs_hz, effective_hz = tracks.time.fs_hz, tracks.time.effective_hz
    shoulders, hips = middles(tracks.smooth_mm)
    trunk_speed = speed((shoulders + hips) / 2, fs_hz)
    gated_shoulders, gated_hips = middles(tracks.gated_mm)
    noise = np.sqrt((tracks.noise[:, list(ROOTS)] ** 2).mean(axis=1))
    middle = ((gated_shoulders + gated_hips) / 2)[:, : tracks.dimensions]
    stirred = np.asarray(tracks.stirred[:, list(ROOTS)].all(axis=1))
    floor = speed_floor(middle, trunk_speed, fs_hz, tracks.cutoff_hz, None, noise, stirred)
    valid = np.isfinite(trunk_speed) & ~tracks.excluded
    joint_speed = np.stack([speed(tracks.smooth_mm[:, j], fs_hz) for j in range(N_JOINTS)], axis=1)
    moving = [
        _freed(joint_speed[:, j], np.nan_to_num(joint.floor_mm_s), fs_hz, effective_hz)
        for j, joint in enumerate(joints)
    ]
    return BodySeries(
        trunk_lengths_mm=segment_length(shoulders, hips),
        trunk_speed_mm_s=np.where(valid, trunk_speed, np.nan),
        trunk_moving=moving_mask(trunk_speed, valid, fs_hz, effective_hz, floor.value or 0.0),
        joint_mm=in_body(tracks, tracks.smooth_mm),
        joint_speed_mm_s=joint_speed,
        joint_moving_mm_s=np.stack(moving, axis=1),
    )


def _freed(speed_mm_s: Floats, floor_mm_s: float, fs_hz: float, effective_hz: float) -> Floats:
    """Speed [N] while it is movement, freed of the floor's share; 0 at rest and NaN where it is not known."""
    seen = np.isfinite(speed_mm_s)
    moving = moving_mask(speed_mm_s, seen, fs_hz, effective_hz, floor_mm_s)
    return np.where(seen, fs_hz * path_steps(speed_mm_s, moving, fs_hz, floor_mm_s), np.nan)
