"""Reliability of the drawn measures as a picture: ICC(1,1) of single recordings, and the minutes needed."""

from typing import Any, Final

import polars as pl
from matplotlib.figure import Figure

from asyconv.analysis.cohort.drawn_measures import DRAWN, KEY_OF, NO_BAND, bands_of, label
from asyconv.analysis.cohort.reliability import APART_MAX_DAYS, INFANTS_MIN, TARGET
from asyconv.analysis.report.canvas import GRID, INK, LIMB_COLOURS, Drawing, limb_name
from asyconv.skeleton import LIMBS

ROW_IN: Final = 0.15
MINUTES: Final = (0.1, 1.0, 10.0, 100.0, 1000.0)
MARKERS: Final = dict(zip(LIMBS, "osD^", strict=True))
COLUMNS: Final = (
    *("infants", "icc_1_1", "icc_ci_lo", "icc_ci_hi", "minutes_each", "minutes_needed", "minutes_needed_lo"),
    *("minutes_needed_hi", "reason"),
)


def shown_reliability(reliability: pl.DataFrame, stratum: str) -> pl.DataFrame:
    """Rows of `reliability` of one stratum for the shown measures and limbs, in the order of the figures."""
    order = {measure.key: k for k, measure in enumerate(DRAWN)}
    names = {measure.key: label(measure) for measure in DRAWN}
    limbs = {limb: k for k, limb in enumerate(LIMBS)}
    of_stratum = reliability.filter(
        (pl.col("stratum") == stratum) & pl.col("feature").is_in(list(KEY_OF)) & pl.col("part").is_in(list(LIMBS))
    )
    key = pl.col("feature").replace_strict(KEY_OF, return_dtype=pl.String)
    band = pl.col("floor_band_mm_s").fill_null(NO_BAND)
    keyed = of_stratum.with_columns(key=key, band=band)
    bands = {name: k for k, name in enumerate([NO_BAND, *bands_of(keyed)])}
    return (
        keyed.sort(
            pl.col("key").replace_strict(order, return_dtype=pl.Int64),
            pl.col("band").replace_strict(bands, return_dtype=pl.Int64),
            pl.col("part").replace_strict(limbs, return_dtype=pl.Int64),
        )
        .with_columns(measure=pl.col("key").replace_strict(names, return_dtype=pl.String))
        .select("measure", pl.col("part").alias("limb"), pl.col("band").alias("floor_band_mm_s"), *COLUMNS)
    )


def reliability_figure(rows_of_stratum: pl.DataFrame, number: int) -> Drawing | None:
    """ICC with its interval on the left, minutes for a reliability of 0.8 on the right; None where no ICC is given."""
    given = rows_of_stratum.filter(pl.col("icc_1_1").is_not_null())
    if not given.height:
        return None
    height_in = 0.75 + ROW_IN * given.height

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, sharey=True)
        rows = list(enumerate(given.iter_rows(named=True)))
        groups: dict[str, list[int]] = {}
        for y, row in rows:
            band = "" if row["floor_band_mm_s"] == NO_BAND else f", floor {row['floor_band_mm_s']}"
            groups.setdefault(f"{row['measure']}{band}", []).append(y)
        left.set_yticks([sum(ys) / len(ys) for ys in groups.values()], list(groups), fontsize=7, color=INK)
        for ys in list(groups.values())[:-1]:
            for ax in (left, right):
                ax.axhline(ys[-1] + 0.5, color=GRID, lw=0.6)
        left.axvline(0, color=GRID, lw=0.8)
        left.axvline(TARGET, color=INK, lw=0.8, ls=(0, (4, 2)))
        left.set(xlim=(-1, 1), ylim=(given.height - 0.5, -0.5), xlabel="ICC(1,1) of single recordings; dashed: 0.8")
        right.set(xscale="log", xlim=(MINUTES[0], MINUTES[-1]), xlabel="minutes of recording for a reliability of 0.8")
        right.set_xticks(MINUTES, [f"{tick:g}" for tick in MINUTES])
        right.minorticks_off()
        for y, row in rows:
            _interval(left, y, row, "icc_1_1", "icc_ci_lo", "icc_ci_hi")
            if row["minutes_needed"] is not None:
                _interval(right, y, row, "minutes_needed", "minutes_needed_lo", "minutes_needed_hi")
        for ax in (left, right):
            ax.tick_params(axis="y", length=0)
        handles = [
            left.plot([], [], MARKERS[limb], color=LIMB_COLOURS[limb], ms=4, label=limb_name(limb))[0] for limb in LIMBS
        ]
        figure.legend(handles=handles, loc="outside upper right", ncols=4, frameon=False, fontsize=7.5)
        figure.set_layout_engine("constrained")  # names of measures with their bands are long

    rows_of_stratum = rows_of_stratum.with_columns(limb=pl.col("limb").str.replace("_", " "))
    return Drawing(f"reliability_{number:02d}", "Reliability", draw, rows_of_stratum, _summary(given), height_in)


def _interval(ax: Any, y: int, row: dict[str, Any], value: str, low: str, high: str) -> None:
    limb = row["limb"]
    start, stop = (row[end] if row[end] is not None else edge for end, edge in ((low, MINUTES[0]), (high, MINUTES[-1])))
    least, most = ax.get_xlim()
    ax.plot([start, stop], [y, y], color=LIMB_COLOURS[limb], lw=1.0)
    ax.plot([min(max(row[value], least), most)], [y], MARKERS[limb], color=LIMB_COLOURS[limb], ms=3.8)


def _summary(given: pl.DataFrame) -> str:
    icc = given["icc_1_1"].to_numpy()
    return (
        f"How well one recording tells infants apart: from two recordings of each infant at most {APART_MAX_DAYS} days "
        f"apart, given from {INFANTS_MIN} infants on. {given.height} values, ICC from {icc.min():.2f} to "
        f"{icc.max():.2f}. On the right, minutes that would have to be averaged for a reliability of {TARGET:g} "
        "(Spearman-Brown); a line to the right edge has no upper bound, a mark at an edge lies beyond it."
    )
