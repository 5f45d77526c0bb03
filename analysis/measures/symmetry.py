"""Symmetry of left and right: the same value of both sides set against each other.

Both sides are masked with the larger of their floors, and nothing is given where the floors or the coverage differ too
much: the same movement with 1 and 3 mm of jitter would give asymmetry out of nothing. Positive: more on the infant's
right. One recording's asymmetry says nothing of its cause; lying on one side or a line in one arm makes one.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from asyconv.analysis.formulas.angles import range_of_motion_deg
from asyconv.analysis.formulas.sampling import FAST_HZ
from asyconv.analysis.formulas.statistics import lateralisation_pct, median, share_pct
from asyconv.analysis.measures import angles
from asyconv.analysis.measures.amount import MOVING, PATH
from asyconv.analysis.measures.gates import SIDES, TOGETHER
from asyconv.analysis.measures.measure import LEFT_RIGHT, Arguments, Measure, n_of_both, of_both, on_both
from asyconv.analysis.measures.smoothness import MOVEMENT_UNITS
from asyconv.analysis.measures.spatial import LIFT
from asyconv.analysis.series.angles import BENDS
from asyconv.analysis.series.parts import LimbEpoch, PairEpoch


def _bend(limb: LimbEpoch) -> Arguments | str:
    """The elbow or knee angle."""
    name = f"{BENDS[limb.kind]}_rom_deg"
    return next(m for m in angles.MEASURES if m.name == name).of(limb)


def _either_moves(pair: PairEpoch) -> Arguments:
    """Samples in which both limbs move under their common floor, and those in which either does."""
    first, second = (limb.series.moving for limb in pair.common)
    return first & second & pair.both_valid, (first | second) & pair.both_valid


def _distance_mm(pair: PairEpoch) -> Arguments:
    first, second = (limb.series.place_mm for limb in pair.limbs)
    return (np.linalg.norm(first - second, axis=1),)


# fmt: off
BEND: Final = Measure(name="bend_rom_deg", label="Elbow or knee range", unit="deg", scope="limb",
                      formula="P95 - P5 of the angle", value=range_of_motion_deg, of=_bend)
SIDES_OF: Final = (
    ("path", "path", "the path while moving", PATH, SIDES),
    ("moving", "moving", "the moving share", MOVING, SIDES),
    ("rom", "range", "the range of elbow or knee", BEND, SIDES),
    ("lift", "lift", "the 95th percentile of lift", LIFT, replace(SIDES, needs_mm=True)),
    ("mu", "movement units", "movement units per active minute", MOVEMENT_UNITS, replace(SIDES, fs_min_hz=FAST_HZ)),
)
"""Name, label, words, measure of one side and gates of every value that is compared."""

MEASURES: Final[tuple[Measure, ...]] = (
    Measure(name="co_moving_pct", label="Moving together", unit="%", scope="pair", tier="core", gates=TOGETHER,
            formula="100 x samples in which both move / samples in which either moves, both under the larger floor",
            value=share_pct, of=_either_moves, otherwise="no movement of either limb",
            caution="high where both move all the time, whether or not they have to do with each other"),
    *(Measure(name=f"lateralisation_{name}_pct", label=f"Lateralisation of {label}", unit="%", scope="pair",
              gates=gates, formula=f"100 (R - L)/(R + L) of {words}, both under the larger floor", parts=LEFT_RIGHT,
              tier="core" if name == "path" else "extended", value=on_both(side.value, lateralisation_pct),
              of=of_both(side), n=n_of_both(side), otherwise="no movement on either side",
              caution="positive: more on the infant's right; says nothing of its cause")
      for name, label, words, side, gates in SIDES_OF),
    *(Measure(name=f"{name}_{name}_dist_median_mm", label=f"{name.capitalize()} to {name}", unit="mm", scope="pair",
              gates=replace(TOGETHER, floor_max_mm_s=None, floors_alike=False, needs_mm=True),
              formula="median distance between the two endpoints", value=median, of=_distance_mm,
              otherwise="never seen together with the trunk", decimals=0, parts=(part,))
      for name, part in zip(("hand", "foot"), LEFT_RIGHT, strict=True)),
)
# fmt: on
