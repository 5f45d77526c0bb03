"""Minutes: a value a minute of a long recording, for limbs and body; what was not seen well enough is empty."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from asyconv.analysis.cleaning.clean import CleanTracks
from asyconv.analysis.formulas.statistics import mean, per_minute, share_pct
from asyconv.analysis.measures.gates import COVERAGE_MIN_PCT
from asyconv.analysis.series.floor import FLOOR_MAX_MM_S
from asyconv.analysis.series.limbs import LimbSeries, path_of
from asyconv.analysis.series.parts import Series
from asyconv.analysis.tables.tables import Ids, with_ids

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LONG_S: Final = 600.0
"""Longer recordings have a table and a picture of their minutes."""
MINUTE_S: Final = 60.0
TAIL_MIN_S: Final = 30.0
"""A shorter tail gives no minute of its own."""
BODY: Final = "body"
SCHEMA: Final = {
    "minute_start_s": pl.Float64,
    "part": pl.String,
    "coverage_used_pct": pl.Float64,
    "moving_pct": pl.Float64,
    "path_active_mm_per_min": pl.Float64,
    "activity_mm": pl.Float64,
    "hands_pct": pl.Float64,
}
"""Columns as the measures of the same names; the body moves while any limb does, where all four are seen."""


def minutes_table(ids: Ids, tracks: CleanTracks, series: Series, implausible: Bools) -> pl.DataFrame | None:
    """One row for each minute and part, minute by minute; None for a recording up to 10 minutes.

    Moving share and path need 70 % of the minute, a floor below 50 mm/s and samples that are not `implausible` [N].
    """
    fs_hz, n = tracks.time.fs_hz, len(tracks.time.time_s)
    if n / fs_hz <= LONG_S:
        return None
    counted = ~tracks.excluded
    limbs = {name: _of_limb(limb, fs_hz) for name, limb in series.limbs.items()}
    every = tuple(series.limbs.values())
    seen = np.all([limb.valid for limb in every], axis=0)
    parts = {**limbs, BODY: (seen, np.any([limb.moving for limb in every], axis=0), None)}
    activity = series.activity
    rows = []
    for start in range(0, round((n / fs_hz - TAIL_MIN_S) // MINUTE_S + 1)):
        at = slice(round(start * MINUTE_S * fs_hz), min(n, round((start + 1) * MINUTE_S * fs_hz)))
        hands = None if activity is None else share_pct(activity.hands[at], counted[at])
        for part, (valid, moving, path) in parts.items():
            row: dict[str, Any] = {"minute_start_s": start * MINUTE_S, "part": part, "hands_pct": hands}
            row["coverage_used_pct"] = share_pct(valid[at], counted[at])
            if row["coverage_used_pct"] >= COVERAGE_MIN_PCT and not implausible[at].any():
                row["moving_pct"] = share_pct(moving[at], valid[at])
                row["path_active_mm_per_min"] = None if path is None else per_minute(path[at], valid[at], fs_hz)
            if activity is not None:
                change_mm = activity.body_mm if part == BODY else activity.limb_mm[part]
                row["activity_mm"] = mean(np.where(counted[at], change_mm[at], np.nan))
            rows.append(row)
    table = pl.DataFrame(rows, schema=SCHEMA).with_columns(pl.col(pl.Float64).fill_nan(None))
    return with_ids(ids, table)


def _of_limb(limb: LimbSeries, fs_hz: float) -> tuple[Bools, Bools, Floats]:
    """Where the limb was seen, where it moved, and its path at each sample; nothing where its floor is too high."""
    usable = limb.floor.value is not None and limb.floor.value < FLOOR_MAX_MM_S
    path = path_of(limb, limb.moving, fs_hz, limb.floor_mm_s)
    return limb.valid & usable, limb.moving & usable, path
