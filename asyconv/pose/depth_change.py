"""How much depth changes near the infant and near each limb between two pictures, whatever the joints do."""

from typing import Any, Final

import numpy as np

from asyconv.jit import compiled
from asyconv.skeleton import LIMBS

REACH_MM: Final = 25.0
"""How far from its bones a limb's region reaches: a limb and what it uncovers in 0.2 s. Set by hand."""

_CHAINS: Final = np.array(list(LIMBS.values()))


@compiled
def tile_changes(earlier: Any, later: Any, box: Any) -> Any:
    """Change of the mean depth, in mm, of the tiles of 2x2 cells inside `box` (top, left, bottom, right; cells).

    The first tile has even row and column. NaN where a cell is missing.
    """
    top, left = (box[0] + 1) // 2, (box[1] + 1) // 2
    tiles = np.empty((max(0, box[2] // 2 - top), max(0, box[3] // 2 - left)))
    for row in range(tiles.shape[0]):
        y, first = 2 * (top + row), 2 * left
        a, b, c, d = earlier[y, first:], earlier[y + 1, first:], later[y, first:], later[y + 1, first:]
        for column in range(tiles.shape[1]):
            m, n = 2 * column, 2 * column + 1
            seen = (a[m] > 0.0) & (a[n] > 0.0) & (b[m] > 0.0) & (b[n] > 0.0)
            seen &= (c[m] > 0.0) & (c[n] > 0.0) & (d[m] > 0.0) & (d[n] > 0.0)
            total = np.float64(c[m] - a[m]) + (c[n] - a[n]) + (d[m] - b[m]) + (d[n] - b[n])
            tiles[row, column] = total / 4.0 if seen else np.nan
    return tiles


@compiled
def body_change(tiles: Any) -> Any:
    """Root mean square of the changes of tiles, in mm; NaN where there is none."""
    squares, count = 0.0, 0
    for change in tiles.flat:
        if np.isfinite(change):
            squares += change * change
            count += 1
    return np.sqrt(squares / count) if count else np.nan


def limb_changes(tiles: Any, box: Any, joints: Any, focal: float) -> Any:
    """The same near each limb, [4]; `joints` [13, 3] are columns, rows (cells) and depths (mm) in between."""
    return _limb_changes(tiles, box, joints, focal, _CHAINS)


@compiled
def _limb_changes(tiles: Any, box: Any, joints: Any, focal: float, chains: Any) -> Any:
    first_row, first_column = (box[0] + 1) // 2, (box[1] + 1) // 2
    changes, near = np.full(len(chains), np.nan), np.empty(tiles.shape[1], np.bool_)
    for limb in range(len(chains)):
        x, y, z = joints[chains[limb], 0], joints[chains[limb], 1], joints[chains[limb], 2]
        if not (np.isfinite(x).all() and (z > 0.0).all()):
            continue
        reach = REACH_MM * focal / z.mean()
        top, bottom = max(box[0], int(y.min() - reach)), min(box[2] - 1, int(y.max() + reach) + 1)
        left, right = max(box[1], int(x.min() - reach)), min(box[3] - 1, int(x.max() + reach) + 1)
        top, left = top + top % 2, left + left % 2
        columns = slice(left // 2 - first_column, (max(left, right) + 1) // 2 - first_column)
        squares, count = 0.0, 0
        for row in range(top, bottom, 2):
            line = tiles[row // 2 - first_row, columns]
            near[:] = False
            for bone in range(2):  # apart from the sums: so a processor takes several tiles at a time
                x_bone, dy = x[bone], row - y[bone]
                ux, uy = x[bone + 1] - x_bone, y[bone + 1] - y[bone]
                length2 = max(ux * ux + uy * uy, 1e-6)
                for n in range(len(line)):
                    dx = left + 2 * n - x_bone
                    along = min(max((dx * ux + dy * uy) / length2, 0.0), 1.0)
                    near[n] |= (dx - along * ux) ** 2 + (dy - along * uy) ** 2 <= reach * reach
            for n in range(len(line)):
                if near[n] and np.isfinite(line[n]):
                    squares += line[n] * line[n]
                    count += 1
        if count:
            changes[limb] = np.sqrt(squares / count)
    return changes
