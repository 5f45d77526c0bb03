"""The depth read at each joint: the mean of the nearer half of the valid pixels round it, in the counts of the file.

A limb stands out of what lies behind it; a median would be a whole count, which flips.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.jit import compiled
from asyconv.tracks import DEPTH_SOURCES

_HOLE: Final = DEPTH_SOURCES.index("hole")
_MEASURED: Final = DEPTH_SOURCES.index("measured")
_FILLED: Final = DEPTH_SOURCES.index("filled")
_NONE: Final = DEPTH_SOURCES.index("null")


@compiled
def joint_depths(depth: npt.NDArray[np.uint16], xy_px: npt.NDArray[np.float64], reach_px: int) -> Any:
    """Depth in counts and its source at each joint of `xy_px` [J, 2] (NaN = missing) on a native picture [H, W].

    Depth is read up to `reach_px` to each side of the joint's pixel; a hole has no valid pixel so near.
    """
    height, width = depth.shape
    counts = np.full(len(xy_px), np.nan)
    source = np.full(len(xy_px), _NONE, np.uint8)
    for joint in range(len(xy_px)):
        if np.isfinite(xy_px[joint, 0]):
            x = int(min(max(np.rint(xy_px[joint, 0]), 0), width - 1))
            y = int(min(max(np.rint(xy_px[joint, 1]), 0), height - 1))
            rows = slice(max(0, y - reach_px), y + reach_px + 1)
            counts[joint] = nearer_half(depth[rows, max(0, x - reach_px) : x + reach_px + 1])
            source[joint] = _HOLE if np.isnan(counts[joint]) else _MEASURED if depth[y, x] > 0 else _FILLED
    return counts, source


@compiled
def nearer_half(window: npt.NDArray[np.uint16]) -> float:
    """Mean of the nearer half of the depths in `window`, rounded up; NaN where none is (0 = no depth)."""
    depths = np.empty(window.size, np.uint16)
    valid = 0
    for row in window:
        for value in row:
            depths[valid] = value
            valid += value > 0
    if valid == 0:
        return np.nan
    depths = depths[:valid]
    half = (valid + 1) // 2
    nearest, farthest = np.int64(depths.min()), np.int64(depths.max())
    while nearest < farthest:  # halves the depths between which the farthest one of the nearer half is
        middle = (nearest + farthest) // 2
        if _sum_up_to(depths, middle)[1] >= half:
            farthest = middle
        else:
            nearest = middle + 1
    total, count = _sum_up_to(depths, nearest - 1)
    return float(total + (half - count) * nearest) / half


@compiled
def _sum_up_to(depths: npt.NDArray[np.uint16], most: int) -> Any:
    """Sum and number of the depths that are not above `most`."""
    total, count = 0, 0
    for depth in depths:
        total += depth if depth <= most else 0
        count += depth <= most
    return total, count
