"""Tracks files that are wrong in one to three ways, drawn by hypothesis: some must be refused, some have nulls only."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl
from hypothesis import strategies as st

from asyconv.skeleton import JOINTS, LIMBS
from asyconv.tracks import Tracks
from asyconv.tracks_file import VALUES, write_tracks
from tests.helpers.closed_form import make_tracks, shake

Draw = Callable[..., Any]

ODD_NUMBERS: Final = (math.nan, math.inf, -math.inf, 1e30, -1e30, 1e-30, -5.0, 0.0, 5e4, 2.0**31)
ODD_FACTS: Final[tuple[Any, ...]] = (
    "",
    "no",
    "=1+1",
    "../../x",
    "\x00",
    -1,
    0,
    1e308,
    True,
    [],
    [1, 2],
    {},
    {"fx_px": "570"},
    [[[]]],
)


@dataclass(frozen=True, repr=False)
class Hostile:
    """A file's content before it is written: table, metadata as text, and bytes to change afterwards."""

    table: pl.DataFrame
    meta: str
    done: tuple[str, ...]
    cut_at: float | None = None
    flips: tuple[tuple[float, int], ...] = ()

    def __repr__(self) -> str:
        """Say what was done, not the whole table."""
        return f"Hostile({self.table.height} rows, {', '.join(self.done)}, cut_at={self.cut_at}, flips={self.flips})"

    def write(self, path: Path) -> None:
        """Write the file, with its bytes changed or cut."""
        self.table.write_parquet(path, metadata={"asyconv": self.meta})
        content = bytearray(path.read_bytes())
        for place, value in self.flips:
            content[int(place * (len(content) - 1))] = value
        path.write_bytes(content[: int(self.cut_at * len(content))] if self.cut_at is not None else content)


def honest(folder: Path) -> tuple[Hostile, ...]:
    """Return the files that the wrong ones are made from: 2 s at 30 Hz and 64 s at 6 Hz, with movement and noise."""
    motion = {"right_wrist": shake(20, 1.0), "left_ankle": shake(15, 0.5)}
    short, long = make_tracks(2, motion=motion, noise_mm=0.3), make_tracks(64, 6, motion, 0.3, rate="6")
    return tuple(_stored(tracks, folder / "honest.parquet") for tracks in (short, long))


def _stored(tracks: Tracks, path: Path) -> Hostile:
    write_tracks(tracks, path)
    return Hostile(pl.read_parquet(path), pl.read_parquet_metadata(path)["asyconv"], ())


@st.composite
def hostile(draw: Draw, bases: tuple[Hostile, ...]) -> Hostile:
    """Draw one of `bases` with one to three things done to it."""
    made: Hostile = draw(st.sampled_from(bases))
    for change in draw(st.lists(st.sampled_from(CHANGES), min_size=1, max_size=3)):
        table, meta = made.table, made.meta
        extra: dict[str, Any] = {"cut_at": made.cut_at, "flips": made.flips}
        if change is _damage:
            extra = draw(st.sampled_from(("cut_at", "flips")).flatmap(_damaged))
        elif change is _fact:
            meta = _fact(draw, meta) if meta.startswith('{"axes') else meta
        elif _has_columns(table):
            table = change(draw, table)
        made = Hostile(table, meta, (*made.done, change.__name__.strip("_")), **extra)
    return made


def _has_columns(table: pl.DataFrame) -> bool:
    """Whether a further change can be made: the columns of a tracks file, and rows."""
    kinds = table.schema
    floats = all(kinds.get(name, pl.Null).is_float() for name in ("time_s", *VALUES))
    return floats and kinds.get("frame", pl.Null).is_integer() and kinds.get("joint") == pl.String and table.height > 0


def _damaged(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    if kind == "cut_at":
        return st.floats(0, 1, exclude_max=True).map(lambda share: {"cut_at": share})
    flip = st.tuples(st.floats(0, 1), st.integers(0, 255))
    return st.lists(flip, min_size=1, max_size=20).map(lambda flips: {"flips": tuple(flips)})


def _damage(draw: Draw, table: pl.DataFrame) -> pl.DataFrame:
    return table  # done to the bytes, after writing


def _fact(draw: Draw, meta: str) -> str:
    facts = json.loads(meta)
    if draw(st.integers(0, 9)) == 0:
        return str(draw(st.sampled_from(("[]", "3", "null", "{", "NaN", '{"schema_version": NaN}', "[" * 9999))))
    name = draw(st.sampled_from(sorted(facts)))
    if draw(st.booleans()):
        facts.pop(name)
    else:
        facts[name] = draw(st.sampled_from(ODD_FACTS))
    return json.dumps(facts)


def _column_gone(draw: Draw, table: pl.DataFrame) -> pl.DataFrame:
    return table.drop(draw(st.sampled_from(table.columns)))


def _column_renamed(draw: Draw, table: pl.DataFrame) -> pl.DataFrame:
    name = draw(st.sampled_from(table.columns))
    return table.rename({name: f"other {name}"})


def _column_of_another_kind(draw: Draw, table: pl.DataFrame) -> pl.DataFrame:
    name = draw(st.sampled_from(table.columns))
    kind = draw(st.sampled_from((pl.String, pl.Boolean, pl.Int8, pl.Date, pl.Binary, pl.Null, pl.Float64, pl.Int64)))
    if name == "joint":
        return table.with_columns(pl.lit(3).alias(name))
    try:
        return table.with_columns(table[name].cast(kind, strict=False))
    except pl.exceptions.InvalidOperationError:  # a column changed once before, say from text to a date
        return table.with_columns(pl.lit(None, dtype=kind).alias(name))


def _rows_gone(draw: Draw, table: pl.DataFrame) -> pl.DataFrame:
    return table.with_row_index().filter(~pl.col("index").is_in(_some_rows(draw, table))).drop("index")


def _rows_twice(draw: Draw, table: pl.DataFrame) -> pl.DataFrame:
    again = table[_some_rows(draw, table)]
    return pl.concat([table, again]) if draw(st.booleans()) else pl.concat([table, again]).sort("frame")


def _rows_in_another_order(draw: Draw, table: pl.DataFrame) -> pl.DataFrame:
    return table.sample(fraction=1.0, shuffle=True, seed=draw(st.integers(0, 99)))


def _frames_in_another_order(draw: Draw, table: pl.DataFrame) -> pl.DataFrame:
    at = 12 * draw(st.integers(0, table.height // 12))
    return pl.concat([table[at:], table[:at]])


def _few_frames(draw: Draw, table: pl.DataFrame) -> pl.DataFrame:
    return table[: 12 * draw(st.integers(0, 4))]


def _frames_far_apart(draw: Draw, table: pl.DataFrame) -> pl.DataFrame:
    kept = draw(st.lists(st.integers(1, table.height // 12), min_size=1, max_size=9))
    return table.filter(pl.col("frame").is_in(kept))


def _joint_unknown(draw: Draw, table: pl.DataFrame) -> pl.DataFrame:
    name = draw(st.sampled_from(("nose", "", None, "right_elbow")))
    return table.with_columns(pl.col("joint").replace("left_knee", name))


def _limbs_missing(draw: Draw, table: pl.DataFrame) -> pl.DataFrame:
    limbs = draw(st.lists(st.sampled_from(list(LIMBS)), min_size=1, max_size=4))
    joints = [JOINTS[k] for limb in limbs for k in LIMBS[limb]]
    gone = pl.col("joint").is_in(joints)
    return table.with_columns(pl.when(~gone).then(pl.col(name)).alias(name) for name in VALUES[:-1])


def _values_missing(draw: Draw, table: pl.DataFrame) -> pl.DataFrame:
    names = draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=7))
    every = draw(st.integers(1, 40))
    kept = pl.int_range(pl.len()) % every != 0
    return table.with_columns(pl.when(kept).then(pl.col(name)).alias(name) for name in set(names))


def _values_odd(draw: Draw, table: pl.DataFrame) -> pl.DataFrame:
    name, value = draw(st.sampled_from(VALUES)), draw(st.sampled_from(ODD_NUMBERS))
    rows = pl.int_range(pl.len()).is_in(_some_rows(draw, table))
    return table.with_columns(pl.when(rows).then(pl.lit(value)).otherwise(pl.col(name)).alias(name))


def _values_frozen(draw: Draw, table: pl.DataFrame) -> pl.DataFrame:
    value = draw(st.sampled_from((0.0, 1.0, 320.0)))
    return table.with_columns(pl.lit(value).alias(name) for name in draw(st.sampled_from((VALUES, VALUES[:2]))))


def _units_mixed(draw: Draw, table: pl.DataFrame) -> pl.DataFrame:
    names = draw(st.lists(st.sampled_from(("time_s", *VALUES)), min_size=1, max_size=8))
    factor = draw(st.sampled_from((1e-3, 0.1, 2.0, 8.0, 1e3, 1e6, -1.0)))
    return table.with_columns(pl.col(name).cast(pl.Float64) * factor for name in set(names))


def _times_odd(draw: Draw, table: pl.DataFrame) -> pl.DataFrame:
    value = draw(st.sampled_from((*ODD_NUMBERS, 1e-9, 3.0, 1e5)))
    rows = pl.col("frame").is_in(draw(st.lists(st.integers(1, 60), min_size=1, max_size=5)))
    changed = draw(st.sampled_from((pl.lit(value), pl.col("time_s") + value, pl.col("time_s") * value)))
    return table.with_columns(pl.when(rows).then(changed).otherwise(pl.col("time_s")).alias("time_s"))


def _frames_odd(draw: Draw, table: pl.DataFrame) -> pl.DataFrame:
    frame = pl.col("frame").cast(pl.Int64)
    return table.with_columns(draw(st.sampled_from((frame - 1, -frame, frame * 2**31, frame * 7, frame + 2**31 - 70))))


def _some_rows(draw: Draw, table: pl.DataFrame) -> list[int]:
    return sorted(draw(st.sets(st.integers(0, table.height - 1), min_size=1, max_size=30)))


CHANGES: Final[tuple[Callable[..., Any], ...]] = (
    _damage, _fact, _fact, _column_gone, _column_renamed, _column_of_another_kind, _rows_gone, _rows_twice,
    _rows_in_another_order, _frames_in_another_order, _few_frames, _frames_far_apart, _joint_unknown, _limbs_missing,
    _limbs_missing, _values_missing, _values_missing, _values_odd, _values_odd, _values_frozen, _units_mixed,
    _times_odd, _frames_odd,
)  # fmt: skip
