"""Symmetry of left and right: the same value of both sides set against each other.

Both sides are masked with the larger of their floors, and nothing is given where the floors or the coverage differ too
much: the same movement with 1 and 3 mm of jitter would give asymmetry out of nothing. Positive: more on the infant's
right. One recording's asymmetry says nothing of its cause; lying on one side or a line in one arm makes one.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.formulas.bootstrap import Quantiles, Sums
from asyconv.analysis.measures.amount import moving_pct, path_active_mm_per_min
from asyconv.analysis.measures.angles import rom_of
from asyconv.analysis.measures.definition import LEFT_RIGHT, Measure, Value, value_of
from asyconv.analysis.measures.gates import SIDES, TOGETHER
from asyconv.analysis.measures.smoothness import MU_GATES, mu_per_min_active
from asyconv.analysis.measures.spatial import lift_p95_mm
from asyconv.analysis.series.epochs import LimbEpoch, PairEpoch
from asyconv.analysis.series.motion import BENDS

Floats = npt.NDArray[np.float64]


def bend_rom_deg(limb: LimbEpoch) -> Value:
    """P95 - P5 of the elbow or knee angle (deg)."""
    return rom_of(BENDS[limb.kind])(limb)


def index_of(side: Callable[[LimbEpoch], Value]) -> Callable[[PairEpoch], Value]:
    """100 (R - L) / (R + L) of a value of both sides (%)."""

    def index(pair: PairEpoch) -> Value:
        """100 (R - L) / (R + L) of a value of both sides under the common floor (%); no sign of its cause."""
        return _both(pair, side, lambda left, right: 100 * (right - left) / (right + left))

    return index


def log_ratio_of(side: Callable[[LimbEpoch], Value]) -> Callable[[PairEpoch], Value]:
    """ln(R / L) of a value of both sides (no unit)."""

    def log_ratio(pair: PairEpoch) -> Value:
        """ln(R / L) of a value of both sides under the common floor (no unit); for statistics better than the index."""
        return _both(pair, side, lambda left, right: np.log(right / left))

    return log_ratio


def _both(pair: PairEpoch, side: Callable[[LimbEpoch], Value], combine: Callable[[Floats, Floats], Floats]) -> Value:
    left, right = (side(limb) for limb in pair.common)
    n = left.n + right.n
    if left.value is None or right.value is None:
        return Value(None, n, left.reason or right.reason)
    if left.value + right.value <= 0:
        return Value(None, n, "no movement on either side")
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(combine(np.array(left.value), np.array(right.value)))
    if not np.isfinite(value):
        return Value(None, n, "no movement on one side")
    reason = left.reason or right.reason
    if not (isinstance(left.sample, Sums) and isinstance(right.sample, Sums)):
        return Value(value, n, reason)
    first, second, width = left.sample.combine, right.sample.combine, len(left.sample.rows)
    rows = np.concatenate([left.sample.rows, right.sample.rows])
    return value_of(Sums(rows, lambda s: combine(first(s[..., :width]), second(s[..., width:]))), n, reason)


def co_moving_pct(pair: PairEpoch) -> Value:
    """Share of the samples in which either moves that both move in, where both are seen (%; Jaccard).

    High where both move all the time, whether or not they have to do with each other.
    """
    first, second = pair.common
    either = (first.moving | second.moving) & pair.both_valid
    if not either.any():
        return Value(None, 0, "no movement of either limb")
    both = first.moving & second.moving & either
    rows = np.stack([both, either]).astype(float)
    return value_of(Sums(rows, lambda s: 100 * s[..., 0] / s[..., 1]), int(either.sum()))


def distance_median_mm(pair: PairEpoch) -> Value:
    """Median distance between the two endpoints (mm), wherever the limbs lie; the size of the infant is in it."""
    first, second = (limb.motion.place_mm for limb in pair.limbs)
    distance = np.linalg.norm(first - second, axis=1)
    n = int(np.isfinite(distance).sum())
    return value_of(Quantiles(distance, (50.0,)), n) if n else Value(None, 0, "never seen together with the trunk")


CAUSE: Final = "positive: more on the infant's right; says nothing of its cause"
SIDES_OF: Final = (
    ("path", "path", "the path while moving", path_active_mm_per_min, SIDES),
    ("moving", "moving", "the moving share", moving_pct, SIDES),
    ("rom", "range", "the range of elbow or knee", bend_rom_deg, SIDES),
    ("lift", "lift", "the 95th percentile of lift", lift_p95_mm, SIDES),
    ("mu", "movement units", "movement units per active minute", mu_per_min_active,
     replace(SIDES, fs_min_hz=MU_GATES.fs_min_hz, units_min=MU_GATES.units_min)),
)  # fmt: skip
"""Name, label, words, function of one side and gates of every value that is compared."""

# fmt: off
MEASURES: Final[tuple[Measure, ...]] = (
    *(Measure(f"lateralisation_{name}_pct", f"Lateralisation of {label}", "%", "pair", f"100 (R - L)/(R + L) of "
              f"{words}, "
              "both under the larger floor", index_of(side), gates, caution=CAUSE,
              tier="extended" if name == "mu" else "core", parts=LEFT_RIGHT)
      for name, label, words, side, gates in SIDES_OF),
    *(Measure(f"log_ratio_{name}", f"Log ratio of {label}", "", "pair", f"ln(R / L) of {words}, both under the larger "
              "floor", log_ratio_of(side), gates, caution=CAUSE, tier="extended", decimals=2, parts=LEFT_RIGHT)
      for name, label, words, side, gates in SIDES_OF),
    Measure("co_moving_pct", "Moving together", "%", "pair", "100 x samples in which both move / samples in which "
            "either moves, both under the larger floor", co_moving_pct, TOGETHER),
    *(Measure(f"{name}_{name}_dist_median_mm", f"{name.capitalize()} to {name}", "mm", "pair", "median distance "
              "between "
              "the two endpoints", distance_median_mm, replace(TOGETHER, floor_max_mm_s=None, floors_alike=False),
              decimals=0, parts=(part,), trunk=True) for name, part in zip(("hand", "foot"), LEFT_RIGHT, strict=True)),
)
# fmt: on
