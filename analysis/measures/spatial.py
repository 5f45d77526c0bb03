"""Spatial extent: where a limb's endpoint is, and how high above the bed.

In the body frame: x towards the infant's right, y towards the feet, z up from the bed. Extents grow with noise and with
the infant: compare them in trunk lengths.
"""

from functools import partial
from typing import Any, Final

import numpy as np

from asyconv.analysis.formulas.spatial import ellipse_area, ellipse_roundness
from asyconv.analysis.formulas.statistics import percentile, share_pct
from asyconv.analysis.measures.gates import ANALYSED_MIN_S, COVERAGE_MIN_PCT, Gates
from asyconv.analysis.measures.measure import Arguments, Measure
from asyconv.analysis.series.parts import LimbEpoch

NEAR_TRUNK_LENGTHS: Final = 0.15  # within this of the midline, or higher than this above the bed's level
PLACE: Final = Gates(True, COVERAGE_MIN_PCT, ANALYSED_MIN_S, needs_mm=True)
MARCHI: Final = "after Marchi 2020, doi 10.1016/j.earlhumdev.2020.104942"
DORONIEWICZ: Final = "after Doroniewicz 2020, Sensors 20:5986 (names unverified)"
NO_TRUNK: Final = "trunk never seen whole"
NO_PLANE: Final = "no mattress plane in the tracks"


def _reach(limb: LimbEpoch) -> Arguments:
    return (limb.series.position_body_mm[:, :2],)


def _lifted(limb: LimbEpoch) -> Arguments | str:
    """Samples with a lift of more than 0.15 trunk lengths, and samples with a lift."""
    lift_mm, trunk_mm = limb.series.lift_mm, limb.epoch.trunk_mm
    seen = np.isfinite(lift_mm)
    if not seen.any():
        return NO_PLANE
    return (lift_mm > NEAR_TRUNK_LENGTHS * trunk_mm, seen) if trunk_mm else NO_TRUNK


def _beside_midline(limb: LimbEpoch, past: bool) -> Arguments | str:
    """Samples past the midline, or within 0.15 trunk lengths of it, and samples with a place."""
    x = limb.series.place_mm[:, 0] * (1 if limb.part.startswith("right") else -1)
    seen, trunk_mm = np.isfinite(x), limb.epoch.trunk_mm
    if not seen.any() or not trunk_mm:
        return NO_TRUNK
    return x < 0 if past else np.abs(x) < NEAR_TRUNK_LENGTHS * trunk_mm, seen


# fmt: off
def _measure(**declared: Any) -> Measure:
    """A measure of the place of a limb."""
    return Measure(**{"scope": "limb", "gates": PLACE, **declared})


LIFT: Final = _measure(
    name="lift_p95_mm", label="P95 lift above mattress", unit="mm", tier="core", decimals=0, source=MARCHI,
    formula="95th percentile of the endpoint's height above the mattress plane, above its own 5th percentile",
    value=partial(percentile, level=95.0), of=lambda limb: (limb.series.lift_mm,), otherwise=NO_PLANE,
    caution="a limb that never lies down reads too low")

MEASURES: Final[tuple[Measure, ...]] = (
    LIFT,
    _measure(name="antigravity_pct", label="Lifted", unit="%", formula="100 x samples with a lift above 0.15 trunk "
             "lengths / samples seen", value=share_pct, of=_lifted, source=MARCHI, caution="not a strength"),
    _measure(name="ellipse_area_cm2", label="Area of the 95 % ellipse", unit="cm2",
             formula="pi 5.991 sqrt(l1 l2) / 100 of the endpoint's x and y, l1 and l2 the eigenvalues of the "
             "covariance", value=lambda xy_mm: ellipse_area(xy_mm) / 100, of=_reach, otherwise=NO_TRUNK,
             source=DORONIEWICZ, caution="noise widens it"),
    _measure(name="ellipse_ratio", label="Roundness of the ellipse", unit="", formula="sqrt(l2 / l1)",
             value=ellipse_roundness, of=_reach, otherwise=NO_TRUNK, source=DORONIEWICZ,
             caution="near 1 for pure noise", decimals=2),
    *(_measure(name=f"{name}_pct", label=label, unit="%", formula=f"100 x samples {words} the midline / samples seen",
               value=share_pct, of=partial(_beside_midline, past=past), source=MARCHI, caution="posture is in it")
      for name, label, words, past in (("midline", "Near the midline", "within 0.15 trunk lengths of", False),
                                       ("cross_midline", "Past the midline", "on the other side of", True))),
)
# fmt: on
