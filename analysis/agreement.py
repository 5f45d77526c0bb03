"""Amounts of movement beside the truth of a simulated recording: what the analysis loses, and what the tracks lose."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from asyconv.skeleton import LIMBS

if TYPE_CHECKING:
    from asyconv.analysis.movement import Movement

MEASURES = ("moving_pct", "path_active_mm_per_min", "bouts_per_min")


@dataclass(frozen=True)
class Amounts:
    """One limb's moving share, path and bouts over some minutes; None = withheld."""

    moving_pct: float | None
    path_active_mm_per_min: float | None
    bouts_per_min: float | None


def true_amounts(
    speed_mm_s: npt.NDArray[np.float64], moving: npt.NDArray[np.bool_], time_s: npt.NDArray[np.float64]
) -> dict[str, Amounts]:
    """Amounts of each limb from its true speed [N, 4] and moving mask [N, 4] at evenly spaced `time_s` [N]."""
    step_s = float(np.median(np.diff(time_s)))
    minutes = len(time_s) * step_s / 60.0
    out = {}
    for limb, name in enumerate(LIMBS):
        mask = moving[:, limb]
        starts = int(mask[0]) + int(np.count_nonzero(np.diff(mask.astype(np.int8)) == 1))
        path_mm = float((speed_mm_s[:, limb] * mask).sum()) * step_s
        out[name] = Amounts(100.0 * float(mask.mean()), path_mm / minutes, starts / minutes)
    return out


def measured_amounts(movement: "Movement") -> dict[str, Amounts]:
    """The same amounts of each limb as the analysis of one epoch reports them."""
    rows = {row["limb"]: row for row in movement.limb_summary.iter_rows(named=True)}
    return {limb: Amounts(*(rows[limb][name] for name in MEASURES)) for limb in LIMBS}


def pooled(amounts: Sequence[dict[str, Amounts]], others: Sequence[dict[str, Amounts]]) -> dict[str, Amounts]:
    """Mean of `amounts` over recordings by limb, each measure only where `others` has it too."""
    return {
        limb: Amounts(*(_mean([a[limb] for a in amounts], [o[limb] for o in others], name) for name in MEASURES))
        for limb in LIMBS
    }


def _mean(amounts: Sequence[Amounts], others: Sequence[Amounts], name: str) -> float | None:
    pairs = [(getattr(a, name), getattr(o, name)) for a, o in zip(amounts, others, strict=True)]
    kept = [value for value, other in pairs if value is not None and other is not None]
    return float(np.mean(kept)) if kept else None


def table(truth: Sequence[dict[str, Amounts]], found: dict[str, Sequence[dict[str, Amounts]]]) -> str:
    """Text of `found` (by source of the tracks) beside `truth`, both lists of recordings, means by limb."""
    lines = [
        f"{'mean over ' + str(len(truth)) + ' recordings':28}{'moving, %':>22}{'path, mm/min':>24}{'bouts per min':>24}"
    ]
    for source, amounts in found.items():
        ours, true = pooled(amounts, truth), pooled(truth, amounts)
        for limb in LIMBS:
            cells = [_cell(getattr(ours[limb], name), getattr(true[limb], name), name) for name in MEASURES]
            kept = sum(a[limb].moving_pct is not None for a in amounts)
            lines.append(f"{source + ' ' + limb:28}{cells[0]:>22}{cells[1]:>24}{cells[2]:>24}  n={kept}")
    lines.append("measured / true (difference); SIMULATED infants; n = recordings whose amounts are not withheld")
    return "\n".join(lines)


def _cell(ours: Any, true: Any, name: str) -> str:
    if ours is None or true is None:
        return "withheld"
    if name == "moving_pct":
        return f"{ours:.1f} / {true:.1f} ({ours - true:+.1f} pp)"
    return f"{ours:.1f} / {true:.1f} ({100 * (ours / true - 1):+.1f} %)" if true else f"{ours:.1f} / 0"
