"""The one affine object between a recording's native pixels and the 128x96 map the networks see.

It undoes the mirror, turns the picture so that the head is down (as in babyPose), pads to 4:3 with no-depth and
never stretches; pixel centres everywhere (paper.md 3: ``x_map = (x_px + 0.5) / 5 - 0.5`` for 640x480).

Deviation from the paper's lineage: a map pixel is the mean of the *valid* native pixels whose centres fall into it,
instead of the nearest pixel; no valid pixel gives 0 (no depth).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.jit import compiled
from asyconv.skeleton import HEADS

MAP_WIDTH: Final = 128
MAP_HEIGHT: Final = 96

# native offset from the picture's centre (unmirrored) -> offset in the head-down picture
_TURNS: Final = {
    "down": ((1.0, 0.0), (0.0, 1.0)),
    "up": ((-1.0, 0.0), (0.0, -1.0)),
    "left": ((0.0, 1.0), (-1.0, 0.0)),
    "right": ((0.0, -1.0), (1.0, 0.0)),
}


@dataclass(frozen=True)
class Crop:
    """A part of a native picture: its first column and row, and its size."""

    left_px: int
    top_px: int
    width_px: int
    height_px: int


@dataclass(frozen=True)
class MapGeometry:
    """How one recording's native pixels lie on the map.

    Parameters
    ----------
    width_px, height_px : size of the native picture.
    head : where the head lies in the unmirrored picture: down, up, left or right.
    mirrored : whether the native picture is flipped left to right.
    crop : the part of the picture that lies on the map, None = all of it; at least 128 pixels on the longer and 96 on
        the shorter side.
    """

    width_px: int
    height_px: int
    head: str = "down"
    mirrored: bool = False
    crop: Crop | None = None

    def __post_init__(self) -> None:
        """Refuse an unknown head direction and pictures smaller than the map."""
        if self.head not in HEADS:
            raise InputError(f"head direction: expected one of {', '.join(HEADS)}, got {self.head!r}")
        wide, high = self._part.width_px, self._part.height_px
        if max(wide, high) < MAP_WIDTH or min(wide, high) < MAP_HEIGHT:
            raise InputError(f"depth pictures: expected at least {MAP_WIDTH}x{MAP_HEIGHT} pixels, got {wide}x{high}")

    @property
    def _part(self) -> Crop:
        return self.crop or Crop(0, 0, self.width_px, self.height_px)

    @cached_property
    def scale_px(self) -> float:
        """Native pixels per map pixel."""
        wide, high = self._part.width_px, self._part.height_px
        if self.head in ("left", "right"):
            wide, high = high, wide
        return max(wide / MAP_WIDTH, high / MAP_HEIGHT)

    @cached_property
    def _linear(self) -> npt.NDArray[np.float64]:
        turn = np.array(_TURNS[self.head])
        if self.mirrored:
            turn = turn @ np.diag([-1.0, 1.0])
        return turn

    @cached_property
    def _native_centre(self) -> npt.NDArray[np.float64]:
        part = self._part
        return np.array([part.left_px + (part.width_px - 1) / 2, part.top_px + (part.height_px - 1) / 2])

    def to_map(self, xy_px: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Map coordinates [..., 2] of native pixel coordinates [..., 2]."""
        offset = (np.asarray(xy_px, dtype=np.float64) - self._native_centre) @ self._linear.T
        return np.asarray(offset / self.scale_px + _MAP_CENTRE)

    def to_px(self, xy_map: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Native pixel coordinates [..., 2] of map coordinates [..., 2]."""
        offset = (np.asarray(xy_map, dtype=np.float64) - _MAP_CENTRE) * self.scale_px
        return np.asarray(offset @ self._linear + self._native_centre)

    @property
    def turned_size_px(self) -> tuple[int, int]:
        """Width and height of the head-down picture."""
        return (self.height_px, self.width_px) if self.head in ("left", "right") else (self.width_px, self.height_px)

    def to_turned(self, xy_px: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Pixel coordinates [..., 2] in the unmirrored head-down picture of native ones [..., 2]."""
        centre = np.array([(self.width_px - 1) / 2, (self.height_px - 1) / 2])
        offset = (np.asarray(xy_px, dtype=np.float64) - centre) @ self._linear.T
        return np.asarray(offset + (np.array(self.turned_size_px) - 1) / 2)

    def turn(self, depth: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
        """The unmirrored head-down picture of a native one [H, W]; no pixel is changed."""
        unmirrored = depth[:, ::-1] if self.mirrored else depth
        return np.ascontiguousarray(np.rot90(unmirrored, {"down": 0, "left": 1, "up": 2, "right": 3}[self.head]))

    @cached_property
    def _cells(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Flat map cell of a native pixel = of its row + of its column (the affine never mixes the two)."""
        part = self._part
        rows, columns = part.top_px + np.arange(part.height_px), part.left_px + np.arange(part.width_px)
        middle_x, middle_y = self._native_centre
        step = np.array([1, MAP_WIDTH])
        by_column = np.stack([columns, np.full(part.width_px, middle_y)], axis=-1)
        by_row = np.stack([np.full(part.height_px, middle_x), rows], axis=-1)
        of_column, of_row = (0, 1) if self.head in ("down", "up") else (1, 0)  # axes of the map
        cell_of_column = _nearest_cell(self.to_map(by_column))[:, of_column] * step[of_column]
        cell_of_row = _nearest_cell(self.to_map(by_row))[:, of_row] * step[of_row]
        return cell_of_row, cell_of_column

    def resize(self, depth: npt.NDArray[np.uint16]) -> npt.NDArray[np.float32]:
        """Mean of the valid (non-zero) native pixels of each map pixel, [96, 128], in the counts of `depth` [H, W].

        `depth` is a whole picture, also where only a part of it lies on the map.
        """
        if depth.shape != (self.height_px, self.width_px):
            raise InputError(
                f"depth frame: expected {self.height_px}x{self.width_px} rows x columns, got {depth.shape}"
            )
        mean = _means(depth, self._part.top_px, self._part.left_px, *self._cells, MAP_HEIGHT * MAP_WIDTH)
        return np.asarray(mean.reshape(MAP_HEIGHT, MAP_WIDTH))


def on_map(xy_map: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which of the places [..., 2] lie on the map; NaN does not."""
    return np.asarray((np.abs(xy_map - _MAP_CENTRE) <= _MAP_CENTRE + 0.5).all(axis=-1))


_MAP_CENTRE: Final = np.array([(MAP_WIDTH - 1) / 2, (MAP_HEIGHT - 1) / 2])


def _nearest_cell(xy_map: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    # a hair inward, so that a centre exactly between two cells falls the same way from both ends
    return np.floor(xy_map + 0.5 - 1e-9).astype(np.int64)


@compiled
def _means(depth: Any, top: int, left: int, cell_of_row: Any, cell_of_column: Any, cells: int) -> Any:
    """Mean of the non-zero pixels of each cell, f32 [cells]: its rows are summed up first, then its columns."""
    height, width = len(cell_of_row), len(cell_of_column)
    mean = np.zeros(cells, np.float32)
    sums, valid = np.zeros(width, np.uint32), np.zeros(width, np.uint32)
    for row in range(height):
        line = depth[top + row, left : left + width]
        for column in range(width):
            sums[column] += line[column]
            valid[column] += np.uint32(line[column] > 0)
        if row + 1 < height and cell_of_row[row + 1] == cell_of_row[row]:
            continue
        total, count = 0, 0
        for column in range(width):
            total += sums[column]
            count += valid[column]
            if column + 1 == width or cell_of_column[column + 1] != cell_of_column[column]:
                if count > 0:
                    mean[cell_of_row[row] + cell_of_column[column]] = total / count
                total, count = 0, 0
        sums[:], valid[:] = 0, 0
    return mean
