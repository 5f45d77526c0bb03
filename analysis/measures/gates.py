"""Gates: what must hold before a measure is given, and the reason when it is withheld.

A gate that is not met gives no value and a reason, never a number.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from asyconv.analysis.formulas.bouts import HARMLESS_FLOOR_MM_S
from asyconv.analysis.formulas.sampling import FAST_HZ
from asyconv.analysis.series.floor import FLOOR_MAX_MM_S
from asyconv.analysis.series.parts import BodyEpoch, JointEpoch, LimbEpoch, PairEpoch

COVERAGE_MIN_PCT: Final = 70.0
ANALYSED_MIN_S: Final = 60.0
FLOOR_GOOD_MM_S: Final = 15.0
FLOOR_PLAIN_MM_S: Final = 12.0  # above it small movements are lost: amounts are lower bounds
FLOORS_APART_MAX: Final = 1.25
COVERAGE_APART_MAX_PP: Final = 15.0


@dataclass(frozen=True)
class Gates:
    """What must hold before a measure is given.

    A scale are millimetres, or the trunk as the ruler in the picture's plane; some measures need the millimetres.
    """

    needs_scale: bool = False
    coverage_min_pct: float | None = None
    analysed_min_s: float | None = None
    floor_max_mm_s: float | None = None
    needs_sides: bool = False
    floors_alike: bool = False
    fs_min_hz: float | None = None
    run_min_s: float | None = None
    noise_ratio_min: float | None = None
    needs_mm: bool = False

    def words(self) -> str:
        """Say the gates in one readable line; empty for none."""
        parts = [
            "millimetres" if self.needs_mm else "millimetres or the trunk in pixels" if self.needs_scale else "",
            f"coverage >= {self.coverage_min_pct:g} %" if self.coverage_min_pct else "",
            f"analysed >= {self.analysed_min_s:g} s" if self.analysed_min_s else "",
            f"speed floor < {self.floor_max_mm_s:g} mm/s" if self.floor_max_mm_s else "",
            f"rate >= {self.fs_min_hz:g} Hz" if self.fs_min_hz else "",
            f"runs of at least {self.run_min_s:g} s" if self.run_min_s else "",
            f"SD of the signal >= {self.noise_ratio_min:g} times its noise" if self.noise_ratio_min else "",
            "left and right verified" if self.needs_sides else "",
            f"floors within {FLOORS_APART_MAX:g} times, coverage within {COVERAGE_APART_MAX_PP:g} points"
            if self.floors_alike
            else "",
        ]
        return ", ".join(part for part in parts if part)


NO_GATE: Final = Gates()
AMOUNT: Final = Gates(True, COVERAGE_MIN_PCT, ANALYSED_MIN_S, FLOOR_MAX_MM_S)
ANGLE: Final = Gates(coverage_min_pct=COVERAGE_MIN_PCT, analysed_min_s=ANALYSED_MIN_S)
SIDES: Final = Gates(True, COVERAGE_MIN_PCT, ANALYSED_MIN_S, FLOOR_MAX_MM_S, needs_sides=True, floors_alike=True)
TOGETHER: Final = Gates(True, COVERAGE_MIN_PCT, ANALYSED_MIN_S, FLOOR_MAX_MM_S, floors_alike=True)


def withheld(gates: Gates, part: JointEpoch | LimbEpoch | PairEpoch | BodyEpoch) -> str:
    """Why a measure with these gates is not given for `part`; empty when it is."""
    if gates.needs_sides and not part.epoch.sides_verified:
        return "left and right not verified"
    if gates.fs_min_hz and part.epoch.effective_hz < gates.fs_min_hz:
        return f"effective rate {_below(part.epoch.effective_hz, gates.fs_min_hz)} Hz, needs {gates.fs_min_hz:g} Hz"
    if part.epoch.mm_reason and (gates.needs_mm or (gates.needs_scale and not part.epoch.in_plane)):
        return part.epoch.mm_reason
    for limb in part.limbs:
        name = "" if len(part.limbs) == 1 else f"{limb.part.replace('_', ' ')}: "
        reason = name + _limb_withheld(gates, limb)
        if reason != name:
            return reason
    if gates.analysed_min_s and gates.needs_scale and part.analysed_s < gates.analysed_min_s - 1e-6:
        return (
            f"{_below(part.analysed_s, gates.analysed_min_s)} s with all of them seen, needs {gates.analysed_min_s:g} s"
        )
    return _unlike(part.limbs) if gates.floors_alike else ""


def _limb_withheld(gates: Gates, limb: LimbEpoch) -> str:
    coverage = limb.coverage_used_pct if gates.needs_scale else limb.coverage_px_pct
    analysed_s = limb.analysed_s if gates.needs_scale else limb.analysed_px_s
    if gates.coverage_min_pct and coverage < gates.coverage_min_pct:
        return f"coverage {_below(coverage, gates.coverage_min_pct)} %, needs {gates.coverage_min_pct:g} %"
    if gates.analysed_min_s and analysed_s < gates.analysed_min_s - 1e-6:
        return f"{_below(analysed_s, gates.analysed_min_s)} s analysed, needs {gates.analysed_min_s:g} s"
    if gates.floor_max_mm_s:
        if limb.series.floor.value is None:
            return "no speed floor could be measured"
        if limb.series.floor.value >= gates.floor_max_mm_s:
            return f"speed floor {limb.series.floor.value:.0f} mm/s, needs less than {gates.floor_max_mm_s:g} mm/s"
    return ""


def _below(value: float, limit: float) -> str:
    """`value`, which is below `limit`, in words that are, too: 59.97 of 60 is 59.9."""
    whole = f"{value:.0f}"
    return whole if float(whole) < limit else f"{np.floor(10 * value) / 10:.1f}"


def _unlike(limbs: tuple[LimbEpoch, ...]) -> str:
    floors = [max(limb.series.floor.value or 0.0, HARMLESS_FLOOR_MM_S) for limb in limbs]
    if max(floors) > FLOORS_APART_MAX * min(floors):
        return (
            f"speed floors {' and '.join(f'{v:.0f}' for v in floors)} mm/s differ by more than {FLOORS_APART_MAX} times"
        )
    seen = [limb.coverage_used_pct for limb in limbs]
    if max(seen) - min(seen) > COVERAGE_APART_MAX_PP:
        return (
            f"coverage {' and '.join(f'{v:.0f}' for v in seen)} % differs by more than {COVERAGE_APART_MAX_PP:g} points"
        )
    return ""


def at_least(limb: LimbEpoch) -> bool:
    """Whether amounts of `limb` are lower bounds.

    A high floor or a low rate hides movements, as does the picture's plane, or no rest was seen.
    """
    floor = limb.series.floor
    hidden = floor.value is not None and (floor.value >= FLOOR_PLAIN_MM_S or floor.is_doubtful)
    return hidden or limb.epoch.in_plane or limb.epoch.effective_hz < FAST_HZ


def recording_quality(limb: LimbEpoch) -> str:
    """Grade the recording of one limb, A to D by coverage and floor; D withholds amounts. Not about the infant."""
    floor = limb.series.floor.value
    if floor is None or (limb.epoch.mm_reason and not limb.epoch.in_plane):
        return "D"
    for letter, coverage_pct, floor_mm_s in (("A", 90, FLOOR_GOOD_MM_S), ("B", 80, 30.0), ("C", 70, FLOOR_MAX_MM_S)):
        if limb.coverage_used_pct >= coverage_pct and floor < floor_mm_s:
            return letter
    return "D"


def at_least_words() -> str:
    """When a value carries the sign for "at least", in words."""
    return (
        f"Path and moving shares carry \N{GREATER-THAN OR EQUAL TO} where the speed floor is {FLOOR_PLAIN_MM_S:g} "
        f"mm/s or more, where no rest was seen to measure it at, or below {FAST_HZ:g} Hz: small or short movements "
        "are then lost. Speeds hold while above the movement threshold of the limb."
    )
