"""Limb series: endpoint relative to root, its speed, joint angles, and when the limb moves.

Limb motion is always the endpoint (wrist, ankle) relative to its root (shoulder, hip), so that being carried along by
the trunk is no movement of the limb. Left and right are the infant's own.

Deviation from the reference recipe: the resting level is the 5th, not the 10th, percentile over the 1-s windows. On
noise it is 6 % lower; on a limb at rest for only a tenth of the time the 10th percentile is movement already. "No rest
seen" asks more than a level near the median one, which a limb at rest in noise for most of the time has too.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.clean import CleanTracks, runs, whole
from asyconv.skeleton import JOINTS, LIMBS

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MOVE_ABOVE_MM_S: Final = 20.0
MOVE_WHILE_MM_S: Final = 10.0
ABOVE_FLOORS: Final = 2.5
WHILE_FLOORS: Final = 1.6
PAUSE_MAX_S: Final = 0.3
REST_WINDOW_S: Final = 1.0
REST_PERCENTILE: Final = 5.0
REST_TO_MEDIAN_MAX: Final = 0.6  # levels that hardly differ: all rest or all movement, one cannot tell
REST_TO_P95_MAX: Final = 0.5
REST_TO_NOISE_MAX: Final = 1.5  # up to here white noise explains the resting level
SEGMENT_MIN_SHARE: Final = 0.5  # shorter than half its median: foreshortened by a depth error
LIFT_BASE_PERCENTILE: Final = 5.0
ANGLES: Final = {"arm": ("elbow", "shoulder_elevation"), "leg": ("knee", "hip_flexion")}
"""Joint angles of an arm and of a leg."""


@dataclass(frozen=True)
class Floor:
    """Speed in mm/s below which movement and noise look alike, and what decided it; None = not to be had.

    `high_frequency` is the noise left by the filter, `rest` the level while at rest, `still` a still-clip calibration.
    """

    value: float | None
    high_frequency: float | None
    rest: float | None
    still: float | None
    decided_by: str
    rest_observed: bool


@dataclass(frozen=True)
class LimbSeries:
    """One limb over N samples; NaN = missing, lengths in native px or mm, angles in degrees.

    `valid` [N]: has a speed in mm/s and is not excluded; only there is `moving` known. `bouts` are half-open sample
    ranges, `censored` [bouts] tells which touch a gap or an end of the recording.
    """

    limb: str
    found: Bools
    position_px: Floats
    position_mm: Floats
    speed_px_s: Floats
    speed_mm_s: Floats
    angles_deg: dict[str, Floats]
    angles_3d: bool
    lift_mm: Floats
    floor: Floor
    valid: Bools
    moving: Bools
    bouts: list[tuple[int, int]]
    censored: list[bool]
    end_flags: npt.NDArray[np.uint16]
    root_flags: npt.NDArray[np.uint16]


def limb_series(tracks: CleanTracks, meta: dict[str, Any]) -> dict[str, LimbSeries]:
    """Series of the four limbs, by limb name in skeleton order."""
    return {limb: _one_limb(limb, tracks, meta) for limb in LIMBS}


def _one_limb(limb: str, tracks: CleanTracks, meta: dict[str, Any]) -> LimbSeries:
    root, middle, end = LIMBS[limb]
    fs_hz = tracks.time.fs_hz
    position_px = tracks.smooth_px[:, end] - tracks.smooth_px[:, root]
    position_mm = tracks.smooth_mm[:, end] - tracks.smooth_mm[:, root]
    speed_px_s, speed_mm_s = speed(position_px, fs_hz), speed(position_mm, fs_hz)
    gated_mm = tracks.gated_mm[:, end] - tracks.gated_mm[:, root]
    floor = speed_floor(gated_mm, speed_mm_s, fs_hz, tracks.cutoff_hz, meta.get("still_floor_mm_s"))
    valid = np.isfinite(speed_mm_s) & ~tracks.excluded
    moving = moving_mask(speed_mm_s, valid, fs_hz, tracks.time.effective_hz, floor.value or 0.0)
    bouts = runs(moving)
    in_3d = bool(np.isfinite(tracks.gated_mm[:, [root, middle, end]]).all(axis=-1).any())
    points = tracks.smooth_mm if in_3d else tracks.smooth_px
    return LimbSeries(
        limb=limb,
        found=whole(tracks.gated_px[:, root]) & whole(tracks.gated_px[:, end]),
        position_px=position_px,
        position_mm=position_mm,
        speed_px_s=speed_px_s,
        speed_mm_s=speed_mm_s,
        angles_deg=_angles(limb, points),
        angles_3d=in_3d,
        lift_mm=lift(tracks.smooth_mm[:, end], meta.get("mattress_plane")),
        floor=floor,
        valid=valid,
        moving=moving,
        bouts=bouts,
        censored=[_touches_unknown(valid, start, stop) for start, stop in bouts],
        end_flags=tracks.flags[:, end],
        root_flags=tracks.flags[:, root],
    )


def speed(position: Floats, fs_hz: float) -> Floats:
    """Length of the velocity of `position` [N, D] per second: central differences, one-sided where a run ends."""
    out = np.full(len(position), np.nan)
    for start, stop in runs(whole(position)):
        if stop - start >= 3:
            out[start:stop] = np.linalg.norm(np.gradient(position[start:stop], 1 / fs_hz, axis=0), axis=-1)
    return out


def speed_floor(gated_mm: Floats, speed_mm_s: Floats, fs_hz: float, cutoff_hz: float, still: float | None) -> Floor:
    """Speed floor of a limb from its measured positions `gated_mm` [N, 3] and its filtered speed [N].

    White noise: sigma = 1.4826 MAD(third difference)/sqrt(20) per axis, through an ideal low-pass at the cut-off and a
    derivative. Correlated noise and drift: the 5th percentile over 1-s windows of the RMS speed. The floor is the
    largest of these and of a still-clip calibration. Where no rest was seen the resting level is movement and noise
    mixed: it then stands only if there is no calibration, and the amounts become lower bounds.
    """
    third = np.diff(gated_mm, n=3, axis=0)
    third = third[whole(third)]
    high_frequency = None
    if len(third) >= 10:
        sigma_mm = 1.4826 * np.median(np.abs(third - np.median(third, axis=0)), axis=0) / np.sqrt(20)
        high_frequency = float(np.sqrt((2 * sigma_mm**2 / fs_hz).sum() * (2 * np.pi) ** 2 * cutoff_hz**3 / 3))
    level = _window_rms(speed_mm_s, max(3, round(REST_WINDOW_S * fs_hz)))
    rest, rest_observed = None, False
    if len(level):
        rest, usual, most = (float(v) for v in np.percentile(level, [REST_PERCENTILE, 50, 95]))
        noise_explains = high_frequency is not None and rest <= REST_TO_NOISE_MAX * high_frequency
        harmless = rest < MOVE_WHILE_MM_S / WHILE_FLOORS
        uneven = rest <= REST_TO_MEDIAN_MAX * usual or rest <= REST_TO_P95_MAX * most
        rest_observed = harmless or uneven or noise_explains
    parts = {"white noise": high_frequency, "resting level": rest, "still clip": still}
    if still is not None and not rest_observed:
        parts["resting level"] = None
    known = {name: value for name, value in parts.items() if value is not None}
    if rest is None or not known:
        return Floor(None, high_frequency, rest, still, "not to be had", False)
    decided_by = max(known, key=lambda name: known[name])
    return Floor(known[decided_by], high_frequency, rest, still, decided_by, rest_observed or still is not None)


def moving_mask(speed_mm_s: Floats, valid: Bools, fs_hz: float, effective_hz: float, floor_mm_s: float) -> Bools:
    """Hysteresis mask [N] of movement: above max(20 mm/s, 2.5 floors), kept while above max(10 mm/s, 1.6 floors).

    Pauses up to 0.3 s are merged, never across a gap; bouts shorter than 0.2 s (0.5 s below 25 Hz) are dropped.
    False where not `valid`.
    """
    above = max(MOVE_ABOVE_MM_S, ABOVE_FLOORS * floor_mm_s)
    while_ = max(MOVE_WHILE_MM_S, WHILE_FLOORS * floor_mm_s)
    known = np.where(valid, speed_mm_s, 0.0)
    moving = np.zeros(len(known), bool)
    for start, stop in runs(known > while_):
        moving[start:stop] = (known[start:stop] > above).any()
    pause_max = PAUSE_MAX_S * fs_hz + 1e-6
    for start, stop in runs(~moving):
        inner = start > 0 and stop < len(moving)
        if inner and stop - start <= pause_max and valid[start:stop].all():
            moving[start:stop] = True
    shortest = bout_min_s(effective_hz) * fs_hz - 1e-6
    for start, stop in runs(moving):
        if stop - start < shortest:
            moving[start:stop] = False
    return moving


def bout_min_s(effective_hz: float) -> float:
    """Shortest bout that the rate can resolve, in s."""
    return 0.2 if effective_hz >= 25 else 0.5


def included_angle(corner: Floats, first: Floats, second: Floats) -> Floats:
    """Angle in degrees at `corner` [N, D] between the directions to two points, 0 to 180."""
    return angle_between(first - corner, second - corner)


def angle_between(a: Floats, b: Floats) -> Floats:
    """Angle in degrees between vectors [N, D], D 2 or 3, as atan2(|a x b|, a.b): steady near 0 and 180."""
    inner = (a * b).sum(axis=-1)
    cross_squared = np.maximum((a**2).sum(axis=-1) * (b**2).sum(axis=-1) - inner**2, 0)
    if a.shape[-1] == 3:
        cross_squared = (np.cross(a, b) ** 2).sum(axis=-1)
    degrees: Floats = np.degrees(np.arctan2(np.sqrt(cross_squared), inner))
    return degrees


def trunk_down(points: Floats) -> Floats:
    """Find the unit vector [D] from mid-shoulder to mid-hip of `points` [N, 12, D] (median); NaN if never seen."""
    joint = JOINTS.index
    shoulders = points[:, [joint("right_shoulder"), joint("left_shoulder")]].mean(axis=1)
    hips = points[:, [joint("right_hip"), joint("left_hip")]].mean(axis=1)
    down = hips - shoulders
    down = down[whole(down)]
    if not len(down):
        return np.full(points.shape[-1], np.nan)
    middle = np.median(down, axis=0)
    length = np.linalg.norm(middle)
    return np.asarray(middle / length) if length > 0 else np.full(points.shape[-1], np.nan)


def lift(end_mm: Floats, plane: list[float] | None) -> Floats:
    """Height in mm of an endpoint [N, 3] above the mattress `plane` (unit normal, d), above its own 5th percentile."""
    if plane is None:
        return np.full(len(end_mm), np.nan)
    height: Floats = end_mm @ np.asarray(plane[:3], float) + plane[3]
    seen = height[np.isfinite(height)]
    return height - np.percentile(seen, LIFT_BASE_PERCENTILE) if len(seen) else height


def _angles(limb: str, points: Floats) -> dict[str, Floats]:
    """Joint angles of one limb: 0 deg at shoulder and hip = along the trunk; elbow and knee straight = 180 deg."""
    root, middle, end = (points[:, k].copy() for k in LIMBS[limb])
    for near, far in ((root, middle), (middle, end)):
        length = np.linalg.norm(far - near, axis=-1)
        if np.isfinite(length).any():
            with np.errstate(invalid="ignore"):
                far[length < SEGMENT_MIN_SHARE * np.nanmedian(length)] = np.nan
    down = np.broadcast_to(trunk_down(points), root.shape)
    bend, raised = ANGLES["arm" if limb.endswith("arm") else "leg"]
    return {bend: included_angle(middle, root, end), raised: angle_between(middle - root, down)}


def _window_rms(values: Floats, window: int) -> Floats:
    """RMS over every window of `window` samples that are all present."""
    if len(values) < window:
        return np.empty(0)
    views = np.lib.stride_tricks.sliding_window_view(values, window)
    means = (views**2).mean(axis=-1)
    return np.asarray(np.sqrt(means[np.isfinite(means)]))


def _touches_unknown(valid: Bools, start: int, stop: int) -> bool:
    return start == 0 or stop == len(valid) or not valid[start - 1] or not valid[stop]
