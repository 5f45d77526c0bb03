"""Folders of results for many infants, made from one analysed recording: same tables, other values and names."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from asyconv.analysis import analyse
from asyconv.analysis.tables.files import METADATA_KEY, write_tables
from tests.helpers.closed_form import make_tracks, shake


@dataclass(frozen=True)
class Made:
    """One recording to make: whose it is, when, and what differs from the recording that it is made from."""

    recording_id: str
    infant_id: str | None = "inf-01"
    pma_days: int | None = 220
    value: float = 50.0
    rate_hz: float = 30.0
    floor_mm_s: float = 3.0
    weights_hash: str = "0" * 64
    sha256: str | None = None
    sheet: tuple[tuple[str, Any], ...] = ()
    simulated: bool = False


def make_results(results: Path, recordings: Sequence[Made]) -> Path:
    """Write a result folder for each; every percentage is `value`, all else is the same give or take 10 %."""
    tables, stored = _pattern()
    rng = np.random.default_rng(0)
    for made in recordings:
        folder = results / made.recording_id
        folder.mkdir(parents=True)
        meta = {METADATA_KEY: json.dumps({**stored, "weights_hash": made.weights_hash, "simulated": made.simulated})}
        for name in ("features_long", "limb_summary", "pair_summary", "body_summary"):
            table = _changed(tables[name], made, rng) if name == "features_long" else tables[name]
            ids = {"recording_id": made.recording_id, "infant_id": made.infant_id}
            table = table.with_columns(pl.lit(value, pl.String).alias(key) for key, value in ids.items())
            table.write_parquet(folder / f"{name}.parquet", metadata=meta)
        sheet = {"pma_days": made.pma_days} | dict(made.sheet)
        manifest = {
            "recording_id": made.recording_id,
            "input": {"sha256": made.sha256 or made.recording_id},
            "analysis": {"infant_id": made.infant_id, "sheet": {k: v for k, v in sheet.items() if v is not None}},
        }
        (folder / "manifest.json").write_text(json.dumps(manifest))
    return results


@cache
def _pattern() -> tuple[dict[str, pl.DataFrame], dict[str, Any]]:
    """Tables of one analysed recording, and the metadata that they are stored with."""
    movement = analyse(make_tracks(60, motion={"right_wrist": shake(20, 1.0)}, noise_mm=0.2))
    with TemporaryDirectory() as folder:
        paths = [path for path in write_tables(movement, Path(folder)) if path.suffix == ".parquet"]
        stored = json.loads(pl.read_parquet_metadata(paths[0])[METADATA_KEY])
        return {path.stem: pl.read_parquet(path, memory_map=False) for path in paths}, stored


def _changed(long: pl.DataFrame, made: Made, rng: np.random.Generator) -> pl.DataFrame:
    fixed = {"fs_effective_hz": made.rate_hz, "speed_floor_mm_s": made.floor_mm_s}
    name, value = pl.col("feature"), pl.col("value")
    varied = value * pl.Series(rng.uniform(0.9, 1.1, long.height))
    new = (
        pl.when(name.is_in(list(fixed)))
        .then(name.replace_strict(fixed, default=None, return_dtype=pl.Float64))
        .when((pl.col("unit") == "%") & value.is_not_null())
        .then(pl.lit(made.value))
        .otherwise(varied)
    )
    return long.with_columns(new.alias("value"))
