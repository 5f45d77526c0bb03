"""Summaries as a person opens them: core measures, rounded, and one short reason where a number is withheld.

Everything else stands in `features_long.parquet`; the Parquet files of the summaries hold every measure and digit.
"""

from collections import Counter
from collections.abc import Collection
from typing import Final

import polars as pl

from asyconv.analysis.measures.registry import REGISTRY, Scope, measures
from asyconv.analysis.tables.trunk_lengths import DECIMALS_OF_A_TRUNK, name_in_mm
from asyconv.words import counted

TIMES: Final = ("epoch_start_s", "epoch_s")
_BY_NAME: Final = {m.name: m for m in REGISTRY}


def for_people(table: pl.DataFrame, scope: Scope) -> pl.DataFrame:
    """The summary `table` of `scope` without its extended measures; all are kept where the scope has no core ones."""
    shown = {m.name: m for m in measures(scope, "core") or measures(scope)}
    kept = [name for name in table.columns if name_in_mm(name) not in _BY_NAME or name_in_mm(name) in shown]
    return table.select(
        *(_rounded(name) for name in kept if name not in ("lower_bound", "withheld")),
        pl.col("lower_bound").map_elements(lambda text: _of(text, shown), return_dtype=pl.String),
        pl.col("withheld").map_elements(lambda text: _reason(text, shown), return_dtype=pl.String),
    )


def _rounded(name: str) -> pl.Expr:
    if name in TIMES:
        return pl.col(name).round(1)
    measure = _BY_NAME.get(name_in_mm(name))
    if measure is None:
        return pl.col(name)
    decimals = measure.decimals + (DECIMALS_OF_A_TRUNK if name != measure.name else 0)
    rounded = pl.col(name).round(decimals) + 0.0  # never -0.0
    return rounded if decimals else rounded.cast(pl.Int64)


def _of(text: str, shown: Collection[str]) -> str | None:
    return "; ".join(name for name in text.split("; ") if name_in_mm(name) in shown) or None


def _reason(text: str, shown: Collection[str]) -> str | None:
    """The reason that most of the shown measures have, and how many others there are."""
    entries = (entry.partition(": ") for entry in text.split("; "))
    reasons = Counter(reason for name, _, reason in entries if name_in_mm(name) in shown)
    if not reasons:
        return None
    others = len(reasons) - 1
    more = f" (and {counted(others, 'other reason')}, see features_long.parquet)" if others else ""
    return f"{reasons.most_common(1)[0][0]}{more}"
