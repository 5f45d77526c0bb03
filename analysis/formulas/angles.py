"""Angles between directions, and angles that wrap, in degrees. NaN in any coordinate gives NaN."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


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
