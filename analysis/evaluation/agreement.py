"""Amounts of movement beside the truth of a simulated recording: errors of the analysis, and errors of the tracks.

A value may be marked "at least" or withheld by the program itself; the table counts these, and how many values that
are given plainly lie outside 10 % of the true path or 12 points of the true moving share.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.measures.amount import IN_NOISE_MAX_PCT
from asyconv.skeleton import LIMBS

if TYPE_CHECKING:
    from asyconv.analysis.tables.movement import Movement

MEASURES: Final = ("moving_pct", "path_active_mm_per_min", "bouts_per_min", "range_deg")
RANGES: Final = {"arm": "elbow_rom_deg", "leg": "knee_rom_deg"}
LABELS: Final = {
    "moving_pct": "moving, %",
    "path_active_mm_per_min": "path, mm/min",
    "bouts_per_min": "bouts per min",
    "range_deg": "elbow, knee range, deg",
}
PATH_OFF_MAX: Final = 0.10
MOVING_OFF_MAX_PP: Final = 12.0
PATH_LEAST_MM_PER_MIN: Final = 60.0  # a shorter true path has no ratio worth naming


@dataclass(frozen=True)
class Amounts:
    """One limb's moving share, path, bouts and range of elbow or knee over some minutes; None = withheld.

    `at_least`: moving share and path are marked as lower bounds; `in_noise`: they are said not to be sure.
    """

    moving_pct: float | None
    path_active_mm_per_min: float | None
    bouts_per_min: float | None
    range_deg: float | None = None
    at_least: bool = False
    in_noise: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether path and moving share are given, without a mark."""
        return not self.at_least and None not in (self.moving_pct, self.path_active_mm_per_min)


def outside(ours: Amounts, true: Amounts) -> bool:
    """Whether path or moving share of `ours` are given, not marked, and further off than the limits."""
    if not ours.is_plain:
        return False
    our_path, path = ours.path_active_mm_per_min or 0.0, true.path_active_mm_per_min or 0.0
    far = path >= PATH_LEAST_MM_PER_MIN and abs(our_path / path - 1) > PATH_OFF_MAX
    return far or abs((ours.moving_pct or 0.0) - (true.moving_pct or 0.0)) > MOVING_OFF_MAX_PP


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
    out = {}
    for limb, row in rows.items():
        bounded = "moving_pct" in (row["lower_bound"] or "").split("; ")
        moving, path, bouts, reach = (row[name] for name in (*MEASURES[:3], RANGES[limb.split("_")[1]]))
        in_noise = (row["path_in_noise_pct"] or 0.0) > IN_NOISE_MAX_PCT
        out[limb] = Amounts(moving, path, bouts, reach, at_least=bounded, in_noise=in_noise)
    return {limb: out[limb] for limb in LIMBS}


def with_ranges(truth: dict[str, Amounts], from_true_joints: dict[str, Amounts]) -> dict[str, Amounts]:
    """`truth` with the ranges that the same functions find on true joints: the simulation states none."""
    return {limb: replace(truth[limb], range_deg=from_true_joints[limb].range_deg) for limb in LIMBS}


def pooled(amounts: Sequence[dict[str, Amounts]], others: Sequence[dict[str, Amounts]]) -> dict[str, Amounts]:
    """Mean of `amounts` over recordings by limb, each measure only where `others` has it too."""
    out = {}
    for limb in LIMBS:
        ours, theirs = [a[limb] for a in amounts], [o[limb] for o in others]
        moving, path, bouts, reach = (_mean(ours, theirs, name) for name in MEASURES)
        out[limb] = Amounts(moving, path, bouts, reach)
    return out


def _mean(amounts: Sequence[Amounts], others: Sequence[Amounts], name: str) -> float | None:
    pairs = [(getattr(a, name), getattr(o, name)) for a, o in zip(amounts, others, strict=True)]
    kept = [value for value, other in pairs if value is not None and other is not None]
    return float(np.mean(kept)) if kept else None


def table(truth: Sequence[dict[str, Amounts]], measured: Mapping[str, Sequence[dict[str, Amounts]]]) -> str:
    """Text of `measured` (by source of the tracks) beside `truth`, both lists of recordings, means by limb."""
    heads = "".join(f"{LABELS[name]:>25}" for name in MEASURES) + f"{'plain / >= / withheld':>24}"
    lines = [f"{'mean over ' + str(len(truth)) + ' recordings':28}{heads}{'in noise':>10}{'outside':>9}"]
    for source, amounts in measured.items():
        ours, true = pooled(amounts, truth), pooled(truth, amounts)
        for limb in LIMBS:
            cells = "".join(f"{_cell(getattr(ours[limb], n), getattr(true[limb], n), n):>25}" for n in MEASURES)
            held = sum(a[limb].moving_pct is None for a in amounts)
            marked = sum(a[limb].at_least and a[limb].moving_pct is not None for a in amounts)
            counts = f"{len(amounts) - held - marked} / {marked} / {held}"
            plain = [(a[limb], t[limb]) for a, t in zip(amounts, truth, strict=True) if a[limb].is_plain]
            noisy = [outside(a, t) for a, t in plain if a.in_noise]
            sure = [outside(a, t) for a, t in plain if not a.in_noise]
            off = f"{sum(noisy)} + {sum(sure)}"
            lines.append(f"{source + ' ' + limb:28}{cells}{counts:>24}{len(noisy):>10}{off:>9}")
    lines.append(
        f"measured / true (difference); SIMULATED infants. plain / >= / withheld: recordings whose amounts are given, "
        f"marked, withheld; in noise: plain ones with more than {IN_NOISE_MAX_PCT:g} % of the path in noise; outside: "
        f"plain ones more than {100 * PATH_OFF_MAX:.0f} % (path) or {MOVING_OFF_MAX_PP:g} points (moving) off, in "
        "noise + others. Ranges: against the same function on true joints."
    )
    return "\n".join(lines)


def _cell(ours: Any, true: Any, name: str) -> str:
    if ours is None or true is None:
        return "withheld"
    if name in ("moving_pct", "range_deg"):
        return f"{ours:.1f} / {true:.1f} ({ours - true:+.1f})"
    return f"{ours:.1f} / {true:.1f} ({100 * (ours / true - 1):+.1f} %)" if true else f"{ours:.1f} / 0"


def rows(
    truth: Sequence[dict[str, Amounts]], measured: Mapping[str, Sequence[dict[str, Amounts]]]
) -> list[dict[str, Any]]:
    """One row for each source, recording, limb and measure; `given` says plain, at least or withheld."""
    return [
        {
            "source": source,
            "recording": number + 1,
            "limb": limb,
            "measure": name,
            "measured": getattr(ours[limb], name),
            "true": getattr(true[limb], name),
            "given": _given(ours[limb], name),
        }
        for source, amounts in measured.items()
        for number, (ours, true) in enumerate(zip(amounts, truth, strict=True))
        for limb in LIMBS
        for name in MEASURES
    ]


def _given(amounts: Amounts, name: str) -> str:
    if getattr(amounts, name) is None:
        return "withheld"
    return "at least" if amounts.at_least and name in MEASURES[:2] else "plain"
