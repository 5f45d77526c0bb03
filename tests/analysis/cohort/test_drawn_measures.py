"""Values that the cohort's report shows: by stratum and floor, once an infant, percentiles where n allows."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from asyconv.analysis.cohort.by_age import percentiles
from asyconv.analysis.cohort.distribution import distribution, distribution_table
from asyconv.analysis.cohort.dots import spread
from asyconv.analysis.cohort.drawn_measures import DRAWN, NO_BAND, bands_of, drawn_values, label, once_each, weeks
from asyconv.analysis.cohort.reliability_plot import reliability_figure
from asyconv.analysis.report.canvas import Drawing
from asyconv.skeleton import LIMBS
from tests.helpers.cohort_report import pages_of


def test_strata_and_floors_stand_apart(mixed: Path) -> None:
    pages = pages_of(mixed / "cohort")
    assert {"report.html", "stratum-01.html", "stratum-02.html"} == set(pages)
    values = {k: pl.read_csv(mixed / "cohort" / "figures" / f"distribution_{k:02d}.csv") for k in (1, 2)}
    by_stratum = [set(table["recording_id"].str.slice(0, 1)) for table in values.values()]
    assert by_stratum == [{"r", "u"}, {"t"}]  # an infant is drawn once, by its first recording; u-2 has its angles
    assert "u-2" not in set(values[1].filter(pl.col("feature") == "moving_pct")["recording_id"])
    bands = values[1].filter(pl.col("feature") == "moving_pct").group_by("floor_band_mm_s").len().sort("len")
    assert bands.rows() == [("6.25 to 7.81", 24), ("to 6.25", 60)]
    table = pl.read_csv(mixed / "cohort" / "figures" / "distribution_01_table.csv")
    amounts = table.filter((pl.col("measure") == "Moving (%)") & (pl.col("limb") == "left arm"))
    rows = amounts.select("floor_band_mm_s", "infants", "median").rows()
    assert rows == [("to 6.25", 15, None), ("6.25 to 7.81", 6, None)]
    bends = table.filter(pl.col("measure").str.starts_with("Elbow") & (pl.col("limb") == "left arm"))
    assert bends.select("floor_band_mm_s", "infants").rows() == [(NO_BAND, 23)]  # and u-2, u-3
    assert bends["median"][0] is not None
    assert "SIMULATED" in pages["report.html"].words
    assert "3 of 39 recordings are SIMULATED" in pages["stratum-01.html"].words


def test_values_by_hand() -> None:
    values = pl.DataFrame(
        {
            "stratum": ["s"] * 41,
            "band": ["to 6.25"] * 40 + ["7.81 to 9.77"],
            "key": ["moving_pct"] * 41,
            "part": ["left_arm"] * 41,
            "pma_days": [220] * 20 + [210] * 20 + [220],
            "recording_id": [f"r-{k}" for k in range(41)],
            "who": [f"infant {k % 20}" for k in range(40)] + ["infant 0"],
            "value": [float(k) for k in range(41)],
        }
    )
    once = once_each(values)
    assert sorted(once["value"]) == [*map(float, range(20, 40)), 40.0]  # the younger one of each; the other band too
    rows = distribution_table(once).rows()
    assert rows[0] == ("Moving (%)", "left arm", "to 6.25", 20, 20.0, 24.75, 29.5, 34.25, 39.0)
    assert rows[1] == ("Moving (%)", "left arm", "7.81 to 9.77", 1, 40.0, None, None, None, 40.0)
    assert bands_of(values.reverse()) == ["to 6.25", "7.81 to 9.77"]
    assert (weeks(None), weeks(220), weeks(217)) == ("–", "31+3", "31+0")
    assert spread(4) == [0.0, 0.0, -0.25, 0.25]
    assert len({place for place in spread(300)[1:]}) == 299
    assert all(-0.5 <= place <= 0.5 for place in spread(300))


def drawn_by_hand() -> pl.DataFrame:
    """A value of every drawn measure: under two floors where the floor decides."""
    bands = {True: ("to 6.25", "152.59 to 190.73"), False: (NO_BAND,)}
    rows = [(measure, band) for measure in DRAWN for band in bands[measure.floor_decides]]
    return pl.DataFrame(
        {
            "stratum": "s", "band": [band for _, band in rows], "key": [measure.key for measure, _ in rows],
            "feature": [measure.key for measure, _ in rows], "part": "left_arm", "pma_days": 220, "recording_id": "r-1",
            "infant_id": "i-1", "who": "infant i-1", "value": 1.0, "unit": "", "lower_bound": False,
        }
    )  # fmt: skip


def drawn(drawing: Drawing | None) -> Figure:
    assert drawing is not None
    figure = Figure(figsize=(drawing.width_in, drawing.height_in))
    FigureCanvasAgg(figure)
    drawing.draw(figure)
    figure.canvas.draw()
    return figure


def test_the_floors_are_named_below_the_last_measure_that_has_them() -> None:
    figure = drawn(distribution(drawn_by_hand(), 1))
    named = [ax for ax in figure.axes if ax.get_xlabel()]
    assert len(named) == len(LIMBS)
    bands = [tick.get_text() for tick in named[0].get_xticklabels()]
    assert bands == ["\N{LESS-THAN OR EQUAL TO} 6.25", "152.59\N{EN DASH}190.73"]
    lowest = min(ax.get_position().y0 for ax in figure.axes if len(ax.get_xticks()) == 2)
    assert named[0].get_position().y0 == lowest
    assert all(not ax.get_ylabel().endswith("()") for ax in figure.axes)


def test_long_names_of_measures_are_not_cut_off_beside_their_reliability() -> None:
    values = drawn_by_hand()
    icc = dict.fromkeys(("icc_1_1", "icc_ci_lo", "icc_ci_hi"), 0.5)
    minutes = dict.fromkeys(("minutes_needed", "minutes_needed_lo", "minutes_needed_hi"), 9.0)
    rows = values.select(
        measure=pl.col("key").replace_strict({measure.key: label(measure) for measure in DRAWN}),
        limb="part", floor_band_mm_s="band",
        **{name: pl.lit(value) for name, value in (icc | minutes).items()},
    )  # fmt: skip
    figure = drawn(reliability_figure(rows, 1))
    names = [tick.get_window_extent() for tick in figure.axes[0].get_yticklabels()]
    assert len(names) == values.height
    assert min(name.x0 for name in names) >= 0


def test_percentiles_come_only_where_n_allows() -> None:
    def of(n: int, ages: list[float]) -> pl.DataFrame:
        infant = [f"i{k}" for k in range(n)]
        return percentiles(np.resize(np.array(ages), n), infant, np.arange(n, dtype=float))

    assert of(19, [220]).height == 0
    level = of(20, [220, 260])
    assert level.rows() == [pytest.approx((age, 20, 1.9, 9.5, 17.1)) for age in (220.0, 260.0)]
    assert of(49, [220, 260])["infants"].to_list() == [49, 49]
    running = of(50, [220.0, 300.0])  # 25 infants at either age, none between
    assert set(running["infants"]) == {25}
    assert all(min(abs(age - 220), abs(age - 300)) <= 14 for age in running["age_days"])
    assert running.filter(pl.col("age_days") == 220)["p50"].to_list() == [24.0]  # of 0, 2, ... 48
    assert of(50, [200.0, 230.0, 260.0]).height == 0  # 17 at most within two weeks
    twice = percentiles(np.repeat([220.0, 221.0], 19), [f"i{k % 19}" for k in range(38)], np.arange(38.0))
    assert twice.height == 0  # 38 recordings, but 19 infants


def test_percentiles_take_one_recording_of_an_infant_the_nearest_in_age() -> None:
    age = np.array([*np.linspace(215, 225, 50), 220.0, 226.0])
    infant = [*(f"i{k}" for k in range(50)), "twin", "twin"]
    value = np.array([*np.zeros(50), 1000.0, 7.0])
    found = percentiles(age, infant, value)
    assert set(found["infants"]) == {51}
    at_217 = found.filter(pl.col("age_days") == 217)
    assert at_217.select("p10", "p50", "p90").row(0) == (0.0, 0.0, 0.0)


def test_shown_values_leave_out_what_is_left_out(mixed: Path) -> None:
    values = drawn_values(pl.read_parquet(mixed / "cohort" / "features_compared.parquet"))
    assert {"u-0", "u-1"}.isdisjoint(values["recording_id"])
    assert set(values["key"]) <= {one.key for one in DRAWN}
    assert values.filter(pl.col("recording_id") == "u-3")["who"].unique().to_list() == ["recording u-3"]
