"""The Parquet file of tracks: twelve rows a frame, sorted by frame then joint.

A missing joint has null coordinates and keeps its confidence. Motion evidence and activity lie in files beside it.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.activity_file import read_activity, write_activity
from asyconv.errors import InputError
from asyconv.motion_file import beside, read_motion, write_motion
from asyconv.skeleton import JOINTS, N_JOINTS
from asyconv.tracks import DEPTH_SOURCES, SCHEMA_VERSION, Tracks
from asyconv.tracks_check import check_meta, check_rows, check_tracks
from asyconv.whole_files import json_of, whole_file

if TYPE_CHECKING:
    import polars as pl

METADATA_KEY: Final = "asyconv"
SIGMA: Final = "sigma_px"
"""The one column of numbers that a tracks file may lack."""

BESIDE: Final = ("motion", "activity")
"""The files that may lie beside a tracks file."""

VALUES: Final = ("x_px", "y_px", "depth_mm", "x_mm", "y_mm", "z_mm", "confidence")
COLUMNS: Final = {
    "frame": "whole",
    "time_s": "number",
    "joint": "text",
    "depth_source": "text",
    **dict.fromkeys(VALUES, "number"),
}
"""The columns that a tracks file must have, and the kind of their values."""


def write_tracks(tracks: Tracks, path: Path) -> None:
    """Write `tracks` as Parquet (zstd) with `meta` as JSON under the key ``asyconv``.

    Motion evidence and activity lie beside them. All are whole files or not there.
    """
    import polars as pl

    n_frames = len(tracks.frame)
    values = {name: pl.Series(getattr(tracks, name).ravel(), dtype=pl.Float32).fill_nan(None) for name in VALUES}
    sources = pl.Series(tracks.depth_source.ravel(), dtype=pl.UInt8).replace_strict(
        list(range(len(DEPTH_SOURCES))), [None, *DEPTH_SOURCES[1:]], return_dtype=pl.String
    )
    spread = {} if tracks.sigma_px is None else {SIGMA: pl.Series(tracks.sigma_px.ravel()).fill_nan(None)}
    table = pl.DataFrame(
        {
            "frame": np.repeat(tracks.frame.astype(np.int32), N_JOINTS),
            "time_s": np.repeat(tracks.time_s, N_JOINTS),
            "joint": list(JOINTS) * n_frames,
            "x_px": values["x_px"],
            "y_px": values["y_px"],
            "depth_mm": values["depth_mm"],
            "depth_source": sources,
            "x_mm": values["x_mm"],
            "y_mm": values["y_mm"],
            "z_mm": values["z_mm"],
            "confidence": values["confidence"],
            **spread,
        },
        schema_overrides={"joint": pl.String},
    )
    meta = json.dumps(tracks.meta, sort_keys=True, allow_nan=False)
    recording_id = tracks.meta.get("recording_id")
    for name in BESIDE:
        beside(path, name).unlink(missing_ok=True)  # never those of earlier tracks
    if tracks.motion is not None:
        write_motion(tracks.motion, tracks.frame, recording_id, beside(path, "motion"))
    if tracks.activity is not None:
        write_activity(tracks.activity, tracks.frame, recording_id, beside(path, "activity"))
    with whole_file(path) as part:
        table.write_parquet(part, compression="zstd", metadata={METADATA_KEY: meta})


def read_tracks(path: Path) -> Tracks:
    """Read a tracks file, and the motion evidence and the activity beside it where they are.

    Anything but twelve ordered rows a frame with possible values is refused, and named.
    """
    import polars as pl

    if not path.is_file():
        raise InputError(f"{path}: expected a tracks file (Parquet), found none")
    try:
        stored = pl.read_parquet_metadata(path).get(METADATA_KEY, "null")
        table = pl.read_parquet(path, glob=False)
        meta = json_of(stored, parse_constant=_no_number)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError, OSError) as error:
        raise InputError(
            f"{path}: expected a tracks file (Parquet, as `asyconv process` writes it), but it could not be read"
        ) from error
    missing = ", ".join(name for name in COLUMNS if name not in table.columns)
    if meta is None or missing:
        raise InputError(f"{path}: expected a tracks file of asyconv, but {missing or 'the metadata'} is missing")
    check_meta(meta, str(path))
    if meta.get("schema_version") != SCHEMA_VERSION:
        raise InputError(f"{path}: expected tracks schema {SCHEMA_VERSION}, found {meta.get('schema_version')!r}")
    _check_columns(table, path)
    check_rows(table["frame"].cast(pl.Int64).to_numpy(), table["joint"].to_list(), str(path))
    tracks = _from_table(table, meta)
    time_s = _numbers(table["time_s"], pl.Float64)
    if not np.array_equal(tracks.time_s.repeat(N_JOINTS), time_s, equal_nan=True):
        raise InputError(f"{path}: expected one time for the {N_JOINTS} rows of a frame, found more")
    check_tracks(tracks, str(path))
    of_tracks = tracks.frame, meta.get("recording_id")
    if beside(path, "motion").is_file():
        tracks = replace(tracks, motion=read_motion(beside(path, "motion"), *of_tracks))
    if beside(path, "activity").is_file():
        tracks = replace(tracks, activity=read_activity(beside(path, "activity"), *of_tracks))
    return tracks


def _check_columns(table: "pl.DataFrame", path: Path) -> None:
    """Refuse columns of another kind, and nulls where there must be none."""
    import polars as pl

    kinds = COLUMNS if SIGMA not in table.columns else {**COLUMNS, SIGMA: "number"}
    for name, kind in kinds.items():
        actual = table.schema[name]
        fits = {"whole": actual.is_integer(), "number": actual.is_numeric(), "text": actual == pl.String}[kind]
        if not fits and not (actual == pl.Null and name in (*VALUES, SIGMA, "depth_source")):
            raise InputError(f"{path}: expected {kind} values in the column {name}, found {actual}")
    for name in ("frame", "time_s", "joint"):
        if table[name].null_count():
            raise InputError(f"{path}: expected {name} in every row, found {table[name].null_count()} nulls")
    frames = table["frame"]
    if table.height and not (frames.min() >= 1 and frames.max() < 2**31):  # type: ignore[operator]
        raise InputError(f"{path}: expected frame numbers from 1, found {frames.min()!r} to {frames.max()!r}")
    others = set(table["depth_source"].unique().to_list()) - {None, *DEPTH_SOURCES[1:]}
    if others:
        raise InputError(f"{path}: expected depth_source {', '.join(DEPTH_SOURCES)}, found {min(map(str, others))!r}")


def _from_table(table: "pl.DataFrame", meta: dict[str, Any]) -> Tracks:
    import polars as pl

    names = {name: code for code, name in enumerate(DEPTH_SOURCES)}
    codes = table["depth_source"].cast(pl.String).fill_null("null")
    columns = [*VALUES, SIGMA] if SIGMA in table.columns else VALUES
    values: dict[str, Any] = {name: _numbers(table[name], pl.Float32).reshape(-1, N_JOINTS) for name in columns}
    return Tracks(
        frame=table["frame"].gather_every(N_JOINTS).cast(pl.Int32).to_numpy(),
        time_s=_numbers(table["time_s"], pl.Float64)[::N_JOINTS],
        depth_source=codes.replace_strict(names, return_dtype=pl.UInt8).to_numpy().reshape(-1, N_JOINTS),
        meta=meta,
        **values,
    )


def _numbers(column: "pl.Series", kind: "type[pl.Float32 | pl.Float64]") -> npt.NDArray[Any]:
    """`column` as an array; NaN of any bit pattern, which numpy may warn of, becomes the usual one."""
    return column.cast(kind).fill_nan(None).fill_null(np.nan).to_numpy()


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON")
