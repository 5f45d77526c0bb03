"""Wrong tracks: a named refusal, or a null with its reason; never a wrong number, a warning or a crash."""

import json
import math
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asyconv.analysis import analyse
from asyconv.analysis.measures.gates import NO_GATE
from asyconv.analysis.measures.registry import Result
from asyconv.errors import InputError
from asyconv.tracks import Tracks
from asyconv.tracks_check import check_tracks
from asyconv.tracks_file import read_tracks
from tests.helpers.closed_form import make_tracks, shake
from tests.helpers.hostile_tracks import Hostile, honest, hostile

EXAMPLES = 10_000 if os.environ.get("ASYCONV_HYPOTHESIS") == "fuzz" else 300


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Hostile, ...]:
    return honest(tmp_path_factory.mktemp("honest"))


def outcome(path: Path) -> tuple[str, tuple[Result, ...]]:
    """Read and analyse: the refusal, or every result."""
    try:
        return "", analyse(read_tracks(path)).results
    except InputError as error:
        return str(error), ()


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_file_is_refused_by_name_or_analysed_with_reasons(
    bases: tuple[Hostile, ...], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "hostile.parquet"
    data.draw(hostile(bases)).write(path)
    refusal, results = outcome(path)
    if refusal:
        assert refusal.startswith((str(path), "tracks"))
        assert "expected" in refusal
        assert "\n" not in refusal
    for result in results:
        if result.value is None:
            assert result.reason
            continue
        assert math.isfinite(result.value)
        if result.measure.unit == "%" and result.measure.scope != "pair" and result.measure.name != "dt_jitter_pct":
            assert -1e-9 <= result.value <= 100 + 1e-9
        elif result.measure.unit in ("mm/s", "px/s", "mm/min", "1/min", "Hz"):
            assert result.value >= 0


def rows(change: Callable[[pl.DataFrame], pl.DataFrame], path: Path, meta: dict[str, Any] | None = None) -> Path:
    """Write a good file of 4 frames with its table changed."""
    base = honest(path.parent)[0]
    facts = base.meta if meta is None else json.dumps({**json.loads(base.meta), **meta})
    replace(base, table=change(base.table[:48]), meta=facts).write(path)
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t[:0], "expected at least one frame, found none"),
        (lambda t: t.drop("x_px", "joint"), "joint, x_px is missing"),
        (lambda t: t[:-1], "frame 4: expected exactly 12 rows a frame, found 11"),
        (lambda t: pl.concat([t, t[24:36]]).sort("frame"), "frame 3: expected exactly 12 rows a frame, found 24"),
        (lambda t: pl.concat([t[12:24], t[:12]]), "row 13: expected rows sorted by frame, found 1 after 2"),
        (lambda t: t[[1, 0, *range(2, 48)]], "frame 1: .* found right_elbow where right_wrist belongs"),
        (lambda t: t.with_columns(pl.col("joint").replace("left_hip", "nose")), "expected the joints .*, found 'nose'"),
        (lambda t: t.with_columns(pl.col("joint").replace("left_hip", None)), "expected joint in every row, found 4"),
        (lambda t: t.with_columns(pl.col("frame") - 1), "expected frame numbers from 1, found 0 to 3"),
        (lambda t: t.with_columns(pl.col("frame") * 1.0), "expected whole values in the column frame, found Float64"),
        (lambda t: t.with_columns(pl.col("x_px").cast(pl.String)), "expected number values in the column x_px"),
        (lambda t: t.with_columns(-pl.col("time_s") - 1), "frame 1: expected a time of at least 0 s .* found -1.0 s"),
        (lambda t: t.with_columns(pl.col("time_s") * 0), "frame 2: expected a time later than the frame before"),
        (lambda t: t.with_columns(pl.col("time_s") / 1e6), "expected frames at least 0.001 s apart, found 3.33e-08 s"),
        (lambda t: t.with_columns(pl.col("time_s") + 1.7e9), "at most 1000000 s from the start of the recording"),
        (lambda t: t.with_columns(pl.col("time_s") + pl.int_range(48) / 1e3), "expected one time for the 12 rows"),
        (lambda t: t.with_columns(pl.lit(95.0).alias("confidence")), "right_wrist: expected confidence between 0 and"),
        (lambda t: t.with_columns(pl.lit(math.inf).alias("y_px")), "frame 1, right_wrist: expected y_px between"),
        (lambda t: t.with_columns(pl.lit(0.0).alias("depth_mm")), "expected depth_mm above 0 .*, found 0"),
        (lambda t: t.with_columns(pl.col("z_mm") / 1000), "expected z_mm equal to depth_mm .*, found 0.4"),
        (lambda t: t.with_columns(pl.col("x_mm") / 10), "expected x_mm that follows from x_px"),
        (lambda t: t.with_columns(pl.col("x_px", "y_px") / 5), "expected x_mm that follows from x_px"),
        (lambda t: t.with_columns(pl.lit("guessed").alias("depth_source")), "expected depth_source .* found 'guessed'"),
    ],
)
def test_every_fault_of_a_table_is_named(change: Callable[[Any], Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"^.*t\.parquet(, row \d+|, frame \d+)?(, \w+)?: .*{said}|{said}"):
        read_tracks(rows(change, tmp_path / "t.parquet"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("recording_id", 7), ("rate", "60"), ("head", "north"), ("left_right_verified", "no"), ("mirrored", 1),
        ("width_px", 0), ("fps_nominal_hz", "30"), ("intrinsics", {"fx_px": 570}), ("intrinsics", [570, 570]),
        ("mattress_plane", [0, 0, -1]), ("mattress_plane", [0, 0, -2, 420]), ("still_floor_mm_s", -1.0),
        ("still_floor_mm_s", True), ("confidence_min", 50), ("model_error", "small"), ("warnings", "none"),
    ],
)  # fmt: skip
def test_metadata_that_are_no_facts_are_refused(name: str, value: object, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"expected .* as {name} in the metadata, found"):
        read_tracks(rows(lambda table: table, tmp_path / "t.parquet", {name: value}))


def test_harmless_differences_are_read_as_they_are(tmp_path: Path) -> None:
    plain = read_tracks(rows(lambda table: table, tmp_path / "t.parquet"))
    other = read_tracks(
        rows(
            lambda t: t.with_columns(pl.col("frame").cast(pl.Int64), pl.col("x_px").cast(pl.Float64), note=pl.lit("a")),
            tmp_path / "a[1]*.parquet",
        )
    )
    for name in ("frame", "time_s", "x_px", "z_mm", "depth_source"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(other, name))
        assert getattr(plain, name).dtype == getattr(other, name).dtype


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"frame": np.arange(0, 60, dtype=np.int32)}, "expected frame numbers that rise from 1, found 0 in place 1"),
        ({"frame": np.ones(60, np.int32)}, "found 1 in place 2"),
        ({"time_s": np.zeros(60)}, "frame 2: expected a time later"),
        ({"time_s": np.full(60, np.nan)}, "frame 1: expected a time of at least 0 s"),
        ({"time_s": np.arange(59.0)}, "expected 60 times and values"),
        ({"x_mm": np.zeros((60, 11), np.float32)}, r"found x_mm \[60, 11\]"),
        ({"meta": None}, "expected metadata of asyconv"),
    ],
)
def test_tracks_made_in_memory_are_checked_too(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=f"^tracks.*{said}"):
        analyse(replace(make_tracks(2), **changed))


def test_times_in_milliseconds_give_reasons_and_no_warning() -> None:
    tracks = make_tracks(4, 6.0, motion={"right_wrist": shake(4, 0.5)})
    movement = analyse(replace(tracks, time_s=tracks.time_s * 1000))
    found = [r for r in movement.results if r.measure.name == "velocity_band_0p1_1_fraction"]
    assert {r.value for r in found} == {None}
    assert all(r.reason for r in found)


def test_a_whole_recording_with_every_limb_missing_has_only_reasons() -> None:
    good = make_tracks(70)
    empty: dict[str, Any] = {
        name: np.full_like(good.x_px, np.nan) for name in ("x_px", "y_px", "depth_mm", "x_mm", "y_mm", "z_mm")
    }
    gone: Tracks = replace(good, **empty)
    check_tracks(gone)
    amounts = [r for r in analyse(gone).results if r.measure.gates != NO_GATE]
    assert {r.value for r in amounts} == {None}
    assert all(r.reason for r in amounts)
