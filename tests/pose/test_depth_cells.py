"""Cells of a picture are the means of its front surface, for any side and unit of depth."""

import numpy as np
import pytest

from asyconv.pose.depth_cells import GATE_MM, cells_of

VALUES = np.array([0, 1, 2, 700, 704, 709, 710, 711, 719, 65534, 65535], np.uint16)


@pytest.mark.parametrize("side_px", [1, 2, 3])
@pytest.mark.parametrize("unit_mm", [0.0001, 0.1, 1.0, 12.0])
def test_cells_are_means_of_the_front_surface(side_px: int, unit_mm: float) -> None:
    depth = np.random.default_rng(4).choice(VALUES, (40, 61))
    height, width = 40 // side_px, 61 // side_px
    box = np.array([2, 3, height - 1, width])
    expected = np.zeros((height, width), np.float32)
    for row in range(box[0], box[2]):
        for column in range(box[1], box[3]):
            first = row * side_px, column * side_px
            pixels = depth[first[0] : first[0] + side_px, first[1] : first[1] + side_px]
            seen = pixels[pixels > 0].astype(int)
            front = seen[seen < seen.min() + int(min(GATE_MM / unit_mm, 65535))] if len(seen) else seen
            if 2 * len(front) >= side_px**2:
                expected[row, column] = unit_mm * front.sum() / len(front)
    np.testing.assert_array_equal(cells_of(depth, unit_mm, side_px, box), expected)
