"""The noise of a recording's depth, from its own still surroundings, and depth that cannot be a measurement.

Every second cell of every second row, which is what the registration takes, is compared one and six frames apart in
blocks of 8x8 cells away from the infant. The median over blocks and over time is that of a still scene as long as less
than half of it moves. Means of blocks vary more than those of independent cells would; the ratio is the inflation.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.jit import compiled
from asyconv.motion_evidence import LAGS

BLOCK: Final = 8
COMPARED: Final = (BLOCK // 2) ** 2  # cells of a block
LEAST_BLOCKS: Final = 20
LEAST_NOISE_MM: Final = 0.1
"""A cell of four pixels that varies less between frames was compressed or copied: no depth camera is so quiet."""

COPY_SHARE: Final = 0.9
"""From this share of equal pixels on, a picture is a copy of the other: noise changes most of them."""

Box = npt.NDArray[np.int64]


class DepthNoise:
    """Collects the noise of differences of cells, by lag; memory is two numbers a sample."""

    def __init__(self) -> None:
        self._squares: list[list[float]] = [[] for _ in LAGS]
        self._means: list[list[float]] = [[] for _ in LAGS]

    def add(self, lag: int, earlier: Any, later: Any, infant: Box) -> None:
        """Compare two whole pictures of cells; `infant` (top, left, bottom, right) is left out."""
        squares, means = _block_differences(earlier, later, infant)
        if len(squares) >= LEAST_BLOCKS:
            spread = 1.4826 * np.median(np.abs(means - np.median(means)))
            self._squares[lag].append(float(np.median(squares)))
            self._means[lag].append(float(spread**2))

    def measured(self) -> tuple[list[float], list[float]] | None:
        """Variance of a cell's difference in mm^2 and inflation, by lag; None where nothing stands still."""
        if not all(self._squares):
            return None
        variance = [float(np.median(squares)) for squares in self._squares]
        of_means = [float(np.median(means)) for means in self._means]
        return variance, [max(1.0, COMPARED * m / v) if v > 0 else 1.0 for m, v in zip(of_means, variance, strict=True)]


def why_refused(noise: tuple[list[float], list[float]] | None, copied_share: float) -> str | None:
    """Why depth of this noise, with this share of copies, is no evidence of movement; None where it is."""
    if noise is None and copied_share > 0.5:
        return "most pictures are copies of earlier ones: the depth was compressed or copied"
    if noise is None:
        return "no still surroundings of the infant are seen, so the noise of the depth is unknown"
    quietest_mm = min(noise[0]) ** 0.5
    if quietest_mm < LEAST_NOISE_MM:
        return (
            f"still surroundings vary by {quietest_mm:.2f} mm, less than any depth camera: "
            "the depth was compressed or copied"
        )
    return None


@compiled
def _block_differences(earlier: Any, later: Any, infant: Box) -> Any:
    """Mean square and mean of the difference of each whole block outside the infant's box."""
    rows, columns = earlier.shape[0] // BLOCK, earlier.shape[1] // BLOCK
    squares, means = np.empty(rows * columns), np.empty(rows * columns)
    count = 0
    for row in range(rows):
        for column in range(columns):
            top, left = row * BLOCK, column * BLOCK
            if top + BLOCK > infant[0] and top < infant[2] and left + BLOCK > infant[1] and left < infant[3]:
                continue
            square, total, has_depth = 0.0, 0.0, True
            for y in range(top, top + BLOCK, 2):
                for x in range(left, left + BLOCK, 2):
                    a, b = earlier[y, x], later[y, x]
                    has_depth = has_depth and a > 0.0 and b > 0.0
                    square += (b - a) ** 2
                    total += b - a
            if has_depth:
                squares[count], means[count] = square / COMPARED, total / COMPARED
                count += 1
    return squares[:count], means[:count]


@compiled
def equal_share(earlier: npt.NDArray[np.uint16], later: npt.NDArray[np.uint16]) -> float:
    """Share of equal depths among the samples of two pictures that have depth in both."""
    both, equal = 0, 0
    for row in range(earlier.shape[0]):
        for column in range(earlier.shape[1]):
            a, b = earlier[row, column], later[row, column]
            both += (a > 0) & (b > 0)
            equal += (a > 0) & (a == b)
    return equal / both if both else 0.0
