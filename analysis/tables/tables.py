"""Tables: what was measured, a row for each sample, bout, epoch or value.

Columns come from the registry of measures; a value that is withheld is empty and its reason stands in `withheld`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from asyconv.analysis.cleaning.clean import CleanTracks
from asyconv.analysis.measures.bouts import Bout
from asyconv.analysis.measures.measure import value_of
from asyconv.analysis.measures.registry import DEFINITION_VERSION, Result, Scope, measures
from asyconv.analysis.series.limbs import ANGLES, LimbSeries

ANGLE_NAMES: Final = tuple(name for names in ANGLES.values() for name in names)

AGES: Final = ("ga_birth_days", "pma_days")
"""Age belongs to the recording: at birth, and postmenstrual on the day of the recording."""

Ids = dict[str, str | None]
Ages = dict[str, int | None]


def identity(meta: dict[str, Any]) -> Ids:
    """Key columns of every table."""
    infant = meta.get("infant_id")
    return {"recording_id": str(meta.get("recording_id", "")), "infant_id": None if infant is None else str(infant)}


def ages(sheet: Mapping[str, Any]) -> Ages:
    """Age columns of the summary tables, from what the sheet states; None where it states nothing."""
    return {name: sheet.get(name) for name in AGES}


def series_table(ids: Ids, tracks: CleanTracks, limbs: dict[str, LimbSeries]) -> pl.DataFrame:
    """One row per sample and limb, limb by limb; `frame` is null where the recording dropped a frame."""
    parts = [_one_series(ids, tracks, limb) for limb in limbs.values()]
    return pl.concat(parts)


def _one_series(ids: Ids, tracks: CleanTracks, limb: LimbSeries) -> pl.DataFrame:
    n = len(tracks.time.time_s)
    bout = np.zeros(n, np.int32)
    for number, (start, stop) in enumerate(zip(limb.bouts.start, limb.bouts.stop, strict=True), start=1):
        bout[start:stop] = number
    missing = np.full(n, np.nan)
    columns: dict[str, Any] = {
        "frame": pl.Series(tracks.time.frame, dtype=pl.Int32).replace(0, None),
        "time_s": tracks.time.time_s,
        "limb": pl.repeat(limb.limb, n, eager=True),
        **{f"{axis}_px": limb.position_px[:, k] for k, axis in enumerate("xy")},
        **{f"{axis}_mm": _along(limb.position_mm, k, tracks) for k, axis in enumerate("xyz")},
        **{f"{axis}_body_mm": _along(limb.position_body_mm, k, tracks) for k, axis in enumerate("xyz")},
        "lift_mm": limb.lift_mm,
        "speed_px_s": limb.speed_px_s,
        "speed_mm_s": limb.speed_mm_s,
        "speed_sd_mm_s": np.where(np.isfinite(limb.speed_mm_s), limb.speed_sd_mm_s, np.nan),
        "accel_mm_s2": limb.accel_mm_s2,
        "speed_floor_mm_s": np.full(n, np.nan if limb.floor.value is None else limb.floor.value),
        **{f"{name}_deg": limb.angles.deg.get(name, missing) for name in ANGLE_NAMES},
        **{f"{name}_deg_s": limb.angles.speed_deg_s.get(name, missing) for name in ANGLE_NAMES},
    }
    columns = {
        name: pl.Series(value, dtype=pl.Float32).fill_nan(None)
        if name.endswith(("_px", "_mm", "_s", "_s2", "_deg")) and name != "time_s"
        else value
        for name, value in columns.items()
    }
    frame = pl.DataFrame(columns).with_columns(
        pl.when(pl.Series(limb.valid)).then(pl.Series(limb.moving)).alias("moving"),
        pl.Series("unseen_still", limb.unseen_still),
        pl.Series("unseen_moving", limb.unseen_moving),
        pl.Series("bout_id", bout).replace(0, None),
        pl.Series("flag_endpoint", limb.end_flags),
        pl.Series("flag_root", limb.root_flags),
    )
    return with_ids(ids, frame)


def _along(position_mm: npt.NDArray[np.float64], axis: int, tracks: CleanTracks) -> npt.NDArray[np.float64]:
    """Positions [N] along an axis; missing out of the picture's plane."""
    return position_mm[:, axis] if axis < tracks.dimensions else np.full(len(position_mm), np.nan)


def bouts_table(ids: Ids, tracks: CleanTracks, limbs: dict[str, LimbSeries]) -> pl.DataFrame:
    """One row per bout; `censored` bouts touch a gap or an end of the recording."""
    fs_hz, time_s = tracks.time.fs_hz, tracks.time.time_s
    rows = [
        {
            "limb": limb.limb,
            "bout_id": number,
            "start_s": float(time_s[start]),
            **{m.name: value_of(m, Bout(fs_hz, limb.speed_mm_s[start:stop])).value for m in measures("bout")},
            "censored": bool(cut),
        }
        for limb in limbs.values()
        for number, (start, stop, cut) in enumerate(
            zip(limb.bouts.start, limb.bouts.stop, limb.bouts.cut, strict=True), start=1
        )
    ]
    schema = {
        "limb": pl.String,
        "bout_id": pl.Int32,
        "start_s": pl.Float64,
        **dict.fromkeys([m.name for m in measures("bout")], pl.Float64),
        "censored": pl.Boolean,
    }
    return with_ids(ids, pl.DataFrame(rows, schema=schema))


def summary_table(
    ids: Ids, ages: Ages, scope: Scope, results: Sequence[Result], quality: dict[tuple[float, str], str] | None = None
) -> pl.DataFrame:
    """One row per epoch and part; `lower_bound` names the columns to be read as "at least"."""
    names = [measure.name for measure in measures(scope)]
    rows: dict[tuple[float, str], dict[str, Any]] = {}
    for result in (r for r in results if r.measure.scope == scope):
        key = (result.epoch_start_s, result.part)
        row = rows.setdefault(
            key, {"epoch_start_s": key[0], "epoch_s": result.epoch_s, scope: key[1], "lower_bound": [], "withheld": []}
        )
        row[result.measure.name] = result.value
        if result.lower_bound:
            row["lower_bound"].append(result.measure.name)
        if result.value is None:
            row["withheld"].append(f"{result.measure.name}: {result.reason}")
    for key, row in rows.items():
        row["lower_bound"] = "; ".join(row["lower_bound"]) or None
        row["withheld"] = "; ".join(row["withheld"]) or None
        if quality is not None:
            row["recording_quality"] = quality[key]
    schema: dict[str, Any] = {"epoch_start_s": pl.Float64, "epoch_s": pl.Float64, scope: pl.String}
    if quality is not None:
        schema["recording_quality"] = pl.String
    schema |= {**dict.fromkeys(names, pl.Float64), "lower_bound": pl.String, "withheld": pl.String}
    return with_ids(ids, pl.DataFrame(list(rows.values()), schema=schema), ages)


def features_table(ids: Ids, ages: Ages, results: Sequence[Result]) -> pl.DataFrame:
    """One row per value, for statistics programs; intervals are empty where none is honest."""
    schema = {
        "epoch_start_s": pl.Float64,
        "epoch_s": pl.Float64,
        "scope": pl.String,
        "part": pl.String,
        "feature": pl.String,
        "value": pl.Float64,
        "unit": pl.String,
        "ci_lo": pl.Float64,
        "ci_hi": pl.Float64,
        "n": pl.Int64,
        "analysed_s": pl.Float64,
        "lower_bound": pl.Boolean,
        "reason": pl.String,
        "tier": pl.String,
        "definition_version": pl.Int32,
    }
    rows = [
        (r.epoch_start_s, r.epoch_s, r.measure.scope, r.part, r.measure.name, r.value, r.measure.unit,
         *(r.interval or (None, None)), r.n, r.analysed_s, r.lower_bound, r.reason or None, r.measure.tier,
         DEFINITION_VERSION)
        for r in results
    ]  # fmt: skip
    return with_ids(ids, pl.DataFrame(rows, schema=schema, orient="row"), ages)


def with_ids(ids: Ids, table: pl.DataFrame, ages: Ages | None = None) -> pl.DataFrame:
    """`table` behind the key columns."""
    keys = [pl.lit(value, dtype=pl.String).alias(name) for name, value in ids.items()]
    days = [pl.lit(value, dtype=pl.Int32).alias(name) for name, value in (ages or {}).items()]
    return table.select(*keys, *days, pl.all())
