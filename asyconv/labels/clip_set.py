"""Clips with their labels, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class ClipSet:
    """Labelled clips: depth in 0.1 mm u16 [n, 3, 96, 128] (0 = none), joints f32 [n, 3, 12, 2] map px, visibility."""

    depth: npt.NDArray[np.uint16]
    xy_map: npt.NDArray[np.float32]
    visible: npt.NDArray[np.bool_]

    def part(self, kept: npt.NDArray[np.bool_]) -> "ClipSet":
        """The clips that are `kept`, [n]."""
        return ClipSet(self.depth[kept], self.xy_map[kept], self.visible[kept])


def joined(sets: Sequence[ClipSet]) -> ClipSet:
    """All clips of several sets in one set."""
    return ClipSet(
        *(np.concatenate([getattr(clips, name) for clips in sets]) for name in ("depth", "xy_map", "visible"))
    )
