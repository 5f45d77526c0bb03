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
    """Compile `cells_of` for one side, which is then a constant: several pixels of a row are taken at a time."""
    least = (side_px * side_px + 1) // 2

    def of_side(depth: Depth, unit_mm: float, box: Any) -> Any:
        cells = np.zeros((depth.shape[0] // side_px, depth.shape[1] // side_px), np.float32)
        top, left, bottom, right = box
        gate = np.uint16(min(GATE_MM / unit_mm, 65535.0))
        columns = right - left
        first, pixels = left * side_px, columns * side_px
        nearest, count = np.empty(pixels, np.uint16), np.empty(pixels, np.uint16)
        total = np.empty(pixels, np.uint32)
        for row in range(top, bottom):
            nearest[:], total[:], count[:] = 65535, 0, 0
            for y in range(row * side_px, (row + 1) * side_px):
                line = depth[y, first : first + pixels]
                for x in range(pixels):
                    nearest[x] = min(nearest[x], np.uint16(line[x] - np.uint16(1)))  # no depth comes last
            for column in range(columns):
                of_cell = nearest[column * side_px]
                for x in range(1, side_px):
                    of_cell = min(of_cell, nearest[column * side_px + x])
                for x in range(side_px):
                    nearest[column * side_px + x] = of_cell
            for y in range(row * side_px, (row + 1) * side_px):
                line = depth[y, first : first + pixels]
                for x in range(pixels):
                    behind = np.uint16(np.uint16(line[x] - np.uint16(1)) - nearest[x])
                    counts = (line[x] > 0) & (behind < gate)
                    total[x] += line[x] if counts else np.uint16(0)
                    count[x] += np.uint16(1) if counts else np.uint16(0)
            cells_of_row = cells[row, left:right]
            for column in range(columns):
                total_of_cell, count_of_cell = np.int32(0), np.int32(0)
                for x in range(side_px):
                    total_of_cell += np.int32(total[column * side_px + x])
                    count_of_cell += np.int32(count[column * side_px + x])
                mean = unit_mm * total_of_cell / count_of_cell
                cells_of_row[column] = mean if count_of_cell >= least else 0.0
        return cells

    return compiled(of_side)
