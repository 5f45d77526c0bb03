"""The measures: one registry from which values, table columns, the data dictionary and the report's words are made.

The registry is the chapters put together; each chapter declares its measures beside the arrays they take. "At least" (a
lower bound) stands on path and moving shares only. The core measures are those that a clinician can read at the bed:
they stand in the report. All others stand in the tables.

Not here: a power-law exponent of bouts (needs 30 minutes in one piece, an epoch has 3), Kaplan-Meier durations of cut
bouts, stereotypy and other experimental measures, and the 38 features of Chambers 2020.
"""

from collections.abc import Iterable
from typing import Any, Final

from asyconv.analysis.cleaning.plane import IN_PLANE
from asyconv.analysis.formulas.bootstrap import interval
from asyconv.analysis.measures import (
    activity,
    amount,
    angles,
    bouts,
    coordination,
    entropy,
    quality,
    smoothness,
    spatial,
    spectral,
    speeds,
    symmetry,
)
from asyconv.analysis.measures.gates import at_least, withheld
from asyconv.analysis.measures.intervals import WITH_INTERVALS
from asyconv.analysis.measures.measure import Measure, Result, Scope, Value, value_of

__all__ = ["DEFINITION_VERSION", "REGISTRY", "Measure", "Result", "Scope", "compute", "core_rows", "measures"]

DEFINITION_VERSION: Final = 9
NEVER_NEGATIVE: Final = frozenset({"mm/s", "mm/s^2", "mm/min", "1/min", "s"})
TIERS: Final = ("core", "extended")

CHAPTERS: Final = (
    quality, activity, amount, bouts, speeds, angles, spatial, smoothness, symmetry, coordination, entropy, spectral,
)  # fmt: skip

REGISTRY: Final[tuple[Measure, ...]] = tuple(measure for chapter in CHAPTERS for measure in chapter.MEASURES)


def measures(scope: Scope, tier: str | None = None) -> tuple[Measure, ...]:
    """Pick the measures of one scope, in order; of one tier where it is named."""
    return tuple(m for m in REGISTRY if m.scope == scope and tier in (None, m.tier))


def core_rows() -> tuple[tuple[Measure, ...], ...]:
    """The core measures of limbs as the rows of a table: one of all limbs, or one of arms and its like of legs."""
    core = measures("limb", "core")
    legs = iter([m for m in core if m.parts == ("leg",)])
    return tuple((m, next(legs)) if m.parts == ("arm",) else (m,) for m in core if m.parts != ("leg",))


def compute(
    parts: Iterable[Any],
    recording_id: str = "",
    *,
    scope: Scope,
    with_interval: frozenset[str] = WITH_INTERVALS,
    tiers: tuple[str, ...] = TIERS,
) -> list[Result]:
    """Every measure of `scope` and `tiers` that is defined for each of `parts`, in registry order.

    Measures in `with_interval` carry an interval where the epoch is long enough; its resamples hang on `recording_id`.
    Those whose error is known carry one where the model's card says how many SDs of it hold 95 % of true values.
    """
    return [
        _result(measure, part, recording_id, measure.name in with_interval)
        for part in parts
        for measure in measures(scope)
        if measure.tier in tiers and measure.defined_for(part.part, part.kind)
    ]


def _result(measure: Measure, part: Any, recording_id: str, wanted: bool) -> Result:
    reason = withheld(measure.gates, part)
    computed = Value(None, 0, reason) if reason else value_of(measure, part)
    in_plane = computed.value is not None and measure.gates.needs_scale and part.epoch.in_plane
    span, error_sd = None, None
    bounded = measure.lower_bound and computed.value is not None and any(at_least(limb) for limb in part.limbs)
    if measure.error_sd is not None and computed.value is not None and not bounded:
        error_sd = measure.error_sd(part)
        if (factor := part.epoch.interval_factors.get(measure.name)) is not None:
            span = _possible(measure, (computed.value - factor * error_sd, computed.value + factor * error_sd))
    if wanted and computed.value is not None:
        key = f"{recording_id} {part.epoch.start_s:g} {part.part} {measure.name}"
        span = _possible(measure, interval(measure.value, computed.arguments, part.epoch.fs_hz, key))
    return Result(
        measure=measure,
        part=part.part,
        epoch_start_s=part.epoch.start_s,
        epoch_s=part.epoch.length_s,
        value=computed.value,
        n=computed.n,
        analysed_s=part.analysed_s,
        lower_bound=bounded,
        reason=computed.reason or (IN_PLANE if in_plane else ""),
        interval=span,
        error_sd=error_sd,
    )


def _possible(measure: Measure, span: tuple[float, float] | None) -> tuple[float, float] | None:
    """`span` without what the measure cannot be: speeds, times and shares are never negative."""
    share = measure.unit == "%" and not measure.name.startswith("lateralisation")
    if span is None or not (share or measure.unit in NEVER_NEGATIVE):
        return span
    return max(0.0, span[0]), min(100.0, span[1]) if share else span[1]
