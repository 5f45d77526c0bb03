"""Angles: the range and the path of the joints, and posture in words; series/angles.py says what each angle is.

Noise of the pose widens every range at rest by about 3.3 times the noise of the angle, which stands beside it.
"""

from functools import partial
from typing import Any, Final

import numpy as np

from asyconv.analysis.cleaning.plane import IN_PLANE
from asyconv.analysis.formulas.angles import range_of_motion_deg, turning_deg
from asyconv.analysis.formulas.statistics import per_minute, share_pct
from asyconv.analysis.measures.gates import AMOUNT, ANALYSED_MIN_S, ANGLE, COVERAGE_MIN_PCT, Gates
from asyconv.analysis.measures.measure import Arguments, Measure, stated
from asyconv.analysis.series.parts import LimbEpoch

FLEXED_BELOW_DEG: Final = 90.0
EXTENDED_ABOVE_DEG: Final = 150.0
ANGLE_3D: Final = Gates(True, COVERAGE_MIN_PCT, ANALYSED_MIN_S, needs_mm=True)
ANGLES: Final = (
    ("elbow", "Elbow", "arm", "at the elbow between upper arm and forearm, straight = 180 deg", ANGLE),
    ("shoulder_elevation", "Shoulder elevation", "arm", "between upper arm and trunk, along the body = 0 deg", ANGLE),
    ("shoulder_azimuth", "Shoulder azimuth", "arm", "of the upper arm in the body x-z plane, outward = 0, up = 90 deg",
     ANGLE_3D),
    ("knee", "Knee", "leg", "at the knee between thigh and shank, straight = 180 deg", ANGLE),
    ("hip", "Hip", "leg", "between thigh and trunk, in line = 0 deg; spreading the legs opens it, too", ANGLE),
    ("hip_abduction", "Hip abduction", "leg", "of the thigh in the body x-y plane, towards the feet = 0, outward "
     "positive", ANGLE_3D),
)  # fmt: skip
"""Name, label, limb kind, meaning and gates of every joint angle."""


def _angle(limb: LimbEpoch, angle: str) -> Arguments | str:
    """One angle [N], or how little of it was seen."""
    values = limb.series.angles.deg.get(angle, np.full(len(limb.series.valid), np.nan))
    coverage_pct = 100 * np.isfinite(values).sum() / max(1, limb.epoch.expected)
    if coverage_pct < COVERAGE_MIN_PCT:
        return f"angle seen in {coverage_pct:.0f} % of samples, needs {COVERAGE_MIN_PCT:g} %"
    return (values,)


def _beyond(limb: LimbEpoch, angle: str, above: bool) -> Arguments | str:
    """Samples with the angle beyond a limit, and samples that have one."""
    angle_deg = _angle(limb, angle)
    if isinstance(angle_deg, str):
        return angle_deg
    return angle_deg[0] > EXTENDED_ABOVE_DEG if above else angle_deg[0] < FLEXED_BELOW_DEG, np.isfinite(angle_deg[0])


def _turning(limb: LimbEpoch, angle: str) -> Arguments:
    turned = turning_deg(limb.series.angles.deg[angle], limb.series.moving)
    return turned, limb.series.valid, limb.epoch.fs_hz


def _noise(limb: LimbEpoch, angle: str) -> Arguments:
    return limb.series.angles.noise_deg.get(angle, float("nan")), limb.series.valid


def _in_the_plane(limb: LimbEpoch) -> str:
    return "" if limb.series.angles.in_3d else IN_PLANE


# fmt: off
def _measures(angle: str, label: str, kind: str, meaning: str, gates: Gates) -> tuple[Measure, ...]:
    """Every measure of one angle."""
    in_3d_only = gates is ANGLE_3D

    def measure(**declared: Any) -> Measure:
        return Measure(**{"scope": "limb", "gates": gates, "parts": (kind,), **declared})

    return (
        measure(name=f"{angle}_rom_deg", label=f"{label} range", unit="deg",
                formula=f"P95 - P5 of the angle: {meaning}",
                value=range_of_motion_deg, of=partial(_angle, angle=angle), remark=_in_the_plane, decimals=0,
                tier="extended" if in_3d_only else "core",
                caution="the range used, not the range possible; noise at rest widens it"),
        measure(name=f"{angle}_noise_deg", label=f"{label}, noise", unit="deg",
                formula="larger of white noise through the filter and 5th percentile of the SD over 1-s windows of the "
                f"angle: {meaning}", value=stated, of=partial(_noise, angle=angle), otherwise="no run of 1 s seen",
                caution="a range of 3.3 times this is no movement; a constant error of the pose is not in it"),
        *(measure(name=f"{angle}_{word}_pct", label=f"{label} {word}", unit="%",
                  formula=f"100 x samples with the angle {sign} {limit:g} deg / samples seen", value=share_pct,
                  of=partial(_beyond, angle=angle, above=above), remark=_in_the_plane)
          for word, sign, limit, above in (("flexed", "below", FLEXED_BELOW_DEG, False),
                                           ("extended", "above", EXTENDED_ABOVE_DEG, True))
          if angle in ("elbow", "knee")),
        *(() if in_3d_only else (measure(
            name=f"{angle}_excursion_deg_per_min", label=f"{label}, path", unit="deg/min", gates=AMOUNT,
            formula="sum of abs(change of the angle) over moving samples / analysed minutes", value=per_minute,
            of=partial(_turning, angle=angle), n=lambda turned, *_: int((turned > 0).sum()),
            caution="noise lengthens it", decimals=0),)),
    )


MEASURES: Final[tuple[Measure, ...]] = tuple(measure for angle in ANGLES for measure in _measures(*angle))
# fmt: on
