"""Jitter: the speed error that predicted joints really have, beside the speed floor that the analysis measured.

The floor is found without truth and decides what is given plainly, marked or withheld. On a simulated recording the
error itself is known: the speed of the difference between predicted and true limb positions, each behind the filter of
its own analysis. A model's band makes that of the predicted ones narrower, which smears a stroke into the rest beside
it: jitter alone is what is left half a second away from the limb's own movement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.ndimage import binary_dilation

from asyconv.analysis.formulas.kinematics import speed
from asyconv.analysis.formulas.statistics import rms
from asyconv.analysis.series.limbs import LimbSeries
from asyconv.skeleton import LIMBS

if TYPE_CHECKING:
    from asyconv.analysis.tables.movement import Movement

REST_APART_S: Final = 0.5
NEAR: Final = 1.5
"""A floor is near the jitter when neither is more than this many times the other."""

FIGURES: Final = ("floor_mm_s", "at_rest_mm_s", "throughout_mm_s")


@dataclass(frozen=True)
class Jitter:
    """Floor of one limb and RMS of its true speed error in mm/s: at rest, and throughout; NaN = unseen.

    At rest: at least half a second from where the limb truly moves. `given`: the limb's amounts are, not withheld.
    """

    floor_mm_s: float | None
    at_rest_mm_s: float
    throughout_mm_s: float
    given: bool

    @property
    def is_near(self) -> bool:
        """Whether the floor is within `NEAR` times the jitter at rest."""
        return self.floor_mm_s is not None and 1 / NEAR <= self.floor_mm_s / self.at_rest_mm_s <= NEAR


def jitter_of(true: "Movement", predicted: "Movement") -> dict[str, Jitter]:
    """Jitter of each limb of one recording, analysed from its true and from its predicted tracks."""
    fs_hz = true.clean.time.fs_hz
    given = {r.part for r in predicted.results if r.measure.name == "moving_pct" and r.value is not None}
    return {limb: _jitter(true.limbs[limb], predicted.limbs[limb], fs_hz, limb in given) for limb in LIMBS}


def _jitter(true: LimbSeries, predicted: LimbSeries, fs_hz: float, given: bool) -> Jitter:
    error_mm_s = speed(predicted.position_mm - true.position_mm, fs_hz)
    seen = np.isfinite(error_mm_s) & predicted.valid
    moves = binary_dilation(true.moving, iterations=round(REST_APART_S * fs_hz))
    rests = seen & ~moves
    return Jitter(predicted.floor.value, rms(error_mm_s[rests]), rms(error_mm_s[seen]), given)


def jitter_rows(recordings: Sequence[Mapping[str, Jitter]]) -> list[dict[str, Any]]:
    """One row for each recording and limb of `recordings`."""
    return [
        {
            "recording": number + 1,
            "limb": limb,
            "floor_mm_s": recording[limb].floor_mm_s,
            "jitter_at_rest_mm_s": recording[limb].at_rest_mm_s,
            "jitter_throughout_mm_s": recording[limb].throughout_mm_s,
            "amounts_given": recording[limb].given,
        }
        for number, recording in enumerate(recordings)
        for limb in LIMBS
    ]


def jitter_text(recordings: Sequence[Mapping[str, Jitter]]) -> str:
    """Medians over the recordings of `recordings` by limb as a table for a terminal."""
    lines = [f"{'speed floor, mm/s (medians)':28}{'floor':>10}{'jitter at rest':>16}{'throughout':>12}{'near':>10}"]
    for limb in LIMBS:
        all_of = [recording[limb] for recording in recordings]
        floor, rest, whole = (_median([getattr(jitter, name) for jitter in all_of]) for name in FIGURES)
        near = f"{sum(j.is_near and j.given for j in all_of)} of {sum(j.given for j in all_of)}"
        lines.append(f"{limb:28}{floor:>10}{rest:>16}{whole:>12}{near:>10}")
    lines.append(
        "jitter: RMS speed of predicted minus true limb positions, each filtered as analysed; at rest: at least "
        f"{REST_APART_S:g} s from movement; near: the floor is within {NEAR:g} times the jitter at rest, of the limbs "
        "whose amounts are given; -: none has it."
    )
    return "\n".join(lines)


def _median(values: Sequence[float | None]) -> str:
    finite = [value for value in values if value is not None and np.isfinite(value)]
    return f"{np.median(finite):.1f}" if finite else "-"
