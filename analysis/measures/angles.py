"""Angles: posture and range of the joints.

Elbow and knee: at the joint between its two segments, straight = 180 deg. Shoulder elevation and hip flexion: between
the upper segment and the trunk's direction to the feet, along the trunk = 0 deg. Shoulder azimuth: direction of the
upper arm in the body's x-z plane, outward = 0, up from the bed = 90 deg. Hip abduction: direction of the thigh in the
body's x-y plane, towards the feet = 0, outward positive. Angles can wrap at 180 deg; they are opened there opposite to
their mean direction.

Noise of the pose widens every range at rest by about 3.3 times the noise of the angle, which stands beside it.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.formulas.bootstrap import Quantiles, Sample, Sums
from asyconv.analysis.formulas.kinematics import difference
from asyconv.analysis.measures.amount import ratio
from asyconv.analysis.measures.definition import Measure, Value, given, value_of
from asyconv.analysis.measures.gates import AMOUNT, ANALYSED_MIN_S, ANGLE, COVERAGE_MIN_PCT, Gates
from asyconv.analysis.series.epochs import LimbEpoch

Floats = npt.NDArray[np.float64]

FLEXED_BELOW_DEG: Final = 90.0
EXTENDED_ABOVE_DEG: Final = 150.0
ANGLE_3D: Final = Gates(True, COVERAGE_MIN_PCT, ANALYSED_MIN_S)
_NEEDS: Final = f"needs {COVERAGE_MIN_PCT:g} %"


def circular_mean_deg(angle_deg: Floats) -> float:
    """Direction of the sum of unit vectors at `angle_deg` (NaN left out), in degrees."""
    seen = np.radians(angle_deg[np.isfinite(angle_deg)])
    return float(np.degrees(np.arctan2(np.sin(seen).sum(), np.cos(seen).sum())))


def opened(angle_deg: Floats) -> Floats:
    """`angle_deg` without its wrap: every value within 180 deg of the circular mean."""
    middle = circular_mean_deg(angle_deg)
    return np.asarray(middle + np.mod(angle_deg - middle + 180, 360) - 180)


def _seen(limb: LimbEpoch, angle: str, make: Callable[[Floats], Sample]) -> Value:
    values = limb.motion.angles_deg.get(angle, np.full(len(limb.valid), np.nan))
    n = int(np.isfinite(values).sum())
    coverage = 100 * n / max(1, limb.expected)
    if coverage < COVERAGE_MIN_PCT:
        return Value(None, n, f"angle seen in {coverage:.0f} % of samples, {_NEEDS}")
    return value_of(make(values), n, "" if limb.angles_3d else "in the picture plane, not in 3-D")


def _vectors(values: Floats) -> Floats:
    seen = np.isfinite(values)
    radians = np.radians(np.where(seen, values, 0.0))
    return np.stack([seen * np.sin(radians), seen * np.cos(radians), seen.astype(float)])


def mean_of(angle: str) -> Callable[[LimbEpoch], Value]:
    """Circular mean of one angle (deg)."""

    def mean(limb: LimbEpoch) -> Value:
        """Circular mean of a joint angle (deg); posture as the camera sees it, biased by the pose model."""
        return _seen(limb, angle, lambda v: Sums(_vectors(v), lambda s: np.degrees(np.arctan2(s[..., 0], s[..., 1]))))

    return mean


def sd_of(angle: str) -> Callable[[LimbEpoch], Value]:
    """Circular SD of one angle (deg)."""

    def sd(limb: LimbEpoch) -> Value:
        """sqrt(-2 ln R) of a joint angle in deg, R the mean resultant length; noise is in it."""

        def spread(s: Floats) -> Floats:
            length = np.hypot(s[..., 0], s[..., 1]) / s[..., 2]
            return np.asarray(np.degrees(np.sqrt(-2 * np.log(np.minimum(length, 1.0)))))

        return _seen(limb, angle, lambda v: Sums(_vectors(v), spread))

    return sd


def percentile_of(angle: str, percentile: float) -> Callable[[LimbEpoch], Value]:
    """Percentile of one angle (deg)."""

    def percentile_deg(limb: LimbEpoch) -> Value:
        """Percentile of a joint angle (deg) over all seen samples; not the limit of what the joint can do."""
        return _seen(limb, angle, lambda v: Quantiles(opened(v), (percentile,)))

    return percentile_deg


def rom_of(angle: str) -> Callable[[LimbEpoch], Value]:
    """Range of one angle (deg)."""

    def rom(limb: LimbEpoch) -> Value:
        """P95 - P5 of a joint angle (deg): the range used, not the range possible; noise at rest widens it."""
        return _seen(limb, angle, lambda v: Quantiles(opened(v), (5.0, 95.0), lambda q: q[..., 1] - q[..., 0]))

    return rom


def share_of(angle: str, beyond_deg: float, above: bool) -> Callable[[LimbEpoch], Value]:
    """Share (%) of the seen samples with the angle above, or below, a limit."""

    def share(limb: LimbEpoch) -> Value:
        """Share of the seen samples in which a joint is bent below 90 or stretched above 150 deg (%)."""

        def counted(v: Floats) -> Sums:
            with np.errstate(invalid="ignore"):
                inside = v > beyond_deg if above else v < beyond_deg
            return ratio(inside.astype(float), np.isfinite(v).astype(float), 100)

        return _seen(limb, angle, counted)

    return share


def excursion_of(angle: str) -> Callable[[LimbEpoch], Value]:
    """Sum of the changes of one angle while the limb moves, per analysed minute (deg/min)."""

    def excursion(limb: LimbEpoch) -> Value:
        """Sum of abs(change of the angle) over moving samples / analysed minutes (deg/min); noise lengthens it."""
        values = limb.motion.angles_deg[angle]
        change = np.abs(difference(values, 1.0, 1))
        turned = np.where(limb.moving[1:] & np.isfinite(change), np.minimum(change, 360 - change), 0.0)
        path = np.concatenate([[0.0], np.nan_to_num(turned)])
        return value_of(ratio(path, limb.valid / limb.fs_hz / 60), int(limb.moving.sum()))

    return excursion


def noise_of(angle: str) -> Callable[[LimbEpoch], Value]:
    """Noise left in one angle after smoothing (deg)."""

    def noise(limb: LimbEpoch) -> Value:
        """Noise of a smoothed joint angle (deg): the larger of white noise through the filter and the quietest 1-s SDs.

        A range of 3.3 times this much is no movement. A constant error of the pose is not in it.
        """
        value = limb.motion.angle_noise_deg.get(angle, float("nan"))
        return given(value, int(limb.valid.sum()), "no run of 1 s seen")

    return noise


ANGLES: Final = (
    ("elbow", "Elbow", "arm", "at the elbow between upper arm and forearm, straight = 180 deg", ANGLE),
    ("shoulder_elevation", "Shoulder elevation", "arm", "between upper arm and trunk, along the body = 0 deg", ANGLE),
    (
        "shoulder_azimuth",
        "Shoulder azimuth",
        "arm",
        "of the upper arm in the body x-z plane, outward = 0, up = 90 deg",
        ANGLE_3D,
    ),
    ("knee", "Knee", "leg", "at the knee between thigh and shank, straight = 180 deg", ANGLE),
    ("hip_flexion", "Hip flexion", "leg", "between thigh and trunk, in line = 0 deg", ANGLE),
    (
        "hip_abduction",
        "Hip abduction",
        "leg",
        "of the thigh in the body x-y plane, towards the feet = 0, outward positive",
        ANGLE_3D,
    ),
)
"""Name, label, limb kind, meaning and gates of every joint angle."""


# fmt: off
def _measures(angle: str, label: str, kind: str, meaning: str, gates: Gates) -> tuple[Measure, ...]:
    """Every measure of one angle."""
    bends = angle in ("elbow", "knee")
    noise = "noise at rest widens it"
    return (
        Measure(f"{angle}_rom_deg", f"{label} range", "deg", "limb", f"P95 - P5 of the angle: {meaning}",
                rom_of(angle), gates, caution=noise, decimals=0, parts=(kind,)),
        Measure(f"{angle}_noise_deg", f"{label}, noise", "deg", "limb", f"larger of white noise through the filter and "
                f"5th percentile of the SD over 1-s windows of the angle: {meaning}", noise_of(angle), gates,
                caution="a range of 3.3 times this is no movement", parts=(kind,)),
        Measure(f"{angle}_angle_mean_deg", f"{label}, mean", "deg", "limb", f"circular mean of the angle: {meaning}",
                mean_of(angle), gates, caution="biased by the pose model", decimals=0, parts=(kind,)),
        Measure(f"{angle}_angle_sd_deg", f"{label}, SD", "deg", "limb", f"sqrt(-2 ln R) of the angle: {meaning}",
                sd_of(angle), gates, caution=noise, parts=(kind,)),
        *(Measure(f"{angle}_p{p}_deg", f"{label}, P{p}", "deg", "limb", f"{p}th percentile of the angle: {meaning}",
                  percentile_of(angle, p), gates, caution=noise, decimals=0, parts=(kind,)) for p in (5, 95)),
        *(Measure(f"{angle}_{word}_pct", f"{label} {word}", "%", "limb", f"100 x samples with the angle {sign} "
                  f"{limit:g} deg / samples seen", share_of(angle, limit, above), gates, parts=(kind,))
          for word, sign, limit, above in (("flexed", "below", FLEXED_BELOW_DEG, False),
                                           ("extended", "above", EXTENDED_ABOVE_DEG, True)) if bends),
        Measure(f"{angle}_excursion_deg_per_min", f"{label}, path", "deg/min", "limb", "sum of abs(change of the "
                "angle) "
                "over moving samples / analysed minutes", excursion_of(angle), AMOUNT, caution="noise lengthens it",
                decimals=0, parts=(kind,)),
    )


MEASURES: Final[tuple[Measure, ...]] = tuple(measure for angle in ANGLES for measure in _measures(*angle))
# fmt: on
