"""What the cohort's report counts: recordings found, failed, excluded, withheld and used."""

from pathlib import Path

import polars as pl

from asyconv.analysis.cohort.inclusion import inclusion
from asyconv.night.one_recording import EXCLUDED
from asyconv.night.results import failed
from tests.helpers.cohort_report import pages_of, report
from tests.helpers.made_cohort import Made, make_results


def test_failures_are_those_without_a_result(mixed: Path) -> None:
    assert failed(mixed) == {k: f"{k}: expected depth frames, found none that is whole" for k in ("v-0", "v-1")}
    (mixed / ".failed" / "w.json").write_text("{")
    assert failed(mixed)["w"] == "its record of failure cannot be read"
    (mixed / ".failed" / "w.json").unlink()


def test_the_flow_adds_up(mixed: Path) -> None:
    rows = pl.read_csv(mixed / "cohort" / "figures" / "inclusion.csv").iter_rows()
    table = {(stage, reason): (n, infants) for stage, reason, n, infants in rows}
    assert table == {
        ("found", None): (41, 27),
        ("failed", None): (2, 0),
        ("failed", "expected depth frames, found none that is whole"): (2, 0),
        ("excluded", None): (2, 2),
        ("excluded", EXCLUDED): (1, 1),
        ("excluded", "the same input as another recording"): (1, 1),
        ("withheld", None): (2, 1),
        ("withheld", "coverage … %, needs 70 %"): (2, 1),
        ("used", None): (35, 24),
        ("compared", None): (35, 24),
    }
    words = pages_of(mixed / "cohort")["report.html"].words
    assert "41 recordings were found. Left out: 2 failed, 2 excluded, 2 with all amounts withheld." in words
    assert "Used: 35 recordings of 24 named infants." in words


def test_recordings_that_name_no_infant_are_not_of_0_infants(tmp_path: Path) -> None:
    results = make_results(tmp_path / "results", [Made("r-0", None, None), Made("r-1", None, None)])
    page = pages_of(report(results))["report.html"]
    assert "2 recordings were found. Used: 2 recordings of unnamed infants." in page.words
    assert "None of these states both infant and age" in page.words
    assert " 0 named" not in page.words
    assert not (results / "cohort" / "figures" / "inclusion.png").exists()  # no boxes where nothing dropped out


def test_a_recording_counts_once_under_the_reason_of_most_limbs() -> None:
    recordings = pl.DataFrame({"recording_id": ["r"], "infant_id": ["i"], "pma_days": [220], "left_out": [None]})
    values = pl.DataFrame(
        {
            "recording_id": ["r"] * 4,
            "feature": ["moving_pct"] * 4,
            "epoch_start_s": [0.0] * 4,
            "value": pl.Series([None] * 4, dtype=pl.Float64),
            "reason": ["b", "coverage 10 %, needs 70 %", "coverage 20.5 %, needs 70 %", "a"],
        }
    )
    failed = pl.DataFrame(schema={"recording_id": pl.String, "reason": pl.String})
    found = inclusion(recordings, values, failed).filter(pl.col("stage") == "withheld")
    assert found["reason"].to_list() == [None, "coverage … %, needs 70 %"]
