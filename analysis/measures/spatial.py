"""Spatial extent: where a limb's endpoint is, how far it goes, and how high above the bed.

In the body frame: x towards the infant's right, y towards the feet, z up from the bed. Extents grow with the length of
the recording, with noise and with the infant: compare equal lengths, in trunk lengths.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull, QhullError

from asyconv.analysis.formulas.bootstrap import Quantiles, Sample, Sums
from asyconv.analysis.formulas.gaps import whole
from asyconv.analysis.measures.amount import ratio
from asyconv.analysis.measures.definition import Measure, Value, value_of
from asyconv.analysis.measures.gates import ANALYSED_MIN_S, COVERAGE_MIN_PCT, Gates
from asyconv.analysis.series.epochs import LimbEpoch

Floats = npt.NDArray[np.float64]

CHI2_95_2: Final = 5.991  # 95th percentile of chi-square with two degrees of freedom
CELL_MM: Final = 10.0
HULL_TRIM: Final = 0.02
NEAR_TRUNK_LENGTHS: Final = 0.15  # within this of the midline, or higher than this above the bed's level
PLACE: Final = Gates(True, COVERAGE_MIN_PCT, ANALYSED_MIN_S)
MARCHI: Final = "after Marchi 2020, doi 10.1016/j.earlhumdev.2020.104942"
DORONIEWICZ: Final = "after Doroniewicz 2020, Sensors 20:5986 (names unverified)"


def _covariance_parts(reach: Floats) -> Floats:
    """Rows 1, x, y, xx, yy, xy of the samples present."""
    present = whole(reach)
    x, y = np.where(present[:, None], reach, 0.0).T[:2]
    return np.stack([present.astype(float), x, y, x * x, y * y, x * y])


def _eigenvalues(s: Floats) -> tuple[Floats, Floats]:
    """Larger and smaller eigenvalue of the covariance whose sums are `s` [..., 6]."""
    n, x, y, xx, yy, xy = np.moveaxis(s, -1, 0)
    a, b, c = xx / n - (x / n) ** 2, yy / n - (y / n) ** 2, xy / n - x * y / n**2
    root = np.sqrt(np.maximum(((a - b) / 2) ** 2 + c**2, 0))
    return (a + b) / 2 + root, np.maximum((a + b) / 2 - root, 0)


def _of_reach(limb: LimbEpoch, make: Callable[[Floats], Sample]) -> Value:
    n = int(np.isfinite(limb.motion.reach_mm).all(axis=1).sum())
    return value_of(make(limb.motion.reach_mm), n) if n else Value(None, 0, "trunk never seen whole")


def ellipse_area_cm2(limb: LimbEpoch) -> Value:
    """Pi 5.991 sqrt(l1 l2) / 100 (cm2): area of the 95 % ellipse of x and y, l1 and l2 the eigenvalues of covariance.

    For a Gaussian cloud 95 % lie inside; for a limb that goes between two places it is mostly empty.
    """

    def area(s: Floats) -> Floats:
        larger, smaller = _eigenvalues(s)
        return np.asarray(np.pi * CHI2_95_2 * np.sqrt(larger * smaller) / 100)

    return _of_reach(limb, lambda reach: Sums(_covariance_parts(reach), area))


def ellipse_ratio(limb: LimbEpoch) -> Value:
    """sqrt(l2 / l1): short / long axis of the 95 % ellipse (no unit; a line 0, a circle 1). Near 1 for pure noise."""

    def flatness(s: Floats) -> Floats:
        larger, smaller = _eigenvalues(s)
        return np.asarray(np.sqrt(smaller / larger))

    return _of_reach(limb, lambda reach: Sums(_covariance_parts(reach), flatness))


def centre_of(axis: int) -> Callable[[LimbEpoch], Value]:
    """Mean position along one axis of the body frame (mm)."""

    def centre(limb: LimbEpoch) -> Value:
        """Mean position of the endpoint relative to its root along one axis (mm): posture, not movement."""

        def mean(reach: Floats) -> Sums:
            rows = np.stack([reach[:, axis], np.isfinite(reach[:, axis])])
            return Sums(np.nan_to_num(rows), lambda s: s[..., 0] / s[..., 1])

        return _of_reach(limb, mean)

    return centre


def excursion_of(axis: int) -> Callable[[LimbEpoch], Value]:
    """Extent along one axis of the body frame (mm)."""

    def excursion(limb: LimbEpoch) -> Value:
        """P97.5 - P2.5 of the endpoint relative to its root along one axis (mm); noise widens it."""
        return _of_reach(limb, lambda r: Quantiles(r[:, axis], (2.5, 97.5), lambda q: q[..., 1] - q[..., 0]))

    return excursion


def hull_volume_cm3(limb: LimbEpoch) -> Value:
    """Volume of the convex hull of the positions (cm3), without the 2 % farthest from the median position.

    The outermost samples decide it, so noise and length of recording do too.
    """
    reach = limb.motion.reach_mm[np.isfinite(limb.motion.reach_mm).all(axis=1)]
    if len(reach) < 10:
        return Value(None, len(reach), "fewer than 10 positions")
    away = np.linalg.norm(reach - np.median(reach, axis=0), axis=1)
    kept = reach[away <= np.quantile(away, 1 - HULL_TRIM)]
    if np.linalg.matrix_rank(kept - kept.mean(axis=0), tol=1e-3) < 3:
        return Value(0.0, len(kept))
    try:
        return Value(float(ConvexHull(kept).volume) / 1000, len(kept))
    except QhullError:
        return Value(None, len(kept), "positions too flat for a hull")


def cells(limb: LimbEpoch) -> npt.NDArray[np.int64]:
    """Index [M, 3] of the 10 mm cell of each position present; cells are counted from the median position."""
    reach = limb.motion.reach_mm[np.isfinite(limb.motion.reach_mm).all(axis=1)]
    return np.floor((reach - np.median(reach, axis=0)) / CELL_MM + 0.5).astype(np.int64)


def cells_visited(limb: LimbEpoch) -> Value:
    """Number of 10 mm cells that the endpoint was in (count); grows with time and noise."""
    visited = cells(limb) if np.isfinite(limb.motion.reach_mm).any() else np.empty((0, 3))
    return Value(float(len(np.unique(visited, axis=0))), len(visited), "")


def _from_midline(limb: LimbEpoch, beyond: Callable[[Floats, float], npt.NDArray[np.bool_]]) -> Value:
    x = limb.motion.place_mm[:, 0] * (1 if limb.part.startswith("right") else -1)
    seen = np.isfinite(x)
    if not seen.any() or not limb.trunk_mm:
        return Value(None, 0, "trunk never seen whole")
    with np.errstate(invalid="ignore"):
        inside = beyond(x, limb.trunk_mm) & seen
    return value_of(ratio(inside.astype(float), seen.astype(float), 100), int(seen.sum()))


def midline_pct(limb: LimbEpoch) -> Value:
    """Share of the seen samples with the endpoint within 0.15 trunk lengths of the midline (%). Posture is in it."""
    return _from_midline(limb, lambda x, trunk: np.abs(x) < NEAR_TRUNK_LENGTHS * trunk)


def cross_midline_pct(limb: LimbEpoch) -> Value:
    """Share of the seen samples with the endpoint past the midline, on the other side (%); posture is in it."""
    return _from_midline(limb, lambda x, trunk: x < 0)


def lift_p95_mm(limb: LimbEpoch) -> Value:
    """95th percentile of the endpoint's height above the mattress, above its own 5th percentile (mm).

    The 5th percentile of the whole recording counts as lying on the bed; a limb that never lies down reads too low.
    """
    n = int(np.isfinite(limb.lift_mm).sum())
    return value_of(Quantiles(limb.lift_mm, (95.0,)), n) if n else Value(None, 0, "no mattress plane in the tracks")


def antigravity_pct(limb: LimbEpoch) -> Value:
    """Share of the seen samples with a lift of more than 0.15 trunk lengths (%; after Marchi 2020); not a strength."""
    n = int(np.isfinite(limb.lift_mm).sum())
    if not n:
        return Value(None, 0, "no mattress plane in the tracks")
    if not limb.trunk_mm:
        return Value(None, n, "trunk never seen whole")
    above = np.nan_to_num(limb.lift_mm) > NEAR_TRUNK_LENGTHS * limb.trunk_mm
    return value_of(ratio(above.astype(float), np.isfinite(limb.lift_mm).astype(float), 100), n)


# fmt: off
MEASURES: Final[tuple[Measure, ...]] = (
    Measure("lift_p95_mm", "P95 lift above mattress", "mm", "limb", "95th percentile of the endpoint's height above "
            "the "
            "mattress plane, above its own 5th percentile", lift_p95_mm, PLACE, MARCHI, decimals=0, trunk=True),
    Measure("antigravity_pct", "Lifted", "%", "limb", "100 x samples with a lift above 0.15 trunk lengths / samples "
            "seen", antigravity_pct, PLACE, MARCHI, "not a strength"),
    Measure("ellipse_area_cm2", "Area of the 95 % ellipse", "cm2", "limb", "pi 5.991 sqrt(l1 l2) / 100 of the "
            "endpoint's x and y, l1 and l2 the eigenvalues of the covariance", ellipse_area_cm2, PLACE, DORONIEWICZ,
            "noise widens it"),
    Measure("ellipse_ratio", "Roundness of the ellipse", "", "limb", "sqrt(l2 / l1)", ellipse_ratio, PLACE, DORONIEWICZ,
            "near 1 for pure noise", decimals=2),
    *(Measure(f"centre_{axis}_mm", f"Mean position, {axis}", "mm", "limb", f"mean of the endpoint's {axis} relative to "
              "its root, body frame", centre_of(k), PLACE, DORONIEWICZ, "posture, not movement", decimals=0, trunk=True)
      for k, axis in enumerate("xy")),
    *(Measure(f"excursion_{axis}_mm", f"Extent, {axis}", "mm", "limb", f"P97.5 - P2.5 of the endpoint's {axis} "
              "relative "
              "to its root, body frame", excursion_of(k), PLACE, caution="noise widens it", decimals=0, trunk=True)
      for k, axis in enumerate("xyz")),
    Measure("hull_volume_cm3", "Volume reached", "cm3", "limb", "convex hull of the positions without the 2 % farthest "
            "from their median", hull_volume_cm3, PLACE, caution="grows with time and noise", decimals=0),
    Measure("cells_visited", "Cells visited", "", "limb", "number of 10 mm cells in which the endpoint was",
            cells_visited, PLACE, caution="grows with time and noise", decimals=0),
    Measure("midline_pct", "Near the midline", "%", "limb", "100 x samples within 0.15 trunk lengths of the midline / "
            "samples seen", midline_pct, PLACE, MARCHI),
    Measure("cross_midline_pct", "Past the midline", "%", "limb", "100 x samples on the other side of the midline / "
            "samples seen", cross_midline_pct, PLACE, MARCHI, "posture is in it"),
)
# fmt: on
