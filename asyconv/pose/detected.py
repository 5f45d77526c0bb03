"""Where detection sees joints: the box of the map that has to be computed, and the pixels at which a joint may lie.

A joint is looked for only near its detection, links join only joints found there, and the regression network sees
9x9 pixels: maps inside the box round everything detected are computed from 4 px more on each side, and are those of
the whole picture. What lies outside the box is never read.
"""

from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from asyconv.jit import compiled

DETECTED_SHARE: Final = 0.3
NEAR_MAP: Final = 3
CONTEXT_MAP: Final = 4
"""How far the regression network looks to each side, map px."""

Floats = npt.NDArray[np.float32]
Maps = TypeVar("Maps")


@dataclass(frozen=True)
class Box:
    """Rows `top` to `bottom` and columns `left` to `right`, ends left out, of a picture `height` x `width`, map px."""

    top: int
    bottom: int
    left: int
    right: int
    height: int
    width: int

    def of(self, maps: Maps) -> Maps:
        """View of this part of maps [..., height, width], arrays or tensors."""
        part: Maps = maps[..., self.top : self.bottom, self.left : self.right]  # type: ignore[index]
        return part

    def grown(self, by: int) -> "Box":
        """Return the box with so many pixels more on each side, as far as the picture goes."""
        return Box(
            max(self.top - by, 0), min(self.bottom + by, self.height),
            max(self.left - by, 0), min(self.right + by, self.width), self.height, self.width,
        )  # fmt: skip

    def within(self, outer: "Box") -> "Box":
        """Return the same part of the picture as a part of `outer`."""
        return Box(
            self.top - outer.top, self.bottom - outer.top, self.left - outer.left, self.right - outer.left,
            outer.bottom - outer.top, outer.right - outer.left,
        )  # fmt: skip


def whole(maps: npt.NDArray[Any]) -> Box:
    """Box of all of maps [..., H, W]."""
    height, width = maps.shape[-2:]
    return Box(0, height, 0, width, height, width)


def detected_box(probability: Floats, thresholds: Floats) -> Box | None:
    """Smallest box with every pixel near a detection, in any frame of `probability` [..., 12, H, W].

    A frame in which no joint reaches its threshold [12] is left out, as `locate` leaves it out; None where none is
    left.
    """
    frames = probability.reshape(-1, *probability.shape[-3:])
    largest = frames.max(axis=(-2, -1))
    anything = (largest >= thresholds).any(axis=-1)
    height, width = frames.shape[-2:]
    top, bottom, left, right = _bounds(frames, largest * np.float32(DETECTED_SHARE), anything)
    if top > bottom:
        return None
    return Box(int(top), int(bottom) + 1, int(left), int(right) + 1, height, width).grown(NEAR_MAP)


def keep_near_detection(maps: Floats, probability: Floats, box: Box) -> None:
    """Set the joint maps among `maps` [20, h, w], the part in `box`, to 0 away from where detection sees the joint.

    `probability` is [12, H, W]. A joint may lie up to 3 px beyond the pixels with more than 0.3 of the map's largest
    probability.
    """
    least = probability.max(axis=(1, 2)) * np.float32(DETECTED_SHARE)
    _keep_near(maps, box.of(probability), least)


@compiled
def _bounds(frames: Floats, least: Floats, anything: npt.NDArray[np.bool_]) -> Any:
    """First and last row and column of all pixels above the `least` [F, 12] of their map."""
    height, width = frames.shape[2:]
    top, bottom, left, right = height, -1, width, -1
    for frame in range(len(frames)):
        if not anything[frame]:
            continue
        for joint in range(frames.shape[1]):
            for y in range(height):
                row = frames[frame, joint, y]
                if row.max() <= least[frame, joint]:
                    continue
                top, bottom = min(top, y), max(bottom, y)
                for x in range(width):
                    if row[x] > least[frame, joint]:
                        left, right = min(left, x), max(right, x)
    return top, bottom, left, right


@compiled
def _keep_near(maps: Floats, probability: Floats, least: Floats) -> None:
    joints, height, width = probability.shape
    for joint in range(joints):
        near = np.zeros((height, width), np.bool_)
        for y in range(height):
            for x in range(width):
                if probability[joint, y, x] > least[joint]:
                    rows = slice(max(y - NEAR_MAP, 0), y + NEAR_MAP + 1)
                    near[rows, max(x - NEAR_MAP, 0) : x + NEAR_MAP + 1] = True
        for y in range(height):
            for x in range(width):
                if not near[y, x]:
                    maps[joint, y, x] = 0.0
