"""Trunk lengths: tables with the infant's own trunk in the place of the millimetre, because infants grow."""

from dataclasses import replace
from typing import Final

import polars as pl

from asyconv.analysis.cleaning.plane import TRUNK_MM
from asyconv.analysis.measures.measure import Measure, Result
from asyconv.analysis.measures.registry import REGISTRY
from asyconv.analysis.tables.movement import Movement

UNITS: Final = {"mm": "TL", "mm/s": "TL/s", "mm/s^2": "TL/s^2", "mm/min": "TL/min"}
KEPT: Final = ("trunk_length_mm",)
"""The divisor stays in millimetres; without it nobody could turn the values back."""
CONVERTED: Final = frozenset(m.name for m in REGISTRY if m.unit in UNITS and m.name not in KEPT)
DECIMALS_OF_A_TRUNK: Final = 2  # a trunk is about 100 mm
LISTS: Final = ("lower_bound", "withheld")
"""Columns of a summary that name measures."""
SERIES: Final = ("_mm", "_mm_s", "_mm_s2")


def in_trunk_lengths(movement: Movement) -> Movement:
    """`movement` whose tables hold lengths and speeds in trunk lengths of the recording; `_mm` becomes `_tl`.

    Empty where the trunk was never seen whole. An error of the trunk's length is in every value.
    """
    body = movement.clean.body
    trunk_mm = TRUNK_MM if movement.clean.in_plane else None if body is None else body.trunk_length_mm
    in_series = [name for name in movement.limb_series.columns if name.endswith(SERIES)]
    return replace(
        movement,
        limb_series=_divided(movement.limb_series, in_series, trunk_mm),
        bouts=_summary(movement.bouts, trunk_mm),
        limb_summary=_summary(movement.limb_summary, trunk_mm),
        pair_summary=_summary(movement.pair_summary, trunk_mm),
        body_summary=_summary(movement.body_summary, trunk_mm),
        features_long=_features(movement.features_long, trunk_mm),
        results=tuple(_result(result, trunk_mm) for result in movement.results),
        minutes=None if movement.minutes is None else _summary(movement.minutes, trunk_mm),
    )


def name_in_mm(name: str) -> str:
    """The registry's name of a measure that is given in trunk lengths, or the name as it is."""
    return _IN_MM.get(name, name)


_IN_MM: Final = {name.replace("_mm", "_tl"): name for name in sorted(CONVERTED)}


def _result(result: Result, trunk_mm: float | None) -> Result:
    measure = result.measure
    if measure.name not in CONVERTED:
        return result
    in_tl = replace(result, measure=_in_tl(measure), value=None, interval=None)
    if result.value is None or trunk_mm is None:
        return in_tl
    span = result.interval
    interval = None if span is None else (span[0] / trunk_mm, span[1] / trunk_mm)
    return replace(in_tl, value=result.value / trunk_mm, interval=interval)


def _in_tl(measure: Measure) -> Measure:
    name, decimals = measure.name.replace("_mm", "_tl"), measure.decimals + DECIMALS_OF_A_TRUNK
    return replace(measure, name=name, unit=UNITS[measure.unit], decimals=decimals)


def _summary(table: pl.DataFrame, trunk_mm: float | None) -> pl.DataFrame:
    named = [pl.col(name).map_elements(_text, return_dtype=pl.String) for name in LISTS if name in table.columns]
    return _divided(table.with_columns(named), [name for name in table.columns if name in CONVERTED], trunk_mm)


def _text(text: str) -> str:
    """A list of measures, with or without their reasons, under the names in trunk lengths."""
    entries = (entry.partition(": ") for entry in text.split("; "))
    return "; ".join((name.replace("_mm", "_tl") if name in CONVERTED else name) + a + b for name, a, b in entries)


def _divided(table: pl.DataFrame, columns: list[str], trunk_mm: float | None) -> pl.DataFrame:
    lengths = (pl.col(name) / pl.lit(trunk_mm, pl.Float64) for name in columns)
    divided = table.with_columns(v.cast(table.schema[name]) for v, name in zip(lengths, columns, strict=True))
    return divided.rename({name: name.replace("_mm", "_tl") for name in columns})


def _features(table: pl.DataFrame, trunk_mm: float | None) -> pl.DataFrame:
    converted = pl.col("feature").is_in(list(CONVERTED))
    divided = [
        pl.when(converted).then(pl.col(name) / pl.lit(trunk_mm, pl.Float64)).otherwise(name).alias(name)
        for name in ("value", "ci_lo", "ci_hi")
    ]
    return table.with_columns(
        *divided,
        pl.when(converted).then(pl.col("feature").str.replace("_mm", "_tl")).otherwise("feature").alias("feature"),
        pl.when(converted).then(pl.col("unit").replace(UNITS)).otherwise("unit").alias("unit"),
    )
