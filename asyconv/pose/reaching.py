"""Objects that reach in over the picture's border above the infant, such as hands, from depth alone.

Every eighth pixel remembers how far away it usually is: it follows what is farther quickly and what is nearer slowly,
so a hand does not become the background for minutes. What is much nearer than that, wide, and touches the border of the
picture is an object that reaches in. One that is there from the first picture on is not seen until it has left.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.jit import compiled
from asyconv.pose.depth_cells import SAMPLED

BORDER: Final = 3
"""Samples from the picture's edge that are its border: cameras have dead bands of up to two samples there."""

NEARER_MM: Final = 50.0
"""How much nearer than usual an object is. Set by hand."""

NEARER_AT_BORDER_MM: Final = 80.0
"""How much nearer it is at the border: an arm comes from above, a raised leg near the border is lower. Set by hand."""

FARTHER_MM_S: Final = 30.0
NEARER_MM_S: Final = 0.3  # a hand is the background after three minutes; set by hand
MOST: Final = 0.7  # of the picture: more is the camera or the bed that was moved


class ReachingObject:
    """Watches a recording for objects that reach in; `unit_mm` of the depth and `fps_hz` are the recording's."""

    def __init__(self, unit_mm: float, fps_hz: float) -> None:
        self._unit_mm, self._fps_hz = unit_mm, fps_hz
        self._usual: npt.NDArray[np.float32] | None = None

    def share(self, samples: npt.NDArray[np.uint16], box_px: npt.NDArray[np.int64]) -> float:
        """Take the next picture's samples; give the share of `box_px` (top, left, bottom, right) an object covers."""
        if self._usual is None:
            self._usual = np.zeros(samples.shape, np.float32)
        near = np.zeros(samples.shape, np.uint8)
        steps_mm = FARTHER_MM_S / self._fps_hz, NEARER_MM_S / self._fps_hz
        if not _compare(samples, np.float32(self._unit_mm), self._usual, *steps_mm, near):
            return 0.0
        reached = _from_border(near)
        if np.count_nonzero(reached) > MOST * reached.size:
            return 0.0
        top, left, bottom, right = box_px // SAMPLED
        inside = reached[top:bottom, left:right]
        return float(np.count_nonzero(inside) / inside.size) if inside.size else 0.0


@compiled
def _compare(samples: Any, unit_mm: Any, usual: Any, farther: float, nearer: float, near: Any) -> Any:
    """Mark samples nearer than usual by `NEARER_MM` with 1 and by more than at the border with 2; follow them all.

    Say how many are marked.
    """
    marked = 0
    for row in range(samples.shape[0]):
        for column in range(samples.shape[1]):
            depth = np.float32(samples[row, column]) * unit_mm
            if depth == 0.0:
                continue
            if usual[row, column] == 0.0:
                usual[row, column] = depth
            closer = usual[row, column] - depth
            near[row, column] = np.uint8(closer > NEARER_MM) + np.uint8(closer > NEARER_AT_BORDER_MM)
            marked += closer > NEARER_MM
            usual[row, column] += min(max(depth - usual[row, column], -nearer), farther)
    return marked


@compiled
def _from_border(near: Any) -> Any:
    """The marked samples that hang together with marks of 2 at the border, by squares of 2x2: edges are narrower."""
    height, width = near.shape
    reached = np.zeros((height, width), np.bool_)
    queue = np.empty((height * width, 2), np.int64)
    first, last = 0, 0
    seen = np.zeros((height, width), np.bool_)
    for row in range(height - 1):
        for column in range(width - 1):
            border = min(row, column, height - 2 - row, width - 2 - column) < BORDER
            if border and _square(near, row, column, 2):
                seen[row, column] = True
                queue[last, 0], queue[last, 1] = row, column
                last += 1
    while first < last:
        row, column = queue[first]
        first += 1
        reached[row : row + 2, column : column + 2] = True
        for step in range(4):
            y, x = row + (1, -1, 0, 0)[step], column + (0, 0, 1, -1)[step]
            if 0 <= y < height - 1 and 0 <= x < width - 1 and not seen[y, x] and _square(near, y, x, 1):
                seen[y, x] = True
                queue[last, 0], queue[last, 1] = y, x
                last += 1
    return reached


@compiled
def _square(near: Any, row: int, column: int, least: int) -> Any:
    nearest = min(near[row, column], near[row, column + 1], near[row + 1, column], near[row + 1, column + 1])
    return nearest >= least
