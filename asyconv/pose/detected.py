"""Where detection sees joints: the box of the map that has to be computed, and the pixels at which a joint may lie.

A joint is looked for only near its detection, links join only joints found there, and the regression network sees
9x9 pixels: maps inside the box round everything detected are computed from 4 px more on each side or a little more,
and are those of the whole picture. What lies outside the box is never read.
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

SIDE_MAP: Final = 4
"""What is computed has sides of multiples of this, map px: libraries prepare themselves for each size that they meet,
which takes oneDNN 4 ms and up to 1 MiB that it keeps, and 4 % more pixels leave a sixth of the sizes."""

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

    def widened(self, to: int) -> "Box":
        """Return a box round this one whose sides are multiples of `to`, as far as the picture goes."""
        height = min(-(-(self.bottom - self.top) // to) * to, self.height)
        width = min(-(-(self.right - self.left) // to) * to, self.width)
        top, left = min(self.top, self.height - height), min(self.left, self.width - width)
        return Box(top, top + height, left, left + width, self.height, self.width)

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


def detected_box(seen: Floats, presence: Floats, thresholds: Floats) -> Box | None:
    """Smallest box with every pixel near a detection in clips of detection probabilities, `seen` [B, 12, T, H, W].

    `presence` [B, 12, T] is the largest of each map. A frame in which no joint reaches its threshold [12] is left out,
    as `locate` leaves it out; None where none is left.
    """
    anything = np.any(presence >= thresholds[:, None], axis=1)
    height, width = seen.shape[-2:]
    top, bottom, left, right = height, -1, width, -1
    for clip, least, frames in zip(seen, presence * np.float32(DETECTED_SHARE), anything, strict=True):
        bounds = _bounds(clip, least, frames)
        top, bottom = min(top, bounds[0]), max(bottom, bounds[1])
        left, right = min(left, bounds[2]), max(right, bounds[3])
    if top > bottom:
        return None
    return Box(top, bottom + 1, left, right + 1, height, width).grown(NEAR_MAP)


def keep_near_detection(maps: Floats, seen: Floats, presence: Floats, position: int, box: Box) -> None:
    """Set the joint maps among `maps` [20, h, w], the part in `box`, to 0 away from where detection sees the joint.

    `seen` [12, T, H, W] and its largest values, `presence` [12, T], are of the clip, `maps` of one frame of it. A joint
    may lie up to 3 px beyond the pixels with more than 0.3 of the map's largest probability.
    """
    _keep_near(maps, seen, presence[:, position] * np.float32(DETECTED_SHARE), position, box.top, box.left)


@compiled
def _bounds(seen: Floats, least: Floats, frames: npt.NDArray[np.bool_]) -> Any:
    """First and last row and column of all pixels above the `least` [12, T] of their map, in those frames."""
    height, width = seen.shape[2:]
    top, bottom, left, right = height, -1, width, -1
    for joint in range(len(seen)):
        for frame in np.flatnonzero(frames):
            limit = least[joint, frame]
            for y in range(height):
                hits = 0
                for x in range(width):
                    hits += seen[joint, frame, y, x] > limit
                if hits == 0:
                    continue
                top, bottom = min(top, y), max(bottom, y)
                for x in range(width):
                    if seen[joint, frame, y, x] > limit:
                        left, right = min(left, x), max(right, x)
    return top, bottom, left, right


@compiled
def _keep_near(maps: Floats, seen: Floats, least: Floats, frame: int, top: int, left: int) -> None:
    height, width = maps.shape[1:]
    near, near_in_row = np.empty((height, width), np.uint8), np.empty(width, np.uint8)
    for joint in range(len(seen)):
        near[:] = 0
        first, end = height, 0  # rows with something near
        for y in range(height):
            line, hits = seen[joint, frame, y + top, left : left + width], 0
            for x in range(width):
                hits += line[x] > least[joint]
            if hits == 0:  # as in most rows
                continue
            near_in_row[:] = 0
            for x in range(width):
                if line[x] > least[joint]:
                    near_in_row[max(x - NEAR_MAP, 0) : x + NEAR_MAP + 1] = 1
            rows = max(y - NEAR_MAP, 0), min(y + NEAR_MAP + 1, height)
            first, end = min(first, rows[0]), rows[1]
            for row in range(rows[0], rows[1]):
                for x in range(width):
                    near[row, x] |= near_in_row[x]
        maps[joint, :first], maps[joint, end:] = 0.0, 0.0
        for y in range(first, end):
            for x in range(width):
                maps[joint, y, x] = maps[joint, y, x] if near[y, x] else np.float32(0.0)
