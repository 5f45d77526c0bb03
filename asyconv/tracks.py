"""Tracks: the joints of one recording, frame by frame, and their Parquet file, the seam to the analysis.

Twelve rows a frame, sorted by frame then joint; a missing joint has null coordinates and keeps its confidence.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.skeleton import JOINTS, N_JOINTS

SCHEMA_VERSION: Final = 1
DEPTH_SOURCES: Final = ("null", "measured", "filled", "hole")
"""Where a joint's depth comes from, by code; code 0 is a null in the file."""

METADATA_KEY: Final = "asyconv"
VALUES: Final = ("x_px", "y_px", "depth_mm", "x_mm", "y_mm", "z_mm", "confidence")

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Tracks:
    """Joints of one recording; NaN = missing.

    `frame` i32 [N] counts from 1, `time_s` f64 [N] starts at 0; the values are f32 [N, 12]: native pixels, depth in
    mm, camera-frame mm (x right, y down, z away, of the unmirrored picture) and the confidence as a calibrated
    probability; `depth_source` u8 [N, 12] indexes `DEPTH_SOURCES`; `meta` is the file's JSON metadata.
    """

    frame: npt.NDArray[np.int32]
    time_s: npt.NDArray[np.float64]
    x_px: Float32
    y_px: Float32
    depth_mm: Float32
    depth_source: npt.NDArray[np.uint8]
    x_mm: Float32
    y_mm: Float32
    z_mm: Float32
    confidence: Float32
    meta: dict[str, Any]


def write_tracks(tracks: Tracks, path: Path) -> None:
    """Write `tracks` as Parquet (zstd) with `meta` as JSON under the key ``asyconv``."""
    import polars as pl

    n_frames = len(tracks.frame)
    values = {name: pl.Series(getattr(tracks, name).ravel(), dtype=pl.Float32).fill_nan(None) for name in VALUES}
    sources = pl.Series(tracks.depth_source.ravel(), dtype=pl.UInt8).replace_strict(
        list(range(len(DEPTH_SOURCES))), [None, *DEPTH_SOURCES[1:]], return_dtype=pl.String
    )
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
        },
        schema_overrides={"joint": pl.String},
    )
    meta = json.dumps(tracks.meta, sort_keys=True, allow_nan=False)
    table.write_parquet(path, compression="zstd", metadata={METADATA_KEY: meta})


def read_tracks(path: Path) -> Tracks:
    """Read a tracks file; anything but twelve ordered rows a frame is refused."""
    import polars as pl

    if not path.is_file():
        raise InputError(f"{path}: expected a tracks file (Parquet), found none")
    try:
        meta = json.loads(pl.read_parquet_metadata(path).get(METADATA_KEY, "null"))
        table = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, ValueError, OSError) as error:
        raise InputError(f"{path}: expected a tracks file (Parquet), but it could not be read") from error
    expected = {"frame", "time_s", "joint", "depth_source", *VALUES}
    if meta is None or not expected <= set(table.columns):
        missing = ", ".join(sorted(expected - set(table.columns))) or "the metadata"
        raise InputError(f"{path}: expected a tracks file of asyconv, but {missing} is missing")
    if meta.get("schema_version") != SCHEMA_VERSION:
        raise InputError(f"{path}: expected tracks schema {SCHEMA_VERSION}, found {meta.get('schema_version')!r}")
    if table.height % N_JOINTS or table["joint"].to_list() != list(JOINTS) * (table.height // N_JOINTS):
        raise InputError(f"{path}: expected exactly {N_JOINTS} rows a frame in joint order, found another order")

    codes = (
        table["depth_source"]
        .fill_null("null")
        .replace_strict(list(DEPTH_SOURCES), list(range(len(DEPTH_SOURCES))), return_dtype=pl.UInt8)
    )
    values = {
        name: table[name].fill_null(np.nan).to_numpy().astype(np.float32).reshape(-1, N_JOINTS) for name in VALUES
    }
    return Tracks(
        frame=table["frame"].to_numpy()[::N_JOINTS].astype(np.int32),
        time_s=table["time_s"].to_numpy()[::N_JOINTS].astype(np.float64),
        depth_source=codes.to_numpy().reshape(-1, N_JOINTS),
        meta=meta,
        **values,
    )
