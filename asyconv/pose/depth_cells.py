"""Depth pictures in cells of about 2 mm: what is compared when one asks how a surface moved."""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.jit import compiled

CELL_MM: Final = 2.0
"""Side of a cell on the scene, about; less noise than in a pixel, and a limb still spans ten. Set by hand."""

GATE_MM: Final = 10.0
"""Depths farther apart than this, in neighbouring cells, belong to two surfaces. Set by hand."""

Depth = npt.NDArray[np.uint16]


SAMPLED: Final = 8
"""Every so many pixels, in every so many rows, one says what whole pictures are asked for."""


def cell_side_px(focal_px: float, middle_mm: float) -> int:
    """How many pixels a side of a cell spans for a camera that sees the scene at `middle_mm`."""
    return max(1, round(CELL_MM * focal_px / middle_mm))


def samples_of(depth: Depth) -> Depth:
    """Every eighth pixel of every eighth row."""
    return np.ascontiguousarray(depth[SAMPLED // 2 :: SAMPLED, SAMPLED // 2 :: SAMPLED])


def cells_of(depth: Depth, unit_mm: float, side_px: int, box: npt.NDArray[np.int64]) -> Any:
    """Mean depth in mm of the front surface in each cell, f32 [H // side, W // side]; 0 where half is missing.

    Cells outside `box` (top, left, bottom, right) are 0 too.
    """
    return _of_side(side_px)(depth, unit_mm, box)


@cache
def _of_side(side_px: int) -> Callable[..., Any]:
    """Compile `cells_of` for one side, which is then a constant: several columns are taken at a time."""
    least = (side_px * side_px + 1) // 2

    def of_side(depth: Depth, unit_mm: float, box: Any) -> Any:
        cells = np.zeros((depth.shape[0] // side_px, depth.shape[1] // side_px), np.float32)
        top, left, bottom, right = box
        gate = np.int32(min(GATE_MM / unit_mm, 65535.0))
        columns = right - left
        nearest, total, count = np.empty(columns, np.uint16), np.empty(columns, np.int32), np.empty(columns, np.int32)
        for row in range(top, bottom):
            nearest[:], total[:], count[:] = 65535, 0, 0
            for y in range(row * side_px, (row + 1) * side_px):
                line = depth[y, left * side_px : right * side_px]
                for x in range(side_px):
                    for column in range(columns):
                        less = np.uint16(line[column * side_px + x] - np.uint16(1))  # no depth comes last
                        nearest[column] = min(nearest[column], less)
            for y in range(row * side_px, (row + 1) * side_px):
                line = depth[y, left * side_px : right * side_px]
                for x in range(side_px):
                    for column in range(columns):
                        value = np.int32(line[column * side_px + x])
                        counts = (value > 0) & (value - 1 - np.int32(nearest[column]) < gate)
                        total[column] += value if counts else 0
                        count[column] += 1 if counts else 0
            cells_of_row = cells[row, left:right]
            for column in range(columns):
                mean = unit_mm * total[column] / count[column]
                cells_of_row[column] = mean if count[column] >= least else 0.0
        return cells

    return compiled(of_side)
