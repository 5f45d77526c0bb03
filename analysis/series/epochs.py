"""Epochs: what the measures see of a limb, a pair of limbs or the body, for up to 180 s of a recording."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning.clean import CleanTracks
from asyconv.analysis.cleaning.flags import (
    BONE_LENGTH,
    DEPTH_FILLED,
    DEPTH_REJECTED,
    FILLED,
    JUMP,
    LOW_CONFIDENCE,
    NO_DEPTH,
    OUTLIER,
    SWAPPED,
    UNSTEADY,
)
from asyconv.analysis.formulas.bouts import moving_mask
from asyconv.analysis.formulas.gaps import runs, whole
from asyconv.analysis.series.floor import Floor
from asyconv.analysis.series.limbs import LimbSeries
from asyconv.analysis.series.motion import BodyMotion, LimbMotion
from asyconv.skeleton import JOINTS

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

EPOCH_S: Final = 180.0
EPOCH_SLACK_S: Final = 1.8  # 1 %: a recording of "180 s" that is a few frames longer stays one epoch
PAIRS: Final = (
    ("right_arm", "left_arm"),
    ("right_leg", "left_leg"),
    ("left_arm", "left_leg"),
    ("right_arm", "right_leg"),
    ("left_arm", "right_leg"),
    ("right_arm", "left_leg"),
)
"""Pairs of limbs in table order."""

FLAG_GROUPS: Final = {
    "interpolated": FILLED | DEPTH_FILLED,
    "rejected": OUTLIER | JUMP | DEPTH_REJECTED | BONE_LENGTH,
    "outlier": OUTLIER | JUMP,
    "swap": SWAPPED,
    "depth_hole": NO_DEPTH,
    "low_conf": LOW_CONFIDENCE | UNSTEADY,
}
"""Kinds of flag that are counted."""


@dataclass(frozen=True)
class Span:
    """Samples [first, stop) of a recording that make one epoch."""

    start_s: float
    length_s: float
    first: int
    stop: int


@dataclass(frozen=True)
class JointEpoch:
    """One joint in one epoch: what was seen of it, in % of the expected samples, and its noise (NaN: not to be had)."""

    part: str
    kind: str
    start_s: float
    length_s: float
    effective_hz: float
    expected: int
    sides_verified: bool
    mm_reason: str
    shares_pct: dict[str, float]
    noise_mm: float
    floor_mm_s: float

    @property
    def limbs(self) -> tuple["LimbEpoch", ...]:
        """A joint passes no limb's gates."""
        return ()

    @property
    def analysed_s(self) -> float:
        """Seconds in which the joint was seen."""
        return self.shares_pct["seen"] / 100 * self.length_s


@dataclass(frozen=True)
class LimbEpoch:
    """One limb in one epoch; arrays over its samples, bouts as sample ranges that begin in it.

    `first` is the recording's sample at which the epoch begins; `all_limbs` holds the four limbs of the epoch.
    """

    part: str
    kind: str
    start_s: float
    length_s: float
    fs_hz: float
    first: int
    effective_hz: float
    expected: int
    sides_verified: bool
    mm_reason: str
    trunk_mm: float | None
    floor: Floor
    floor_in_time_mm_s: Floats
    valid: Bools
    moving: Bools
    speed_mm_s: Floats
    speed_px_s: Floats
    lift_mm: Floats
    angles_3d: bool
    motion: LimbMotion = field(repr=False)
    bouts: list[tuple[int, int]]
    censored: list[bool]
    coverage_raw_pct: float
    coverage_px_pct: float
    shares_pct: dict[str, float]
    n_gaps: float
    longest_gap_s: float
    all_limbs: dict[str, "LimbEpoch"] = field(default_factory=dict, repr=False)

    @property
    def limbs(self) -> tuple["LimbEpoch", ...]:
        """The limbs that must pass the gates: this one."""
        return (self,)

    @property
    def analysed_s(self) -> float:
        """Seconds with a speed in mm/s."""
        return float(self.valid.sum() / self.fs_hz)

    @property
    def analysed_px_s(self) -> float:
        """Seconds with a speed in the picture."""
        return float(np.isfinite(self.speed_px_s).sum() / self.fs_hz)

    @property
    def coverage_used_pct(self) -> float:
        """Samples with a speed in mm/s, in % of the expected ones."""
        return float(100 * self.valid.sum() / max(1, self.expected))


@dataclass(frozen=True)
class PairEpoch:
    """Two limbs in one epoch; `limbs` as they are, `common` (left before right) masked with the larger floor."""

    part: str
    kind: str
    limbs: tuple[LimbEpoch, LimbEpoch]
    common: tuple[LimbEpoch, LimbEpoch]
    start_s: float
    length_s: float
    fs_hz: float
    effective_hz: float
    sides_verified: bool
    mm_reason: str
    trunk_mm: float | None

    @property
    def analysed_s(self) -> float:
        """Seconds in which both limbs have a speed."""
        return float(self.both_valid.sum() / self.fs_hz)

    @property
    def both_valid(self) -> Bools:
        """Samples in which both limbs have a speed."""
        return self.limbs[0].valid & self.limbs[1].valid


@dataclass(frozen=True)
class BodyEpoch:
    """The whole infant in one epoch; `active_limbs` counts moving limbs, known where all four are `seen`."""

    part: str
    kind: str
    limbs: tuple[LimbEpoch, ...]
    start_s: float
    length_s: float
    samples: int
    fs_hz: float
    effective_hz: float
    sides_verified: bool
    mm_reason: str
    seen: Bools
    active_limbs: npt.NDArray[np.int64]
    motion: BodyMotion = field(repr=False)
    jitter_pct: float
    dropped_pct: float
    excluded_s: float

    @property
    def analysed_s(self) -> float:
        """Seconds in which all four limbs have a speed."""
        return float(self.seen.sum() / self.fs_hz)

    @property
    def trunk_mm(self) -> float | None:
        """Trunk length of the recording."""
        return self.motion.trunk_mm


def spans(tracks: CleanTracks) -> list[Span]:
    """One epoch for a recording up to 180 s, else epochs of 180 s with a shorter last one."""
    fs_hz, n = tracks.time.fs_hz, len(tracks.time.time_s)
    total_s = n / fs_hz
    count = max(1, int(np.ceil((total_s - EPOCH_SLACK_S) / EPOCH_S)))
    edges = [round(k * EPOCH_S * fs_hz) for k in range(count)] + [n]
    return [
        Span(k * EPOCH_S, round((stop - first) / fs_hz, 3), first, stop)
        for k, (first, stop) in enumerate(zip(edges[:-1], edges[1:], strict=True))
    ]


def why_no_mm(tracks: CleanTracks, meta: dict[str, Any]) -> str:
    """Why there are no millimetres at all; empty when there are some."""
    if np.isfinite(tracks.gated_mm).any():
        return ""
    if not np.isfinite(tracks.gated_px).any():
        return "no joint was found"
    if not meta.get("intrinsics"):
        return "no camera intrinsics, so no millimetres"
    return "no depth at the joints, so no millimetres"


def joint_epochs(motion: BodyMotion, tracks: CleanTracks, span: Span, meta: dict[str, Any]) -> Iterator[JointEpoch]:
    """Yield the twelve joints of one epoch."""
    counted = np.zeros(len(tracks.excluded), bool)
    counted[span.first : span.stop] = ~tracks.excluded[span.first : span.stop]
    expected = int(counted.sum())
    for j, joint in enumerate(JOINTS):
        seen = whole(tracks.gated_px[:, j])[counted]
        yield JointEpoch(
            part=joint,
            kind="joint",
            start_s=span.start_s,
            length_s=span.length_s,
            effective_hz=tracks.time.effective_hz,
            expected=expected,
            sides_verified=bool(meta.get("left_right_verified")),
            mm_reason=why_no_mm(tracks, meta),
            shares_pct={"seen": float(100 * seen.sum() / max(1, expected)), **_shares(tracks.flags[counted, j])},
            noise_mm=float(motion.joint_noise_mm[j]),
            floor_mm_s=float(motion.joint_floor_mm_s[j]),
        )


def limb_epochs(
    series: dict[str, LimbSeries], motion: BodyMotion, tracks: CleanTracks, span: Span, meta: dict[str, Any]
) -> dict[str, LimbEpoch]:
    """Cut the series of the limbs to `span`, each knowing the others."""
    limbs = {name: _limb_epoch(limb, motion, tracks, span, meta) for name, limb in series.items()}
    return {name: replace(limb, all_limbs=limbs) for name, limb in limbs.items()}


def _limb_epoch(
    series: LimbSeries, motion: BodyMotion, tracks: CleanTracks, span: Span, meta: dict[str, Any]
) -> LimbEpoch:
    cut = slice(span.first, span.stop)
    inside = [k for k, (start, _) in enumerate(series.bouts) if span.first <= start < span.stop]
    counted = ~tracks.excluded[cut]
    expected = int(counted.sum())
    gaps = runs(~series.valid[cut] & counted)
    share = 100 / max(1, expected)
    return LimbEpoch(
        part=series.limb,
        kind="arm" if series.limb.endswith("arm") else "leg",
        start_s=span.start_s,
        length_s=span.length_s,
        fs_hz=tracks.time.fs_hz,
        first=span.first,
        effective_hz=tracks.time.effective_hz,
        expected=expected,
        sides_verified=bool(meta.get("left_right_verified")),
        mm_reason=why_no_mm(tracks, meta),
        trunk_mm=motion.trunk_mm,
        floor=series.floor,
        floor_in_time_mm_s=series.floor_in_time_mm_s[cut],
        valid=series.valid[cut],
        moving=series.moving[cut],
        speed_mm_s=series.speed_mm_s[cut],
        speed_px_s=np.where(counted, series.speed_px_s[cut], np.nan),
        lift_mm=np.where(counted, series.lift_mm[cut], np.nan),
        angles_3d=series.angles_3d,
        motion=motion.limbs[series.limb].cut(cut, counted),
        bouts=[series.bouts[k] for k in inside],
        censored=[series.censored[k] for k in inside],
        coverage_raw_pct=float(share * series.found[cut][counted].sum()),
        coverage_px_pct=float(share * np.isfinite(series.speed_px_s[cut][counted]).sum()),
        shares_pct=_shares((series.end_flags | series.root_flags)[cut][counted]),
        n_gaps=float(len(gaps)),
        longest_gap_s=max((stop - start for start, stop in gaps), default=0) / tracks.time.fs_hz,
    )


def _shares(flags: npt.NDArray[np.uint16]) -> dict[str, float]:
    """Share of samples (%) that carry each kind of flag."""
    return {name: float(100 * ((flags & bits) > 0).sum() / max(1, len(flags))) for name, bits in FLAG_GROUPS.items()}


def pair_epochs(limbs: dict[str, LimbEpoch]) -> Iterator[PairEpoch]:
    """Yield the six pairs of limbs of one epoch."""
    for first, second in PAIRS:
        pair = (limbs[first], limbs[second])
        by_side = sorted(pair, key=lambda limb: limb.part.startswith("right"))
        floor = max(limb.floor.value or 0.0 for limb in pair)
        common = [_with_floor(limb, floor) for limb in by_side]
        yield PairEpoch(
            part=f"{first}-{second}",
            kind="pair",
            limbs=pair,
            common=(common[0], common[1]),
            start_s=pair[0].start_s,
            length_s=pair[0].length_s,
            fs_hz=pair[0].fs_hz,
            effective_hz=pair[0].effective_hz,
            sides_verified=pair[0].sides_verified,
            mm_reason=pair[0].mm_reason,
            trunk_mm=pair[0].trunk_mm,
        )


def body_epoch(limbs: dict[str, LimbEpoch], motion: BodyMotion, tracks: CleanTracks, span: Span) -> BodyEpoch:
    """Bring the whole body of one epoch together."""
    four = tuple(limbs.values())
    cut = slice(span.first, span.stop)
    present = tracks.time.present[cut]
    counted = ~tracks.excluded[cut]
    return BodyEpoch(
        part="body",
        kind="body",
        limbs=four,
        start_s=span.start_s,
        length_s=span.length_s,
        samples=len(present),
        fs_hz=tracks.time.fs_hz,
        effective_hz=tracks.time.effective_hz,
        sides_verified=four[0].sides_verified,
        mm_reason=four[0].mm_reason,
        seen=np.all([limb.valid for limb in four], axis=0),
        active_limbs=np.sum([limb.moving for limb in four], axis=0),
        motion=replace(
            motion,
            trunk_lengths_mm=motion.trunk_lengths_mm[cut],
            trunk_speed_mm_s=motion.trunk_speed_mm_s[cut],
            trunk_moving=motion.trunk_moving[cut],
            joint_mm=motion.joint_mm[cut],
            joint_speed_mm_s=np.where(counted[:, None], motion.joint_speed_mm_s[cut], np.nan),
        ),
        jitter_pct=tracks.time.jitter_pct,
        dropped_pct=float(100 * (~present).mean()),
        excluded_s=float(tracks.excluded[cut].sum() / tracks.time.fs_hz),
    )


def _with_floor(limb: LimbEpoch, floor_mm_s: float) -> LimbEpoch:
    """`limb` with its mask drawn again for another floor."""
    moving = moving_mask(limb.speed_mm_s, limb.valid, limb.fs_hz, limb.effective_hz, floor_mm_s)
    return replace(limb, moving=moving)
