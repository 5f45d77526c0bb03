"""ICC(1,1) and minutes needed against published and hand-made numbers, and from which recordings they come."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import f_oneway

from asyconv.analysis.cohort.reliability import icc_1_1, pairs_of, recordings_needed, reliability_table

SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float
)
"""Six targets, four judges: Shrout and Fleiss 1979, table 2; BMS 11.24, WMS 6.26, ICC(1,1) .17."""


def test_the_example_of_shrout_and_fleiss() -> None:
    icc = icc_1_1(SHROUT_FLEISS)
    assert icc.value == pytest.approx((11.24 - 6.26) / (11.24 + 3 * 6.26), abs=5e-4)  # mean squares printed to 0.01
    assert round(float(icc.value or 0), 2) == 0.17
    assert (round(float(icc.low or 0), 2), round(float(icc.high or 0), 2)) == (-0.13, 0.72)


def test_two_recordings_by_hand() -> None:
    # means 1, 3, 5 (grand mean 3): BMS = 2 (4 + 0 + 4) / 2 = 8; deviations +-1: WMS = 6 / 3 = 2; (8 - 2) / (8 + 2)
    icc = icc_1_1(np.array([[0.0, 2.0], [4.0, 2.0], [4.0, 6.0]]))
    assert icc.value == pytest.approx(0.6)


@given(st.lists(st.tuples(*[st.floats(-100, 100)] * 3), min_size=10, max_size=30))
def test_against_an_analysis_of_variance(rows: list[tuple[float, ...]]) -> None:
    ratings = np.round(np.array(rows), 3) + np.arange(3) * 0.01
    icc = icc_1_1(ratings)
    if icc.value is None:
        return
    ratio = float(f_oneway(*ratings).statistic)
    assert icc.value == pytest.approx((ratio - 1) / (ratio + 2), rel=1e-6, abs=1e-9)
    assert icc.low is not None
    assert icc.high is not None
    assert -0.5 <= icc.low <= icc.value <= icc.high <= 1


def test_recordings_of_an_infant_that_do_not_differ_give_no_icc() -> None:
    for ratings in (np.ones((10, 2)), np.arange(10.0)[:, None] + np.zeros(2)):
        icc = icc_1_1(ratings)
        assert (icc.value, icc.reason) == (None, "the recordings of an infant do not differ")


def test_spearman_brown() -> None:
    assert recordings_needed(0.8) == pytest.approx(1)
    assert recordings_needed(0.5) == pytest.approx(4)  # 4 x 0.5 / (1 + 3 x 0.5) = 0.8
    assert recordings_needed(0.0) is None
    assert recordings_needed(-0.2) is None


def values(rows: list[tuple[str, str, int, float]], **columns: str) -> pl.DataFrame:
    """Values of one measure: recording, infant, age in days, value."""
    table = pl.DataFrame(rows, schema=["recording_id", "infant_id", "pma_days", "value"], orient="row")
    fixed = {"stratum": "s", "scope": "limb", "part": "left_arm", "feature": "moving_pct", "unit": "%"} | columns
    return table.with_columns(
        *(pl.lit(v).alias(k) for k, v in fixed.items()),
        pl.lit(None, pl.String).alias("floor_band_mm_s"),
        pl.lit(120.0).alias("analysed_s"),
    )


def test_the_first_two_recordings_at_most_a_week_apart_are_taken() -> None:
    found = pairs_of(
        values(
            [
                ("c", "i1", 230, 3.0), ("a", "i1", 220, 1.0), ("d", "i1", 236, 4.0), ("e", "i1", 237, 5.0),
                ("f", "i2", 220, 1.0), ("g", "i2", 228, 2.0),  # eight days
                ("k", "i3", 220, 9.0), ("h", "i3", 220, 8.0),  # the same day
            ]
        )
    )  # fmt: skip
    assert found.select("infant_id", "value", "value_2").rows() == [("i1", 3.0, 4.0), ("i3", 8.0, 9.0)]


def infants(n: int, stratum: str = "s") -> pl.DataFrame:
    rows = [(f"r{k}-{j}", f"i{k}", 220 + j, 10.0 * k + (-1) ** k * j) for k in range(n) for j in range(2)]
    return values(rows, stratum=stratum)


def test_ten_infants_are_needed_and_strata_are_never_pooled() -> None:
    row = reliability_table(infants(10)).row(0, named=True)
    expected = icc_1_1(np.array([[10.0 * k, 10.0 * k + (-1) ** k] for k in range(10)]))
    assert (row["infants"], row["icc_1_1"], row["reason"]) == (10, pytest.approx(expected.value), None)
    assert row["icc_ci_lo"] < row["icc_1_1"] < row["icc_ci_hi"]
    assert row["minutes_each"] == 2.0
    needed = recordings_needed(row["icc_1_1"])
    assert needed is not None
    assert row["minutes_needed"] == pytest.approx(2 * needed)
    assert row["minutes_needed_lo"] < row["minutes_needed"] < row["minutes_needed_hi"]
    assert row["recordings_needed"] == math.ceil(needed) == 1
    two = reliability_table(pl.concat([infants(9), infants(9, "t")]))
    assert two["icc_1_1"].null_count() == 2
    assert two["reason"].unique().to_list() == ["9 infants with two recordings at most 7 days apart, needs 10"]
    alone = reliability_table(infants(12).filter(pl.col("recording_id").str.ends_with("0")))
    assert alone["reason"].to_list() == ["0 infants with two recordings at most 7 days apart, needs 10"]


def test_no_minutes_from_an_icc_that_is_not_above_zero() -> None:
    rows = [(f"r{k}-{j}", f"i{k}", 220, float((k + j) % 2)) for k in range(12) for j in range(2)]
    row = reliability_table(values(rows)).row(0, named=True)
    assert row["icc_1_1"] == pytest.approx(-1.0)
    assert row["minutes_needed"] is None
    assert row["reason"] == "ICC not above 0: no number of recordings would do"
