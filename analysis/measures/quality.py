"""Quality of a recording: what was seen, how noisy it is, and the time base. Nothing here is about the infant."""

from functools import partial
from typing import Any, Final

import numpy as np

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
    UNSURE,
)
from asyconv.analysis.formulas.gaps import longest_gap_s
from asyconv.analysis.formulas.sampling import FAST_HZ
from asyconv.analysis.formulas.statistics import median, ratio_of_medians, robust_cv_pct, share_pct
from asyconv.analysis.measures.gates import ANALYSED_MIN_S, COVERAGE_MIN_PCT, Gates
from asyconv.analysis.measures.measure import LEFT_RIGHT, Arguments, Measure, stated
from asyconv.analysis.series.parts import LimbEpoch

NOT_SURE: Final = LOW_CONFIDENCE | UNSURE
REJECTED: Final = OUTLIER | JUMP | DEPTH_REJECTED | BONE_LENGTH
SCALE: Final = Gates(needs_scale=True)
MM: Final = Gates(needs_mm=True)
SEGMENTS: Final = {"upper": "upper_mm", "lower": "lower_mm"}
FEW_NOISE: Final = "fewer than 10 runs of 6 samples"


def _floor(limb: LimbEpoch) -> Arguments | str:
    floor = limb.series.floor.value
    return limb.epoch.mm_reason or "no run of 1 s seen" if floor is None else (floor, limb.epoch.counted)


# fmt: off
def _flagged(name: str, label: str, bits: int, words: str) -> Measure:
    """Share of the samples of a limb that carry one of `bits` at the endpoint or the root."""
    return Measure(
        name=name, label=label, unit="%", scope="limb", value=share_pct,
        formula=f"samples with the endpoint or root {words} / expected samples",
        of=lambda limb: (((limb.series.end_flags | limb.series.root_flags) & bits) > 0, limb.epoch.counted))


def _joint_flagged(name: str, label: str, bits: int, words: str) -> Measure:
    """Share of the samples of a joint that carry one of `bits`."""
    return Measure(name=name, label=label, unit="%", scope="joint", formula=f"samples {words} / expected samples",
                   value=share_pct, of=lambda joint: ((joint.series.flags & bits) > 0, joint.epoch.counted))


def _fact(**declared: Any) -> Measure:
    """A figure of the whole recording or epoch."""
    return Measure(scope="body", value=stated, **declared)


MEASURES: Final[tuple[Measure, ...]] = (
    Measure(name="coverage_raw_pct", label="Seen", unit="%", scope="limb", tier="core", decimals=0,
            formula="samples with endpoint and root found and accepted / expected samples",
            value=share_pct, of=lambda limb: (limb.series.seen, limb.epoch.counted)),
    Measure(name="speed_floor_mm_s", label="Speed floor", unit="mm/s", scope="limb", tier="core",
            formula="largest of: white noise (noise_sigma_mm) left in the estimate; 5th percentile of RMS speed over "
            "1-s windows / the same of noise of RMS 1, where rest was seen; still-clip calibration",
            value=stated, of=_floor,
            caution="the level below which movement and noise look alike; not a property of the infant"),
    Measure(name="coverage_used_pct", label="Coverage used", unit="%", scope="limb", decimals=0,
            formula="samples with a speed in mm/s, found or bridged between finds / expected samples",
            value=share_pct, of=lambda limb: (limb.series.valid, limb.epoch.counted)),
    Measure(name="by_trunk_pct", label="Against the trunk", unit="%", scope="limb", decimals=0,
            formula="samples with a speed in mm/s at which the root is not seen and moves as the other shoulders and "
            "hips do / expected samples", value=share_pct,
            of=lambda limb: (limb.series.by_trunk, limb.epoch.counted),
            caution="a shrug or a turn of the trunk counts as movement of the limb there"),
    _flagged("interpolated_pct", "Filled", FILLED | DEPTH_FILLED, "bridged between finds"),
    _flagged("rejected_pct", "Rejected", REJECTED, "rejected as outlier, jump, implausible depth or wrong bone length"),
    _flagged("swap_pct", "Sides exchanged", SWAPPED, "given back from the other side"),
    _flagged("depth_hole_pct", "Without depth", NO_DEPTH, "found but without depth"),
    _flagged("low_conf_pct", "Unsure", NOT_SURE,
             "below the confidence gate, or left out because too little about its time was sure"),
    Measure(name="unseen_still_pct", label="Not seen, still", unit="%", scope="limb", decimals=0,
            formula="samples without a speed at which depth pictures show that nothing moves at the endpoint / "
            "expected samples", value=share_pct, of=lambda limb: (limb.series.unseen_still, limb.epoch.counted),
            caution="0 where there is no motion evidence"),
    Measure(name="unseen_moving_pct", label="Not seen, something moving", unit="%", scope="limb", decimals=0,
            formula="samples without a speed at which depth pictures show that something moves at the endpoint / "
            "expected samples", value=share_pct, of=lambda limb: (limb.series.unseen_moving, limb.epoch.counted),
            caution="it may be what hides the limb; 0 where there is no motion evidence"),
    Measure(name="analysed_s", label="Analysed", unit="s", scope="limb", decimals=0,
            formula="samples with a speed in mm/s / sampling rate",
            value=stated, of=lambda limb: (limb.analysed_s, limb.epoch.counted)),
    Measure(name="longest_gap_s", label="Longest gap", unit="s", scope="limb",
            formula="longest run of samples without a speed in mm/s", value=longest_gap_s,
            of=lambda limb: (limb.series.valid, limb.epoch.counted, limb.epoch.fs_hz)),
    Measure(name="noise_sigma_mm", label="White noise per axis", unit="mm", scope="limb", decimals=2,
            formula="P95(|w|) / (1.96 sqrt(12)) of the endpoint relative to its root, w = second difference minus that "
            "of three samples before; RMS of three axes", gates=Gates(True, fs_min_hz=FAST_HZ), value=stated,
            of=lambda limb: (limb.series.noise_mm, limb.epoch.counted), otherwise=FEW_NOISE,
            caution="correlated noise is not in it"),
    Measure(name="bone_cv_pct", label="Spread of bone length", unit="%", scope="limb", gates=MM,
            formula="100 x 1.4826 MAD / median of segment length, the larger of two segments",
            value=lambda *segments: float(np.max([robust_cv_pct(length) for length in segments])),
            of=lambda limb: (limb.series.upper_mm, limb.series.lower_mm),
            otherwise="a segment was seen in fewer than 30 samples", caution="error of the pose, not of the infant"),
    Measure(name="joint_coverage_raw_pct", label="Joint seen", unit="%", scope="joint", decimals=0,
            formula="samples with the joint found and accepted / expected samples",
            value=share_pct, of=lambda joint: (joint.series.seen, joint.epoch.counted)),
    _joint_flagged("joint_depth_hole_pct", "Joint without depth", NO_DEPTH, "found but without depth"),
    _joint_flagged("joint_low_conf_pct", "Joint unsure", NOT_SURE,
                   "below the confidence gate, or left out because too little about its time was sure"),
    Measure(name="joint_noise_sigma_mm", label="Joint white noise per axis", unit="mm", scope="joint", decimals=2,
            formula="as noise_sigma_mm, of the joint in the camera frame", gates=Gates(True, fs_min_hz=FAST_HZ),
            value=stated, of=lambda joint: (joint.series.noise_mm, joint.epoch.counted), otherwise=FEW_NOISE),
    Measure(name="joint_speed_floor_mm_s", label="Joint speed floor", unit="mm/s", scope="joint", gates=SCALE,
            formula="as speed_floor_mm_s, of the joint in the camera frame", value=stated,
            of=lambda joint: (joint.series.floor_mm_s, joint.epoch.counted), otherwise="no run of 1 s seen"),
    *(Measure(name=f"{segment}_bone_lr_ratio", label=f"{segment.capitalize()} segment, left / right", unit="",
              scope="pair", formula=f"median length of the {segment} segment on the left / on the right",
              gates=Gates(True, COVERAGE_MIN_PCT, ANALYSED_MIN_S, needs_sides=True, needs_mm=True),
              value=ratio_of_medians,
              of=partial(lambda pair, name: tuple(getattr(limb.series, name) for limb in pair.common), name=name),
              otherwise="a segment was seen in fewer than 30 samples", decimals=2, parts=LEFT_RIGHT,
              caution="plausible between 0.85 and 1.18; else the pose is wrong") for segment, name in SEGMENTS.items()),
    Measure(name="trunk_length_mm", label="Trunk length", unit="mm", scope="body", gates=MM, decimals=0,
            formula="median distance mid-shoulder to mid-hip", value=median,
            of=lambda body: (body.series.trunk_lengths_mm,), otherwise="trunk never seen whole",
            caution="skin surface, not joint centres; not a growth measure"),
    _fact(name="fs_effective_hz", label="Effective rate", unit="Hz", decimals=2,
          formula="1 / mean ordinary frame spacing; 6 Hz for decimated tracks; at most 5 times the band of the model's "
          "joints", of=lambda body: (body.epoch.effective_hz, body.epoch.counted)),
    _fact(name="dt_jitter_pct", label="Jitter of frame times", unit="%",
          formula="100 IQR / median of the frame spacings",
          of=lambda body: (body.epoch.jitter_pct, body.epoch.counted)),
    Measure(name="dropped_pct", label="Frames dropped", unit="%", scope="body", decimals=2,
            formula="samples without a frame / expected samples", value=share_pct,
            of=lambda body: (~body.epoch.present, body.epoch.present | True)),
    _fact(name="excluded_s", label="Excluded by events", unit="s",
          formula="samples inside handling or exclude events / rate",
          of=lambda body: (body.epoch.seconds(~body.epoch.counted), body.epoch.present | True)),
)
# fmt: on
