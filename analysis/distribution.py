"""Distribution of the shown measures within one stratum: a dot per infant, floor bands side by side, never pooled."""

from typing import Any, Final

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from asyconv.analysis.canvas import GRID, INK, LIMB_COLOURS, MUTED, limb_name
from asyconv.analysis.comparison import INFANTS_MIN
from asyconv.analysis.drawing import Drawing, dots, drawn, spread
from asyconv.analysis.shown import NO_BAND, SHOWN, Shown, bands_of, label, once_each
from asyconv.skeleton import LIMBS

ROW_IN: Final = 1.12
QUARTILES: Final = {"p25": 0.25, "median": 0.5, "p75": 0.75}


def distribution_table(values: pl.DataFrame) -> pl.DataFrame:
    """One row per measure, limb and floor band of `values` (one each): infants, least and most, quartiles from 20."""
    rows = []
    for one in SHOWN:
        for limb in LIMBS:
            here = values.filter((pl.col("key") == one.key) & (pl.col("part") == limb))
            for band in bands_of(here) if one.floor_decides else [NO_BAND]:
                found = here.filter(pl.col("band") == band)["value"]
                if not len(found):
                    continue
                quartiles = [
                    found.quantile(q, "linear") if len(found) >= INFANTS_MIN else None for q in QUARTILES.values()
                ]
                rows.append((label(one), limb_name(limb), band, len(found), found.min(), *quartiles, found.max()))
    schema = {"measure": pl.String, "limb": pl.String, "floor_band_mm_s": pl.String, "infants": pl.Int64}
    schema |= dict.fromkeys(("min", *QUARTILES, "max"), pl.Float64)
    return pl.DataFrame(rows, schema=schema, orient="row")


def distribution(values: pl.DataFrame, number: int) -> Drawing | None:
    """Rows are measures, columns limbs; in each a column of dots per floor band, with a box from 20 infants on.

    `values` are those of one stratum (`shown_values`); None where there are none.
    """
    once = once_each(values)
    if not once.height:
        return None
    rows = [one for one in SHOWN if one.key in set(once["key"])]
    height_in = ROW_IN * len(rows) + 0.75

    def draw(figure: Figure) -> None:
        axes = figure.subplots(len(rows), len(LIMBS), sharey="row", squeeze=False)
        for line, one in zip(axes, rows, strict=True):
            of_row = once.filter(pl.col("key") == one.key)
            for ax, limb in zip(line, LIMBS, strict=True):
                _panel(ax, one, of_row.filter(pl.col("part") == limb), bands_of(of_row), LIMB_COLOURS[limb])
            line[0].set_ylabel(label(one).replace(" (", "\n("), fontsize=7)
            line[0].set_ylim(bottom=min(0.0, line[0].get_ylim()[0]))
        for ax, limb in zip(axes[0], LIMBS, strict=True):
            ax.set_title(limb_name(limb), fontsize=8.5, weight="bold", color=INK)
        figure.align_ylabels(axes[:, 0])
        figure.text(0.55, 0.08 / height_in, "speed floor (mm/s)", ha="center", fontsize=8)
        figure.subplots_adjust(
            left=0.115, right=0.995, top=1 - 0.25 / height_in, bottom=0.42 / height_in, hspace=0.32, wspace=0.08
        )

    png, svg = drawn(draw, height_in)
    shown = distribution_table(once)
    data = once.select("recording_id", "infant_id", "feature", "part", "band", "value", "unit", "lower_bound")
    return Drawing(
        f"distribution_{number:02d}",
        "Measures",
        png,
        svg,
        shown,
        _summary(once),
        data.rename({"band": "floor_band_mm_s"}),
    )


def _panel(ax: Any, one: Shown, values: pl.DataFrame, bands: list[str], colour: str) -> None:
    names = bands if one.floor_decides else [NO_BAND]
    for x, band in enumerate(names):
        found = values.filter(pl.col("band") == band)["value"].sort().to_numpy()
        dots(
            ax, [x + 0.62 * place for place in spread(len(found))], found.tolist(), colour, 7 if len(found) < 200 else 3
        )
        if len(found) >= INFANTS_MIN:
            low, middle, high = np.quantile(found, list(QUARTILES.values()))
            ax.plot([x - 0.4, x + 0.4], [middle, middle], color=INK, lw=1.4, zorder=4)
            ax.fill_between([x - 0.4, x + 0.4], low, high, fc="none", ec=INK, lw=0.8, zorder=3)
    ax.set_xlim(-0.6, len(names) - 0.4)
    ax.set_xticks(
        range(len(names)),
        [name.replace(" to ", "\N{EN DASH}").replace("to ", "\N{LESS-THAN OR EQUAL TO} ") for name in names],
        fontsize=6,
    )
    if len(names) > 3:
        ax.tick_params(axis="x", labelrotation=35)
    ax.tick_params(axis="y", labelsize=6.5)
    ax.yaxis.get_major_locator().set_params(nbins=4)
    ax.grid(axis="y", color=GRID, lw=0.5)
    ax.set_axisbelow(True)
    if not values.height:
        ax.text(0.5, 0.5, "none given", transform=ax.transAxes, ha="center", va="center", fontsize=7, color=MUTED)


def _summary(once: pl.DataFrame) -> str:
    infants, bounds = once["who"].n_unique(), int(once["lower_bound"].sum())
    return (
        f"One dot per infant: its first recording under each floor band, {infants} infants in all. Boxes (quartiles, "
        f"median) are drawn from {INFANTS_MIN} infants on. Amounts depend on the speed floor, so its bands stand side "
        f"by side and must not be read against each other. {bounds} of {once.height} values are lower bounds. The "
        "spread is this cohort's; it is no norm."
    )
