"""Angles between directions, and angles that wrap, in degrees. NaN in any coordinate gives NaN."""

import numpy as np
import numpy.typing as npt
from scipy.stats import circmean

from asyconv.analysis.formulas.gaps import seen

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def included_angle(corner: Floats, first: Floats, second: Floats) -> Floats:
    """Angle in degrees at `corner` [N, D] between the directions to two points, 0 to 180."""
    return angle_between(first - corner, second - corner)


def angle_between(a: Floats, b: Floats) -> Floats:
    """Angle in degrees between vectors [N, D], D 2 or 3, as atan2(|a x b|, a.b): steady near 0 and 180."""
    inner = (a * b).sum(axis=-1)
    cross_squared = np.maximum((a**2).sum(axis=-1) * (b**2).sum(axis=-1) - inner**2, 0)
    if a.shape[-1] == 3:
        cross_squared = (np.cross(a, b) ** 2).sum(axis=-1)
    degrees: Floats = np.degrees(np.arctan2(np.sqrt(cross_squared), inner))
    return degrees


def unwrapped_deg(angle_deg: Floats) -> Floats:
    """`angle_deg` [N] without its wrap at 180 deg: every value within 180 deg of the circular mean."""
    values = seen(angle_deg)
    if not len(values):
        return angle_deg
    middle = float(circmean(values, high=180, low=-180))
    return np.asarray(middle + np.mod(angle_deg - middle + 180, 360) - 180)


def range_of_motion_deg(angle_deg: Floats) -> float:
    """P95 - P5 of `angle_deg` [N], in deg: the range that was used, not the range that is possible.

    Noise at rest widens it by 3.3 times the SD of the noise.
    """
    values = seen(unwrapped_deg(angle_deg))
    low, high = np.percentile(values, [5, 95]) if len(values) else (np.nan, np.nan)
    return float(high - low)


def turning_deg(angle_deg: Floats, moving: Bools) -> Floats:
    """Size of the change of `angle_deg` [N] since the sample before, in deg, while `moving` [N]; else 0.

    Noise lengthens the sum.
    """
    change = np.abs(np.diff(angle_deg, prepend=np.nan))
    return np.where(moving & np.isfinite(change), np.minimum(change, 360 - change), 0.0)
