"""Trunk lengths: tables with the infant's own trunk in the place of the millimetre, because infants grow."""

from dataclasses import replace
from typing import Final

import polars as pl

from asyconv.analysis.measures.registry import REGISTRY
from asyconv.analysis.tables.movement import Movement

UNITS: Final = {"mm": "TL", "mm/s": "TL/s", "mm/s^2": "TL/s^2", "mm/min": "TL/min"}
KEPT: Final = ("trunk_length_mm",)
"""The divisor stays in millimetres; without it nobody could turn the values back."""
CONVERTED: Final = frozenset(m.name for m in REGISTRY if m.unit in UNITS and m.name not in KEPT)
SERIES: Final = ("_mm", "_mm_s", "_mm_s2")


def in_trunk_lengths(movement: Movement) -> Movement:
    """`movement` whose tables hold lengths and speeds in trunk lengths of the recording; `_mm` becomes `_tl`.

    Empty where the trunk was never seen whole. An error of the trunk's length is in every value.
    """
    body = movement.clean.body
    trunk_mm = None if body is None else body.trunk_length_mm
    in_series = [name for name in movement.limb_series.columns if name.endswith(SERIES)]
    return replace(
        movement,
        limb_series=_divided(movement.limb_series, in_series, trunk_mm),
        bouts=_summary(movement.bouts, trunk_mm),
        limb_summary=_summary(movement.limb_summary, trunk_mm),
        pair_summary=_summary(movement.pair_summary, trunk_mm),
        body_summary=_summary(movement.body_summary, trunk_mm),
        features_long=_features(movement.features_long, trunk_mm),
    )


def _summary(table: pl.DataFrame, trunk_mm: float | None) -> pl.DataFrame:
    return _divided(table, [name for name in table.columns if name in CONVERTED], trunk_mm)


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
