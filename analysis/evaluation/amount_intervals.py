"""Intervals of path and moving share beside the truth: how many hold it, and how wide they would have to be.

The error of every plain value in SDs that the analysis states (measures/amount_errors.py) is ranked; the factor is the
smallest that holds 95 % of values to come, if they are like these (split conformal prediction): of n, the one at rank
0.95 (n + 1). It is measured on some infants and must be tried on others: on its own it holds 95 % by construction.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from asyconv.analysis.evaluation.agreement import Amounts

if TYPE_CHECKING:
    from asyconv.analysis.tables.movement import Movement

LEVEL: Final = 0.95
MEASURES: Final = ("moving_pct", "path_active_mm_per_min")


def interval_rows(movement: "Movement", truth: Mapping[str, Amounts], recording: int) -> list[dict[str, Any]]:
    """One row for each limb and measure of `movement` that is given plainly, with its interval and what is true."""
    return [
        {
            "recording": recording,
            "limb": r.part,
            "measure": r.measure.name,
            "measured": r.value,
            "true": getattr(truth[r.part], r.measure.name),
            "error_sd": r.error_sd,
            **dict(zip(("ci_lo", "ci_hi"), r.interval or (None, None), strict=True)),
        }
        for r in movement.results
        if r.measure.name in MEASURES and r.error_sd is not None
    ]


def errors_in_sds(rows: Sequence[Mapping[str, Any]], measure: str) -> "np.typing.NDArray[np.float64]":
    """Distance of each value of `measure` from the truth, in SDs of its error."""
    return np.array([abs(r["measured"] - r["true"]) / r["error_sd"] for r in rows if r["measure"] == measure])


def factors_that_hold(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The factor of each measure that holds 95 % of values; none where there are too few to tell."""
    out = {}
    for measure in MEASURES:
        errors = np.sort(errors_in_sds(rows, measure))
        rank = int(np.ceil(LEVEL * (len(errors) + 1)))
        if 0 < rank <= len(errors):
            out[measure] = float(np.ceil(100 * max(errors[rank - 1], 0.01)) / 100)
    return out


def intervals_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Table for a terminal: values, how many true ones lie inside, median half width, and the factor that holds."""
    lines = [
        f"{'95 % intervals':28}{'values':>10}{'true inside':>16}{'half width':>12}{'error, SDs':>12}{'factor here':>12}"
    ]
    factors = factors_that_hold(rows)
    for measure in MEASURES:
        of = [r for r in rows if r["measure"] == measure]
        given = [r for r in of if r["ci_lo"] is not None]
        inside = sum(r["ci_lo"] <= r["true"] <= r["ci_hi"] for r in given)
        held = f"{inside} of {len(given)} ({100 * inside / len(given):.0f} %)" if given else "none given"
        half = f"{np.median([(r['ci_hi'] - r['ci_lo']) / 2 for r in given]):.1f}" if given else "-"
        errors = errors_in_sds(rows, measure)
        usual = f"{np.median(errors):.2f}" if len(errors) else "-"
        factor = f"{factors[measure]:.2f}" if measure in factors else "-"
        lines.append(f"{measure:28}{len(of):>10}{held:>16}{half:>12}{usual:>12}{factor:>12}")
    lines.append(
        "values: plain ones; intervals need a factor in the model's card; error: median distance from the truth, in "
        "the SDs that the analysis states; factor here: SDs that hold 95 % of values like these. SIMULATED infants."
    )
    return "\n".join(lines)
