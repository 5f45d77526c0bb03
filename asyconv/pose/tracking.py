"""One recording through the method: frames, clips, detection, regression, joints, tracks; memory of a few batches.

Deviations from the paper: clips are staggered (see clips.py); the measured bias by position in the clip is subtracted;
depth at a joint is that of the nearer half of the pixels round it (see joint_depths.py).
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv import __version__
from asyconv.errors import InputError
from asyconv.motion_evidence import MotionEvidence
from asyconv.notice import NOTICE
from asyconv.pose.clips import grid_steps
from asyconv.pose.geometry import MapGeometry
from asyconv.pose.inference import Inference
from asyconv.pose.mattress import check_camera, fit_mattress, to_camera_mm
from asyconv.pose.model_file import Model
from asyconv.pose.run import Run
from asyconv.pose.validated import Section, unlike_validated
from asyconv.recordings.clock import Clock, lost_frames
from asyconv.recordings.stream import Frame, Intrinsics, Recording
from asyconv.stage_times import StageTimes
from asyconv.tracks import SCHEMA_VERSION, TRACKS_VERSION, Tracks

PLAUSIBLE_MM: Final = (300.0, 1500.0)
Progress = Callable[[int, int | None], None]
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Picture:
    """What is taken to be true of the picture, and who says so: option, file, or assumed."""

    head: str
    head_source: str
    mirrored: bool
    mirrored_source: str
    depth_unit_mm: float
    depth_unit_source: str
    camera: Intrinsics | None

    @property
    def left_right_verified(self) -> bool:
        """Whether somebody states both where the head lies and whether the picture is mirrored."""
        return "assumed" not in (self.head_source, self.mirrored_source)


def track(
    recording: Recording,
    model: Model,
    *,
    recording_id: str | None = None,
    infant_id: str | None = None,
    head: str | None = None,
    mirrored: bool | None = None,
    intrinsics: Intrinsics | None = None,
    rate: str = "full",
    precision: str = "auto",
    progress: Progress | None = None,
    times: StageTimes | None = None,
) -> Tracks:
    """Joints of every frame of `recording`.

    `head` and `mirrored` override the file; what nobody states is assumed head-down and unmirrored and left and right
    are then marked unverified. ``rate="6"`` predicts every fifth frame of a 30 fps recording. `precision` is
    that of the networks: auto, float32 or bfloat16. `progress(done, total)` is told of frames, `times` of the time
    that each stage takes. Raises `InputError` where no clip can be made or no pixel has depth.
    """
    if rate not in ("full", "6"):
        raise InputError(f"rate: expected full or 6, got {rate!r}")
    clock = recording.clock()
    stride = max(1, round(clock.rate_hz / 6.0)) if rate == "6" else 1
    picture = _picture(recording, head, mirrored, intrinsics)
    if intrinsics is not None:
        check_camera(recording, intrinsics)
    geometry = MapGeometry(recording.width_px, recording.height_px, picture.head, picture.mirrored)
    times = times or StageTimes()
    inference = Inference(model, precision)
    try:
        run = Run(inference, geometry, picture.camera, picture.depth_unit_mm, clock.rate_hz / stride, times)
    except InputError as error:
        stated = "" if clock.measured else "; the rate is a stated one (--fps, or column fps_hz of the sheet)"
        raise InputError(f"{recording.path.name}: {error}{stated}") from error
    frames = _every(recording, clock, stride)
    total = recording.frame_count or len(clock.time_s)
    while True:
        with times.of("read"):
            frame = next(frames, None)
        if frame is None:
            break
        run.push(frame)
        if progress:
            progress(frame.number, total)
    run.finish(recording.path.name)
    with times.of("motion"):
        motion = run.motion.finish()
        activity = run.motion.activity.finish(len(run.rows), motion)
    identity = {"recording_id": recording_id or "unnamed", "infant_id": infant_id, "rate": rate}
    tracks = _tracks(recording, model, run, picture, identity, motion)
    if recording.lossy:  # levels that jump look like movement, and those that do not like rest
        return replace(tracks, motion=None, depth_mm=np.full_like(tracks.depth_mm, np.nan))
    return replace(tracks, activity=activity)


def _picture(recording: Recording, head: str | None, mirrored: bool | None, intrinsics: Intrinsics | None) -> _Picture:
    up = _first(("option", head), ("file", "down" if recording.simulated else None), ("assumed", "down"))
    mirror = _first(("option", mirrored), ("file", recording.mirrored), ("assumed", False))
    unit = _first(("stated", recording.depth_unit_mm), ("assumed", 1.0))
    camera = None if recording.lossy else intrinsics or recording.intrinsics
    return _Picture(up[1], up[0], mirror[1], mirror[0], unit[1], unit[0], camera)


def _first(*candidates: tuple[str, Any]) -> tuple[str, Any]:
    return next((source, value) for source, value in candidates if value is not None)


def _every(recording: Recording, clock: Clock, stride: int) -> Iterator[Frame]:
    """Every frame, or those on every `stride`-th step of the time grid."""
    steps = grid_steps(clock.time_s, clock.rate_hz)
    return (frame for frame in recording.frames() if steps[frame.number - 1] % stride == 0)


def _tracks(
    recording: Recording, model: Model, run: Run, picture: _Picture, identity: dict[str, Any], motion: MotionEvidence
) -> Tracks:
    rows = run.rows.all()
    xy_px, depth_mm = rows["xy_px"], rows["depth_counts"] * picture.depth_unit_mm
    xyz_mm = np.full((*xy_px.shape[:2], 3), np.nan)
    scene_mm, plane = run.sampler.median(), None
    if picture.camera is not None:
        xyz_mm = to_camera_mm(xy_px, depth_mm, picture.camera, picture.mirrored)
        plane = fit_mattress(scene_mm, run.geometry.to_map(xy_px).reshape(-1, 2), run.geometry, picture.camera)
    warnings = [*recording.warnings, *_warnings(run, picture, scene_mm, plane, model.card.get("validated"))]
    if picture.camera is None and not recording.lossy:  # which says itself why
        warnings.append("millimetres withheld: the camera's intrinsics are unknown")
    if motion.meta["refused"] and picture.camera is not None:
        warnings.append(f"no motion evidence from depth: {motion.meta['refused']}")
    lost = lost_frames(rows["time_s"], run.cutter.fps_hz)
    meta = identity | _metadata(recording, model, run, picture, lost) | {"mattress_plane": plane, "warnings": warnings}
    single = np.float32
    return Tracks(
        frame=rows["number"].copy(),
        time_s=rows["time_s"].copy(),
        x_px=xy_px[..., 0].astype(single),
        y_px=xy_px[..., 1].astype(single),
        depth_mm=depth_mm.astype(single),
        depth_source=rows["source"].copy(),
        x_mm=xyz_mm[..., 0].astype(single),
        y_mm=xyz_mm[..., 1].astype(single),
        z_mm=xyz_mm[..., 2].astype(single),
        confidence=rows["confidence"].astype(single),
        meta=meta,
        sigma_px=rows["sigma_px"].astype(single),
        motion=motion,
    )


def _metadata(recording: Recording, model: Model, run: Run, picture: _Picture, lost: int) -> dict[str, Any]:
    stated = asdict(picture)
    camera = stated.pop("camera")
    return {
        "schema_version": SCHEMA_VERSION,
        **stated,
        "left_right_verified": picture.left_right_verified,
        "intrinsics": camera,
        "width_px": recording.width_px,
        "height_px": recording.height_px,
        "fps_measured_hz": run.cutter.fps_hz,
        "fps_source": "times" if recording.clock().measured else "stated",
        "fps_nominal_hz": recording.fps_nominal_hz,
        "stride": run.cutter.stride,
        "clip_layout": "staggered",
        "crops": [{"from_s": round(time_s, 3), **asdict(crop)} for time_s, crop in run.crops.changes],
        "still_floor_mm_s": None,
        "tracker_band_hz": model.card.get("tracker_band_hz"),
        "speed_noise_sds": model.card.get("speed_noise_sds"),
        "interval_factors": model.card.get("interval_factors"),
        "model_name": model.name,
        "weights_hash": model.weights_hash,
        "precision": run.inference.precision,
        "model_validation": model.card.get("model_validation", "simulated_only"),
        "model_error": model.card.get("model_error"),
        "software_version": __version__,
        "tracks_version": TRACKS_VERSION,
        "simulated": recording.simulated,
        "lossy": recording.lossy,
        "frames_used": len(run.rows),
        "frames_lost": lost,
        "units": "px native pixels, mm, s, confidence a probability",
        "axes": "x right, y down, z away from the camera, of the unmirrored picture; left and right are the infant's",
        "notice": NOTICE,
    }


def _warnings(
    run: Run, picture: _Picture, scene_mm: Array, plane: list[float] | None, section: Section | None
) -> list[str]:
    middle_mm = float(np.nanmedian(scene_mm))
    fx_px = picture.camera.fx_px if picture.camera else None
    out = unlike_validated(
        section, width_px=run.geometry.width_px, fx_px=fx_px, distance_mm=middle_mm, fps_hz=run.cutter.fps_hz
    )
    if not picture.left_right_verified:
        out.append("left/right unverified: where the head lies or whether the picture is mirrored was not stated")
    if picture.camera is not None and plane is None:
        out.append("no mattress plane stands out of the picture: heights above the mattress are withheld")
    if picture.depth_unit_source == "assumed":
        out.append("depth unit not stated: 1 count was taken as 1 mm")
    short, frames = len(run.cutter.too_short), len(run.rows)
    if short:
        out.append(f"too short: {short} of {frames} frames lie in runs of fewer than three and have no joints")
    if not PLAUSIBLE_MM[0] <= middle_mm <= PLAUSIBLE_MM[1]:
        out.append(f"median depth {middle_mm:.0f} mm is implausible for a crib: check the depth unit")
    return out
