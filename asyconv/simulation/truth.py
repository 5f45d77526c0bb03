"""Truth of a simulated recording: joints, visibility, speeds, and when each limb moves."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from asyconv.simulation.body import Array
from asyconv.simulation.infant import FPS_HZ, HEIGHT_PX, WIDTH_PX, Infant, project
from asyconv.skeleton import LIMBS
from asyconv.tracks import DEPTH_SOURCES, SCHEMA_VERSION, Tracks

STILL_MM_S, MOVING_MM_S, SHORTEST_S, PAUSE_S = 10.0, 20.0, 0.2, 0.3  # movement.md 2.5 at a floor of zero


@dataclass(frozen=True)
class Truth:
    """Truth of a simulated recording: native px [N, 12, 2], camera mm [N, 12, 3], visibility, moving mask."""

    frame: npt.NDArray[np.int32]
    time_s: Array
    xy_px: Array
    camera_mm: Array
    visible: npt.NDArray[np.bool_]
    speed_mm_s: Array  # [N, 4], endpoint against its root
    moving: npt.NDArray[np.bool_]  # [N, 4]


def limb_speeds(camera_mm: Array, time_s: Array) -> Array:
    """Speed of each limb's endpoint against its root, mm/s, [N, 4], by central differences."""
    roots = [chain[0] for chain in LIMBS.values()]
    ends = [chain[2] for chain in LIMBS.values()]
    reach = camera_mm[:, ends] - camera_mm[:, roots]
    return np.asarray(np.linalg.norm(np.gradient(reach, time_s, axis=0), axis=-1))


def moving_mask(speed_mm_s: Array, time_s: Array) -> npt.NDArray[np.bool_]:
    """Hysteresis mask of one limb's true speed [N]: starts above 20, holds above 10 mm/s; short pauses and bouts go."""
    above = speed_mm_s > STILL_MM_S
    edges = np.flatnonzero(np.diff(np.concatenate([[False], above, [False]]).astype(np.int8)))
    runs = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if speed_mm_s[a:b].max() > MOVING_MM_S]
    step_s = float(np.median(np.diff(time_s)))
    merged: list[tuple[int, int]] = []
    for a, b in runs:
        if merged and (a - merged[-1][1]) * step_s <= PAUSE_S + 1e-9:
            merged[-1] = (merged[-1][0], b)
        else:
            merged.append((a, b))
    mask = np.zeros(len(speed_mm_s), bool)
    for a, b in merged:
        if (b - a) * step_s >= SHORTEST_S - 1e-9:
            mask[a:b] = True
    return mask


def truth_of(infant: Infant, visible: npt.NDArray[np.bool_] | None = None) -> Truth:
    """Truth of all frames of `infant`, with the visibility [N, 12] found while rendering; without one all are seen."""
    camera = infant.to_camera(infant.joints_bed)
    visible = np.ones(camera.shape[:2], bool) if visible is None else visible
    time_s = infant.motion.time_s
    speeds = limb_speeds(camera, time_s)
    moving = np.stack([moving_mask(speeds[:, limb], time_s) for limb in range(4)], axis=-1)
    frames = np.arange(1, len(time_s) + 1, dtype=np.int32)
    return Truth(frames, time_s, project(camera), camera, visible, speeds, moving)


def true_tracks(truth: Truth, infant: Infant) -> Tracks:
    """The tracks a perfect tracker would give: joint centres, all found, with the infant's own mattress plane."""
    shape = truth.visible.shape
    camera = truth.camera_mm.astype(np.float32)
    meta = {
        "schema_version": SCHEMA_VERSION,
        "recording_id": f"true-{infant.seed}-{infant.number:03d}",
        "infant_id": None,
        "width_px": WIDTH_PX,
        "height_px": HEIGHT_PX,
        "fps_nominal_hz": FPS_HZ,
        "fps_measured_hz": FPS_HZ,
        "rate": "full",
        "left_right_verified": True,
        "mattress_plane": infant.mattress_plane.tolist(),
        "model_name": "truth",
        "simulated": True,
        "frames_used": shape[0],
        "frames_lost": 0,
        "warnings": [],
    }
    return Tracks(
        frame=truth.frame,
        time_s=truth.time_s,
        x_px=truth.xy_px[..., 0].astype(np.float32),
        y_px=truth.xy_px[..., 1].astype(np.float32),
        depth_mm=camera[..., 2],
        depth_source=np.full(shape, DEPTH_SOURCES.index("null"), np.uint8),  # the joint's own, not that of its skin
        x_mm=camera[..., 0],
        y_mm=camera[..., 1],
        z_mm=camera[..., 2],
        confidence=np.ones(shape, np.float32),
        meta=meta,
    )
