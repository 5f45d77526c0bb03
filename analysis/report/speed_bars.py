"""Speeds of the four limbs at the frames of the tracks, for pictures that run along with the recording."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from asyconv.analysis.formulas.bouts import ABOVE_FLOORS, MOVE_ABOVE_MM_S
from asyconv.skeleton import LIMBS

if TYPE_CHECKING:
    from asyconv.analysis.tables.movement import Movement


@dataclass(frozen=True)
class SpeedBars:
    """`speed` [F, 4] of each limb's endpoint against its root in `unit`, NaN = not seen or left out.

    `threshold` [4] is the speed in `unit` above which a movement counts, NaN where no floor is known or in px/s.
    """

    speed: npt.NDArray[np.float64]
    threshold: npt.NDArray[np.float64]
    unit: str


def speed_bars(movement: "Movement") -> SpeedBars:
    """Limb speeds of `movement` frame by frame, in mm/s; in px/s where no millimetres are known."""
    limbs = [movement.limbs[name] for name in LIMBS]
    slot = movement.clean.time.slot
    if not movement.clean.in_plane and any(np.isfinite(limb.speed_mm_s).any() for limb in limbs):
        speed = [np.where(limb.valid, limb.speed_mm_s, np.nan)[slot] for limb in limbs]
        floors = [np.nan if limb.floor.value is None else limb.floor.value for limb in limbs]
        threshold = np.maximum(MOVE_ABOVE_MM_S, ABOVE_FLOORS * np.array(floors))
        return SpeedBars(np.stack(speed, axis=-1), threshold, "mm/s")
    kept = ~movement.clean.excluded
    speed = [np.where(kept, limb.speed_px_s, np.nan)[slot] for limb in limbs]
    return SpeedBars(np.stack(speed, axis=-1), np.full(len(limbs), np.nan), "px/s")
