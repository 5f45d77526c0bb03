"""How much depth changes near the infant and near each limb between two pictures, whatever the joints do."""

from typing import Any, Final

import numpy as np

from asyconv.jit import compiled
from asyconv.skeleton import LIMBS

REACH_MM: Final = 25.0
"""How far from its bones a limb's region reaches: a limb and what it uncovers in 0.2 s. Set by hand."""

_CHAINS: Final = np.array(list(LIMBS.values()))


@compiled
def body_change(earlier: Any, later: Any, box: Any) -> Any:
    """Root mean square, in mm, of the change of tiles of 2x2 cells inside `box`; NaN where none is in both."""
    squares, count = 0.0, 0
    for row in range(box[0] + box[0] % 2, box[2] - 1, 2):
        for column in range(box[1] + box[1] % 2, box[3] - 1, 2):
            change = _tile(earlier, later, row, column)
            if np.isfinite(change):
                squares += change * change
                count += 1
    return np.sqrt(squares / count) if count else np.nan


def limb_changes(earlier: Any, later: Any, joints: Any, focal: float) -> Any:
    """The same near each limb, [4]; `joints` [13, 3] are columns, rows (cells) and depths (mm) in between."""
    return _limb_changes(earlier, later, joints, focal, _CHAINS)


@compiled
def _limb_changes(earlier: Any, later: Any, joints: Any, focal: float, chains: Any) -> Any:
    height, width = later.shape
    changes = np.full(len(chains), np.nan)
    for limb in range(len(chains)):
        x, y, z = joints[chains[limb], 0], joints[chains[limb], 1], joints[chains[limb], 2]
        if not (np.isfinite(x).all() and (z > 0.0).all()):
            continue
        reach = REACH_MM * focal / z.mean()
        top, bottom = max(0, int(y.min() - reach)), min(height - 1, int(y.max() + reach) + 1)
        left, right = max(0, int(x.min() - reach)), min(width - 1, int(x.max() + reach) + 1)
        squares, count = 0.0, 0
        for row in range(top + top % 2, bottom, 2):
            for column in range(left + left % 2, right, 2):
                near = False
                for bone in range(2):
                    ux, uy = x[bone + 1] - x[bone], y[bone + 1] - y[bone]
                    dx, dy = column - x[bone], row - y[bone]
                    along = min(max((dx * ux + dy * uy) / max(ux * ux + uy * uy, 1e-6), 0.0), 1.0)
                    near = near or (dx - along * ux) ** 2 + (dy - along * uy) ** 2 <= reach * reach
                if not near:
                    continue
                change = _tile(earlier, later, row, column)
                if np.isfinite(change):
                    squares += change * change
                    count += 1
        if count:
            changes[limb] = np.sqrt(squares / count)
    return changes


@compiled
def _tile(earlier: Any, later: Any, row: int, column: int) -> Any:
    total = 0.0
    for y in range(row, row + 2):
        for x in range(column, column + 2):
            if earlier[y, x] == 0.0 or later[y, x] == 0.0:
                return np.nan
            total += later[y, x] - earlier[y, x]
    return total / 4.0
