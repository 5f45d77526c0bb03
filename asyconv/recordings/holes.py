"""Values that stand for "no depth" and are not 0, and pictures whose bytes are in the wrong order."""

from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError

Depth = npt.NDArray[np.uint16]

_ALWAYS: Final = (65_535, 65_000)
"""No depth camera sees so far: in millimetres 65 m, in tenths of one the end of the scale."""

_SHARE_LEAST: Final = 0.01
_BEYOND: Final = 2.0  # times the largest value below it
_ROUGHER: Final = 4.0


class Holes:
    """Replaces the values that mean "no depth" by 0; the first picture with depth decides which values these are.

    What was taken to mean no depth is added to `warnings`.
    """

    def __init__(self, warnings: list[str]) -> None:
        self._values: tuple[int, ...] | None = None
        self._warnings, self._told = warnings, False

    def fill(self, depth: Depth, where: str) -> Depth:
        """Return the picture with 0 for every hole; the very same one where there is none to fill.

        InputError, which begins with `where`, if the first picture with depth has its bytes in the wrong order.
        """
        if self._values is None:
            if not depth.any():
                return depth
            if _is_byte_swapped(depth):
                raise InputError(
                    f"{where}: expected smooth depth, found one whose two bytes of each pixel are exchanged"
                )
            self._values = (*_ALWAYS, *_far_value(depth))
        holes = np.isin(depth, self._values)
        if not holes.any():
            return depth
        if not self._told:
            self._told = True
            values = ", ".join(str(value) for value in np.unique(depth[holes]))
            said = f"the value {values} was taken to mean no depth"
            if said not in self._warnings:  # the frames may be read twice
                self._warnings.append(said)
        return np.where(holes, np.uint16(0), depth)


def _far_value(depth: Depth) -> list[int]:
    """The largest value, where more than 1 % of the pixels hold it and all others lie far below it."""
    values, counts = np.unique(depth[(depth > 0) & ~np.isin(depth, _ALWAYS)], return_counts=True)
    if len(values) < 2 or counts[-1] <= _SHARE_LEAST * depth.size or values[-1] < _BEYOND * values[-2]:
        return []
    return [int(values[-1])]


def _is_byte_swapped(depth: Depth) -> bool:
    """Whether the picture becomes much smoother when the two bytes of every pixel change places."""
    return _ROUGHER * _roughness(depth.byteswap()) < _roughness(depth)


def _roughness(depth: Depth) -> float:
    """Mean difference of pixels side by side that both have depth."""
    left, right = depth[:, :-1].astype(np.int64), depth[:, 1:].astype(np.int64)
    both = (left > 0) & (right > 0)
    return float(np.abs(left - right)[both].mean()) if both.any() else 0.0
