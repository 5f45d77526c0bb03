"""Clean tracks: one time base, gated and smoothed positions, a flag per sample and a log of every step.

Nothing is imputed: a gap longer than 0.2 s stays missing and leaves every denominator. Raw tracks are not changed.

Deviations from the reference recipe: the frame spacing is the mean of the ordinary spacings, not their median (whole
milliseconds make the median wrong by 1 %); the Butterworth design cut-off is pre-warped, so that the effective
-3 dB point is exact at 6 Hz too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning.body_frame import BodyFrame, body_frame
from asyconv.analysis.cleaning.bones import LENGTH_OFF_MAX, SAMPLES_MIN, learn_bones, too_long, wrong_length
from asyconv.analysis.cleaning.depths import (
    FLICKER_MM,
    FLICKER_WINDOW_S,
    HEIGHT_MM,
    STEP_MM,
    TRUNK_SLOW_S,
    flickers,
    implausible,
    with_stiff_trunk,
)
from asyconv.analysis.cleaning.outliers import OUTLIER_SCORE, STEADY_S, is_jump, is_outlier, mean_about
from asyconv.analysis.cleaning.swaps import SIDES_APART_MIN_MM, SWAP_COST_SHARE, SWAP_MAX_S, find_swaps
from asyconv.analysis.cleaning.timebase import TimeBase, make_time_base
from asyconv.analysis.formulas.filters import RUN_MIN_SAMPLES, smooth
from asyconv.analysis.formulas.gaps import FILL_MAX_S, fill_gaps, whole
from asyconv.analysis.formulas.sampling import FAST_HZ
from asyconv.tracks import DEPTH_SOURCES, Tracks

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Flags = npt.NDArray[np.uint16]

CONFIDENCE_MIN: Final = 0.5  # a calibrated probability: the joint is more likely found than not
OUTLIER_MIN_MM: Final = 10.0
JUMP_MM_S: Final = 1500.0
CUTOFF_HZ: Final = 4.0
USUAL_MM_PER_PX: Final = 0.71  # 640 px wide, 400 mm away; scales plausibility gates where millimetres are unknown

DROPPED, MISSING, LOW_CONFIDENCE, EXCLUDED, NO_DEPTH, DEPTH_REJECTED = 1, 2, 4, 8, 16, 32
OUTLIER, JUMP, FILLED, DEPTH_FILLED, SHORT_RUN = 64, 128, 256, 512, 1024
SWAPPED, SWAP_DOUBTFUL, BONE_LENGTH, TRUNK_DEPTH, UNSTEADY = 2048, 4096, 8192, 16384, 32768

FLAG_NAMES: Final = {
    DROPPED: "frame dropped by the recording",
    MISSING: "joint not found",
    LOW_CONFIDENCE: "confidence below the gate",
    UNSTEADY: "joint missing, rejected or unsure too often about this time",
    EXCLUDED: "inside an excluded event",
    NO_DEPTH: "no depth, so no millimetres",
    DEPTH_REJECTED: "depth implausible against its neighbours",
    OUTLIER: "position rejected as an outlier",
    JUMP: "position rejected as a jump",
    FILLED: "short gap filled by a straight line",
    DEPTH_FILLED: "short gap in the millimetres filled by a straight line",
    SHORT_RUN: "run too short to smooth; no speed",
    SWAPPED: "left and right were exchanged; given back to its side",
    SWAP_DOUBTFUL: "left and right changed here without a way back; left as it was",
    BONE_LENGTH: "bone too long or too short for the millimetres, or too long for the picture",
    TRUNK_DEPTH: "shoulder or hip whose own depth left the trunk; the trunk's was taken",
}
"""What each bit of a sample's flag means."""


@dataclass(frozen=True)
class Event:
    """A stretch of time with a reason; `handling` and `exclude` leave every denominator, `state` does not."""

    start_s: float
    end_s: float
    kind: str
    reason: str = ""


@dataclass(frozen=True)
class Step:
    """One line of the step log: what was done, with which parameters, to how many samples of how many."""

    name: str
    parameters: str
    changed: int
    total: int
    ran: bool = True


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
    rate, band_hz = str(tracks.meta.get("rate", "full")), tracks.meta.get("tracker_band_hz")
    time = make_time_base(tracks.time_s, tracks.frame, rate, band_hz)
    xy_px = time.place(np.stack([tracks.x_px, tracks.y_px], axis=-1))
    xyz_mm = time.place(np.stack([tracks.x_mm, tracks.y_mm, tracks.z_mm], axis=-1))
    confidence = time.place(tracks.confidence[..., None])[..., 0]
    hole = time.place((tracks.depth_source == DEPTH_SOURCES.index("hole"))[..., None].astype(float))[..., 0]
    flags = np.zeros(confidence.shape, np.uint16)
    log = _Log(flags)
    how = f"{time.fs_hz:.3f} Hz, effective {time.effective_hz:.3f} Hz, jitter {time.jitter_pct:.1f} %" + (
        ", resampled" if time.resampled else ""
    )
    log.add("time base", how, np.repeat(~time.present[:, None], 12, axis=1), DROPPED)

    excluded = _inside(time.time_s, events)
    gate = confidence_gate(tracks.meta)
    keep = _accepted(whole(xy_px), confidence, gate, time, excluded, log)
    xy_px[~keep] = np.nan

    px_per_mm = _px_per_mm(tracks.meta, xyz_mm[..., 2])
    xyz_mm[~keep] = np.nan
    _undo_swaps(xy_px, xyz_mm, hole, time.fs_hz, px_per_mm, log)
    _reject_positions(xy_px, confidence, time.fs_hz, px_per_mm, log)
    keep = whole(xy_px)
    no_depth = keep & ~(whole(xyz_mm) & ~(hole > 0))
    log.add("depth present", "a depth and intrinsics", no_depth, NO_DEPTH)
    xyz_mm[~keep | no_depth] = np.nan
    _settle_depths(xyz_mm, time.fs_hz, tracks.meta.get("mattress_plane"), log)
    _reject_bones(xyz_mm, confidence, log)
    _leave_out_unsteady(xy_px, xyz_mm, confidence, steady_from(gate), time.fs_hz, excluded, log)

    cutoff_hz = min(CUTOFF_HZ, time.effective_hz / 3)
    step_max_mm = JUMP_MM_S / time.fs_hz
    filled_px = fill_gaps(xy_px, time.fs_hz, step_max_mm * px_per_mm, excluded)
    filled_mm = fill_gaps(xyz_mm, time.fs_hz, step_max_mm, excluded)
    limits = f"gaps up to {FILL_MAX_S:g} s, straight line"
    log.add("gap filling", limits, np.isfinite(filled_px[..., 0]) & np.isnan(xy_px[..., 0]), FILLED)
    log.add("gap filling, mm", limits, np.isfinite(filled_mm[..., 0]) & np.isnan(xyz_mm[..., 0]), DEPTH_FILLED)
    smooth_px, short = smooth(filled_px, time.fs_hz, cutoff_hz)
    smooth_mm, short_mm = smooth(filled_mm, time.fs_hz, cutoff_hz)
    log.add(
        "smoothing",
        f"Butterworth order 2 forward and backward, -3 dB at {cutoff_hz:g} Hz, runs of at least "
        f"{RUN_MIN_SAMPLES} samples; count: samples left out as too short a run",
        short | short_mm,
        SHORT_RUN,
    )
    frame = body_frame(xyz_mm)
    if frame is None:
        log.skip("body frame", "no shoulders and hips in millimetres together")
    else:
        log.note("body frame", f"median trunk, {frame.trunk_length_mm:.1f} mm long; one frame for the recording")
    return CleanTracks(time, cutoff_hz, xy_px, xyz_mm, smooth_px, smooth_mm, flags, excluded, frame, tuple(log.steps))


def confidence_gate(meta: dict[str, Any]) -> float:
    """Confidence from which a joint is used: what the tracks' metadata state, else 0.5."""
    stated = meta.get("confidence_min")
    return CONFIDENCE_MIN if stated is None else float(stated)


def steady_from(gate: float) -> float:
    """Mean confidence from which a joint is steady: half-way from the confidence gate to 1.

    A gap short enough to be filled then spares its neighbours, if they are sure.
    """
    return (1 + gate) / 2


class _Log:
    """Steps and flags as they are made."""

    def __init__(self, flags: Flags) -> None:
        self.flags = flags
        self.steps: list[Step] = []

    def add(self, name: str, parameters: str, changed: Bools, bit: int) -> None:
        self.flags[changed] |= bit
        self.steps.append(Step(name, parameters, int(changed.sum()), changed.size))

    def note(self, name: str, parameters: str) -> None:
        self.steps.append(Step(name, parameters, 0, self.flags.size))

    def skip(self, name: str, why: str) -> None:
        self.steps.append(Step(name, why, 0, self.flags.size, ran=False))


def _accepted(found: Bools, confidence: Floats, gate: float, time: TimeBase, excluded: Bools, log: _Log) -> Bools:
    """Joints [N, 12] that were found, surely enough, and outside excluded events."""
    log.add("joint found", "finite pixel coordinates", ~found & time.present[:, None], MISSING)
    unsure = found & ~(confidence >= gate)
    log.add("confidence gate", f"at least {gate:g}", unsure, LOW_CONFIDENCE)
    log.add("events", "handling and exclude", np.repeat(excluded[:, None], 12, axis=1), EXCLUDED)
    return found & ~unsure & ~excluded[:, None]


def _inside(time_s: Floats, events: Sequence[Event] | None) -> Bools:
    excluded = np.zeros(len(time_s), bool)
    for event in events or ():
        if event.kind in ("handling", "exclude"):
            excluded |= (time_s >= event.start_s) & (time_s < event.end_s)
    return excluded


def _px_per_mm(meta: dict[str, Any], z_mm: Floats) -> float:
    """Pixels per millimetre at the infant, for plausibility gates on pixel positions only."""
    intrinsics = meta.get("intrinsics")
    seen = z_mm[np.isfinite(z_mm) & (z_mm > 0)]
    if intrinsics and len(seen):
        return float(intrinsics["fx_px"] / np.median(seen))
    return float(meta.get("width_px") or 640) / 640 / USUAL_MM_PER_PX


def _undo_swaps(xy_px: Floats, xyz_mm: Floats, hole: Floats, fs_hz: float, px_per_mm: float, log: _Log) -> None:
    """Give exchanged left and right positions back to their sides, in place."""
    swaps = find_swaps(xy_px, fs_hz, SIDES_APART_MIN_MM * px_per_mm)
    log.add(
        "left-right swaps",
        f"exchanged costs less than {SWAP_COST_SHARE:g} of as tracked, and back within {SWAP_MAX_S:g} s: undone",
        swaps.undo,
        SWAPPED,
    )
    log.add(
        "left-right swaps, doubtful", "a change of sides without a way back: marked only", swaps.doubtful, SWAP_DOUBTFUL
    )
    for values in (xy_px, xyz_mm, hole):
        values[:] = swaps.apply(values)


def _reject_positions(xy_px: Floats, confidence: Floats, fs_hz: float, px_per_mm: float, log: _Log) -> None:
    """Set outliers, jumps and joints too far along their bone to missing among pixel positions, in place."""
    outlier = is_outlier(xy_px, fs_hz, OUTLIER_MIN_MM * px_per_mm)
    log.add(
        "outliers",
        f"more than {OUTLIER_SCORE:g} times the median deviation / 0.6745 and {OUTLIER_MIN_MM:g} mm from the median of "
        "0.23 s",
        outlier,
        OUTLIER,
    )
    xy_px[outlier] = np.nan
    jump = is_jump(xy_px, fs_hz, JUMP_MM_S / fs_hz * px_per_mm)
    log.add("jumps", f"faster than {JUMP_MM_S:g} mm/s", jump, JUMP)
    xy_px[jump] = np.nan
    stretched = too_long(xy_px, learn_bones(xy_px, confidence))
    log.add(
        "bones, px", f"outer joint: longer than {1 + LENGTH_OFF_MAX:g} times the longest look", stretched, BONE_LENGTH
    )
    xy_px[stretched] = np.nan


def _settle_depths(xyz_mm: Floats, fs_hz: float, plane: list[float] | None, log: _Log) -> None:
    """Set implausible and flickering depths to missing and let shoulders and hips follow the trunk, in place."""
    where = f"{HEIGHT_MM[0]:g} to {HEIGHT_MM[1]:g} mm above the mattress" if plane else "no mattress plane to check"
    bad = implausible(xyz_mm, fs_hz, JUMP_MM_S, OUTLIER_MIN_MM, plane)
    log.add(
        "depth sanity", f"within {STEP_MM:g} mm of the median of 1 s; {where}; outliers, jumps", bad, DEPTH_REJECTED
    )
    xyz_mm[bad] = np.nan
    settled = with_stiff_trunk(xyz_mm, fs_hz)
    with np.errstate(invalid="ignore"):
        moved = np.abs(settled - xyz_mm)[..., 2] > FLICKER_MM
    how = f"shoulders and hips: the trunk's depth, their own only as the median of {TRUNK_SLOW_S:g} s"
    log.add("stiff trunk", f"{how}; count: moved by more than {FLICKER_MM:g} mm", moved, TRUNK_DEPTH)
    xyz_mm[:] = settled
    if fs_hz < FAST_HZ:
        log.skip("depth flicker", f"blind below {FAST_HZ:g} Hz")
        return
    bad = flickers(xyz_mm, fs_hz)
    how = f"other joints: more than {FLICKER_MM:g} mm from the median of {FLICKER_WINDOW_S:g} s"
    log.add("depth flicker", how, bad, DEPTH_REJECTED)
    xyz_mm[bad] = np.nan


def _reject_bones(xyz_mm: Floats, confidence: Floats, log: _Log) -> None:
    """Set outer joints whose bone has a wrong length in millimetres to missing, in place."""
    bones = learn_bones(xyz_mm, confidence)
    if not any(bones):
        log.skip("bones, mm", f"no bone was seen in millimetres {SAMPLES_MIN} times")
        return
    wrong = wrong_length(xyz_mm, bones)
    log.add(
        "bones, mm",
        f"outer joint: off the usual length by more than {100 * LENGTH_OFF_MAX:g} % and 4 times its spread",
        wrong,
        BONE_LENGTH,
    )
    xyz_mm[wrong] = np.nan


def _leave_out_unsteady(
    xy_px: Floats, xyz_mm: Floats, confidence: Floats, least: float, fs_hz: float, excluded: Bools, log: _Log
) -> None:
    """Set joints to missing, in place, about whose time too little is left that is sure."""
    unsteady = np.zeros(confidence.shape, bool)
    for positions in (xy_px, xyz_mm):
        left = whole(positions)
        shaky = left & (mean_about(np.where(left, confidence, 0.0), fs_hz, excluded) < least - 1e-9)
        positions[shaky] = np.nan
        unsteady |= shaky
    how = f"mean confidence within {STEADY_S:g} s at least {least:g}; 0 where the joint is missing or was rejected"
    log.add("steadily found", how, unsteady, UNSTEADY)
