"""Tables of Anipose: x, y, z in millimetres, error, number of cameras and score of each joint by frame."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.exchange.facts import facts_beside, facts_of, write_beside
from asyconv.exchange.frame_numbers import FRAME_MAX
from asyconv.exchange.poses import Poses
from asyconv.exchange.regular import need_mm, regular
from asyconv.exchange.tables import text_table
from asyconv.skeleton import JOINTS
from asyconv.tracks import Tracks
from asyconv.whole_files import write_whole

if TYPE_CHECKING:
    import polars as pl


def write(tracks: Tracks, path: Path) -> list[str]:
    """Write millimetres; there is one camera, no reprojection error, and the camera's frame is not turned."""
    need_mm(tracks, "Anipose")
    tracks, rate_hz = regular(tracks)
    n = len(tracks.frame)
    columns: dict[str, Any] = {}
    for j, joint in enumerate(JOINTS):
        found = np.isfinite(tracks.x_mm[:, j])
        columns |= {f"{joint}_{axis}": getattr(tracks, f"{axis}_mm")[:, j] for axis in "xyz"}
        columns[f"{joint}_error"] = np.full(n, np.nan, np.float32)
        columns[f"{joint}_ncams"] = found.astype(np.int32)
        columns[f"{joint}_score"] = tracks.confidence[:, j]
    columns |= {f"M_{row}{column}": np.full(n, float(row == column)) for row in range(3) for column in range(3)}
    columns |= {f"center_{axis}": np.zeros(n) for axis in range(3)}
    columns["fnum"] = tracks.frame - 1
    write_whole(path, ",".join(columns) + "\n" + text_table(columns))
    write_beside(path, facts_of(tracks, "mm", rate_hz=rate_hz))
    return []


def read(path: Path) -> Poses:
    """Read millimetres and scores; the axes must be those of the camera (x right, y down, z away)."""
    import polars as pl

    try:
        table = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path}: expected a table of Anipose (CSV), it cannot be read") from error
    names = [column.removesuffix("_x") for column in table.columns if column.endswith("_x")]
    wanted = [f"{name}_{axis}" for name in names for axis in "xyz"]
    missing = [name for name in (*wanted, "fnum") if name not in table.columns]
    if not names or missing:
        raise InputError(f"{path}: expected a table of Anipose, but the column {[*missing, 'a_x'][0]} is missing")
    values = {
        name: _numbers(table[name], path) for name in table.columns if name.endswith(("_x", "_y", "_z", "_score"))
    }
    nothing = np.full(table.height, np.nan)
    points = np.stack([values[name] for name in wanted], axis=1).reshape(1, -1, len(names), 3)
    confidence = np.stack([values.get(f"{name}_score", nothing) for name in names], axis=1)[None]
    number = _numbers(table["fnum"], path)
    if not (np.diff(number, prepend=-1) > 0).all() or (number % 1 != 0).any() or number.max(initial=0) > FRAME_MAX:
        raise InputError(f"{path}: expected numbers of frames (fnum) that rise from 0 from row to row")
    return Poses(tuple(names), number.astype(np.int64), points, confidence, facts=facts_beside(path))


def _numbers(column: "pl.Series", path: Path) -> npt.NDArray[np.float64]:
    """Numbers of a column of text; an empty cell is NaN."""
    import polars as pl

    try:
        return column.cast(pl.Float64).fill_null(np.nan).to_numpy()
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{path}: expected numbers in the column {column.name}") from error
