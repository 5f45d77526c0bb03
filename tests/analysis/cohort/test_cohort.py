"""The cohort: who is compared with whom, who is not and why, and what a sheet may say."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from asyconv.analysis.cohort.age_matched import against_others, middle, others_of
from asyconv.analysis.cohort.strata import COMPARED, FLOOR_DEPENDENT, floor_band_mm_s, limbs_of
from asyconv.notice import NOTICE
from tests.helpers.commands import invoke
from tests.helpers.made_cohort import Made, make_results


@pytest.fixture(autouse=True)
def _tables_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the pages out, which have tests of their own and whose figures take seconds."""
    monkeypatch.setattr("asyconv.analysis.cohort.report.write_cohort_report", lambda cohort, folder: [])


def read(results: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(results / "cohort" / f"{name}.parquet")


def moving(results: Path) -> dict[str, dict[str, Any]]:
    rows = read(results, "features_compared").filter(
        (pl.col("feature") == "moving_pct") & (pl.col("part") == "left_arm")
    )
    return {row["recording_id"]: row for row in rows.iter_rows(named=True)}


def many(n: int = 21, **changed: Any) -> list[Made]:
    """Recordings of `n` infants, two days apart at most from 220 days, moving 1, 2, ... n % of the time."""
    return [Made(f"r-{k:02d}", f"i-{k:02d}", 219 + k % 3, float(k + 1), **changed) for k in range(n)]


def test_floor_bands_are_never_wider_than_the_rule() -> None:
    assert floor_band_mm_s(0.0) == floor_band_mm_s(6.25) == "to 6.25"
    assert floor_band_mm_s(6.26) == floor_band_mm_s(7.8125) == "6.25 to 7.81"
    assert floor_band_mm_s(7.82) == "7.81 to 9.77"
    assert limbs_of("body") == ("right_arm", "left_arm", "right_leg", "left_leg")
    assert limbs_of("left_arm-left_leg") == ("left_arm", "left_leg")
    assert limbs_of("left_knee") == ("left_leg",)
    assert "moving_pct" in FLOOR_DEPENDENT
    assert "elbow_rom_deg" in COMPARED - FLOOR_DEPENDENT
    assert "coverage_used_pct" not in COMPARED


def test_the_median_of_what_is_there() -> None:
    values = np.array([[3.0, np.nan, 1.0, 2.0], [4.0, 1.0, np.nan, np.nan], [np.nan] * 4])
    found, count = middle(values)
    np.testing.assert_array_equal(found, [2.0, 2.5, np.nan])
    np.testing.assert_array_equal(count, [3, 2, 0])
    assert np.isnan(middle(np.empty((2, 0)))[0]).all()


def test_others_are_other_infants_nearest_in_age_once_each() -> None:
    age = np.array([200.0, 206.0, 210.0, 214.0, 224.0, 225.0])
    infant = np.array([1, 2, 0, 2, 3, 4])
    # infant 2 is 4 days away on either side: the younger recording; 224 is 14 days away, 225 is too far
    assert others_of(2, age, infant).tolist() == [0, 1, 4]
    assert others_of(1, age, infant).tolist() == [2, 0]  # not its own recording of 214 days


def test_z_by_hand() -> None:
    # others 1..20: median 10.5, deviations 0.5, 0.5, 1.5, ... 9.5 twice: MAD 5; (21 - 10.5) / (1.4826 x 5)
    values = np.arange(1.0, 22.0)[None]
    z, count, median, spread = against_others(values, np.full(21, 220.0), np.arange(21))
    assert (z[0, 20], count[0, 20]) == (pytest.approx(10.5 / 7.413), 20)
    assert (median[0, 20], spread[0, 20]) == (10.5, pytest.approx(7.413))
    z, count, *_ = against_others(values[:, :20], np.full(20, 220.0), np.arange(20))
    assert np.isnan(z).all()
    assert (count == 19).all()


def test_a_cohort_of_21_gives_z_and_20_do_not(tmp_path: Path) -> None:
    results = make_results(tmp_path / "results", many())
    done = invoke("cohort", results)
    assert done.exit_code == 0, done.output
    assert "21 recordings, 0 left out, 21 infants, 0 without age, 1 group, 0 contradictions" in done.stderr
    last = moving(results)["r-20"]
    assert last["z"] == pytest.approx(10.5 / (1.4826 * 5))
    assert (last["z_infants"], last["z_reason"]) == (20, None)
    assert read(results, "strata").row(0, named=True)["infants"] == 21
    fewer = make_results(tmp_path / "fewer" / "results", many(20))
    invoke("cohort", fewer)
    assert {row["z"] for row in moving(fewer).values()} == {None}
    assert moving(fewer)["r-00"]["z_reason"] == "19 other infants within 14 days of age, needs 20"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rate_hz": 6.0}, "0 other infants within 14 days of age, needs 20"),
        ({"weights_hash": "1" * 64}, "0 other infants within 14 days of age, needs 20"),
        ({"floor_mm_s": 8.0}, "0 other infants within 14 days of age, needs 20"),
        ({"pma_days": 240}, "0 other infants within 14 days of age, needs 20"),
        ({"pma_days": None}, "pma_days is not stated"),
        ({"infant_id": None}, "infant_id is not stated"),
        ({"sha256": "r-03"}, "left out: the same input as r-03"),
        ({"sheet": (("exclude_reason", "sedated"),)}, "left out: excluded by the sheet"),
    ],
)
def test_what_differs_is_not_compared_and_not_a_reference(changed: dict[str, Any], said: str, tmp_path: Path) -> None:
    other = Made(**{"recording_id": "r-99", "infant_id": "i-99", "value": 50.0, **changed})
    results = make_results(tmp_path / "results", [*many(), other])
    assert invoke("cohort", results).exit_code == 0
    assert moving(results)["r-99"]["z"] is None
    assert moving(results)["r-99"]["z_reason"] == said
    assert moving(results)["r-20"]["z_infants"] == 20


def test_why_a_recording_is_excluded_stays_on_the_terminal(tmp_path: Path) -> None:
    results = make_results(tmp_path / "results", [Made("r-0", "i-0"), Made("r-1", "i-1")])
    sheet = tmp_path / "Rossi.csv"
    sheet.write_text("file,recording_id,exclude_reason,ward\na.oni,r-1,Maria Rossi was fed,3\n")
    said = invoke("cohort", results, "--sheet", sheet).stderr
    assert "r-1: left out: Maria Rossi was fed" in said
    rows = dict(read(results, "recordings").select("recording_id", "left_out").iter_rows())
    assert rows == {"r-0": None, "r-1": "excluded by the sheet"}
    for path in (path for path in results.rglob("*") if path.is_file()):
        content = pl.read_parquet(path).write_csv().encode() if path.suffix == ".parquet" else path.read_bytes()
        assert b"Rossi" not in content, path


def test_the_floor_band_matters_only_where_the_floor_decides(tmp_path: Path) -> None:
    results = make_results(tmp_path / "results", [*many(), Made("r-99", "i-99", floor_mm_s=8.0)])
    invoke("cohort", results)
    table = read(results, "features_compared").filter(pl.col("recording_id") == "r-99")
    angle = table.filter(pl.col("feature") == "elbow_rom_deg").row(0, named=True)
    assert (angle["floor_band_mm_s"], angle["z_infants"]) == (None, 21)
    assert table.filter(pl.col("feature") == "moving_pct")["floor_band_mm_s"].unique().to_list() == ["7.81 to 9.77"]


def test_reliability_comes_from_separate_recordings(tmp_path: Path) -> None:
    twice = [Made(f"s-{k:02d}", f"i-{k:02d}", 222 + k % 3, k + 1.5 + k % 2) for k in range(12)]
    results = make_results(tmp_path / "results", [*many(12), *twice])
    invoke("cohort", results)
    row = read(results, "reliability").filter(
        (pl.col("feature") == "moving_pct") & (pl.col("part") == "left_arm")
    ).row(0, named=True)  # fmt: skip
    assert row["infants"] == 12
    assert 0.9 < row["icc_1_1"] < 1
    assert row["minutes_each"] == pytest.approx(1.0)
    alone = make_results(tmp_path / "alone" / "results", many(12))
    invoke("cohort", alone)
    table = read(alone, "reliability")
    assert table["icc_1_1"].null_count() == table.height > 0
    assert table["reason"].unique().to_list() == ["0 infants with two recordings at most 7 days apart, needs 10"]


def test_a_sheet_is_joined_checked_and_counted(tmp_path: Path) -> None:
    results = make_results(tmp_path / "results", [Made(f"r-{k}", "i-1", 220, sha256=str(k)) for k in range(5)])
    names = tmp_path / "names.csv"
    names.write_text(f"recording_id,source\nr-1,{tmp_path}/Maria Rossi.oni\n")
    sheet = tmp_path / "s.csv"
    sheet.write_text(
        "file,recording_id,infant_id,pma_days,ga_birth_days,ward\n"
        "a.oni,r-0,i-1,30+0,27+0,=A\n"
        "Maria Rossi.oni,,i-2,,28+0,B\n"
        "b.oni,r-7,i-3,31+0,,B\n"
        "c.oni,,i-3,31+0,,B\n"
        "d.oni,r-2,i-1,,31+5,B\n"
        "e.oni,r-3,i-1,31+0,29+0,B\n"
    )
    done = invoke("cohort", results, "--sheet", sheet, "--names", names)
    assert done.exit_code == 0, done.output
    for sentence in (
        "column kept as it is: ward",
        "line 4: no finished recording r-7",
        "line 5: states no recording_id, and its file is not in source_names.csv (--names)",
        "r-4: no line in the sheet",
        "r-0: pma_days was 220 when it was processed, is 210",
        "r-1: infant_id was i-1 when it was processed, is i-2",
        "r-2: pma_days 220 before ga_birth_days 222; neither is used",
        "infant i-1: ga_birth_days differs between recordings: 189, 203",
    ):
        assert sentence in done.stderr, sentence
    table = read(results, "recordings")
    assert table.select("recording_id", "infant_id", "pma_days", "ga_birth_days", "sheet_ward").rows() == [
        ("r-0", "i-1", 210, 189, "=A"),
        ("r-1", "i-2", 220, 196, "B"),
        ("r-2", "i-1", None, None, "B"),
        ("r-3", "i-1", 217, 203, "B"),
        ("r-4", "i-1", 220, None, None),
    ]
    assert ",'=A" in (results / "cohort" / "recordings.csv").read_text()
    assert read(results, "mismatches").height == done.stderr.count("\n") - 1
    for path in (results / "cohort").iterdir():
        assert b"Rossi" not in path.read_bytes()


def test_limb_tables_hold_everyone_with_ages_and_strata(tmp_path: Path) -> None:
    results = make_results(tmp_path / "results", many(3))
    invoke("cohort", results)
    for name, rows in (("limb_summary", 12), ("pair_summary", 18), ("body_summary", 3)):
        table = read(results, name)
        assert table.height == rows
        first = ["recording_id", "infant_id", "ga_birth_days", "pma_days", "site", "camera_id", "state", "stratum"]
        assert table.columns[:8] == first
        assert pl.read_csv(results / "cohort" / f"{name}.csv").height == rows
    meta = pl.read_parquet_metadata(results / "cohort" / "limb_summary.parquet")["asyconv"]
    assert json.loads(meta)["notice"] == NOTICE


def test_the_same_results_give_the_same_bytes_and_old_tables_go(tmp_path: Path) -> None:
    results = make_results(tmp_path / "results", many(4))
    invoke("cohort", results)
    first = {path.name: path.read_bytes() for path in (results / "cohort").iterdir()}
    (results / "cohort" / "stale.csv").write_text("old")
    invoke("cohort", results)
    assert {path.name: path.read_bytes() for path in (results / "cohort").iterdir()} == first
    assert not list(results.glob(".tmp-*"))


def test_tables_that_cannot_be_read_are_left_out_by_name(tmp_path: Path) -> None:
    results = make_results(tmp_path / "results", many(3))
    (results / "r-00" / "features_long.parquet").write_bytes(b"PAR1")
    pl.DataFrame({"value": [1.0]}).write_parquet(results / "r-01" / "features_long.parquet")
    done = invoke("cohort", results)
    assert done.exit_code == 0, done.output
    rows = dict(read(results, "recordings").select("recording_id", "left_out").rows())
    assert rows["r-00"] == "its tables cannot be read"
    assert rows["r-01"].startswith("its tables lack")
    assert rows["r-02"] is None


def test_nothing_to_bring_together_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    done = invoke("cohort", tmp_path / "results")
    assert done.exit_code == 1
    assert "expected a folder of results" in done.stderr
    assert list((tmp_path / "results").iterdir()) == []  # a mark there would hide recordings
    done = invoke("cohort", make_results(tmp_path / "some" / "results", many(1)), "--names", tmp_path / "none.csv")
    assert done.exit_code == 0  # no sheet, so no names are needed


def test_a_cohort_of_forty_is_whole(tmp_path: Path) -> None:
    both = [Made(f"r-{k:02d}", f"i-{k // 2:02d}", 215 + k % 7, float(k)) for k in range(40)]
    results = make_results(tmp_path / "results", both)
    assert invoke("cohort", results).exit_code == 0
    table = read(results, "features_compared")
    assert table["recording_id"].n_unique() == 40
    assert table.filter(pl.col("z").is_null() & pl.col("z_reason").is_null()).height == 0
    assert table.filter(pl.col("z").is_not_null() & (pl.col("z_infants") < 20)).height == 0
    assert set(table["z_infants"].unique()) <= set(range(20))  # 20 infants, so 19 others
