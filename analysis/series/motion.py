"""Motion: what the measures need of a whole recording beyond the limb series, made once and cut into epochs.

Positions are turned into the body frame (body_frame.py): x towards the infant's right, y towards the feet,
z up from the bed for a supine infant. Smoothness and spectra need quicker positions than the series hold: these are
low-passed at 6 Hz where the rate allows it.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning.body_frame import middles
from asyconv.analysis.cleaning.clean import CleanTracks
from asyconv.analysis.cleaning.rejections import JUMP_MM_S
from asyconv.analysis.formulas.bouts import moving_mask
from asyconv.analysis.formulas.filters import smooth
from asyconv.analysis.formulas.gaps import fill_gaps
from asyconv.analysis.formulas.kinematics import acceleration, derivative, segment_length, speed
from asyconv.analysis.formulas.noise import speed_of_white_noise, white_noise
from asyconv.analysis.series.floor import Floor, rest_window, speed_floor
from asyconv.analysis.series.limbs import LimbSeries, limb_angles
from asyconv.skeleton import LIMBS, N_JOINTS

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

QUICK_HZ: Final = 6.0
DRIFT_HZ: Final = 0.5
PROJECTION_MIN_SHARE: Final = 0.3  # a segment that points along the axis of a turn has no direction about it
BENDS: Final = {"arm": "elbow", "leg": "knee"}
TURNS: Final = {"arm": "shoulder_azimuth", "leg": "hip_abduction"}


@dataclass(frozen=True)
class LimbMotion:
    """One limb over N samples in the body frame; NaN = missing.

    `reach_mm` [N, 3]: endpoint relative to its root; `place_mm` [N, 3]: endpoint relative to the middle of the trunk,
    whose slow drift only is followed; `accel_mm_s2` [N, 3] of the reach; `quick_mm` [N, 3] and `quick_bend_deg` [N]:
    reach and elbow or knee angle low-passed at 6 Hz, with their floor; `angles_deg`: joint angles by name;
    `angle_noise_deg`, `turn_noise_deg_s`: noise left in each angle and its speed; `noise_mm`: white noise per axis of
    the reach; `bones_mm` [N] each: upper and lower segment as measured.
    """

    reach_mm: Floats
    place_mm: Floats
    accel_mm_s2: Floats
    quick_mm: Floats
    quick_floor: Floor
    quick_bend_deg: Floats
    angles_deg: dict[str, Floats]
    angle_noise_deg: dict[str, float]
    turn_noise_deg_s: dict[str, float]
    noise_mm: float
    bones_mm: tuple[Floats, Floats]

    def cut(self, part: slice, counted: Bools) -> "LimbMotion":
        """The samples of `part`, with those not `counted` missing."""

        def taken(values: Floats) -> Floats:
            kept = counted if values.ndim == 1 else counted[:, None]
            return np.where(kept, values[part], np.nan)

        return replace(
            self,
            reach_mm=taken(self.reach_mm),
            place_mm=taken(self.place_mm),
            accel_mm_s2=taken(self.accel_mm_s2),
            quick_mm=taken(self.quick_mm),
            quick_bend_deg=taken(self.quick_bend_deg),
            angles_deg={name: taken(angle) for name, angle in self.angles_deg.items()},
            bones_mm=(taken(self.bones_mm[0]), taken(self.bones_mm[1])),
        )


@dataclass(frozen=True)
class BodyMotion:
    """The whole infant over N samples.

    `trunk_mm` is the trunk length of the recording (None: never seen); `trunk_speed_mm_s` [N] and `trunk_moving` [N]
    belong to the middle of the trunk in the camera frame; `joint_mm` [N, 12, 3] are joints in the body frame relative
    to the slow trunk, `joint_speed_mm_s` [N, 12] their speeds, `joint_floor_mm_s` [12] their floors (NaN: none),
    `joint_noise_mm` [12] the white noise per axis.
    """

    trunk_mm: float | None
    trunk_lengths_mm: Floats
    trunk_speed_mm_s: Floats
    trunk_moving: Bools
    joint_mm: Floats
    joint_speed_mm_s: Floats
    joint_floor_mm_s: Floats
    joint_noise_mm: Floats
    limbs: dict[str, LimbMotion]


def body_motion(tracks: CleanTracks, limbs: dict[str, LimbSeries]) -> BodyMotion:
    """Motion of the body and its limbs over a whole recording."""
    fs_hz = tracks.time.fs_hz
    points = tracks.smooth_mm
    axes = np.full((3, 3), np.nan) if tracks.body is None else tracks.body.axes
    middle = _mid_trunk(points)
    slow = smooth(middle[:, None], fs_hz, min(DRIFT_HZ, fs_hz / 3))[0]
    lengths = segment_length(*middles(points))
    trunk_speed = speed(middle, fs_hz)
    trunk_floor = speed_floor(_mid_trunk(tracks.gated_mm), trunk_speed, fs_hz, tracks.cutoff_hz, None)
    valid = np.isfinite(trunk_speed) & ~tracks.excluded
    joint_speed = np.stack([speed(points[:, j], fs_hz) for j in range(N_JOINTS)], axis=1)
    floors = [
        speed_floor(tracks.gated_mm[:, j], joint_speed[:, j], fs_hz, tracks.cutoff_hz, None).value
        for j in range(N_JOINTS)
    ]
    quick_hz = min(QUICK_HZ, tracks.time.effective_hz / 3)
    quick = smooth(fill_gaps(tracks.gated_mm, fs_hz, JUMP_MM_S / fs_hz, tracks.excluded), fs_hz, quick_hz)[0]
    placed = (points - slow) @ axes.T
    return BodyMotion(
        trunk_mm=None if tracks.body is None else tracks.body.trunk_length_mm,
        trunk_lengths_mm=lengths,
        trunk_speed_mm_s=np.where(valid, trunk_speed, np.nan),
        trunk_moving=moving_mask(trunk_speed, valid, fs_hz, tracks.time.effective_hz, trunk_floor.value or 0.0),
        joint_mm=placed,
        joint_speed_mm_s=joint_speed,
        joint_floor_mm_s=np.array([np.nan if floor is None else floor for floor in floors]),
        joint_noise_mm=np.array(
            [np.sqrt((white_noise(tracks.gated_mm[:, j], fs_hz) ** 2).mean()) for j in range(N_JOINTS)]
        ),
        limbs={name: _limb(limb, tracks, axes, placed, quick, quick_hz) for name, limb in limbs.items()},
    )


def _mid_trunk(points: Floats) -> Floats:
    shoulders, hips = middles(points)
    return (shoulders + hips) / 2


def _limb(
    series: LimbSeries, tracks: CleanTracks, axes: Floats, placed: Floats, quick: Floats, quick_hz: float
) -> LimbMotion:
    root, middle, end = LIMBS[series.limb]
    fs_hz = tracks.time.fs_hz
    kind = "arm" if series.limb.endswith("arm") else "leg"
    reach = series.position_body_mm
    quick_reach = (quick[:, end] - quick[:, root]) @ axes.T
    measured = tracks.gated_mm if series.angles_3d else tracks.gated_px
    raw = _angles(series.limb, measured, axes)
    angles = {**_angles(series.limb, tracks.smooth_mm, axes), **series.angles_deg}
    noise = {name: _noise(raw[name], angle, fs_hz, tracks.cutoff_hz) for name, angle in angles.items() if name in raw}
    gated = (tracks.gated_mm[:, end] - tracks.gated_mm[:, root]) @ axes.T
    return LimbMotion(
        reach_mm=reach,
        place_mm=placed[:, end],
        accel_mm_s2=acceleration(reach, fs_hz),
        quick_mm=quick_reach,
        quick_floor=speed_floor(gated, speed(quick_reach, fs_hz), fs_hz, quick_hz, None),
        quick_bend_deg=_angles(series.limb, quick if series.angles_3d else tracks.smooth_px, axes)[BENDS[kind]],
        angles_deg=angles,
        angle_noise_deg={name: both[0] for name, both in noise.items()},
        turn_noise_deg_s={name: both[1] for name, both in noise.items()},
        noise_mm=float(np.sqrt((white_noise(gated, fs_hz) ** 2).mean())),
        bones_mm=(
            segment_length(tracks.gated_mm[:, root], tracks.gated_mm[:, middle]),
            segment_length(tracks.gated_mm[:, middle], tracks.gated_mm[:, end]),
        ),
    )


def _angles(limb: str, points: Floats, axes: Floats) -> dict[str, Floats]:
    """Bend, raise and turn of one limb from `points` [N, 12, D]; the turn about the trunk needs three dimensions."""
    root, middle, _ = (points[:, k] for k in LIMBS[limb])
    arm = limb.endswith("arm")
    out = limb_angles(limb, points)
    if points.shape[-1] == 3:
        x, y, z = ((middle - root) @ axes.T).T
        outward = x if limb.startswith("right") else -x
        along = z if arm else y
        in_plane = np.hypot(outward, along)
        turn = np.degrees(np.arctan2(z, outward) if arm else np.arctan2(outward, y))
        with np.errstate(invalid="ignore"):
            clear = in_plane >= PROJECTION_MIN_SHARE * np.linalg.norm(middle - root, axis=-1)
        out[TURNS["arm" if arm else "leg"]] = np.where(clear, turn, np.nan)
    return out


def _noise(raw_deg: Floats, smooth_deg: Floats, fs_hz: float, cutoff_hz: float) -> tuple[float, float]:
    """Noise left in a smoothed angle (deg) and in its speed (deg/s); NaN where neither part can be had.

    The larger of the white noise that passes the filter and the quietest twentieth of the 1-s windows, which catches
    noise that is correlated in time.
    """
    white = float(white_noise(raw_deg[:, None], fs_hz)[0])
    window = rest_window(fs_hz)
    passed = white * np.sqrt(min(1.0, 2 * cutoff_hz / fs_hz))
    turned = white * speed_of_white_noise(fs_hz, cutoff_hz)
    turn = derivative(smooth_deg[:, None], fs_hz)[:, 0]
    return _larger(passed, _quietest(smooth_deg, window, True)), _larger(turned, _quietest(turn, window, False))


def _quietest(values: Floats, window: int, centre: bool) -> float:
    if len(values) < window:
        return float("nan")
    views = np.lib.stride_tricks.sliding_window_view(values, window)
    views = views[np.isfinite(views).all(axis=-1)]
    if not len(views):
        return float("nan")
    power = views.var(axis=-1) if centre else (views**2).mean(axis=-1)
    return float(np.sqrt(np.percentile(power, 5)))


def _larger(a: float, b: float) -> float:
    present = [v for v in (a, b) if np.isfinite(v)]
    return max(present, default=float("nan"))
