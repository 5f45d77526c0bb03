"""Tracks with closed-form movement: a still infant lying on a flat mattress, with limbs moved by given functions."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from asyconv.skeleton import JOINTS, LIMBS
from asyconv.tracks import Tracks

FX_PX, CX_PX, CY_PX = 570.0, 319.5, 239.5
STILL_MM = {  # camera frame, x right, y down (head at the top), z away; elbows and knees at 90 degrees
    "right_wrist": (-110, -40, 400),
    "right_elbow": (-110, -90, 400),
    "right_shoulder": (-60, -90, 400),
    "left_shoulder": (60, -90, 400),
    "left_elbow": (110, -90, 400),
    "left_wrist": (110, -40, 400),
    "right_ankle": (-100, 90, 400),
    "right_knee": (-100, 30, 400),
    "right_hip": (-40, 30, 400),
    "left_hip": (40, 30, 400),
    "left_knee": (100, 30, 400),
    "left_ankle": (100, 90, 400),
}
META: dict[str, Any] = {
    "schema_version": 1,
    "recording_id": "rec-000000000001",
    "infant_id": "inf-01",
    "width_px": 640,
    "height_px": 480,
    "fps_measured_hz": 30.0,
    "fps_nominal_hz": 30.0,
    "rate": "full",
    "stride": 5,
    "clip_layout": "staggered",
    "head": "up",
    "head_source": "option",
    "mirrored": False,
    "mirrored_source": "file",
    "left_right_verified": True,
    "depth_unit_mm": 1.0,
    "depth_unit_source": "file",
    "intrinsics": {"fx_px": FX_PX, "fy_px": FX_PX, "cx_px": CX_PX, "cy_px": CY_PX, "source": "file"},
    "mattress_plane": [0.0, 0.0, -1.0, 420.0],
    "still_floor_mm_s": None,
    "model_name": "compact",
    "weights_hash": "0" * 64,
    "model_validation": "simulated_only",
    "model_error": {"right_arm": 1.1, "left_arm": 1.2, "right_leg": 1.0, "left_leg": 1.1},
    "software_version": "0.1.0",
    "simulated": True,
    "frames_used": 0,
    "frames_lost": 0,
    "warnings": [],
    "units": "in the column names",
    "axes": "camera frame",
    "notice": "",
}

Motion = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]


def still(n: int) -> npt.NDArray[np.float64]:
    """Joints [n, 12, 3] of the still infant, camera-frame mm."""
    return np.tile(np.array([STILL_MM[joint] for joint in JOINTS], float), (n, 1, 1))


def make_tracks(
    seconds: float = 120.0,
    fs_hz: float = 30.0,
    motion: dict[str, Motion] | None = None,
    noise_mm: float = 0.0,
    seed: int = 0,
    **meta: Any,
) -> Tracks:
    """Tracks of `seconds`; `motion` gives a joint's displacement in mm [N, 3] as a function of time [N]."""
    n = round(seconds * fs_hz)
    time_s = np.arange(n) / fs_hz
    xyz = still(n)
    for joint, displacement in (motion or {}).items():
        xyz[:, JOINTS.index(joint)] += displacement(time_s)
    xyz += noise_mm * np.random.default_rng(seed).normal(size=xyz.shape)
    return from_mm(time_s, xyz, **meta)


def from_mm(time_s: npt.NDArray[np.float64], xyz_mm: npt.NDArray[np.float64], **meta: Any) -> Tracks:
    """Tracks from camera-frame joints [N, 12, 3]; NaN = missing."""
    n = len(time_s)
    x, y, z = (xyz_mm[..., k] for k in range(3))
    found = np.isfinite(x)
    return Tracks(
        frame=np.arange(1, n + 1, dtype=np.int32),
        time_s=np.asarray(time_s, np.float64),
        x_px=(FX_PX * x / z + CX_PX).astype(np.float32),
        y_px=(FX_PX * y / z + CY_PX).astype(np.float32),
        depth_mm=z.astype(np.float32),
        depth_source=np.zeros(found.shape, np.uint8),  # joints themselves, not the skin before them
        x_mm=x.astype(np.float32),
        y_mm=y.astype(np.float32),
        z_mm=z.astype(np.float32),
        confidence=np.where(found, 0.95, 0.1).astype(np.float32),
        meta={**META, "frames_used": n, **meta},
    )


def without_mm(tracks: Tracks, **meta: Any) -> Tracks:
    """Take the millimetres away, as a camera without intrinsics does."""
    empty = np.full_like(tracks.x_mm, np.nan)
    return replace(tracks, x_mm=empty, y_mm=empty, z_mm=empty, meta={**tracks.meta, "intrinsics": None, **meta})


def hide(tracks: Tracks, joint: str, start: int, stop: int) -> Tracks:
    """Make one joint missing in frames [start, stop)."""
    k = JOINTS.index(joint)
    changed = {}
    for name in ("x_px", "y_px", "depth_mm", "x_mm", "y_mm", "z_mm", "confidence"):
        values = getattr(tracks, name).copy()
        values[start:stop, k] = 0.1 if name == "confidence" else np.nan
        changed[name] = values
    source = tracks.depth_source.copy()
    source[start:stop, k] = 0
    return replace(tracks, depth_source=source, **changed)


def shake(amplitude_mm: float, frequency_hz: float, on_s: float = 5.0, off_s: float = 5.0) -> Motion:
    """Sine along x for `on_s` after each rest of `off_s`; give whole periods, so that it starts and ends at 0."""

    def displacement(time_s: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        phase = np.mod(time_s, on_s + off_s)
        out = np.zeros((len(time_s), 3))
        on = (phase > off_s) & (phase < off_s + on_s)
        out[on, 0] = amplitude_mm * np.sin(2 * np.pi * frequency_hz * (phase[on] - off_s))
        return out

    return displacement


def sine(amplitude_mm: float, frequency_hz: float, axis: int = 0) -> Motion:
    """Sine along one axis that never rests."""
    return lambda time_s: np.outer(amplitude_mm * np.sin(2 * np.pi * frequency_hz * time_s), np.eye(3)[axis])


def bending(limb: str, displacement: Motion) -> dict[str, Motion]:
    """Motion of a limb whose endpoint is displaced and whose two bones, equally long here, keep their lengths.

    The middle joint stays on the plane that bisects root and endpoint, on the side where it rests.
    """
    root, middle, end = (np.array(STILL_MM[JOINTS[joint]], float) for joint in LIMBS[limb])
    bone_mm = np.linalg.norm(middle - root)
    assert np.isclose(bone_mm, np.linalg.norm(end - middle))

    def of_middle(time_s: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        reach = end + displacement(time_s) - root
        length_mm = np.linalg.norm(reach, axis=-1, keepdims=True)
        assert length_mm.max() < 2 * bone_mm, "out of reach"
        along = reach / length_mm
        aside = (middle - root) - reach / 2
        aside -= (aside * along).sum(-1, keepdims=True) * along
        aside /= np.linalg.norm(aside, axis=-1, keepdims=True)
        return np.asarray(root + reach / 2 + np.sqrt(bone_mm**2 - length_mm**2 / 4) * aside - middle)

    return {JOINTS[LIMBS[limb][1]]: of_middle, JOINTS[LIMBS[limb][2]]: displacement}


ENDS = {limb: JOINTS[end] for limb, (_, _, end) in LIMBS.items()}


def strokes(seconds: float, seed: int) -> Callable[[np.ndarray], np.ndarray]:
    """Minimum-jerk strokes of 0.25-1.2 s and 5-30 mm with rests between them, never far from where they began."""
    rng = np.random.default_rng(seed)
    starts, durations, steps, at, here = [], [], [], 1.0, np.zeros(3)
    while at < seconds:
        if rng.random() < 0.45:
            at += rng.exponential(3.0)
        direction = rng.normal(size=3) - here / 8
        step = rng.uniform(5, 30) * direction / np.linalg.norm(direction)
        starts.append(at)
        durations.append(rng.uniform(0.25, 1.2))
        steps.append(step)
        here = here + step
        at += durations[-1]

    def displacement(time_s: np.ndarray) -> np.ndarray:
        x = np.clip((time_s[:, None] - starts) / durations, 0, 1)
        return np.asarray((10 * x**3 - 15 * x**4 + 6 * x**5) @ np.array(steps))

    return displacement
