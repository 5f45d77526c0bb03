"""Comparison of a recording's value with those of other infants of about its age; it is not a norm.

The others are infants of the cohort within two weeks of postmenstrual age, in the same stratum and floor band, with
one recording each: the nearest in age; at the same distance the younger one, then the first by recording_id.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

AGE_MAX_DAYS: Final = 14
INFANTS_MIN: Final = 20
MAD_TO_SD: Final = 1.4826

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def others_of(row: int, age_days: Floats, infant: Ints) -> Ints:
    """Rows of the recordings that `row` is compared with; rows must be in order of age, then recording_id."""
    first, stop = np.searchsorted(age_days, age_days[row] + np.array([-1, 1]) * (AGE_MAX_DAYS + 0.5))
    near = np.arange(first, stop)
    near = near[infant[near] != infant[row]]
    away = np.abs(age_days[near] - age_days[row])
    order = near[np.lexsort((near, away, infant[near]))]
    chosen: Ints = order[np.diff(infant[order], prepend=-1) > 0]
    return chosen


def middle(values: Floats) -> tuple[Floats, Ints]:
    """Median along the last axis of what is not NaN, and how many those are; NaN where none."""
    ordered = np.sort(values, axis=-1)
    count = np.isfinite(ordered).sum(axis=-1)
    last = max(values.shape[-1] - 1, 0)
    at = np.stack([np.clip((count - 1) // 2, 0, last), np.clip(count // 2, 0, last)], axis=-1)
    if not values.shape[-1]:
        return np.full(values.shape[:-1], np.nan), count
    return np.take_along_axis(ordered, at, axis=-1).mean(axis=-1), count


def against_others(values: Floats, age_days: Floats, infant: Ints) -> tuple[Floats, Ints, Floats, Floats]:
    """Robust z, number of other infants, their median and 1.4826 MAD for `values` [F, R], each [F, R].

    z = (value - median) / (1.4826 MAD), NaN with fewer than 20 other infants or where they do not differ.
    """
    z, median, spread = (np.full(values.shape, np.nan) for _ in range(3))
    count = np.zeros(values.shape, np.int64)
    for row in range(values.shape[1]):
        reference = values[:, others_of(row, age_days, infant)]
        median[:, row], count[:, row] = middle(reference)
        spread[:, row] = MAD_TO_SD * middle(np.abs(reference - median[:, row, None]))[0]
    enough = count >= INFANTS_MIN
    scored = enough & (spread > 0)
    z[scored] = (values[scored] - median[scored]) / spread[scored]
    return z, count, np.where(enough, median, np.nan), np.where(enough, spread, np.nan)


def compared(values: pl.DataFrame) -> pl.DataFrame:
    """Add z, z_infants, z_median and z_spread to `values`, whose infants, ages and values are all known."""
    group = ["stratum", "floor_band_mm_s", "scope", "part"]
    parts = []
    for _, rows in values.group_by(group, maintain_order=True):
        who = rows.select("pma_days", "recording_id", "infant_id").unique().sort("pma_days", "recording_id")
        who = who.with_columns(row=pl.int_range(pl.len()), infant=pl.col("infant_id").rank("dense").cast(pl.Int64))
        features = rows.select(pl.col("feature").unique().sort()).with_columns(line=pl.int_range(pl.len()))
        rows = rows.join(who.select("recording_id", "row"), on="recording_id").join(features, on="feature")
        matrix = np.full((features.height, who.height), np.nan)
        at = (rows["line"].to_numpy(), rows["row"].to_numpy())
        matrix[at] = rows["value"].to_numpy()
        scores = against_others(matrix, who["pma_days"].to_numpy().astype(np.float64), who["infant"].to_numpy())
        columns = dict(zip(("z", "z_infants", "z_median", "z_spread"), (part[at] for part in scores), strict=True))
        parts.append(rows.drop("line", "row").with_columns(**{k: pl.Series(v) for k, v in columns.items()}))
    return pl.concat(parts).with_columns(pl.col("z", "z_median", "z_spread").fill_nan(None)) if parts else values
