"""The measures: one registry from which values, table columns, the data dictionary and the report's words are made.

A measure declares its name (with its unit as suffix), scope, formula in words, gates, source, tier and one function of
`asyconv.analysis.formulas`. "At least" (a lower bound) stands on path and moving shares only.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from asyconv.analysis import formulas as f
from asyconv.analysis.epochs import BodyEpoch, LimbEpoch, PairEpoch
from asyconv.analysis.gates import (
    AMOUNT,
    ANALYSED_MIN_S,
    ANGLE,
    COVERAGE_MIN_PCT,
    NO_GATE,
    SIDES,
    TOGETHER,
    Gates,
    Value,
    at_least,
    withheld,
)

Scope = Literal["limb", "pair", "body"]

DEFINITION_VERSION: Final = 1


@dataclass(frozen=True)
class Measure:
    """One line of the registry; `parts` names the limb kinds or pairs it is defined for (empty: all)."""

    name: str
    label: str
    unit: str
    scope: Scope
    formula: str
    function: Callable[..., Value] = field(repr=False)
    gates: Gates = NO_GATE
    source: str = ""
    caution: str = ""
    tier: str = "core"
    decimals: int = 1
    bounds: bool = False
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """A measure's value for one part (limb, pair, body) and one epoch."""

    measure: Measure
    part: str
    epoch_start_s: float
    epoch_s: float
    value: float | None
    n: int
    analysed_s: float
    lower_bound: bool
    reason: str


def compute(scope: Scope, epochs: Iterable[LimbEpoch | PairEpoch | BodyEpoch]) -> list[Result]:
    """Every measure of `scope` that is defined for each of `epochs`, in registry order."""
    return [
        _one(measure, epoch)
        for epoch in epochs
        for measure in measures(scope)
        if not measure.parts or {epoch.part, epoch.kind} & set(measure.parts)
    ]


def _one(measure: Measure, epoch: LimbEpoch | PairEpoch | BodyEpoch) -> Result:
    reason = withheld(measure.gates, epoch)
    found = Value(None, 0, reason) if reason else measure.function(epoch)
    if found.value is not None and not np.isfinite(found.value):
        found = Value(None, found.n, found.reason or "not defined for these data")
    bounded = measure.bounds and found.value is not None and any(at_least(limb) for limb in epoch.limbs)
    return Result(
        measure,
        epoch.part,
        epoch.start_s,
        epoch.length_s,
        found.value,
        found.n,
        epoch.analysed_s,
        bounded,
        found.reason,
    )


HAYES: Final = "Hayes 1993, doi 10.1002/dev.420260505"
OWN: Final = "this software"
LEFT_RIGHT: Final = ("right_arm-left_arm", "right_leg-left_leg")

# fmt: off
REGISTRY: Final[tuple[Measure, ...]] = (
    Measure("coverage_raw_pct", "Seen", "%", "limb", "samples with endpoint and root found and accepted / "
            "expected samples", f.quality_of("coverage_raw_pct"), source=OWN, decimals=0),
    Measure("coverage_used_pct", "Coverage used", "%", "limb", "samples with a speed in mm/s after gates "
            "and filling of gaps up to 0.2 s / expected samples", f.quality_of("coverage_used_pct"),
            source=OWN, decimals=0),
    Measure("interpolated_pct", "Filled", "%", "limb", "samples with the endpoint or root filled / "
            "expected samples", f.quality_of("interpolated_pct"), source=OWN),
    Measure("rejected_pct", "Rejected", "%", "limb", "samples with the endpoint or root rejected as "
            "outlier, jump or implausible depth / expected samples", f.quality_of("rejected_pct"),
            source=OWN),
    Measure("analysed_s", "Analysed", "s", "limb", "samples with a speed in mm/s / sampling rate",
            f.quality_of("analysed_s"), source=OWN, decimals=0),
    Measure("n_gaps", "Gaps", "", "limb", "runs of samples without a speed in mm/s", f.quality_of("n_gaps"),
            source=OWN, decimals=0),
    Measure("longest_gap_s", "Longest gap", "s", "limb", "longest run of samples without a speed in mm/s",
            f.quality_of("longest_gap_s"), source=OWN),
    Measure("speed_floor_mm_s", "Speed floor", "mm/s", "limb", "largest of: white noise (third "
            "differences) through the filter; 5th percentile of RMS speed over 1-s windows; still-clip "
            "calibration",
            f.speed_floor_mm_s, source=OWN, caution="the level "
            "below which movement and noise look alike; not a property of the infant"),
    Measure("path_active_mm_per_min", "Path while moving", "mm/min", "limb", "sum of speed x sample time "
            "over moving samples / analysed minutes; endpoint relative to its root", f.path_active_mm_per_min,
            AMOUNT, OWN, "a lower bound where marked; longer than the true path in noise", decimals=0,
            bounds=True),
    Measure("moving_pct", "Moving", "%", "limb", "100 x moving samples / analysed samples; moving by "
            "hysteresis above max(20 mm/s, 2.5 floors), kept while above max(10 mm/s, 1.6 floors), pauses "
            "up to 0.3 s merged", f.moving_pct, AMOUNT, HAYES, "behavioural state changes it most; 180 s "
            "are short", bounds=True),
    Measure("bouts_per_min", "Bouts", "1/min", "limb", "bouts / analysed minutes; bouts shorter than 0.2 s "
            "(0.5 s below 25 Hz) are dropped", f.bouts_per_min, AMOUNT, HAYES,
            "a bout cut by a gap counts as two"),
    Measure("bout_dur_median_s", "Median bout", "s", "limb", "median duration of bouts seen whole",
            f.bout_dur_median_s, AMOUNT, HAYES, decimals=2),
    Measure("censored_bouts", "Bouts cut", "", "limb", "bouts that touch a gap or an end", f.censored_bouts,
            AMOUNT, OWN, decimals=0),
    Measure("speed_median_mm_s", "Median speed", "mm/s", "limb", "median speed over moving samples",
            f.speed_median_mm_s, AMOUNT, OWN, "holds while above the movement threshold; rises with the "
            "floor", decimals=0),
    Measure("speed_p95_mm_s", "P95 speed", "mm/s", "limb", "95th percentile of speed over moving samples",
            f.speed_p95_mm_s, AMOUNT, OWN, "holds while above the movement threshold; rises with the floor",
            decimals=0),
    Measure("speed_px_median_px_s", "Median speed in the picture", "px/s", "limb", "median speed in "
            "native pixels over all seen samples", f.speed_px_median_px_s, ANGLE, OWN, "noise is in it; "
            "not comparable between cameras", decimals=0),
    Measure("speed_px_p95_px_s", "P95 speed in the picture", "px/s", "limb", "95th percentile of speed in "
            "native pixels over all seen samples", f.speed_px_p95_px_s, ANGLE, OWN, "noise is in it; not "
            "comparable between cameras", decimals=0),
    *(Measure(f"{angle}_rom_deg", f"{label} range", "deg", "limb", f"P95 - P5 of the angle: {meaning}",
              f.rom_of(angle), ANGLE, OWN, "noise at rest widens it", decimals=0, parts=(kind,))
      for angle, label, kind, meaning in (
          ("elbow", "Elbow", "arm", "at the elbow between upper arm and forearm, straight = 180 deg"),
          ("shoulder_elevation", "Shoulder elevation", "arm", "between upper arm and trunk, along the body = 0 deg"),
          ("knee", "Knee", "leg", "at the knee between thigh and shank, straight = 180 deg"),
          ("hip_flexion", "Hip flexion", "leg", "between thigh and trunk, in line = 0 deg"))),
    Measure("lift_p95_mm", "P95 lift above mattress", "mm", "limb", "95th percentile of the endpoint's "
            "height above the mattress plane, above its own 5th percentile", f.lift_p95_mm,
            Gates(True, COVERAGE_MIN_PCT, ANALYSED_MIN_S), "after Marchi 2020, doi "
            "10.1016/j.earlhumdev.2020.104942", decimals=0),
    Measure("lateralisation_path_pct", "Lateralisation of path", "%", "pair", "100 (R - L)/(R + L) of the "
            "path while moving, both under the larger floor", f.lateralisation_path_pct, SIDES, OWN, ""
            "positive: more on the infant's right; says nothing of its cause", parts=LEFT_RIGHT),
    Measure("lateralisation_moving_pct", "Lateralisation of moving", "%", "pair", "100 (R - L)/(R + L) of "
            "the moving share, both under the larger floor", f.lateralisation_moving_pct, SIDES, OWN, ""
            "positive: more on the infant's right; says nothing of its cause", parts=LEFT_RIGHT),
    Measure("co_moving_pct", "Moving together", "%", "pair", "100 x samples in which both move / samples "
            "in which either moves, both under the larger floor", f.co_moving_pct, TOGETHER, OWN),
    Measure("any_limb_pct", "Any limb moving", "%", "body", "samples with at least one limb moving / "
            "samples with all four seen", f.any_limb_pct, AMOUNT, OWN, bounds=True),
    Measure("all_four_pct", "All four moving", "%", "body", "samples with all four limbs moving / samples "
            "with all four seen", f.all_four_pct, AMOUNT, OWN, bounds=True),
    Measure("n_active_limbs_mean", "Mean limbs moving", "", "body", "mean number of moving limbs over "
            "samples with all four seen", f.n_active_limbs_mean, AMOUNT, OWN, decimals=2, bounds=True),
    Measure("trunk_length_mm", "Trunk length", "mm", "body", "median distance mid-shoulder to mid-hip",
            f.trunk_length_mm, Gates(needs_mm=True), OWN, "skin surface, not joint centres; not a growth "
            "measure", decimals=0),
    Measure("fs_effective_hz", "Effective rate", "Hz", "body", "1 / mean ordinary frame spacing; 6 Hz for "
            "decimated tracks", f.time_of("effective_hz"), source=OWN, decimals=2),
    Measure("dt_jitter_pct", "Jitter of frame times", "%", "body", "100 IQR / median of the frame spacings",
            f.time_of("jitter_pct"), source=OWN),
    Measure("dropped_pct", "Frames dropped", "%", "body", "samples without a frame / expected samples",
            f.time_of("dropped_pct"), source=OWN, decimals=2),
    Measure("excluded_s", "Excluded by events", "s", "body", "samples inside handling or exclude events / "
            "rate", f.time_of("excluded_s"), source=OWN),
)
# fmt: on


def measures(scope: Scope) -> tuple[Measure, ...]:
    """Pick the measures of one scope, in order."""
    return tuple(measure for measure in REGISTRY if measure.scope == scope)
