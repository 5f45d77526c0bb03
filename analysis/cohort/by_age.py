"""The shown measures against postmenstrual age within one stratum and floor band, with bands only where n allows.

Fewer than 20 infants: dots only. 20 to 49: the 10th, 50th and 90th percentile of all, level lines. From 50: the same
percentiles among infants within two weeks of each age, and only at ages where there are 20 of them, one recording each
(the nearest in age): the rule by which a value is set against others. movement.md has a LOESS curve here; the running
percentiles make no promise that the comparison of single values does not keep.
"""

import textwrap
from typing import Any, Final

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from asyconv.analysis.cohort.age_matched import AGE_MAX_DAYS, INFANTS_MIN
from asyconv.analysis.cohort.dots import dots
from asyconv.analysis.cohort.drawn_measures import DRAWN, NO_BAND, label
from asyconv.analysis.report.canvas import GRID, INK, LIMB_COLOURS, MUTED, UNSEEN_HATCH, Drawing, Floats, limb_name
from asyconv.skeleton import LIMBS

RUNNING_MIN: Final = 50
PERCENTILES: Final = {"p10": 10.0, "p50": 50.0, "p90": 90.0}
ROW_IN: Final = 1.12
BAND_WORDS: Final = "It describes this cohort and is no norm. Panels with too few infants have none."


def percentiles(age_days: Floats, infant: Any, value: Floats) -> pl.DataFrame:
    """Percentiles of `value` by age: age_days, infants, p10, p50, p90; no row where n does not allow any.

    `infant` are names. With 20 to 49 infants two rows, at the first and the last age, from the first recording of each
    infant; from 50 a row at each whole week and at both ends that has 20 infants within two weeks.
    """
    schema = {"age_days": pl.Float64, "infants": pl.Int64, **dict.fromkeys(PERCENTILES, pl.Float64)}
    names, infant = np.unique(np.asarray(infant), return_inverse=True)
    order = np.lexsort((age_days, infant))
    age_days, infant, value = age_days[order], infant[order], value[order]
    first = value[np.diff(infant, prepend=-1) > 0]
    rows: list[tuple[float, ...]] = []
    if INFANTS_MIN <= len(names) < RUNNING_MIN:
        level = np.percentile(first, list(PERCENTILES.values()))
        rows = [(age, len(names), *level) for age in (age_days.min(), age_days.max())]
    elif len(names) >= RUNNING_MIN:
        start, stop = age_days.min(), age_days.max()
        for at in np.unique([start, *np.arange(np.ceil(start / 7) * 7, stop, 7), stop]):
            near = _nearest_each(age_days, infant, at)
            if len(near) >= INFANTS_MIN:
                rows.append((float(at), len(near), *np.percentile(value[near], list(PERCENTILES.values()))))
    return pl.DataFrame(rows, schema=schema, orient="row")


def _nearest_each(age_days: Floats, infant: Any, at: float) -> Any:
    """Rows within two weeks of the age `at`, the nearest of each infant, at the same distance the younger."""
    near = np.flatnonzero(np.abs(age_days - at) <= AGE_MAX_DAYS)
    order = near[np.lexsort((age_days[near], np.abs(age_days[near] - at), infant[near]))]
    return order[np.diff(infant[order], prepend=-1) > 0]


def by_age_table(values: pl.DataFrame) -> pl.DataFrame:
    """Percentiles of every measure and limb of `values`, with `infants` = how many infants each rests on."""
    parts = []
    for measure in DRAWN:
        for limb in LIMBS:
            of_limb = values.filter((pl.col("key") == measure.key) & (pl.col("part") == limb))
            curve = percentiles(*_columns(of_limb))
            keys = (pl.lit(label(measure)).alias("measure"), pl.lit(limb_name(limb)).alias("limb"))
            age = (pl.col("age_days") / 7).round(1).alias("age_weeks")
            parts.append(curve.select(*keys, age, "infants", *PERCENTILES))
    return pl.concat(parts)


def _columns(values: pl.DataFrame) -> tuple[Floats, list[str], Floats]:
    return values["pma_days"].to_numpy().astype(float), values["infant_id"].to_list(), values["value"].to_numpy()


def by_age(values: pl.DataFrame, band: str, name: str) -> Drawing | None:
    """Rows are measures, columns limbs, a dot per recording; None where no value states infant and age.

    `values` are those of one stratum; the measures drawn are those of floor band `band`.
    """
    of_band = values.filter(
        (pl.col("band") == band) & pl.col("infant_id").is_not_null() & pl.col("pma_days").is_not_null()
    )
    rows = [measure for measure in DRAWN if measure.key in set(of_band["key"])]
    if not rows:
        return None
    height_in = ROW_IN * len(rows) + 0.7
    ages = of_band["pma_days"].to_numpy().astype(float) / 7
    span = (float(ages.min()) - 0.6, float(ages.max()) + 0.6)

    def draw(figure: Figure) -> None:
        axes = figure.subplots(len(rows), len(LIMBS), sharey="row", sharex=True, squeeze=False)
        for line, measure in zip(axes, rows, strict=True):
            for ax, limb in zip(line, LIMBS, strict=True):
                of_limb = of_band.filter((pl.col("key") == measure.key) & (pl.col("part") == limb))
                _panel(ax, of_limb, LIMB_COLOURS[limb])
            line[0].set_ylabel(textwrap.fill(label(measure), 18), fontsize=7)
            line[0].set_ylim(bottom=min(0.0, line[0].get_ylim()[0]))
            line[0].set_xlim(*span)
        for ax, limb in zip(axes[0], LIMBS, strict=True):
            ax.set_title(limb_name(limb), fontsize=8.5, weight="bold", color=INK)
        figure.align_ylabels(axes[:, 0])
        figure.text(0.55, 0.08 / height_in, "postmenstrual age (weeks)", ha="center", fontsize=8)
        top, bottom = 1 - 0.25 / height_in, 0.4 / height_in
        figure.subplots_adjust(left=0.115, right=0.995, top=top, bottom=bottom, hspace=0.14, wspace=0.08)

    data = of_band.select("recording_id", "infant_id", "pma_days", "feature", "part", "value", "unit", "lower_bound")
    title = "Age, measures that do not depend on the floor" if band == NO_BAND else f"Age, speed floor {band} mm/s"
    return Drawing(name, title, draw, data, _summary(of_band), height_in, table=by_age_table(of_band))


def _panel(ax: Any, values: pl.DataFrame, colour: str) -> None:
    age_days, infants, value = _columns(values)
    dots(ax, (age_days / 7).tolist(), value.tolist(), colour, 7 if values.height < 200 else 3)
    curve = percentiles(age_days, infants, value)
    for piece in _unbroken(curve, values["infant_id"].n_unique()):
        weeks, low, middle, high = piece.select(pl.col("age_days") / 7, *PERCENTILES).to_numpy().T
        ax.fill_between(weeks, low, high, fc=UNSEEN_HATCH, alpha=0.25, lw=0, zorder=1)
        for edge in (low, high):
            ax.plot(weeks, edge, color=MUTED, lw=0.7, ls=(0, (4, 2)), zorder=3)
        ax.plot(weeks, middle, color=INK, lw=1.2, zorder=3)
    ax.tick_params(labelsize=6.5)
    ax.margins(y=0.1)
    ax.yaxis.get_major_locator().set_params(nbins=4)
    ax.xaxis.get_major_locator().set_params(nbins=5, integer=True)
    ax.grid(color=GRID, lw=0.5)
    ax.set_axisbelow(True)
    if not values.height:
        ax.text(0.5, 0.5, "none given", transform=ax.transAxes, ha="center", va="center", fontsize=7, color=MUTED)


def _unbroken(curve: pl.DataFrame, infants: int) -> list[pl.DataFrame]:
    """Percentiles in pieces without a hole: running ones are a week apart at most, level ones are one piece."""
    if infants < RUNNING_MIN:
        return [curve] if curve.height else []
    piece = curve.select((pl.col("age_days").diff() > 7).fill_null(False).cum_sum().alias("piece"))["piece"]
    return [curve.filter(piece == k) for k in piece.unique(maintain_order=True)]


def _summary(values: pl.DataFrame) -> str:
    recordings, infants = values["recording_id"].n_unique(), values["infant_id"].n_unique()
    said = f"Dots only: fewer than {INFANTS_MIN} infants."
    if infants >= RUNNING_MIN:
        said = (
            "Line and grey band: median, 10th and 90th percentile among infants within two weeks of that age, only "
            f"where there are {INFANTS_MIN} of them. {BAND_WORDS}"
        )
    elif infants >= INFANTS_MIN:
        said = f"Line and grey band: median, 10th and 90th percentile of all infants here, of any age. {BAND_WORDS}"
    return f"A dot per recording against postmenstrual age: {recordings} recordings of {infants} infants. {said}"
