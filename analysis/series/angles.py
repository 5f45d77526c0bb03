"""Angles of the joints of a limb, and the noise that is left in them.

Elbow and knee: at the joint between its two segments, straight = 180 deg. Shoulder elevation and hip: between the upper
segment and the trunk's direction to the feet, along the trunk = 0 deg. The hip's is the angle between thigh and trunk:
bending the hip opens it, and so does spreading the legs. Shoulder azimuth: direction of the upper arm in the body's x-z
plane, outward = 0, up from the bed = 90 deg. Hip abduction: direction of the thigh in the body's x-y plane, towards the
feet = 0, outward positive.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning.body_frame import BodyFrame
from asyconv.analysis.cleaning.clean import CleanTracks
from asyconv.analysis.formulas.angles import angle_between, included_angle
from asyconv.analysis.formulas.kinematics import derivative, speed
from asyconv.analysis.formulas.noise import speed_of_white_noise, white_noise
from asyconv.analysis.series.floor import rest_window
from asyconv.skeleton import LIMBS

Floats = npt.NDArray[np.float64]

BENDS: Final = {"arm": "elbow", "leg": "knee"}
RAISES: Final = {"arm": "shoulder_elevation", "leg": "hip"}
TURNS: Final = {"arm": "shoulder_azimuth", "leg": "hip_abduction"}
SEGMENT_MIN_SHARE: Final = 0.5  # shorter than half its median: foreshortened by a depth error
PROJECTION_MIN_SHARE: Final = 0.3  # a segment that points along the axis of a turn has no direction about it


@dataclass(frozen=True)
class LimbAngles:
    """Angles of one limb's joints over N samples, by name; NaN = missing.

    `speed_deg_s` is never negative. `noise_deg` and `turn_noise_deg_s` are what noise is left in each angle and in its
    speed. `quick_bend_deg` is that of elbow or knee, low-passed at 6 Hz. `in_3d`: measured in millimetres, not in the
    picture's plane.
    """

    deg: dict[str, Floats]
    speed_deg_s: dict[str, Floats]
    noise_deg: dict[str, float]
    turn_noise_deg_s: dict[str, float]
    quick_bend_deg: Floats
    in_3d: bool


def kind_of(limb: str) -> str:
    """Arm or leg."""
    return "arm" if limb.endswith("arm") else "leg"


def limb_angles(limb: str, tracks: CleanTracks) -> LimbAngles:
    """Angles of `limb`, from millimetres where any sample has all three joints in them, else from pixels."""
    fs_hz = tracks.time.fs_hz
    in_mm = bool(np.isfinite(tracks.gated_mm[:, LIMBS[limb]]).all(axis=(1, 2)).any())
    smoothed, measured = (tracks.smooth_mm, tracks.gated_mm) if in_mm else (tracks.smooth_px, tracks.gated_px)
    down, body = tracks.down_mm if in_mm else tracks.down_px, None if tracks.in_plane else tracks.body
    deg, raw_deg = joint_angles(limb, smoothed, down, body), joint_angles(limb, measured, down, body)
    noise = {name: angle_noise(raw_deg[name], angle, fs_hz, tracks.cutoff_hz) for name, angle in deg.items()}
    return LimbAngles(
        deg=deg,
        speed_deg_s={name: speed(angle[:, None], fs_hz) for name, angle in deg.items()},
        noise_deg={name: both[0] for name, both in noise.items()},
        turn_noise_deg_s={name: both[1] for name, both in noise.items()},
        quick_bend_deg=joint_angles(limb, tracks.quick_mm if in_mm else smoothed, down, None)[BENDS[kind_of(limb)]],
        in_3d=in_mm and not tracks.in_plane,
    )


def joint_angles(limb: str, points: Floats, down: Floats, body: BodyFrame | None) -> dict[str, Floats]:
    """Bend, raise and turn of one limb from `points` [N, 12, D], in degrees; NaN where a segment points at the camera.

    `down` [N, D] is the trunk's direction to the feet. The turn about the trunk needs the `body` frame.
    """
    root, middle, end = (points[:, k].copy() for k in LIMBS[limb])
    for near, far in ((root, middle), (middle, end)):
        length = np.linalg.norm(far - near, axis=-1)
        if np.isfinite(length).any():
            with np.errstate(invalid="ignore"):
                far[length < SEGMENT_MIN_SHARE * np.nanmedian(length)] = np.nan
    kind = kind_of(limb)
    angles = {BENDS[kind]: included_angle(middle, root, end), RAISES[kind]: angle_between(middle - root, down)}
    if body is not None and points.shape[-1] == 3:
        angles[TURNS[kind]] = _turn(limb, body.turn(points[:, LIMBS[limb][1]] - points[:, LIMBS[limb][0]]))
    return angles


def _turn(limb: str, upper_mm: Floats) -> Floats:
    """Direction (deg) of the upper segment `upper_mm` [N, 3] in a plane of the body frame."""
    x, y, z = upper_mm.T
    outward = x if limb.startswith("right") else -x
    arm = limb.endswith("arm")
    turn = np.degrees(np.arctan2(z, outward) if arm else np.arctan2(outward, y))
    with np.errstate(invalid="ignore"):
        clear = np.hypot(outward, z if arm else y) >= PROJECTION_MIN_SHARE * np.linalg.norm(upper_mm, axis=-1)
    return np.where(clear, turn, np.nan)


def angle_noise(raw_deg: Floats, smooth_deg: Floats, fs_hz: float, cutoff_hz: float) -> tuple[float, float]:
    """Noise left in a smoothed angle (deg) and in its speed (deg/s); NaN where neither part can be had.

    The larger of the white noise that passes the filter and the quietest twentieth of the 1-s windows, which catches
    noise that is correlated in time.
    """
    white = float(white_noise(raw_deg[:, None], fs_hz)[0])
    passed = white * np.sqrt(min(1.0, 2 * cutoff_hz / fs_hz))
    turned = white * speed_of_white_noise(fs_hz, cutoff_hz)
    turn = derivative(smooth_deg[:, None], fs_hz)[:, 0]
    quiet = _quietest(smooth_deg, rest_window(fs_hz), True), _quietest(turn, rest_window(fs_hz), False)
    return float(np.fmax(passed, quiet[0])), float(np.fmax(turned, quiet[1]))


def _quietest(values: Floats, window: int, centre: bool) -> float:
    if len(values) < window:
        return float("nan")
    views = np.lib.stride_tricks.sliding_window_view(values, window)
    views = views[np.isfinite(views).all(axis=-1)]
    if not len(views):
        return float("nan")
    power = views.var(axis=-1) if centre else (views**2).mean(axis=-1)
    return float(np.sqrt(np.percentile(power, 5)))
