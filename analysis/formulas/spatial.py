"""Spatial extent: where a point is, how far it goes, and how high above a plane. Extents grow with time and noise."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.formulas.gaps import seen, whole

Floats = npt.NDArray[np.float64]

CHI2_95_2: Final = 5.991
"""95th percentile of chi-square with two degrees of freedom."""
LIFT_BASE_PERCENTILE: Final = 5.0


def lift_mm(position_mm: Floats, plane: list[float] | None) -> Floats:
    """Height (mm) of `position_mm` [N, 3] above `plane` (unit normal, distance), less its own 5th percentile.

    The 5th percentile counts as lying on the bed: what never lies down reads too low. NaN without a plane.
    """
    if plane is None:
        return np.full(len(position_mm), np.nan)
    height: Floats = position_mm @ np.asarray(plane[:3], float) + plane[3]
    values = seen(height)
    return height - np.percentile(values, LIFT_BASE_PERCENTILE) if len(values) else height


@dataclass(frozen=True)
class Ellipse:
    """Ellipse that holds 95 % of a Gaussian cloud: its middle, its half axes, and the direction of the longer one.

    The direction is counted from the first coordinate towards the second, 0 to 180 deg.
    """

    across: float
    along: float
    long: float
    short: float
    angle_deg: float


def ellipse_95(xy: Floats) -> Ellipse | None:
    """Ellipse of the points of `xy` [N, 2] that were seen: half axes sqrt(5.991 l), l the eigenvalues of covariance.

    None for fewer than three points.
    """
    points = xy[whole(xy)]
    if len(points) < 3:
        return None
    values, vectors = np.linalg.eigh(np.cov(points.T, bias=True))
    short, long = np.sqrt(CHI2_95_2 * np.maximum(values, 0))
    angle = float(np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1])) % 180)
    centre = points.mean(axis=0)
    return Ellipse(float(centre[0]), float(centre[1]), float(long), float(short), angle)


def ellipse_area(xy: Floats) -> float:
    """Area of the 95 % ellipse of `xy` [N, 2], in its unit squared.

    For a Gaussian cloud 95 % of the points lie inside; for a point that goes between two places it is mostly empty.
    """
    ellipse = ellipse_95(xy)
    return float("nan") if ellipse is None else float(np.pi * ellipse.long * ellipse.short)


def ellipse_roundness(xy: Floats) -> float:
    """Short / long axis of the 95 % ellipse of `xy` [N, 2] (a line 0, a circle 1; near 1 for pure noise, too)."""
    ellipse = ellipse_95(xy)
    return ellipse.short / ellipse.long if ellipse is not None and ellipse.long > 0 else float("nan")


def weighted_centre(position: Floats, weight: Floats) -> Floats:
    """Mean of `position` [N, K, D] over K points with their `weight` [N, K], at each sample [N, D].

    NaN where a point or a weight is missing, or all weights are 0.
    """
    total = weight.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((position * weight[..., None]).sum(axis=1) / np.where(total > 0, total, np.nan)[:, None])
