"""Tables: columns from the registry, honest nulls, and the same bytes whenever they are written again."""

import csv
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from asyconv.analysis import analyse
from asyconv.analysis.measures.intervals import WITH_INTERVALS
from asyconv.analysis.measures.registry import REGISTRY, Scope, measures
from asyconv.analysis.report.canvas import write_drawings
from asyconv.analysis.report.drawings import drawings
from asyconv.analysis.tables.dictionary import KEYS
from asyconv.analysis.tables.files import write_csv, write_tables
from asyconv.analysis.tables.movement import Movement
from asyconv.notice import NOTICE
from asyconv.skeleton import LIMBS
from tests.helpers.closed_form import hide, make_tracks, shake, without_mm

NAMES = {
    "limb_series.parquet", "bouts.parquet", "limb_summary.parquet", "limb_summary.csv", "pair_summary.parquet",
    "pair_summary.csv", "body_summary.parquet", "body_summary.csv", "features_long.parquet", "data_dictionary.csv",
}  # fmt: skip


def example(**meta: Any) -> Movement:
    tracks = make_tracks(90, motion={"right_wrist": shake(20, 1.0)}, noise_mm=0.2, **meta)
    return analyse(hide(tracks, "left_ankle", 300, 1500))


@pytest.fixture(scope="module")
def movement() -> Movement:
    return example()


def test_every_table_is_written_and_nothing_else(movement: Movement, tmp_path: Path) -> None:
    written = write_tables(movement, tmp_path)
    assert {path.name for path in written} == NAMES == {path.name for path in tmp_path.iterdir()}


def test_two_runs_give_the_same_bytes(movement: Movement, tmp_path: Path) -> None:
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder, made in zip(folders, (movement, example()), strict=True):
        folder.mkdir()
        write_tables(made, folder)
        write_drawings(drawings(made), folder / "figures")
    for path in sorted(folders[0].rglob("*")):
        if path.is_file():
            assert path.read_bytes() == (folders[1] / path.relative_to(folders[0])).read_bytes(), path.name


def test_columns_come_from_the_registry(movement: Movement) -> None:
    tables: dict[Scope, pl.DataFrame] = {
        "limb": movement.limb_summary,
        "pair": movement.pair_summary,
        "body": movement.body_summary,
    }
    for scope, table in tables.items():
        names = [m.name for m in measures(scope)]
        assert [c for c in table.columns if c in names] == names
        keys = ["recording_id", "infant_id", "ga_birth_days", "pma_days", "epoch_start_s", "epoch_s", scope]
        assert table.columns[:7] == keys
    assert movement.limb_summary["limb"].to_list() == list(LIMBS)
    assert movement.pair_summary.height == 6


def test_a_null_has_its_reason_beside_it(movement: Movement) -> None:
    row = movement.limb_summary.filter(pl.col("limb") == "left_leg").row(0, named=True)
    assert row["moving_pct"] is None
    assert "moving_pct: coverage 56 %, needs 70 %" in row["withheld"]
    long = movement.features_long
    assert long.filter(pl.col("value").is_null() & pl.col("reason").is_null()).height == 0
    of_knees = long.filter(pl.col("feature") == "knee_rom_deg")["part"]
    assert set(of_knees) == {"left_leg", "right_leg"}
    # only intervals that were earned
    assert set(long.filter(pl.col("ci_lo").is_not_null())["feature"]) <= WITH_INTERVALS


def test_series_hold_every_sample_of_every_limb(movement: Movement) -> None:
    table = movement.limb_series
    assert table.height == 4 * 2700
    gap = table.filter((pl.col("limb") == "left_leg") & pl.col("time_s").is_between(15, 45))
    assert gap["speed_mm_s"].null_count() == gap["moving"].null_count() == gap.height
    moving = table.filter(pl.col("moving"))
    assert moving["bout_id"].null_count() == 0
    assert movement.bouts.height == moving.select("limb", "bout_id").unique().height
    assert not table.select(pl.col(pl.Float32).is_nan().any()).sum_horizontal().item()


def test_bouts_add_up_to_the_moving_time(movement: Movement) -> None:
    arm = movement.bouts.filter(pl.col("limb") == "right_arm")
    moving_s = movement.limb_series.filter((pl.col("limb") == "right_arm") & pl.col("moving")).height / 30
    assert arm["duration_s"].sum() == pytest.approx(moving_s)
    assert arm.select((pl.col("path_mm") > 350).all()).item()


def test_parquet_metadata_hold_notice_model_and_versions(movement: Movement, tmp_path: Path) -> None:
    for path in write_tables(movement, tmp_path):
        if path.suffix == ".parquet":
            meta = json.loads(pl.read_parquet_metadata(path)["asyconv"])
            assert meta["notice"] == NOTICE
            assert meta["model_validation"] == "simulated_only"
            assert meta["analysis_version"] >= 1


def test_csv_summaries_hold_the_rounded_core_measures(movement: Movement, tmp_path: Path) -> None:
    write_tables(movement, tmp_path)
    scopes: tuple[Scope, ...] = ("limb", "pair")
    for scope in scopes:
        core = {m.name: m for m in measures(scope, "core")}
        shown = pl.read_csv(tmp_path / f"{scope}_summary.csv")
        whole = pl.read_parquet(tmp_path / f"{scope}_summary.parquet")
        everything = {m.name for m in REGISTRY}
        assert [name for name in whole.columns if name in core or name not in everything] == shown.columns
        for name, measure in core.items():
            assert shown[name].cast(pl.Float64).equals(whole[name].round(measure.decimals) + 0.0), name
    body = pl.read_csv(tmp_path / "body_summary.csv")  # no measure of the body is core: all stand there
    assert {m.name for m in measures("body")} <= set(body.columns)
    for line in (tmp_path / "limb_summary.csv").read_text(encoding="utf8").splitlines():
        assert len(line) < 400
        assert not any(len(digits.partition(".")[2]) > 2 for digits in line.split(",") if digits[:1].isdigit())


def test_a_row_of_a_csv_summary_has_one_short_reason(movement: Movement, tmp_path: Path) -> None:
    write_tables(movement, tmp_path)
    rows = {row["limb"]: row for row in pl.read_csv(tmp_path / "limb_summary.csv").iter_rows(named=True)}
    assert rows["left_leg"]["moving_pct"] is None
    assert rows["left_leg"]["withheld"].startswith("coverage 56 %, needs 70 %")
    names = {m.name for m in measures("limb", "core")}
    for row in rows.values():
        assert set((row["lower_bound"] or "").split("; ")) - {""} <= names


def test_the_data_dictionary_covers_every_measure_and_the_notice(movement: Movement, tmp_path: Path) -> None:
    write_tables(movement, tmp_path)
    with (tmp_path / "data_dictionary.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == [*(key[0] for key in KEYS), *(m.name for m in REGISTRY), "notice"]
    columns = {name for table in (movement.limb_summary, movement.body_summary) for name in table.columns}
    assert columns - {"body"} <= {row["name"] for row in rows}
    assert rows[-1]["formula"] == NOTICE


@pytest.mark.parametrize("text", ["=1+1", "+A1", "-1", "@x", "\tx", "\rx"])
def test_text_cells_are_no_formulas(text: str, tmp_path: Path) -> None:
    table = pl.DataFrame({"infant_id": [text, f"a{text}"], f"{text}name": [None, "a"], "value": [-1.0, 2.5e-9]})
    path = write_csv(table, tmp_path / "t.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [["infant_id", f"'{text}name", "value"], [f"'{text}", "", "-1.0"], [f"a{text}", "a", "2.5e-9"]]


def test_ages_of_the_sheet_stand_in_the_summary_tables() -> None:
    tracks = make_tracks(62)
    aged = analyse(tracks, sheet={"pma_days": 231, "ga_birth_days": 196, "site": "A"})
    for table in (aged.limb_summary, aged.pair_summary, aged.body_summary, aged.features_long):
        assert table.select("ga_birth_days", "pma_days").unique().rows() == [(196, 231)]
    assert "pma_days" not in aged.limb_series.columns
    assert analyse(tracks).body_summary.select("ga_birth_days", "pma_days").rows() == [(None, None)]


def test_trunk_lengths_are_a_unit_of_the_tables(movement: Movement, tmp_path: Path) -> None:
    write_tables(movement, tmp_path, trunk_lengths=True)
    body = movement.clean.body
    assert body is not None
    limb = pl.read_parquet(tmp_path / "limb_summary.parquet")
    assert limb["speed_median_tl_s"].equals(movement.limb_summary["speed_median_mm_s"] / body.trunk_length_mm)
    assert "speed_median_mm_s" not in limb.columns
    assert limb["moving_pct"].equals(movement.limb_summary["moving_pct"])
    long = pl.read_parquet(tmp_path / "features_long.parquet")
    path = long.filter((pl.col("feature") == "path_active_tl_per_min") & (pl.col("part") == "right_arm")).row(
        0, named=True
    )
    assert path["unit"] == "TL/min"
    mm = next(r for r in movement.results if r.measure.name == "path_active_mm_per_min" and r.part == "right_arm")
    assert path["value"] == pytest.approx((mm.value or 0) / body.trunk_length_mm)
    assert "trunk_length_mm" in pl.read_parquet(tmp_path / "body_summary.parquet").columns
    series = pl.read_parquet(tmp_path / "limb_series.parquet")
    assert {"x_tl", "x_body_tl", "speed_tl_s", "accel_tl_s2"} <= set(series.columns)
    assert not any("_mm" in name for name in series.columns)


def test_without_a_trunk_there_are_no_trunk_lengths(tmp_path: Path) -> None:
    write_tables(analyse(without_mm(make_tracks(62))), tmp_path, trunk_lengths=True)
    assert pl.read_parquet(tmp_path / "limb_summary.parquet")["lift_p95_tl"].null_count() == 4


def test_missing_ids_are_null_and_a_still_infant_has_an_empty_bouts_table() -> None:
    movement = analyse(make_tracks(70, infant_id=None))
    assert movement.limb_summary["infant_id"].null_count() == 4
    assert movement.bouts.height == 0
    assert movement.bouts.schema["duration_s"] == pl.Float64
