"""The measures: one registry from which values, table columns, the data dictionary and the report's words are made.

The registry is the chapters put together; each chapter declares its measures beside their functions. "At least" (a
lower bound) stands on path and moving shares only. Measures in mm stand a second time in trunk lengths.

Not here: a power-law exponent of bouts (needs 30 minutes in one piece, an epoch has 3), Kaplan-Meier durations of cut
bouts, stereotypy and other experimental measures, and the 38 features of Chambers 2020.
"""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from asyconv.analysis.formulas.bootstrap import interval
from asyconv.analysis.measures import (
    amount,
    angles,
    bouts,
    complexity,
    coordination,
    quality,
    smoothness,
    spatial,
    spectral,
    speeds,
    symmetry,
)
from asyconv.analysis.measures.definition import Measure, Result, Scope, Value, in_trunk_lengths
from asyconv.analysis.measures.gates import at_least, withheld
from asyconv.analysis.measures.intervals import SHOWN

__all__ = ["DEFINITION_VERSION", "REGISTRY", "Measure", "Result", "Scope", "compute", "measures"]

DEFINITION_VERSION: Final = 5
NEVER_NEGATIVE: Final = frozenset({"mm/s", "TL/s", "mm/s^2", "TL/s^2", "mm/min", "TL/min", "1/min", "s"})
TIERS: Final = ("core", "extended", "research")

CHAPTERS: Final = (
    quality, amount, speeds, bouts, angles, spatial, symmetry, smoothness, coordination, complexity, spectral,
)  # fmt: skip

_DECLARED: Final = tuple(measure for chapter in CHAPTERS for measure in chapter.MEASURES)

REGISTRY: Final[tuple[Measure, ...]] = (
    *_DECLARED,
    *(in_trunk_lengths(measure) for measure in _DECLARED if measure.trunk),
)


def measures(scope: Scope, tier: str | None = None) -> tuple[Measure, ...]:
    """Pick the measures of one scope, in order; of one tier where it is named."""
    return tuple(m for m in REGISTRY if m.scope == scope and tier in (None, m.tier))


def compute(
    scope: Scope,
    epochs: Iterable[Any],
    recording_id: str = "",
    *,
    shown: frozenset[str] = SHOWN,
    tiers: tuple[str, ...] = TIERS,
) -> list[Result]:
    """Every measure of `scope` and `tiers` that is defined for each of `epochs`, in registry order.

    Measures in `shown` carry an interval where the epoch is long enough; its resamples hang on `recording_id`.
    """
    return [
        _one(measure, epoch, recording_id, measure.name in shown)
        for epoch in epochs
        for measure in measures(scope)
        if measure.tier in tiers and (not measure.parts or {epoch.part, epoch.kind} & set(measure.parts))
    ]


def _one(measure: Measure, epoch: Any, recording_id: str, wanted: bool) -> Result:
    reason = withheld(measure.gates, epoch)
    found = Value(None, 0, reason) if reason else measure.function(epoch)
    if found.value is None or not np.isfinite(found.value):
        found = Value(None, found.n, found.reason or "not defined for these data")
    bounded = measure.bounds and found.value is not None and any(at_least(limb) for limb in epoch.limbs)
    span = None
    if wanted and found.value is not None and found.sample is not None:
        key = f"{recording_id} {epoch.start_s:g} {epoch.part} {measure.name}"
        span = _possible(measure, interval(found.sample, epoch.fs_hz, key))
    return Result(
        measure,
        epoch.part,
        epoch.start_s,
        epoch.length_s,
        found.value,
        found.n,
        epoch.analysed_s,
        bounded,
        found.reason,
        span,
    )


def _possible(measure: Measure, span: tuple[float, float] | None) -> tuple[float, float] | None:
    """`span` without what the measure cannot be: speeds, times and shares are never negative."""
    share = measure.unit == "%" and not measure.name.startswith("lateralisation")
    if span is None or not (share or measure.unit in NEVER_NEGATIVE):
        return span
    return max(0.0, span[0]), min(100.0, span[1]) if share else span[1]
