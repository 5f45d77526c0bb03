"""Speed and acceleration of a limb's endpoint relative to its root, and of its joint angles, while the limb moves.

Holds while above the movement threshold of the limb: slower movement is not in it, and a higher floor raises every
value. Kanemaru 2014 found no difference in mean velocity between infants with and without later cerebral palsy.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.formulas.bootstrap import Quantiles, Sample, Sums
from asyconv.analysis.formulas.kinematics import derivative
from asyconv.analysis.measures.amount import QUICK_AMOUNT
from asyconv.analysis.measures.definition import Measure, Value, value_of
from asyconv.analysis.measures.gates import AMOUNT, ANGLE
from asyconv.analysis.series.epochs import LimbEpoch

Floats = npt.NDArray[np.float64]

ACTIVE: Final = "holds while above the movement threshold; rises with the floor"
NO_MOVEMENT: Final = "no movement above the threshold"


def moments(values: Floats, combine: Callable[[Floats, Floats, Floats, Floats], Floats]) -> Sums:
    """`combine` of the means of the first four powers of `values` [N] (NaN = not among them)."""
    present = np.isfinite(values)
    filled = np.where(present, values, 0.0)
    rows = np.stack([present, filled, filled**2, filled**3, filled**4]).astype(float)
    return Sums(rows, lambda s: combine(*(s[..., k] / s[..., 0] for k in range(1, 5))))


def skewness(m1: Floats, m2: Floats, m3: Floats, m4: Floats) -> Floats:
    """Third central moment / SD^3, from the moments about zero."""
    return np.asarray((m3 - 3 * m1 * m2 + 2 * m1**3) / np.maximum(m2 - m1**2, 0) ** 1.5)


def excess_kurtosis(m1: Floats, m2: Floats, m3: Floats, m4: Floats) -> Floats:
    """Fourth central moment / variance^2 - 3 (Gaussian: 0), from the moments about zero."""
    fourth = m4 - 4 * m1 * m3 + 6 * m1**2 * m2 - 3 * m1**4
    return np.asarray(fourth / np.maximum(m2 - m1**2, 0) ** 2 - 3)


def variation(m1: Floats, m2: Floats, m3: Floats, m4: Floats) -> Floats:
    """SD / mean."""
    return np.asarray(np.sqrt(np.maximum(m2 - m1**2, 0)) / m1)


def _while_moving(limb: LimbEpoch, values: Floats, make: Callable[[Floats], Sample]) -> Value:
    active = np.where(limb.moving, values, np.nan)
    n = int(np.isfinite(active).sum())
    return value_of(make(active), n) if n else Value(None, 0, NO_MOVEMENT)


def _turn(limb: LimbEpoch, angle: str) -> Floats:
    """Speed of one joint angle [N] (deg/s)."""
    return np.abs(derivative(limb.motion.angles_deg[angle][:, None], limb.fs_hz)[:, 0])


def speed_percentile(percentile: float) -> Callable[[LimbEpoch], Value]:
    """Percentile of speed while moving (mm/s)."""

    def speed(limb: LimbEpoch) -> Value:
        """Percentile of speed over moving samples (mm/s): while above the threshold; at 6 Hz P95 is 11 % low."""
        return _while_moving(limb, limb.speed_mm_s, lambda v: Quantiles(v, (percentile,)))

    return speed


def speed_iqr_mm_s(limb: LimbEpoch) -> Value:
    """P75 - P25 of speed over moving samples (mm/s). The threshold cuts off the slow end."""
    return _while_moving(limb, limb.speed_mm_s, lambda v: Quantiles(v, (25.0, 75.0), lambda q: q[..., 1] - q[..., 0]))


def speed_cv(limb: LimbEpoch) -> Value:
    """SD / mean of speed over moving samples (no unit)."""
    return _while_moving(limb, limb.speed_mm_s, lambda v: moments(v, variation))


def speed_skew(limb: LimbEpoch) -> Value:
    """Skewness of speed over moving samples (no unit; Meinecke 2006). Not the asymmetry of left and right."""
    return _while_moving(limb, limb.speed_mm_s, lambda v: moments(v, skewness))


def accel_rms_mm_s2(limb: LimbEpoch) -> Value:
    """Root mean square length of the acceleration over moving samples (mm/s^2), from positions low-passed at 4 Hz."""
    size = np.linalg.norm(limb.motion.accel_mm_s2, axis=1)
    return _while_moving(limb, size, lambda v: moments(v, lambda m1, m2, m3, m4: np.sqrt(m2)))


def accel_iqr_mm_s2(limb: LimbEpoch) -> Value:
    """P75 - P25 of the length of the acceleration over moving samples (mm/s^2)."""
    size = np.linalg.norm(limb.motion.accel_mm_s2, axis=1)
    return _while_moving(limb, size, lambda v: Quantiles(v, (25.0, 75.0), lambda q: q[..., 1] - q[..., 0]))


def accel_kurtosis(limb: LimbEpoch) -> Value:
    """Excess kurtosis (Gaussian: 0; no unit) of the length of the acceleration over moving samples."""
    size = np.linalg.norm(limb.motion.accel_mm_s2, axis=1)
    return _while_moving(limb, size, lambda v: moments(v, excess_kurtosis))


def turn_percentile(angle: str, percentile: float) -> Callable[[LimbEpoch], Value]:
    """Percentile of the speed of one joint angle while the limb moves (deg/s)."""

    def turn(limb: LimbEpoch) -> Value:
        """Percentile of the speed of a joint angle (deg/s) over samples in which the limb moves; noise is in it."""
        return _while_moving(limb, _turn(limb, angle), lambda v: Quantiles(v, (percentile,)))

    return turn


def speed_px_percentile(percentile: float) -> Callable[[LimbEpoch], Value]:
    """Percentile of speed in the picture (px/s)."""

    def speed_px(limb: LimbEpoch) -> Value:
        """Percentile of speed in native pixels over all seen samples (px/s); noise is in it, depth is not."""
        return value_of(Quantiles(limb.speed_px_s, (percentile,)), int(np.isfinite(limb.speed_px_s).sum()))

    return speed_px


# fmt: off
MEASURES: Final[tuple[Measure, ...]] = (
    Measure("speed_median_mm_s", "Median speed", "mm/s", "limb", "median speed over moving samples",
            speed_percentile(50.0), AMOUNT, caution=ACTIVE, decimals=0, trunk=True),
    Measure("speed_p95_mm_s", "P95 speed", "mm/s", "limb", "95th percentile of speed over moving samples",
            speed_percentile(95.0), AMOUNT, caution=ACTIVE, decimals=0, trunk=True),
    Measure("speed_iqr_mm_s", "IQR of speed", "mm/s", "limb", "P75 - P25 of speed over moving samples", speed_iqr_mm_s,
            AMOUNT, caution=ACTIVE, decimals=0, trunk=True),
    Measure("speed_cv", "Variation of speed", "", "limb", "SD / mean of speed over moving samples", speed_cv, AMOUNT,
            caution=ACTIVE, decimals=2),
    Measure("speed_skew", "Skewness of speed", "", "limb", "third central moment / SD^3 of speed over moving samples",
            speed_skew, AMOUNT, "Meinecke 2006 (unverified)", ACTIVE, decimals=2),
    Measure("peak_p99_mm_s", "P99 speed", "mm/s", "limb", "99th percentile of speed over moving samples",
            speed_percentile(99.0), AMOUNT, caution=ACTIVE, decimals=0, trunk=True),
    *(Measure(f"{angle}_ang_speed_{short}_deg_s", f"{label}, {word} turning speed", "deg/s", "limb", f"{word} of the "
              f"speed of the {label.lower()} angle over moving samples", turn_percentile(angle, percentile), AMOUNT,
              caution="noise of three joints is in it", decimals=0, parts=(kind,))
      for angle, label, kind in (("elbow", "Elbow", "arm"), ("shoulder_elevation", "Shoulder elevation", "arm"),
                                 ("knee", "Knee", "leg"), ("hip_flexion", "Hip flexion", "leg"))
      for percentile, short, word in ((50.0, "median", "median"), (95.0, "p95", "P95"))),
    Measure("accel_rms_mm_s2", "RMS acceleration", "mm/s^2", "limb", "root mean square of the acceleration over moving "
            "samples, positions low-passed at 4 Hz", accel_rms_mm_s2, QUICK_AMOUNT, caution="depends on the filter",
            decimals=0, trunk=True),
    Measure("accel_iqr_mm_s2", "IQR of acceleration", "mm/s^2", "limb", "P75 - P25 of the acceleration over moving "
            "samples", accel_iqr_mm_s2, QUICK_AMOUNT, caution="depends on the filter", decimals=0, trunk=True),
    Measure("accel_kurtosis", "Kurtosis of acceleration", "", "limb", "fourth central moment / variance^2 - 3 of the "
            "acceleration over moving samples", accel_kurtosis, QUICK_AMOUNT, "after Kanemaru 2014, doi "
            "10.1016/j.earlhumdev.2014.05.004", "depends on the filter", decimals=2),
    Measure("speed_px_median_px_s", "Median speed in the picture", "px/s", "limb", "median speed in native pixels over "
            "all seen samples", speed_px_percentile(50.0), ANGLE, caution="noise is in it; not comparable between "
            "cameras", decimals=0),
    Measure("speed_px_p95_px_s", "P95 speed in the picture", "px/s", "limb", "95th percentile of speed in native "
            "pixels over all seen samples", speed_px_percentile(95.0), ANGLE, caution="noise is in it; not comparable "
            "between cameras", decimals=0),
)
# fmt: on
