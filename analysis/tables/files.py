"""Tables as Parquet and CSV files, with the same bytes whenever they are written again."""

import json
from pathlib import Path
from typing import Any, Final

import polars as pl

from asyconv.analysis.measures.registry import DEFINITION_VERSION, Scope
from asyconv.analysis.tables.dictionary import data_dictionary
from asyconv.analysis.tables.for_people import for_people
from asyconv.analysis.tables.movement import Movement
from asyconv.analysis.tables.trunk_lengths import in_trunk_lengths
from asyconv.analysis.version import ANALYSIS_VERSION
from asyconv.notice import NOTICE

METADATA_KEY: Final = "asyconv"
AXES: Final = (
    "x_mm, y_mm, z_mm: endpoint minus root in the camera frame of the unmirrored picture, x right, y down, z away; "
    "x_body_mm, y_body_mm, z_body_mm: the same in the body frame, x to the infant's right, y to its feet, z out of its "
    "front; x_px, y_px: endpoint minus root in native pixels; left and right are the infant's"
)
SUMMARIES: Final[dict[str, Scope]] = {"limb_summary": "limb", "pair_summary": "pair", "body_summary": "body"}
"""Tables whose CSV is for people, and what their rows are about."""
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
FORMULA: Final = r"^[=+\-@\t\r]"


def write_tables(movement: Movement, folder: Path, *, trunk_lengths: bool = False) -> list[Path]:
    """Write every table of `movement` into the existing `folder`; the same movement gives the same bytes.

    The CSV files of the summaries are for people, see `for_people`. With `trunk_lengths` lengths and speeds are given
    in trunk lengths of the infant, not in millimetres, as they are anyway where no millimetres are known.
    """
    movement = in_trunk_lengths(movement) if trunk_lengths and not movement.clean.in_plane else movement
    metadata = {METADATA_KEY: json.dumps(_metadata(movement), sort_keys=True)}
    written = []
    for name in ("limb_series", "bouts", *SUMMARIES, "features_long"):
        table: pl.DataFrame = getattr(movement, name)
        path = folder / f"{name}.parquet"
        table.write_parquet(path, compression="zstd", metadata=metadata)
        written.append(path)
        if name in SUMMARIES:
            written.append(write_csv(for_people(table, SUMMARIES[name]), folder / f"{name}.csv"))
    if movement.minutes is not None:
        movement.minutes.write_parquet(folder / "minutes.parquet", compression="zstd", metadata=metadata)
        written += [folder / "minutes.parquet", write_csv(movement.minutes, folder / "minutes.csv")]
    rows = pl.DataFrame(data_dictionary()).with_columns(pl.all().replace("", None))
    return [*written, write_csv(rows, folder / "data_dictionary.csv")]


def write_csv(table: pl.DataFrame, path: Path) -> Path:
    """Write `table` as CSV: UTF-8, point as decimal, empty for null, text that no spreadsheet takes for a formula."""
    texts = [name for name, kind in table.schema.items() if kind == pl.String]
    safe = table.with_columns(
        pl.when(pl.col(name).str.contains(FORMULA)).then(pl.concat_str(pl.lit("'"), name)).otherwise(name).alias(name)
        for name in texts
    )
    headers = {name: f"'{name}" for name in table.columns if name.startswith(FORMULA_STARTS)}
    safe.rename(headers).write_csv(path)
    return path


def _metadata(movement: Movement) -> dict[str, Any]:
    kept = (
        "schema_version",
        "recording_id",
        "infant_id",
        "model_name",
        "weights_hash",
        "model_validation",
        "simulated",
        "software_version",
        "left_right_verified",
        "rate",
    )
    return {
        **{key: movement.meta.get(key) for key in kept},
        **({"in_plane": True} if movement.clean.in_plane else {}),
        "analysis_version": ANALYSIS_VERSION,
        "definition_version": DEFINITION_VERSION,
        "units": "in the column names",
        "axes": AXES,
        "notice": NOTICE,
    }
