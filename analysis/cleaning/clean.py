"""Clean tracks: one time base, accepted finds, estimated positions, a flag per sample and a log of every step.

A gap that the estimator cannot bridge stays missing and leaves every denominator. Raw tracks are not changed.

Deviations from the reference recipe: the frame spacing is the mean of the ordinary spacings, not their median (whole
milliseconds make the median wrong by 1 %); a robust least squares stands in the place of gap filling and Butterworth
filter (estimator.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning import flags
from asyconv.analysis.cleaning.body_frame import BodyFrame, body_frame, trunk_down
from asyconv.analysis.cleaning.estimated import UNSURE_SD, Estimated, estimated, find_sd, quick_hz
from asyconv.analysis.cleaning.events import Event, excluded_by
from asyconv.analysis.cleaning.motion import place_motion
from asyconv.analysis.cleaning.plane import TRUNK_MM, in_plane, px_per_mm_of_trunk, with_z
from asyconv.analysis.cleaning.positions import Done, Positions, Step
from asyconv.analysis.cleaning.rejections import rejections
from asyconv.analysis.cleaning.timebase import TimeBase, make_time_base
from asyconv.analysis.formulas.filters import RUN_MIN_SAMPLES
from asyconv.analysis.formulas.gaps import whole
from asyconv.analysis.formulas.windows import SLOW_S
from asyconv.tracks import DEPTH_SOURCES, Tracks

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Flags = npt.NDArray[np.uint16]

CONFIDENCE_MIN: Final = 0.5  # a calibrated probability: the joint is more likely found than not
FROM_PICTURE: Final = [DEPTH_SOURCES.index(name) for name in ("measured", "filled")]
CUTOFF_HZ: Final = 4.0
USUAL_MM_PER_PX: Final = 0.71  # 640 px wide, 400 mm away; scales plausibility gates where millimetres are unknown


@dataclass(frozen=True)
class CleanTracks:
    """Positions on a uniform time base; N samples, 12 joints, NaN = missing.

    `gated_*` are the accepted samples as measured, `smooth_*` the estimated positions; px are native pixels
    [N, 12, 2], mm camera-frame millimetres [N, 12, 3]. `quick_mm` is `smooth_mm` with a band up to 6 Hz. `sd_mm`
    [N, 12] is the SD per axis of `smooth_mm`, `speed_sd_mm_s` [N, 12] that of its speed, all axes, and `noise` [N, 12]
    the same in that of a joint found surely throughout. `still` and `stirred` [N, 12] say where pictures show that
    nothing, or something, moves about a joint; False where they show neither. `flags` u16 [N, 12] holds the bits of
    `FLAG_NAMES`. `excluded` [N] marks samples outside every denominator. `body` is the infant's own frame, None without
    millimetres. Where `in_plane`, millimetres are pixels, scaled to a trunk of `plane.TRUNK_MM`, with z = 0.
    """

    time: TimeBase
    cutoff_hz: float
    gated_px: Floats
    gated_mm: Floats
    smooth_px: Floats
    smooth_mm: Floats
    quick_mm: Floats
    sd_mm: Floats
    speed_sd_mm_s: Floats
    noise: Floats
    still: Bools
    stirred: Bools
    flags: Flags
    excluded: Bools
    body: BodyFrame | None
    steps: tuple[Step, ...]
    in_plane: bool = False

    @property
    def dimensions(self) -> int:
        """Axes along which a joint can move."""
        return 2 if self.in_plane else 3

    @cached_property
    def down_mm(self) -> Floats:
        """Where the trunk points in `smooth_mm`, unit vectors [N, 3]."""
        return trunk_down(self.smooth_mm, self.time.fs_hz)

    @cached_property
    def down_px(self) -> Floats:
        """Where the trunk points in `smooth_px`, unit vectors [N, 2]."""
        return trunk_down(self.smooth_px, self.time.fs_hz)


def clean(tracks: Tracks, events: Sequence[Event] | None = None) -> CleanTracks:
    """Gate, fill and smooth `tracks`; see the module's docstring and the returned step log."""
    placed, log = on_time_base(tracks, events)
    gate = confidence_gate(tracks.meta)
    trunk = None if whole(placed.mm).any() else px_per_mm_of_trunk(placed, gate)
    px_per_mm = trunk or _px_per_mm(tracks.meta, placed.mm[..., 2])
    gated = placed
    steps = rejections(
        placed,
        gate=gate,
        px_per_mm=px_per_mm,
        plane=tracks.meta.get("mattress_plane"),
        simulated=bool(tracks.meta.get("simulated")),
        skin=bool(np.isin(tracks.depth_source, FROM_PICTURE).any()),
    )
    for step in steps:
        gated, done = step(gated)
        log += done
    if trunk:
        gated = in_plane(gated, trunk, bool(tracks.meta.get("mirrored")))
    cutoff_hz = min(CUTOFF_HZ, placed.time.effective_hz / 3)
    nothing = np.zeros(gated.flags.shape, bool)
    px, mm, quick, marked, done = positions(gated, px_per_mm, cutoff_hz, gate, dimensions=2 if trunk else 3)
    frame = body_frame(gated.mm, placed.time.fs_hz)
    how = "no shoulders and hips in millimetres together"
    if trunk:
        how = f"no millimetres: the median trunk, {trunk * TRUNK_MM:.1f} px long, is the ruler in the picture's plane"
    elif frame is not None:
        how = f"median trunk, {frame.trunk_length_mm:.1f} mm long; its direction the median over {SLOW_S:g} s"
    about = Step("body frame", how, 0, gated.flags.size, ran=bool(trunk) or frame is not None)
    return CleanTracks(
        time=placed.time,
        cutoff_hz=cutoff_hz,
        gated_px=marked.px,
        gated_mm=marked.mm,
        smooth_px=px.points,
        smooth_mm=mm.points,
        quick_mm=quick.points,
        sd_mm=mm.sd,
        speed_sd_mm_s=mm.speed_sd,
        noise=mm.speed_sd / mm.usual_speed_sd,
        still=nothing if gated.motion is None else gated.motion.rests,
        stirred=nothing if gated.motion is None else gated.motion.moves,
        flags=marked.flags,
        excluded=placed.excluded,
        body=frame,
        steps=(*log, *done, about),
        in_plane=bool(trunk),
    )


def on_time_base(tracks: Tracks, events: Sequence[Event] | None) -> Done:
    """Joints as tracked on even samples; a frame that the recording dropped is an empty sample."""
    rate, band_hz = str(tracks.meta.get("rate", "full")), tracks.meta.get("tracker_band_hz")
    time = make_time_base(tracks.time_s, tracks.frame, rate, band_hz)
    hole = tracks.depth_source == DEPTH_SOURCES.index("hole")
    confidence = time.place(tracks.confidence[..., None])[..., 0]
    placed = Positions(
        time=time,
        px=time.place(np.stack([tracks.x_px, tracks.y_px], axis=-1)),
        mm=time.place(np.stack([tracks.x_mm, tracks.y_mm, tracks.z_mm], axis=-1)),
        confidence=confidence,
        hole=time.place(hole[..., None].astype(float))[..., 0] > 0,
        flags=np.zeros(confidence.shape, np.uint16),
        excluded=excluded_by(events, time.time_s),
        motion=place_motion(tracks.motion, time),
    )
    how = f"{time.fs_hz:.3f} Hz, effective {time.effective_hz:.3f} Hz, jitter {time.jitter_pct:.1f} %" + (
        ", resampled" if time.resampled else ""
    )
    dropped = np.repeat(~time.present[:, None], confidence.shape[1], axis=1)
    return placed.log("time base", how, dropped, flags.DROPPED)


def positions(
    at: Positions, px_per_mm: float, cutoff_hz: float, gate: float, dimensions: int = 3
) -> tuple[Estimated, Estimated, Estimated, Positions, tuple[Step, ...]]:
    """Estimated positions in pixels, in millimetres, and in millimetres with the quick band; flags and steps.

    With two `dimensions` the millimetres lie in a plane, and no axis out of it has noise.
    """
    sd_px, relative_sd = find_sd(at, at.px, gate), find_sd(at, at.mm, gate)
    unsure_px, unsure_mm = (whole(at.px) & (sd_px > UNSURE_SD)), (whole(at.mm) & (relative_sd > UNSURE_SD))
    at = at.without(unsure_px, mm=False).without(unsure_mm, px=False)
    how = f"the SD of the find is at most {UNSURE_SD:g} times that of a sure one"
    at, unsure = at.log("surely found", how, unsure_px | unsure_mm, flags.UNSURE)
    px = estimated(at, at.px, px_per_mm, cutoff_hz, sd_px, evidence=False)
    points = at.mm[..., :dimensions]
    mm = estimated(at, points, 1.0, cutoff_hz, relative_sd, evidence=dimensions == 3)
    quick = estimated(at, points, 1.0, quick_hz(at.time), relative_sd, evidence=dimensions == 3)
    if dimensions == 2:
        mm, quick = (replace(of_plane, points=with_z(of_plane.points)) for of_plane in (mm, quick))
    how = f"least squares over the recording, band up to {cutoff_hz:g} Hz; count: samples bridged between finds"
    marked, first = at.log("estimate", how, whole(px.points) & ~whole(at.px), flags.FILLED)
    marked, second = marked.log("estimate, mm", how, whole(mm.points) & ~whole(at.mm), flags.DEPTH_FILLED)
    short = (whole(at.px) & ~whole(px.points)) | (whole(at.mm) & ~whole(mm.points))
    how = f"runs of at least {RUN_MIN_SAMPLES} samples; count: samples left out as too short a run"
    marked, third = marked.log("short runs", how, short, flags.SHORT_RUN)
    return px, mm, quick, marked, unsure + first + second + third


def confidence_gate(meta: dict[str, Any]) -> float:
    """Confidence from which a joint is used: what the tracks' metadata state, else 0.5."""
    stated = meta.get("confidence_min")
    return CONFIDENCE_MIN if stated is None else float(stated)


def _px_per_mm(meta: dict[str, Any], z_mm: Floats) -> float:
    """Pixels per millimetre at the infant, for plausibility gates on pixel positions only."""
    intrinsics = meta.get("intrinsics")
    seen = z_mm[np.isfinite(z_mm) & (z_mm > 0)]
    if intrinsics and len(seen):
        return float(intrinsics["fx_px"] / np.median(seen))
    return float(meta.get("width_px") or 640) / 640 / USUAL_MM_PER_PX
