"""Distribution of the drawn measures within one stratum: a dot per infant, floor bands side by side, never pooled."""

import textwrap
from typing import Any, Final

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from asyconv.analysis.cohort.age_matched import INFANTS_MIN
from asyconv.analysis.cohort.dots import dots, spread
from asyconv.analysis.cohort.drawn_measures import DRAWN, NO_BAND, bands_of, label, once_each
from asyconv.analysis.report.canvas import GRID, INK, LIMB_COLOURS, MUTED, Drawing, limb_name
from asyconv.skeleton import LIMBS

ROW_IN: Final = 1.12
QUARTILES: Final = {"p25": 0.25, "median": 0.5, "p75": 0.75}


def distribution_table(values: pl.DataFrame) -> pl.DataFrame:
    """One row per measure, limb and floor band of `values` (one each): infants, least and most, quartiles from 20."""
    rows = []
    for measure in DRAWN:
        for limb in LIMBS:
            of_limb = values.filter((pl.col("key") == measure.key) & (pl.col("part") == limb))
            for band in bands_of(of_limb) if measure.floor_decides else [NO_BAND]:
                of_band = of_limb.filter(pl.col("band") == band)["value"]
                if not len(of_band):
                    continue
                several = len(of_band) >= INFANTS_MIN
                quartiles = [of_band.quantile(q, "linear") if several else None for q in QUARTILES.values()]
                spread_of = (len(of_band), of_band.min(), *quartiles, of_band.max())
                rows.append((label(measure), limb_name(limb), band, *spread_of))
    schema = {"measure": pl.String, "limb": pl.String, "floor_band_mm_s": pl.String, "infants": pl.Int64}
    schema |= dict.fromkeys(("min", *QUARTILES, "max"), pl.Float64)
    return pl.DataFrame(rows, schema=schema, orient="row")


def distribution(values: pl.DataFrame, number: int) -> Drawing | None:
    """Rows are measures, columns limbs; in each a column of dots per floor band, with a box from 20 infants on.

    `values` are those of one stratum (`drawn_values`); None where there are none.
    """
    once = once_each(values)
    if not once.height:
        return None
    drawn = [measure for measure in DRAWN if measure.key in set(once["key"])]
    rows = sorted(drawn, key=lambda measure: not measure.floor_decides)  # those with floor bands first
    bands = bands_of(once)
    floored = sum(measure.floor_decides for measure in rows)
    height_in = ROW_IN * len(rows) + 1.2

    def draw(figure: Figure) -> None:
        # the rows with floor bands, a gap for the names of these, the rows without
        heights = [1.0] * floored + [0.35] * (floored > 0) + [1.0] * (len(rows) - floored)
        grid = figure.subplots(len(heights), len(LIMBS), sharey="row", squeeze=False, height_ratios=heights)
        for ax in grid[floored] if floored else []:
            ax.axis("off")
        lines = [*grid[:floored], *grid[floored + (floored > 0) :]]
        for k, (line, measure) in enumerate(zip(lines, rows, strict=True)):
            for ax, limb in zip(line, LIMBS, strict=True):
                columns = bands if measure.floor_decides else [NO_BAND]
                of_limb = once.filter((pl.col("key") == measure.key) & (pl.col("part") == limb))
                _panel(ax, of_limb, columns, LIMB_COLOURS[limb])
                if measure.floor_decides and k == floored - 1:
                    ax.set_xticks(range(len(columns)), [*map(_short, columns)], fontsize=6, rotation=40, ha="right")
                    ax.set_xlabel("speed floor (mm/s)", fontsize=7)
            line[0].set_ylabel(textwrap.fill(label(measure), 18), fontsize=7)
            line[0].set_ylim(bottom=min(0.0, line[0].get_ylim()[0]))
        for ax, limb in zip(lines[0], LIMBS, strict=True):
            ax.set_title(limb_name(limb), fontsize=8.5, weight="bold", color=INK)
        figure.align_ylabels([line[0] for line in lines])
        below_in = 0.6 if floored == len(rows) else 0.12
        top, bottom = 1 - 0.25 / height_in, below_in / height_in
        figure.subplots_adjust(left=0.115, right=0.995, top=top, bottom=bottom, hspace=0.22, wspace=0.08)

    data = once.select("recording_id", "infant_id", "feature", "part", "band", "value", "unit", "lower_bound")
    data = data.rename({"band": "floor_band_mm_s"})
    name, table = f"distribution_{number:02d}", distribution_table(once)
    return Drawing(name, "Measures", draw, data, _summary(once), height_in, table=table)


def _panel(ax: Any, values: pl.DataFrame, bands: list[str], colour: str) -> None:
    for x, band in enumerate(bands):
        of_band = values.filter(pl.col("band") == band)["value"].sort().to_numpy()
        places = [x + 0.62 * place for place in spread(len(of_band))]
        dots(ax, places, of_band.tolist(), colour, 7 if len(of_band) < 200 else 3)
        if len(of_band) >= INFANTS_MIN:
            low, middle, high = np.quantile(of_band, list(QUARTILES.values()))
            ax.plot([x - 0.4, x + 0.4], [middle, middle], color=INK, lw=1.4, zorder=4)
            ax.fill_between([x - 0.4, x + 0.4], low, high, fc="none", ec=INK, lw=0.8, zorder=3)
    ax.set_xlim(-0.6, len(bands) - 0.4)
    ax.set_xticks(range(len(bands)) if len(bands) > 1 else [], [""] * len(bands) if len(bands) > 1 else [])
    ax.tick_params(axis="y", labelsize=6.5)
    ax.margins(y=0.1)
    ax.yaxis.get_major_locator().set_params(nbins=4)
    ax.grid(axis="y", color=GRID, lw=0.5)
    ax.set_axisbelow(True)
    if not values.height:
        ax.text(0.5, 0.5, "none given", transform=ax.transAxes, ha="center", va="center", fontsize=7, color=MUTED)


def _short(band: str) -> str:
    """`to 6.25` and `6.25 to 7.81` as a tick has room for them."""
    return band.replace(" to ", "\N{EN DASH}").replace("to ", "\N{LESS-THAN OR EQUAL TO} ")


def _summary(once: pl.DataFrame) -> str:
    infants, bounds = once["who"].n_unique(), int(once["lower_bound"].sum())
    return (
        f"One dot per infant: its first recording under each floor band, {infants} infants in all. Boxes (quartiles, "
        f"median) are drawn from {INFANTS_MIN} infants on. Amounts depend on the speed floor, so its bands stand side "
        f"by side and must not be read against each other. {bounds} of {once.height} values are lower bounds. The "
        "spread is this cohort's; it is no norm."
    )
