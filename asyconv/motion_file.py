"""The Parquet file of motion evidence: ``motion.parquet`` beside ``tracks.parquet``, twelve rows a frame as there.

Its columns are ``frame``, ``joint`` and, for the lags of 1 and of 6 frames, ``dx_mm_1``, ``dy_mm_1``, ``dz_mm_1``,
``info_xx_1`` ... ``info_zz_1`` (the upper half of the symmetric matrix) and ``share_1``, and the same with ``_6``.
Numbers keep 12 significant bits, a part in 8000, so that the file is half as long.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.motion_evidence import LAGS, MotionEvidence
from asyconv.skeleton import JOINTS, N_JOINTS
from asyconv.whole_files import json_of, whole_file

if TYPE_CHECKING:
    import polars as pl

METADATA_KEY: Final = "asyconv_motion"
MOTION_SCHEMA_VERSION: Final = 1
AXES: Final = "xyz"
PAIRS: Final = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
"""Which elements of the information matrix the file holds, row by row."""

COLUMNS: Final = tuple(
    f"{name}_{lag}"
    for lag in LAGS
    for name in (*(f"d{a}_mm" for a in AXES), *(f"info_{AXES[a]}{AXES[b]}" for a, b in PAIRS), "share")
)
"""The numbers of the file, in order."""

DROPPED_BITS: Final = 12  # of the 24 that a float32 holds
Float32 = npt.NDArray[np.float32]


def beside(tracks_path: Path, name: str) -> Path:
    """Where a file that belongs to a tracks file lies: NAME.parquet, or PREFIX.NAME.parquet beside PREFIX.parquet."""
    if tracks_path.name == "tracks.parquet":
        return tracks_path.with_name(f"{name}.parquet")
    return tracks_path.with_suffix(f".{name}.parquet")


def write_motion(motion: MotionEvidence, frame: npt.NDArray[np.int32], recording_id: str | None, path: Path) -> None:
    """Write the motion evidence of the frames numbered `frame` as a whole file."""
    import polars as pl

    values = np.concatenate(
        [
            np.concatenate([d, np.stack([i[..., a, b] for a, b in PAIRS], axis=-1), s[..., None]], axis=-1)
            for d, i, s in zip(motion.displacement_mm, motion.information, motion.share, strict=True)
        ],
        axis=-1,
    ).reshape(-1, len(COLUMNS))
    values = _rounded(values)
    names = {
        "frame": np.repeat(frame.astype(np.int32), N_JOINTS),
        "joint": pl.Series(list(JOINTS) * len(frame), dtype=pl.String),
    }
    numbers = {name: pl.Series(values[:, n], dtype=pl.Float32).fill_nan(None) for n, name in enumerate(COLUMNS)}
    facts = {**motion.meta, "recording_id": recording_id, "schema_version": MOTION_SCHEMA_VERSION}
    meta = json.dumps(facts, sort_keys=True, allow_nan=False)
    with whole_file(path) as part:
        pl.DataFrame(names | numbers).write_parquet(part, compression="zstd", metadata={METADATA_KEY: meta})


def read_motion(path: Path, frame: npt.NDArray[np.int32], recording_id: str | None) -> MotionEvidence:
    """Read the motion evidence of the tracks whose frames are numbered `frame`; anything else is refused, and named."""
    import polars as pl

    meta, table = table_beside(path, METADATA_KEY, ("frame", "joint", *COLUMNS), "motion evidence", recording_id)
    if meta.pop("schema_version", None) != MOTION_SCHEMA_VERSION:
        raise InputError(f"{path}: expected schema {MOTION_SCHEMA_VERSION} of motion evidence, found another")
    if not _same_rows(table, frame):
        raise InputError(f"{path}: expected the motion evidence of the tracks beside it, found that of others")
    odd = [name for name in COLUMNS if not (table.schema[name].is_numeric() or table.schema[name] == pl.Null)]
    if odd:
        raise InputError(f"{path}: expected numbers in the column {odd[0]}, found {table.schema[odd[0]]}")
    return _from_table(table, meta, path)


def table_beside(
    path: Path, key: str, columns: tuple[str, ...], what: str, recording_id: str | None
) -> "tuple[dict[str, Any], pl.DataFrame]":
    """Metadata and table of a file beside the tracks of `recording_id`; anything else is refused, and named."""
    import polars as pl

    try:
        stored = pl.read_parquet_metadata(path).get(key, "null")
        table = pl.read_parquet(path, glob=False)
        meta = json_of(stored)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError, OSError) as error:
        raise InputError(f"{path}: expected {what} (Parquet), but it could not be read") from error
    missing = ", ".join(name for name in columns if name not in table.columns)
    if not isinstance(meta, dict) or missing:
        raise InputError(f"{path}: expected {what} of asyconv, but {missing or 'the metadata'} is missing")
    if meta.pop("recording_id", None) != recording_id:
        raise InputError(f"{path}: expected the {what} of the tracks beside it, found that of others")
    return meta, table


def _rounded(values: Float32) -> Float32:
    """Round to 12 significant bits; what is not finite stays so."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32).astype(np.uint64)
    step = np.uint64(1 << DROPPED_BITS)
    kept = ((bits + step // np.uint64(2)) // step * step).astype(np.uint32).view(np.float32)
    return np.where(np.isfinite(values), kept, values).astype(np.float32)


def _same_rows(table: "pl.DataFrame", frame: npt.NDArray[np.int32]) -> bool:
    return (
        table.height == len(frame) * N_JOINTS
        and table["frame"].to_list() == np.repeat(frame, N_JOINTS).tolist()
        and table["joint"].to_list() == list(JOINTS) * len(frame)
    )


def _from_table(table: "pl.DataFrame", meta: dict[str, Any], path: Path) -> MotionEvidence:
    import polars as pl

    rows = table.select(pl.col(name).cast(pl.Float32).fill_null(np.nan) for name in COLUMNS).to_numpy()
    values = rows.reshape(-1, N_JOINTS, len(LAGS), 3 + len(PAIRS) + 1).transpose(2, 0, 1, 3)
    information = np.empty((*values.shape[:3], 3, 3), np.float32)
    for n, (a, b) in enumerate(PAIRS):
        information[..., a, b] = information[..., b, a] = values[..., 3 + n]
    share = np.ascontiguousarray(values[..., -1])
    finite = np.isfinite(values).all(-1)
    diagonal = np.diagonal(information, axis1=-2, axis2=-1)
    possible = finite & (share >= 0) & (share <= 1) & (diagonal >= 0).all(-1)
    bad = np.argwhere(np.isfinite(values).any(-1) & ~possible)
    if len(bad):
        lag, row, joint = bad[0]
        raise InputError(
            f"{path}, frame {table['frame'][int(row) * N_JOINTS]}, {JOINTS[joint]}, lag {LAGS[lag]}: expected a "
            "displacement with a share between 0 and 1 and an information matrix, found another"
        )
    return MotionEvidence(np.ascontiguousarray(values[..., :3]), information, share, meta)
