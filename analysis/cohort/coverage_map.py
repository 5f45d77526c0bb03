"""Coverage of every limb of every recording as a heat map: darker = more of the time used. No colour is a verdict."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from matplotlib import colormaps
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from asyconv.analysis.cohort.drawn_measures import weeks
from asyconv.analysis.cohort.pages import Cell, Table, cell_of
from asyconv.analysis.report.canvas import UNSEEN, UNSEEN_HATCH, Drawing, limb_name
from asyconv.skeleton import LIMBS

SCALE: Final = "Blues"  # one hue, lightness falls steadily: the same in grey and for every colour vision
BLOCK: Final = 50

Floats = npt.NDArray[np.float64]


def coverage_table(recordings: pl.DataFrame, limbs: pl.DataFrame | None) -> pl.DataFrame:
    """One row per recording that has tables: ids, age, why it is left out, and coverage in % of each limb.

    Ordered by infant, then age, then recording_id; the first epoch of each.
    """
    keys = recordings.select("recording_id", "infant_id", "pma_days", "left_out")
    if limbs is None:
        return keys.head(0).with_columns(pl.lit(None, pl.Float64).alias(limb) for limb in LIMBS)
    first = limbs.filter(pl.col("epoch_start_s") == 0)
    wide = first.pivot("limb", index="recording_id", values="coverage_used_pct")
    joined = keys.join(wide, on="recording_id", how="inner")
    return joined.sort("infant_id", "pma_days", "recording_id", nulls_last=True)


def blocks(table: pl.DataFrame) -> list[pl.DataFrame]:
    """`table` in pieces of 50 infants; a recording without infant counts as one."""
    who = table.select(who=pl.coalesce("infant_id", pl.concat_str(pl.lit("\0"), "recording_id")))
    number = (who["who"].rle_id() // BLOCK).to_numpy()
    return [table.filter(number == k) for k in np.unique(number)]


def coverage_rows(table: pl.DataFrame) -> Table:
    """Make a page's heat map: a table with a row per recording, its coverage cells shaded; numbers and all in words."""
    columns = ("infant", "recording", "age, weeks+days", *map(limb_name, LIMBS), "left out")
    rows = []
    for recording, infant, age, left_out, *coverage in table.rows():
        ages = Cell(weeks(age), value="" if age is None else age)
        rows.append([cell_of(infant), cell_of(recording), ages, *map(_shaded, coverage), cell_of(left_out)])
    return Table("Coverage used in % of the time; darker is more, a dash: nothing known", columns, rows, sortable=True)


def _shaded(share: float | None) -> Cell:
    return cell_of(None) if share is None else Cell(f"{share:.0f}", value=share, number=True, shade=shade(share))


def coverage_overview(pieces: list[pl.DataFrame]) -> Drawing:
    """All recordings at once: each block of columns is one page of 50 infants, its four columns the limbs."""
    tall = max(piece.height for piece in pieces)
    grid = np.full((tall, 5 * len(pieces)), np.nan)
    is_recording = np.zeros(grid.shape, bool)
    for k, piece in enumerate(pieces):
        block = slice(piece.height), slice(5 * k, 5 * k + 4)
        grid[block], is_recording[block] = piece.select(*LIMBS).to_numpy(), True

    def draw(figure: Figure) -> None:
        ax = figure.add_axes((0.06, 0.2, 0.86, 0.68))
        mesh = _cells(ax, grid, is_recording)
        ax.set_xticks([5 * k + 1.5 for k in range(len(pieces))], [str(k + 1) for k in range(len(pieces))], fontsize=7)
        ax.set_xlabel("page; in each, the columns are right arm, left arm, right leg, left leg", fontsize=8)
        ax.set_ylabel("recording on the page", fontsize=8)
        ax.tick_params(length=0)
        bar = figure.colorbar(mesh, cax=figure.add_axes((0.94, 0.2, 0.012, 0.68)))
        bar.set_label("coverage used (%)", fontsize=8)
        bar.outline.set_visible(False)

    whole = pl.concat(pieces)
    quartiles = pl.concat(
        [_spread_of(piece).select(pl.lit(k, pl.Int64).alias("page"), pl.all()) for k, piece in enumerate(pieces, 1)]
    )
    return Drawing("coverage", "Coverage of all recordings", draw, whole, _summary(whole), 3.6, table=quartiles)


def _spread_of(table: pl.DataFrame) -> pl.DataFrame:
    """Quartiles of coverage by limb."""
    rows = [
        (limb_name(limb), len(coverage_pct), *(coverage_pct.quantile(q, "linear") for q in (0.0, 0.25, 0.5, 0.75, 1.0)))
        for limb in LIMBS
        for coverage_pct in [table[limb].drop_nulls()]
    ]
    names = ("min_pct", "p25_pct", "median_pct", "p75_pct", "max_pct")
    schema = {"limb": pl.String, "recordings": pl.Int64, **dict.fromkeys(names, pl.Float64)}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _cells(ax: Any, values: Floats, is_recording: npt.NDArray[np.bool_]) -> Any:
    """Squares of one hue from 0 to 100 %; hatched where nothing is known, blank where there is no recording."""
    rows, columns = values.shape
    extent = (-0.5, columns - 0.5, rows + 0.5, 0.5)  # rows count from 1
    for row, column in np.argwhere(is_recording & ~np.isfinite(values)):
        ax.fill_between(
            (column - 0.5, column + 0.5), row + 0.5, row + 1.5, fc=UNSEEN, ec=UNSEEN_HATCH, hatch="////", lw=0, zorder=1
        )
    image = ax.imshow(
        np.ma.masked_invalid(values), cmap=SCALE, vmin=0, vmax=100, aspect="auto", extent=extent,
        interpolation="nearest", zorder=2,
    )  # fmt: skip
    ax.set(xlim=extent[:2], ylim=extent[2:])
    for side in ax.spines.values():
        side.set_visible(False)
    return image


def shade(value: float) -> str:
    """Colours of a cell of `value` in %, as CSS: ground by the scale, ink black or white, whichever stands out."""
    ground = colormaps[SCALE](value / 100)[:3]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in ground)
    ink = "#000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 else "#fff"
    return f"background:{to_hex(ground)};color:{ink}"


def _summary(table: pl.DataFrame) -> str:
    parts = ", ".join(
        f"{limb} median {middle:.0f} % ({least:.0f} to {most:.0f}, n {n})"
        for limb, n, least, _, middle, _, most in _spread_of(table).iter_rows()
        if n
    )
    given = parts or "none known"
    return f"Share of the time in which each limb could be used, in the first epoch: {given}. Darker is more."
