"""Clean tracks: one time base, gated and smoothed positions, a flag per sample and a log of every step.

Nothing is imputed: a gap longer than 0.2 s stays missing and leaves every denominator. Raw tracks are not changed.

Deviations from the reference recipe: the frame spacing is the mean of the ordinary spacings, not their median (whole
milliseconds make the median wrong by 1 %); the Butterworth design cut-off is pre-warped, so that the effective
-3 dB point is exact at 6 Hz too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning import flags
from asyconv.analysis.cleaning.body_frame import BodyFrame, body_frame
from asyconv.analysis.cleaning.events import Event, excluded_by
from asyconv.analysis.cleaning.positions import Done, Positions, Step
from asyconv.analysis.cleaning.rejections import JUMP_MM_S, rejections
from asyconv.analysis.cleaning.timebase import TimeBase, make_time_base
from asyconv.analysis.formulas.filters import RUN_MIN_SAMPLES, smooth
from asyconv.analysis.formulas.gaps import FILL_MAX_S, fill_gaps
from asyconv.analysis.formulas.windows import SLOW_S
from asyconv.tracks import DEPTH_SOURCES, Tracks

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Flags = npt.NDArray[np.uint16]

CONFIDENCE_MIN: Final = 0.5  # a calibrated probability: the joint is more likely found than not
CUTOFF_HZ: Final = 4.0
USUAL_MM_PER_PX: Final = 0.71  # 640 px wide, 400 mm away; scales plausibility gates where millimetres are unknown


@dataclass(frozen=True)
class CleanTracks:
    """Positions on a uniform time base; N samples, 12 joints, NaN = missing.

    `gated_*` are the accepted samples as measured, `smooth_*` the same after filling and smoothing; px are native
    pixels [N, 12, 2], mm camera-frame millimetres [N, 12, 3]. `flags` u16 [N, 12] holds the bits of `FLAG_NAMES`.
    `excluded` [N] marks samples outside every denominator. `body` is the infant's own frame, None without millimetres.
    """

    time: TimeBase
    cutoff_hz: float
    gated_px: Floats
    gated_mm: Floats
    smooth_px: Floats
    smooth_mm: Floats
    flags: Flags
    excluded: Bools
    body: BodyFrame | None
    steps: tuple[Step, ...]


def clean(tracks: Tracks, events: Sequence[Event] | None = None) -> CleanTracks:
    """Gate, fill and smooth `tracks`; see the module's docstring and the returned step log."""
    placed, log = on_time_base(tracks, events)
    px_per_mm = _px_per_mm(tracks.meta, placed.mm[..., 2])
    gated = placed
    steps = rejections(
        placed,
        gate=confidence_gate(tracks.meta),
        px_per_mm=px_per_mm,
        plane=tracks.meta.get("mattress_plane"),
        simulated=bool(tracks.meta.get("simulated")),
    )
    for step in steps:
        gated, done = step(gated)
        log += done
    filled, done = with_filled_gaps(gated, px_per_mm)
    cutoff_hz = min(CUTOFF_HZ, placed.time.effective_hz / 3)
    smoothed, more = smoothed_runs(filled, cutoff_hz)
    frame = body_frame(gated.mm, placed.time.fs_hz)
    about = Step("body frame", "no shoulders and hips in millimetres together", 0, gated.flags.size, ran=False)
    if frame is not None:
        how = f"median trunk, {frame.trunk_length_mm:.1f} mm long; its direction the median over {SLOW_S:g} s"
        about = Step("body frame", how, 0, gated.flags.size)
    return CleanTracks(
        time=placed.time,
        cutoff_hz=cutoff_hz,
        gated_px=gated.px,
        gated_mm=gated.mm,
        smooth_px=smoothed.px,
        smooth_mm=smoothed.mm,
        flags=smoothed.flags,
        excluded=placed.excluded,
        body=frame,
        steps=(*log, *done, *more, about),
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
    )
    how = f"{time.fs_hz:.3f} Hz, effective {time.effective_hz:.3f} Hz, jitter {time.jitter_pct:.1f} %" + (
        ", resampled" if time.resampled else ""
    )
    dropped = np.repeat(~time.present[:, None], confidence.shape[1], axis=1)
    return placed.log("time base", how, dropped, flags.DROPPED)


def with_filled_gaps(at: Positions, px_per_mm: float) -> Done:
    """Short gaps bridged by straight lines, in pixels and in millimetres."""
    step_max_mm = JUMP_MM_S / at.time.fs_hz
    px = fill_gaps(at.px, at.time.fs_hz, step_max_mm * px_per_mm, at.excluded)
    mm = fill_gaps(at.mm, at.time.fs_hz, step_max_mm, at.excluded)
    how = f"gaps up to {FILL_MAX_S:g} s, straight line"
    in_px, in_mm = np.isfinite(px) & np.isnan(at.px), np.isfinite(mm) & np.isnan(at.mm)
    filled, first = replace(at, px=px, mm=mm).log("gap filling", how, in_px[..., 0], flags.FILLED)
    filled, second = filled.log("gap filling, mm", how, in_mm[..., 0], flags.DEPTH_FILLED)
    return filled, first + second


def smoothed_runs(at: Positions, cutoff_hz: float) -> Done:
    """Every run low-passed; runs too short for the filter are missing."""
    px, short_px = smooth(at.px, at.time.fs_hz, cutoff_hz)
    mm, short_mm = smooth(at.mm, at.time.fs_hz, cutoff_hz)
    how = (
        f"Butterworth order 2 forward and backward, -3 dB at {cutoff_hz:g} Hz, runs of at least {RUN_MIN_SAMPLES} "
        "samples; count: samples left out as too short a run"
    )
    return replace(at, px=px, mm=mm).log("smoothing", how, short_px | short_mm, flags.SHORT_RUN)


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
