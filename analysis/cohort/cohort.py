"""The cohort: tables of all finished recordings; a recording that is left out stands there with its reason.

Comparisons take the first epoch of a recording, so that each recording stands once. Nothing here is a norm: the
reference is this cohort, described in `strata`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl

from asyconv.analysis.cleaning.plane import TRUNK_MM
from asyconv.analysis.cohort.age_matched import AGE_MAX_DAYS, INFANTS_MIN, compared
from asyconv.analysis.cohort.members import Member, Mismatch
from asyconv.analysis.cohort.reliability import reliability_table
from asyconv.analysis.cohort.strata import COMPARED, FLOOR_DEPENDENT, floor_band_mm_s, limbs_of, stratum
from asyconv.analysis.tables.files import METADATA_KEY, SUMMARIES, write_csv
from asyconv.analysis.tables.for_people import for_people
from asyconv.errors import InputError
from asyconv.notice import NOTICE
from asyconv.whole_files import json_of
from asyconv.words import counted

SCOPES: Final = ("limb", "pair", "body")
FACTS: Final = ("infant_id", "ga_birth_days", "pma_days", "site", "camera_id", "state")


@dataclass(frozen=True)
class Cohort:
    """Tables over all recordings, by the name of their file."""

    tables: dict[str, pl.DataFrame]
    counts: list[str] = field(default_factory=list)


def make_cohort(
    members: Sequence[Member], mismatches: Sequence[Mismatch] = (), failed: Mapping[str, str] | None = None
) -> Cohort:
    """Bring the tables of `members` together; what cannot be read is left out by name, as is what `failed` and why."""
    rows: list[dict[str, Any]] = []
    features: list[pl.DataFrame] = []
    summaries: dict[str, list[pl.DataFrame]] = {scope: [] for scope in SCOPES}
    seen: dict[tuple[Any, ...], str] = {}
    for member in sorted(members, key=lambda m: m.recording_id):
        row = {"recording_id": member.recording_id, **{name: member.facts.get(name) for name in FACTS}}
        try:
            long, facts, wide = _read(member)
        except InputError as error:
            rows.append({**row, "left_out": member.left_out or str(error)})
            continue
        same = (member.input_sha256, facts["rate_hz"], facts["weights_hash"])
        twin = seen.setdefault(same, member.recording_id) if member.input_sha256 else member.recording_id
        why = member.left_out or ("" if twin == member.recording_id else f"the same input as {twin}")
        rows.append({**row, **facts, "stratum": stratum(facts), "left_out": why or None})
        features.append(_banded(long, str(rows[-1]["stratum"])))
        for scope, table in wide.items():
            summaries[scope].append(table)
    recordings = _recordings_table(rows, members)
    long = _values_table(features, recordings)
    out = {"recordings": recordings, "strata": _strata_table(recordings), "features_compared": long}
    out["reliability"] = reliability_table(_usable(long))
    keys = recordings.select("recording_id", *FACTS, "stratum", "left_out")
    for scope, of_scope in summaries.items():
        if of_scope:
            whole = pl.concat(of_scope, how="diagonal_relaxed").drop(FACTS, strict=False)
            out[f"{scope}_summary"] = keys.join(whole, on="recording_id", how="inner", maintain_order="left")
    out["mismatches"] = _mismatches_table(mismatches)
    out["failed"] = _failed_table(failed or {})
    return Cohort(out, [*_counts(recordings, mismatches), f"{len(failed or {})} failed"])


def write_cohort(cohort: Cohort, folder: Path) -> list[Path]:
    """Write every table into the existing `folder` as Parquet, and all but the long one as CSV, summaries rounded."""
    facts = {"notice": NOTICE, "units": "in the column names", "reference": "this cohort; not a norm"}
    written = []
    for name, table in cohort.tables.items():
        path = folder / f"{name}.parquet"
        table.write_parquet(path, compression="zstd", metadata={METADATA_KEY: json.dumps(facts, sort_keys=True)})
        written.append(path)
        if name != "features_compared":
            shown = for_people(table, SUMMARIES[name]) if name in SUMMARIES else table
            written.append(write_csv(shown, folder / f"{name}.csv"))
    return written


def _read(member: Member) -> tuple[pl.DataFrame, dict[str, Any], dict[str, pl.DataFrame]]:
    """Values of one recording, facts of its tables, and its summaries by scope."""
    path = member.folder / "features_long.parquet"
    try:
        meta = json_of(pl.read_parquet_metadata(path).get(METADATA_KEY, "null"))
        long = pl.read_parquet(path, glob=False)
        wide = {s: pl.read_parquet(member.folder / f"{s}_summary.parquet", glob=False) for s in SCOPES}
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError, OSError) as error:
        raise InputError("its tables cannot be read") from error
    names = {"epoch_start_s", "epoch_s", "scope", "part", "feature", "value", "unit", "analysed_s", "lower_bound"}
    lacking = sorted(names - set(long.columns))
    if not isinstance(meta, dict) or lacking or any("recording_id" not in table.columns for table in wide.values()):
        raise InputError(f"its tables lack {', '.join(lacking) or 'their metadata'}")
    first = long.filter((pl.col("epoch_start_s") == 0) & (pl.col("feature") == "fs_effective_hz"))["value"]
    if not len(first) or first[0] is None:
        raise InputError("its tables lack fs_effective_hz")
    kept = ("model_name", "weights_hash", "model_validation", "left_right_verified")
    versions = ("analysis_version", "definition_version")
    facts = {name: meta.get(name) for name in (*kept, *versions)}
    if meta.get("in_plane"):  # never pooled with movement in space
        facts["model_name"] = f"{facts['model_name']}, picture plane"
    rate = {"rate_hz": round(first[0]), "fs_effective_hz": first[0], "simulated": bool(meta.get("simulated"))}
    long = long.with_columns(pl.lit(member.recording_id).alias("recording_id"))
    wide = {s: table.with_columns(pl.lit(member.recording_id).alias("recording_id")) for s, table in wide.items()}
    return long.drop(FACTS, strict=False), rate | facts, wide


def _banded(long: pl.DataFrame, name: str) -> pl.DataFrame:
    """Add stratum and, where the floor decides the value, the floor band of the part's largest floor."""
    scale_mm = {"speed_floor_mm_s": 1.0, "speed_floor_tl_s": TRUNK_MM}
    floors = {
        (start_s, limb): floor * scale_mm[name]
        for start_s, limb, name, floor in long.filter(pl.col("feature").is_in(list(scale_mm)))
        .select("epoch_start_s", "part", "feature", "value")
        .iter_rows()
        if floor is not None
    }
    bands = []
    for start_s, part in long.select("epoch_start_s", "part").unique(maintain_order=True).iter_rows():
        part_floors = [floors[start_s, limb] for limb in limbs_of(part) if (start_s, limb) in floors]
        bands.append((start_s, part, floor_band_mm_s(max(part_floors)) if part_floors else None))
    schema = {"epoch_start_s": pl.Float64, "part": pl.String, "band": pl.String}
    banded = long.join(
        pl.DataFrame(bands, schema=schema, orient="row"),
        on=["epoch_start_s", "part"],
        how="left",
        maintain_order="left",
    )
    band = pl.when(pl.col("feature").is_in(list(FLOOR_DEPENDENT))).then("band").alias("floor_band_mm_s")
    return banded.select(pl.lit(name).alias("stratum"), band, pl.exclude("band"))


_RECORDINGS: Final[dict[str, Any]] = {
    "recording_id": pl.String,
    "infant_id": pl.String,
    "ga_birth_days": pl.Int64,
    "pma_days": pl.Int64,
    "site": pl.String,
    "camera_id": pl.String,
    "state": pl.String,
    "stratum": pl.String,
    "left_out": pl.String,
    "rate_hz": pl.Int64,
    "fs_effective_hz": pl.Float64,
    "model_name": pl.String,
    "weights_hash": pl.String,
    "model_validation": pl.String,
    "left_right_verified": pl.Boolean,
    "simulated": pl.Boolean,
    "analysis_version": pl.Int64,
    "definition_version": pl.Int64,
}


def _recordings_table(rows: list[dict[str, Any]], members: Sequence[Member]) -> pl.DataFrame:
    """One row per recording, in order of recording_id; columns of the sheet that have no meaning here come last."""
    used_columns = {*_RECORDINGS, "orientation", "mirrored", "depth_unit_mm", "fps_hz", "exclude_reason"}
    others = sorted({name for member in members for name in member.facts} - used_columns)
    facts = {member.recording_id: member.facts for member in members}
    whole = [{**row, **{f"sheet_{n}": facts[row["recording_id"]].get(n) for n in others}} for row in rows]
    return pl.DataFrame(whole, schema=_RECORDINGS | {f"sheet_{name}": pl.String for name in others})


def _values_table(features: list[pl.DataFrame], recordings: pl.DataFrame) -> pl.DataFrame:
    """Every value of every recording; z where it may be compared, else the reason."""
    if not features:
        return pl.DataFrame(schema=_VALUES)
    keys = recordings.select("recording_id", "infant_id", "ga_birth_days", "pma_days", "left_out")
    whole = pl.concat(features, how="diagonal_relaxed").join(keys, on="recording_id", how="left", maintain_order="left")
    whole = whole.with_columns(_why_not_compared().alias("z_reason")).with_row_index()
    scored = compared(whole.filter(pl.col("z_reason").is_null() & pl.col("value").is_not_null()))
    if "z" in scored.columns:
        whole = whole.join(scored.select("index", *_Z), on="index", how="left", maintain_order="left")
    else:
        whole = whole.with_columns(pl.lit(None, kind).alias(name) for name, kind in _Z.items())
    few = pl.format("{} other infants within {} days of age, needs {}", "z_infants", AGE_MAX_DAYS, INFANTS_MIN)
    reason = (
        pl.when(pl.col("z").is_not_null() | pl.col("z_reason").is_not_null())
        .then("z_reason")
        .when(pl.col("value").is_null())
        .then(pl.lit("the value is withheld"))
        .when(pl.col("z_infants") < INFANTS_MIN)
        .then(few)
        .otherwise(pl.lit("the other infants do not differ"))
    )
    return whole.with_columns(z_reason=reason, z_infants=pl.col("z_infants").fill_null(0)).select(
        pl.col(name).cast(kind) for name, kind in _VALUES.items()
    )


_Z: Final[dict[str, Any]] = {
    "z": pl.Float64, "z_infants": pl.Int64, "z_median": pl.Float64, "z_spread": pl.Float64,
}  # fmt: skip
_VALUES: Final[dict[str, Any]] = {
    **dict.fromkeys(("recording_id", "infant_id"), pl.String),
    **dict.fromkeys(("ga_birth_days", "pma_days"), pl.Int64),
    **dict.fromkeys(("stratum", "floor_band_mm_s"), pl.String),
    **dict.fromkeys(("epoch_start_s", "epoch_s"), pl.Float64),
    **dict.fromkeys(("scope", "part", "feature"), pl.String),
    "value": pl.Float64,
    "unit": pl.String,
    "analysed_s": pl.Float64,
    "lower_bound": pl.Boolean,
    "reason": pl.String,
    **_Z,
    "z_reason": pl.String,
    "left_out": pl.String,
}


def _why_not_compared() -> pl.Expr:
    return (
        pl.when(pl.col("left_out").is_not_null())
        .then(pl.format("left out: {}", "left_out"))
        .when(~pl.col("feature").is_in(list(COMPARED)))
        .then(pl.lit("describes the recording: not compared"))
        .when(pl.col("epoch_start_s") != 0)
        .then(pl.lit("only the first epoch of a recording is compared"))
        .when(pl.col("infant_id").is_null())
        .then(pl.lit("infant_id is not stated"))
        .when(pl.col("pma_days").is_null())
        .then(pl.lit("pma_days is not stated"))
    )


def _usable(long: pl.DataFrame) -> pl.DataFrame:
    """Values that may stand beside another recording's: the same as for z."""
    return long.filter(pl.col("value").is_not_null() & _why_not_compared().is_null())


def _strata_table(recordings: pl.DataFrame) -> pl.DataFrame:
    """One row per stratum: the reference described."""
    age = pl.col("pma_days")
    return (
        recordings.filter(pl.col("stratum").is_not_null() & pl.col("left_out").is_null())
        .group_by("stratum")
        .agg(
            recordings=pl.len().cast(pl.Int64),
            infants=pl.col("infant_id").drop_nulls().n_unique().cast(pl.Int64),
            without_infant_id=pl.col("infant_id").null_count().cast(pl.Int64),
            without_age=age.null_count().cast(pl.Int64),
            pma_min_days=age.min(),
            pma_median_days=age.median(),
            pma_max_days=age.max(),
            **{name: pl.col(name).first() for name in ("rate_hz", "model_name", "weights_hash", "model_validation")},
            **{name: pl.col(name).first() for name in ("simulated", "analysis_version", "definition_version")},
        )
        .sort("stratum")
    )


def _mismatches_table(mismatches: Sequence[Mismatch]) -> pl.DataFrame:
    schema = {"kind": pl.String, "recording_id": pl.String, "sheet_line": pl.Int64, "sentence": pl.String}
    return pl.DataFrame([{name: getattr(m, name) for name in schema} for m in mismatches], schema=schema)


def _failed_table(failed: Mapping[str, str]) -> pl.DataFrame:
    return pl.DataFrame(sorted(failed.items()), {"recording_id": pl.String, "reason": pl.String}, orient="row")


def _counts(recordings: pl.DataFrame, mismatches: Sequence[Mismatch]) -> list[str]:
    kept = recordings.filter(pl.col("left_out").is_null())
    return [
        counted(recordings.height, "recording"),
        f"{recordings.height - kept.height} left out",
        counted(kept["infant_id"].drop_nulls().n_unique(), "infant"),
        f"{kept['pma_days'].null_count()} without age",
        counted(kept["stratum"].n_unique(), "group"),
        counted(len(mismatches), "contradiction"),
    ]
