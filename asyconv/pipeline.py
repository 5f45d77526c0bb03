"""One recording through the method: frames, clips, detection, regression, joints, tracks; memory of a few batches.

Deviations from the paper: clips are staggered (see clips.py); the measured bias by position in the clip is subtracted;
depth at a joint is the nearest third of the valid pixels round it, since a limb stands out of what lies behind it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv import __version__
from asyconv.clips import Clip, ClipCutter, Sample
from asyconv.errors import InputError
from asyconv.geometry import MapGeometry
from asyconv.inference import Inference
from asyconv.joints import find_joints
from asyconv.mattress import DepthSampler, fit_mattress, to_camera_mm
from asyconv.notice import NOTICE
from asyconv.recording import Frame, Intrinsics, Recording
from asyconv.skeleton import N_JOINTS
from asyconv.tracks import DEPTH_SOURCES, SCHEMA_VERSION, Tracks
from asyconv.weights import Model

TRACKS_VERSION: Final = 1
"""Raised by hand when the numbers of tracks change."""

WINDOW_MAP: Final = 1.6
"""Half width of the window in which a joint's depth is read, in map pixels."""

PLAUSIBLE_MM: Final = (300.0, 1500.0)
Progress = Callable[[int, int | None], None]
Array = npt.NDArray[np.float64]


@dataclass
class _Found:
    """Rows of the tracks to be, grown as frames come in."""

    frame: list[int] = field(default_factory=list)
    time_s: list[float] = field(default_factory=list)
    xy_map: list[Array] = field(default_factory=list)
    confidence: list[Array] = field(default_factory=list)
    depth_counts: list[Array] = field(default_factory=list)
    source: list[npt.NDArray[np.uint8]] = field(default_factory=list)

    def add(self, frame: Frame) -> int:
        """Reserve the row of `frame`; its joints come later."""
        self.frame.append(frame.number)
        self.time_s.append(frame.time_s)
        self.xy_map.append(np.full((N_JOINTS, 2), np.nan))
        self.confidence.append(np.zeros(N_JOINTS))
        self.depth_counts.append(np.full(N_JOINTS, np.nan))
        self.source.append(np.zeros(N_JOINTS, np.uint8))
        return len(self.frame) - 1


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
    progress: Progress | None = None,
) -> Tracks:
    """Joints of every frame of `recording`.

    `head` and `mirrored` override the file; what nobody states is assumed head-down and unmirrored and left and right
    are then marked unverified. ``rate="6"`` predicts every fifth frame of a 30 fps recording. `progress(done, total)`
    is told of frames. Raises `InputError` where no clip can be made or no pixel has depth.
    """
    mirror = _first(("option", mirrored), ("file", recording.mirrored), ("assumed", False))
    up = _first(("option", head), ("file", "down" if recording.simulated else None), ("assumed", "down"))
    geometry = MapGeometry(recording.width_px, recording.height_px, up[1], mirror[1])
    unit = _first(("given", recording.depth_unit_mm), ("assumed", 1.0))
    camera = intrinsics or recording.intrinsics
    predictor = _Predictor(model, geometry, unit[1])
    batch = predictor.inference.batch
    found, sampler = _Found(), DepthSampler()
    cutter: ClipCutter | None = None
    clips: list[Clip] = []
    native: dict[int, npt.NDArray[np.uint16]] = {}
    any_depth = False
    for frame in _thinned(recording, rate):
        fps_hz = recording.fps_nominal_hz if rate == "full" else recording.fps_nominal_hz / _stride(recording)
        cutter = cutter or ClipCutter(fps_hz)
        row = found.add(frame)
        depth_mm = geometry.resize(frame.depth) * np.float32(unit[1])
        any_depth = any_depth or bool(depth_mm.any())
        sampler.push(depth_mm)
        native[row] = frame.depth
        clips += cutter.push(Sample(row, frame.time_s, depth_mm))
        if len(clips) >= batch:
            predictor.predict(clips[:batch], found, native)
            del clips[:batch]
        if progress:
            progress(frame.number, recording.frame_count)
    name = recording.path.name
    if cutter is None:
        raise InputError(f"{name}: expected depth frames, found none")
    if not any_depth:
        raise InputError(f"{name}: expected depth, found only zeros in all {len(found.frame)} frames")
    clips += cutter.finish()
    if len(cutter.too_short) == len(found.frame):
        raise InputError(
            f"{name}: expected at least three frames 1/6 s apart, found {len(found.frame)} frames without any"
        )
    for start in range(0, len(clips), batch):
        predictor.predict(clips[start : start + batch], found, native)
    meta = {
        "recording_id": recording_id or "unnamed",
        "infant_id": infant_id,
        "rate": rate,
        "stride": cutter.stride,
        "head": up[1],
        "head_source": up[0],
        "mirrored": mirror[1],
        "mirrored_source": mirror[0],
        "left_right_verified": "assumed" not in (up[0], mirror[0]),
        "depth_unit_mm": unit[1],
        "depth_unit_source": unit[0],
    }
    return _tracks(recording, model, found, sampler, cutter, geometry, camera, meta)


def _first(*candidates: tuple[str, Any]) -> tuple[str, Any]:
    return next((source, value) for source, value in candidates if value is not None)


def _stride(recording: Recording) -> int:
    return max(1, round(recording.fps_nominal_hz / 6.0))


def _thinned(recording: Recording, rate: str) -> Iterator[Frame]:
    """Frames of the recording, or for ``rate="6"`` the first of every stride on the time grid."""
    if rate not in ("full", "6"):
        raise InputError(f"rate: expected full or 6, got {rate!r}")
    stride = _stride(recording)
    for frame in recording.frames():
        if rate == "full" or round(frame.time_s * recording.fps_nominal_hz) % stride == 0:
            yield frame


class _Predictor:
    """What happens to a batch of clips: maps, joints, their depth."""

    def __init__(self, model: Model, geometry: MapGeometry, unit_mm: float) -> None:
        self.inference = Inference(model)
        self.settings = model.settings
        self.bias_map = np.asarray(model.settings.position_bias_map, dtype=np.float64)
        self.knots = np.asarray(model.settings.confidence_knots, dtype=np.float64)
        self.reach_px = max(2, round(WINDOW_MAP * geometry.scale_px))
        self.geometry = geometry
        self.unit_mm = unit_mm

    def predict(self, clips: list[Clip], found: _Found, native: dict[int, npt.NDArray[np.uint16]]) -> None:
        """Fill the rows that `clips` predict, and let go of the native frames that no later clip needs."""
        maps = self.inference.maps(np.stack([[sample.depth_mm for sample in clip.samples] for clip in clips]))
        for clip, clip_maps in zip(clips, maps, strict=True):
            for position in np.flatnonzero(clip.keep):
                row = clip.samples[position].index
                joints = find_joints(
                    clip_maps[position],
                    self.settings.joint_threshold,
                    self.settings.link_threshold,
                    self.settings.nms_window_map,
                )
                xy_map = joints.xy_map - self.bias_map[position]
                found.xy_map[row] = xy_map
                found.confidence[row] = np.interp(joints.score, self.knots[:, 0], self.knots[:, 1])
                found.depth_counts[row], found.source[row] = self._depths(xy_map, native.pop(row))

    def _depths(self, xy_map: Array, depth: npt.NDArray[np.uint16]) -> tuple[Array, npt.NDArray[np.uint8]]:
        """Depth in counts and its source at each joint: median of the nearest third of the valid pixels round it."""
        out, source = np.full(N_JOINTS, np.nan), np.zeros(N_JOINTS, np.uint8)
        xy_px = self.geometry.to_px(xy_map)
        height, width = depth.shape
        for joint in np.flatnonzero(np.isfinite(xy_px[:, 0])):
            x, y = (int(v) for v in np.clip(np.rint(xy_px[joint]), 0, [width - 1, height - 1]))
            r = self.reach_px
            window = depth[max(0, y - r) : y + r + 1, max(0, x - r) : x + r + 1]
            valid = np.sort(window[window > 0])
            if len(valid) == 0:
                source[joint] = DEPTH_SOURCES.index("hole")
                continue
            out[joint] = float(np.median(valid[: max(1, len(valid) // 3)]))
            source[joint] = DEPTH_SOURCES.index("measured" if depth[y, x] > 0 else "filled")
        return out, source


def _tracks(
    recording: Recording,
    model: Model,
    found: _Found,
    sampler: DepthSampler,
    cutter: ClipCutter,
    geometry: MapGeometry,
    camera: Intrinsics | None,
    settings: dict[str, Any],
) -> Tracks:
    xy_map = np.stack(found.xy_map)
    xy_px = geometry.to_px(xy_map)
    depth_mm = np.stack(found.depth_counts) * settings["depth_unit_mm"]
    time_s = np.array(found.time_s)
    xyz_mm = np.full((*xy_px.shape[:2], 3), np.nan)
    plane = None
    scene_mm = sampler.median()
    warnings = [*recording.warnings, *_warnings(recording, cutter, settings, camera, scene_mm, len(found.frame))]
    if camera is not None:
        xyz_mm = to_camera_mm(xy_px, depth_mm, camera, geometry.mirrored)
        plane = fit_mattress(scene_mm, xy_map.reshape(-1, 2), geometry, camera)
        if plane is None:
            warnings.append("no mattress plane stands out of the picture: heights above the mattress are withheld")
    steps_s = np.diff(time_s)
    measured_hz = float(1.0 / np.median(steps_s)) if len(steps_s) else recording.fps_nominal_hz
    expected = round(float(time_s[-1] - time_s[0]) * measured_hz) + 1
    meta = {
        "schema_version": SCHEMA_VERSION,
        **settings,
        "width_px": recording.width_px,
        "height_px": recording.height_px,
        "fps_measured_hz": measured_hz,
        "fps_nominal_hz": recording.fps_nominal_hz,
        "clip_layout": "staggered",
        "intrinsics": None if camera is None else dict(camera.__dict__),
        "mattress_plane": plane,
        "still_floor_mm_s": None,
        "model_name": model.name,
        "weights_hash": model.weights_hash,
        "model_validation": model.card.get("model_validation", "simulated_only"),
        "model_error": model.card.get("model_error"),
        "software_version": __version__,
        "tracks_version": TRACKS_VERSION,
        "simulated": recording.simulated,
        "frames_used": len(found.frame),
        "frames_lost": max(0, expected - len(found.frame)),
        "warnings": warnings,
        "units": "px native pixels, mm, s, confidence a probability",
        "axes": "x right, y down, z away from the camera, of the unmirrored picture; left and right are the infant's",
        "notice": NOTICE,
    }
    single = np.float32
    return Tracks(
        frame=np.array(found.frame, np.int32),
        time_s=time_s,
        x_px=xy_px[..., 0].astype(single),
        y_px=xy_px[..., 1].astype(single),
        depth_mm=depth_mm.astype(single),
        depth_source=np.stack(found.source),
        x_mm=xyz_mm[..., 0].astype(single),
        y_mm=xyz_mm[..., 1].astype(single),
        z_mm=xyz_mm[..., 2].astype(single),
        confidence=np.stack(found.confidence).astype(single),
        meta=meta,
    )


def _warnings(
    recording: Recording,
    cutter: ClipCutter,
    settings: dict[str, Any],
    camera: Intrinsics | None,
    scene_mm: Array,
    frames: int,
) -> list[str]:
    out = []
    if not settings["left_right_verified"]:
        out.append("left/right unverified: where the head lies or whether the picture is mirrored was not stated")
    if camera is None:
        out.append("millimetres withheld: the camera's intrinsics are unknown")
    if settings["depth_unit_source"] == "assumed":
        out.append("depth unit not stated: 1 count was taken as 1 mm")
    if cutter.too_short:
        out.append(
            f"too short: {len(cutter.too_short)} of {frames} frames lie in runs of fewer than three and have no joints"
        )
    middle_mm = float(np.nanmedian(scene_mm))
    if not PLAUSIBLE_MM[0] <= middle_mm <= PLAUSIBLE_MM[1]:
        out.append(f"median depth {middle_mm:.0f} mm is implausible for a crib: check the depth unit")
    return out
