"""Strata: groups of comparable recordings. Different rates, models, versions or speed floors are never pooled.

The floor changes amounts: the same movement with 1 and 3 mm of jitter gives 58 and 103 mm/s of median speed. So
measures that depend on it are compared only within one floor band, in which floors differ by at most 1.25 times.
"""

from typing import Any, Final

import numpy as np

from asyconv.analysis.formulas.bouts import HARMLESS_FLOOR_MM_S
from asyconv.analysis.measures.gates import FLOORS_APART_MAX
from asyconv.analysis.measures.registry import REGISTRY
from asyconv.skeleton import JOINTS, LIMBS

FLOOR_DEPENDENT: Final = frozenset(m.name for m in REGISTRY if m.gates.floor_max_mm_s)
GROWING: Final = frozenset({"censored_bouts"})
"""A count grows with the length of a recording."""

COMPARED: Final = frozenset(m.name for m in REGISTRY if m.gates.analysed_min_s) - GROWING
"""Measures of movement that recordings of different length share; not what describes the recording."""


def floor_band_mm_s(floor_mm_s: float) -> str:
    """Name the band of a speed floor. The lowest has no effect on the moving mask; the others are 1.25 times wide."""
    if floor_mm_s <= HARMLESS_FLOOR_MM_S:
        return f"to {HARMLESS_FLOOR_MM_S:.2f}"
    steps = int(np.ceil(np.log(floor_mm_s / HARMLESS_FLOOR_MM_S) / np.log(FLOORS_APART_MAX) - 1e-9))
    low, high = (HARMLESS_FLOOR_MM_S * FLOORS_APART_MAX**k for k in (steps - 1, steps))
    return f"{low:.2f} to {high:.2f}"


def limbs_of(part: str) -> tuple[str, ...]:
    """Limbs whose floors decide the values of a part: a joint, a limb, a pair of limbs, or the body."""
    if part in JOINTS:
        return tuple(limb for limb, joints in LIMBS.items() if JOINTS.index(part) in joints)
    return tuple(limb for limb in LIMBS if part == "body" or limb in part.split("-"))


def stratum(facts: dict[str, Any]) -> str:
    """Name rate, model and versions of a recording in one line; equal names may be compared."""
    simulated = "SIMULATED, " if facts["simulated"] else ""
    model = " ".join(part for part in (facts["model_name"], (facts["weights_hash"] or "")[:12]) if part)
    versions = f"analysis {facts['analysis_version']}, definitions {facts['definition_version']}"
    return f"{simulated}{facts['rate_hz']} Hz, {model}, {versions}"
