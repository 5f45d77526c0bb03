"""Quality of a recording: what was seen, how noisy it is, and the time base. Nothing here is about the infant."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from asyconv.analysis.formulas.bootstrap import Quantiles
from asyconv.analysis.formulas.sampling import FAST_HZ
from asyconv.analysis.measures.definition import LEFT_RIGHT, Measure, Value, given, value_of
from asyconv.analysis.measures.gates import ANALYSED_MIN_S, COVERAGE_MIN_PCT, Gates
from asyconv.analysis.series.epochs import BodyEpoch, JointEpoch, LimbEpoch, PairEpoch

BONE_SAMPLES_MIN: Final = 30


def quality_of(name: str) -> Callable[[Any], Value]:
    """Figure that the epoch holds already, over all expected samples."""

    def figure(epoch: Any) -> Value:
        """Figure that the epoch holds already, over all expected samples."""
        return Value(float(getattr(epoch, name)), epoch.samples if isinstance(epoch, BodyEpoch) else epoch.expected)

    return figure


def share_of(kind: str) -> Callable[[Any], Value]:
    """Share (%) of the expected samples of a joint, or of a limb's endpoint or root, that carry a kind of flag."""

    def share(epoch: LimbEpoch | JointEpoch) -> Value:
        """Share (%) of the expected samples that carry a kind of flag; of a limb, at its endpoint or root."""
        return Value(epoch.shares_pct[kind], epoch.expected)

    return share


def speed_floor_mm_s(limb: LimbEpoch) -> Value:
    """Level (mm/s) below which movement and noise look alike; not a property of the infant.

    The largest of: white noise through the filter, sqrt(sum over axes of (2 sigma^2/fs) (2 pi)^2 fc^3/3); the 5th
    percentile of the RMS speed over 1-s windows; a still-clip calibration.
    """
    reason = "" if limb.floor.value is not None else limb.mm_reason or "no run of 1 s seen"
    return Value(limb.floor.value, limb.expected, reason)


def noise_sigma_mm(limb: LimbEpoch) -> Value:
    """P95(|w|) / (1.96 sqrt(12)) of the endpoint relative to its root, RMS of the three axes (mm).

    w is the second difference minus that of three samples before. The white part of the noise; noise that is correlated
    over several frames is not in it.
    """
    return given(limb.motion.noise_mm, limb.expected, "fewer than 10 runs of 6 samples")


def joint_noise_mm(joint: JointEpoch) -> Value:
    """The same of one joint in the camera frame, RMS of the three axes (mm)."""
    return given(joint.noise_mm, joint.expected, "fewer than 10 runs of 6 samples")


def joint_floor_mm_s(joint: JointEpoch) -> Value:
    """Speed floor (mm/s) of one joint in the camera frame, estimated as for a limb; no still clip is in it."""
    return given(joint.floor_mm_s, joint.expected, "no run of 1 s seen")


def bone_cv_pct(limb: LimbEpoch) -> Value:
    """Spread of segment length (%): 100 x 1.4826 MAD / median, the larger of the limb's two segments.

    Bones keep their length: what varies is the error of the pose, mostly in depth.
    """
    found = []
    for length in limb.motion.bones_mm:
        seen = length[np.isfinite(length)]
        if len(seen) < BONE_SAMPLES_MIN:
            return Value(None, len(seen), f"segment seen in {len(seen)} samples, needs {BONE_SAMPLES_MIN}")
        middle = np.median(seen)
        found.append((100 * 1.4826 * float(np.median(np.abs(seen - middle)) / middle), len(seen)))
    return Value(max(value for value, _ in found), min(n for _, n in found))


def bone_ratio_of(segment: int) -> Callable[[PairEpoch], Value]:
    """Median length of one segment on the left / on the right (no unit)."""

    def bone_ratio(pair: PairEpoch) -> Value:
        """Median length on the infant's left / right (no unit). Far from 1 the pose is wrong, not the bone."""
        sides = [limb.motion.bones_mm[segment] for limb in pair.common]
        seen = [side[np.isfinite(side)] for side in sides]
        if min(map(len, seen)) < BONE_SAMPLES_MIN:
            return Value(None, min(map(len, seen)), f"segment seen in fewer than {BONE_SAMPLES_MIN} samples")
        return Value(float(np.median(seen[0]) / np.median(seen[1])), min(map(len, seen)))

    return bone_ratio


def trunk_length_mm(body: BodyEpoch) -> Value:
    """Median distance mid-shoulder to mid-hip (mm), on the skin as the camera sees it; not a growth measure."""
    seen = np.isfinite(body.motion.trunk_lengths_mm)
    if not seen.any():
        return Value(None, 0, "trunk never seen whole")
    return value_of(Quantiles(body.motion.trunk_lengths_mm, (50.0,)), int(seen.sum()))


def handling_pct(body: BodyEpoch) -> Value:
    """Share of the epoch's samples inside handling or exclude events (%); 0 where no events were given."""
    return Value(100 * body.excluded_s * body.fs_hz / max(1, body.samples), body.samples)


# fmt: off
MEASURES: Final[tuple[Measure, ...]] = (
    Measure("coverage_raw_pct", "Seen", "%", "limb", "samples with endpoint and root found and accepted / "
            "expected samples", quality_of("coverage_raw_pct"), decimals=0),
    Measure("coverage_used_pct", "Coverage used", "%", "limb", "samples with a speed in mm/s after gates "
            "and filling of gaps up to 0.2 s / expected samples", quality_of("coverage_used_pct"), decimals=0),
    Measure("interpolated_pct", "Filled", "%", "limb", "samples with the endpoint or root filled / expected samples",
            share_of("interpolated")),
    Measure("rejected_pct", "Rejected", "%", "limb", "samples with the endpoint or root rejected as outlier, jump, "
            "implausible depth or wrong bone length / expected samples", share_of("rejected")),
    Measure("outlier_pct", "Rejected positions", "%", "limb", "samples with the endpoint or root rejected as outlier "
            "or jump / expected samples", share_of("outlier")),
    Measure("swap_pct", "Sides exchanged", "%", "limb", "samples with the endpoint or root given back from the other "
            "side / expected samples", share_of("swap")),
    Measure("depth_hole_pct", "Without depth", "%", "limb", "samples with the endpoint or root found but without "
            "depth / expected samples", share_of("depth_hole")),
    Measure("low_conf_pct", "Unsure", "%", "limb", "samples with the endpoint or root below the confidence gate, "
            "or left out because too little about its time was sure / expected samples", share_of("low_conf")),
    Measure("analysed_s", "Analysed", "s", "limb", "samples with a speed in mm/s / sampling rate",
            quality_of("analysed_s"), decimals=0),
    Measure("n_gaps", "Gaps", "", "limb", "runs of samples without a speed in mm/s", quality_of("n_gaps"), decimals=0),
    Measure("longest_gap_s", "Longest gap", "s", "limb", "longest run of samples without a speed in mm/s",
            quality_of("longest_gap_s")),
    Measure("speed_floor_mm_s", "Speed floor", "mm/s", "limb", "largest of: white noise (noise_sigma_mm) through the "
            "filter; 5th percentile of RMS speed over 1-s windows / the same of noise of RMS 1; still-clip "
            "calibration", speed_floor_mm_s,
            caution="the level below which movement and noise look alike; not a property of the infant"),
    Measure("noise_sigma_mm", "White noise per axis", "mm", "limb", "P95(|w|) / (1.96 sqrt(12)) of the endpoint "
            "relative to its root, w = second difference minus that of three samples before; RMS of three axes",
            noise_sigma_mm, Gates(True, fs_min_hz=FAST_HZ), caution="correlated noise is not in it", decimals=2),
    Measure("bone_cv_pct", "Spread of bone length", "%", "limb", "100 x 1.4826 MAD / median of segment length, the "
            "larger of two segments", bone_cv_pct, Gates(True), caution="error of the pose, not of the infant"),
    Measure("joint_coverage_raw_pct", "Joint seen", "%", "joint", "samples with the joint found and accepted / "
            "expected samples", share_of("seen"), decimals=0),
    Measure("joint_interpolated_pct", "Joint filled", "%", "joint", "samples filled / expected samples",
            share_of("interpolated")),
    Measure("joint_outlier_pct", "Joint rejected", "%", "joint", "samples rejected as outlier or jump / expected "
            "samples", share_of("outlier")),
    Measure("joint_depth_hole_pct", "Joint without depth", "%", "joint", "samples found but without depth / expected "
            "samples", share_of("depth_hole")),
    Measure("joint_low_conf_pct", "Joint unsure", "%", "joint", "samples below the confidence gate, or left "
            "out because too little about its time was sure / expected samples", share_of("low_conf")),
    Measure("joint_noise_sigma_mm", "Joint white noise per axis", "mm", "joint", "as noise_sigma_mm, of the "
            "joint in the camera frame", joint_noise_mm, Gates(True, fs_min_hz=FAST_HZ), decimals=2),
    Measure("joint_speed_floor_mm_s", "Joint speed floor", "mm/s", "joint", "as speed_floor_mm_s, of the joint in the "
            "camera frame", joint_floor_mm_s, Gates(True)),
    *(Measure(f"{name}_bone_lr_ratio", f"{name.capitalize()} segment, left / right", "", "pair", "median length of the "
              f"{name} segment on the left / on the right", bone_ratio_of(k), Gates(True, COVERAGE_MIN_PCT,
              ANALYSED_MIN_S, needs_sides=True), caution="plausible between 0.85 and 1.18; else the pose is wrong",
              decimals=2, parts=LEFT_RIGHT)
      for k, name in enumerate(("upper", "lower"))),
    Measure("trunk_length_mm", "Trunk length", "mm", "body", "median distance mid-shoulder to mid-hip",
            trunk_length_mm, Gates(needs_mm=True), caution="skin surface, not joint centres; not a growth measure",
            decimals=0),
    Measure("fs_effective_hz", "Effective rate", "Hz", "body", "1 / mean ordinary frame spacing; 6 Hz for decimated "
            "tracks; at most 5 times the band of the model's joints", quality_of("effective_hz"), decimals=2),
    Measure("dt_jitter_pct", "Jitter of frame times", "%", "body", "100 IQR / median of the frame spacings",
            quality_of("jitter_pct")),
    Measure("dropped_pct", "Frames dropped", "%", "body", "samples without a frame / expected samples",
            quality_of("dropped_pct"), decimals=2),
    Measure("excluded_s", "Excluded by events", "s", "body", "samples inside handling or exclude events / rate",
            quality_of("excluded_s")),
    Measure("handling_pct", "Excluded by events", "%", "body", "100 x samples inside handling or exclude events / "
            "samples", handling_pct, tier="extended"),
)
# fmt: on
