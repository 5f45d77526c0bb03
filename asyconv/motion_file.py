"""The Parquet file of motion evidence: ``motion.parquet`` beside ``tracks.parquet``, twelve rows a frame as there.

Its columns are ``frame``, ``joint`` and, for the lags of 1 and of 6 frames, ``dx_mm_1``, ``dy_mm_1``, ``dz_mm_1``,
``info_xx_1`` ... ``info_zz_1`` (the upper half of the symmetric matrix) and ``share_1``, and the same with ``_6``.
Numbers keep 12 significant bits, a part in 8000, so that the file is half as long.
"""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.motion_evidence import LAGS, MotionEvidence
from asyconv.skeleton import JOINTS, N_JOINTS
from asyconv.whole_files import json_of, whole_file

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
    joint = pl.Series(list(JOINTS) * len(frame), dtype=pl.String)
    names = {"frame": np.repeat(frame.astype(np.int32), N_JOINTS), "joint": joint}
    meta = {**motion.meta, "recording_id": recording_id, "schema_version": MOTION_SCHEMA_VERSION}
    write_beside(path, METADATA_KEY, meta, names, dict(zip(COLUMNS, _rounded(values).T, strict=True)))


def read_motion(path: Path, frame: npt.NDArray[np.int32], recording_id: str | None) -> MotionEvidence:
    """Read the motion evidence of the tracks whose frames are numbered `frame`; anything else is refused, and named."""
    rows = {"frame": np.repeat(frame, N_JOINTS), "joint": list(JOINTS) * len(frame)}
    meta, values = read_beside(
        path, METADATA_KEY, rows, COLUMNS,
        what="motion evidence", recording_id=recording_id, version=MOTION_SCHEMA_VERSION,
    )  # fmt: skip
    return _evidence(values, meta, frame, path)


def write_beside(path: Path, key: str, meta: dict[str, Any], names: dict[str, Any], numbers: dict[str, Any]) -> None:
    """Write a file that belongs to tracks: columns that name the rows, numbers f32 (NaN = null), and facts."""
    import polars as pl

    columns = {name: pl.Series(value, dtype=pl.Float32).fill_nan(None) for name, value in numbers.items()}
    stored = json.dumps(meta, sort_keys=True, allow_nan=False)
    with whole_file(path) as part:
        pl.DataFrame(names | columns).write_parquet(part, compression="zstd", metadata={key: stored})


def read_beside(
    path: Path, key: str, names: dict[str, Any], numbers: tuple[str, ...],
    *, what: str, recording_id: str | None, version: int,
) -> tuple[dict[str, Any], Float32]:  # fmt: skip
    """Facts and numbers [rows, columns] of a file that belongs to tracks; anything else is refused, and named.

    `names` are the columns that name the rows, as they must be; `what` is what the file should hold, in words.
    """
    import polars as pl

    try:
        stored = pl.read_parquet_metadata(path).get(key, "null")
        table = pl.read_parquet(path, glob=False)
        meta = json_of(stored)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError, OSError) as error:
        raise InputError(f"{path}: expected {what} (Parquet), but it could not be read") from error
    missing = ", ".join(name for name in (*names, *numbers) if name not in table.columns)
    if not isinstance(meta, dict) or missing:
        raise InputError(f"{path}: expected {what} of asyconv, but {missing or 'the metadata'} is missing")
    if meta.pop("schema_version", None) != version:
        raise InputError(f"{path}: expected schema {version} of {what}, found another")
    same_rows = all(table[name].to_list() == np.asarray(rows).tolist() for name, rows in names.items())
    if meta.pop("recording_id", None) != recording_id or not same_rows:
        raise InputError(f"{path}: expected the {what} of the tracks beside it, found that of others")
    odd = [name for name in numbers if not (table.schema[name].is_numeric() or table.schema[name] == pl.Null)]
    if odd:
        raise InputError(f"{path}: expected numbers in the column {odd[0]}, found {table.schema[odd[0]]}")
    return meta, table.select(pl.col(name).cast(pl.Float32).fill_null(np.nan) for name in numbers).to_numpy()


def _rounded(values: Float32) -> Float32:
    """Round to 12 significant bits; what is not finite stays so."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32).astype(np.uint64)
    step = np.uint64(1 << DROPPED_BITS)
    kept = ((bits + step // np.uint64(2)) // step * step).astype(np.uint32).view(np.float32)
    return np.where(np.isfinite(values), kept, values).astype(np.float32)


def _evidence(rows: Float32, meta: dict[str, Any], frame: npt.NDArray[np.int32], path: Path) -> MotionEvidence:
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
            f"{path}, frame {frame[row]}, {JOINTS[joint]}, lag {LAGS[lag]}: expected a displacement with a share "
            "between 0 and 1 and an information matrix, found another"
        )
    return MotionEvidence(np.ascontiguousarray(values[..., :3]), information, share, meta)
