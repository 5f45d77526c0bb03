"""Where each joint's surface is looked for in a frame: smoothed finds, and through gaps what the surface did."""

from typing import Any, Final

import numpy as np

from asyconv.jit import compiled
from asyconv.skeleton import N_JOINTS

BEFORE: Final = 7
AFTER: Final = 20
"""Rows of finds before and after a frame that are looked at; a gap that ends later is not seen to end."""

NEAR: Final = 3  # rows on either side whose median is a position; that of the depth takes `BEFORE`


@compiled
def settled(finds: Any, row: int, last: Any, placed: Any) -> Any:
    """Put each joint's column, row and depth [12, 3] in `placed` (NaN = never found yet); say which was held, [12].

    `finds` [W, 12, 3] are those of the rows round `row`, NaN = missing; `last` [12, 3] the places in the frame before.
    Through a gap a joint goes straight from its last place to its next find; where none follows it is held.
    """
    held = np.zeros(N_JOINTS, np.bool_)
    values = np.empty(2 * BEFORE + 1)
    for joint in range(N_JOINTS):
        for axis in range(3):
            reach = NEAR if axis < 2 else BEFORE
            count = 0
            for n in range(max(0, row - reach), min(len(finds), row + reach + 1)):
                if np.isfinite(finds[n, joint, axis]):
                    values[count] = finds[n, joint, axis]
                    count += 1
            if count:
                placed[joint, axis] = np.median(values[:count])
                continue
            placed[joint, axis] = last[joint, axis]
            held[joint] = np.isfinite(last[joint, axis])
            for n in range(row + 1, len(finds)):
                if np.isfinite(finds[n, joint, axis]):
                    held[joint] = False
                    if np.isfinite(last[joint, axis]):
                        placed[joint, axis] += (finds[n, joint, axis] - last[joint, axis]) / (n - row + 1)
                    else:
                        placed[joint, axis] = finds[n, joint, axis]
                    break
    return held
