"""Minutes: moving share and path of each limb, and activity, a value a minute, for recordings of many minutes."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from asyconv.analysis.report.canvas import (
    BOUT,
    EVENT_HATCH,
    FLOOR,
    INK,
    MUTED,
    UNSEEN,
    UNSEEN_HATCH,
    Drawing,
    Floats,
    limb_name,
)
from asyconv.analysis.report.strip_layout import HANDS_HATCH, ROWS_MAX, legend
from asyconv.analysis.tables.minutes import BODY, MINUTE_S

if TYPE_CHECKING:
    from asyconv.analysis.tables.movement import Movement

HEIGHT_IN: Final = 6.4
LABELS: Final = {
    "coverage_used_pct": "coverage (%)",
    "moving_pct": "moving (%)",
    "path_active_mm_per_min": "path (mm/min)",
    "path_active_tl_per_min": "path (TL/min)",
    "activity_mm": "activity (mm)",
    "activity_tl": "activity (TL)",
    "hands_pct": "something reaches in (%)",
}
"""Columns of the minutes, in millimetres or in trunk lengths."""


def minute_strips(movement: "Movement") -> Drawing | None:
    """A lane for each limb and one of activity, over the minutes; None for a recording up to 10 minutes."""
    data = movement.minutes
    if data is None:
        return None
    path, activity = (name for name in data.columns if name.startswith(("path", "activity")))
    paths = _column(data, path)
    longest = float(np.nanmax(paths)) if (paths > 0).any() else 1.0

    def draw(figure: Figure) -> None:
        names = (*movement.limbs, BODY)
        axes = figure.subplots(len(names), 1, sharex=True)
        figure.subplots_adjust(left=0.085, right=0.91, top=0.935, bottom=0.075, hspace=0.2)
        for name, ax in zip(names, axes, strict=True):
            of_lane = data.filter(pl.col("part") == name)
            minute = of_lane["minute_start_s"].to_numpy() / MINUTE_S
            title = "activity" if name == BODY else limb_name(name)
            ax.set_title(title, loc="left", fontsize=8.5, weight="bold", pad=2)
            ax.set_xlim(float(minute[0]), float(minute[-1] + 1))
            _hands(ax, minute, _column(of_lane, "hands_pct"))
            if name == BODY:
                _steps(ax, minute, _column(of_lane, activity), INK, 0.9)
                ax.set_ylim(bottom=0)
                ax.set_ylabel(f"{_unit(activity)} in 0.2 s", fontsize=7)
            else:
                _limb(ax, minute, of_lane, path, longest)
        axes[-1].set_xlabel("time (min)")
        legend(figure, _keys(_unit(path)))

    return Drawing("minutes", "Minute by minute", draw, data, _summary(data), HEIGHT_IN, table=_hourly(data))


def _column(data: pl.DataFrame, name: str) -> Floats:
    return np.asarray(data[name].fill_null(np.nan).to_numpy(), np.float64)


def _unit(column: str) -> str:
    """Millimetres or trunk lengths."""
    return "TL" if "_tl" in column else "mm"


def _limb(ax: Any, minute: Floats, data: pl.DataFrame, path: str, longest: float) -> None:
    """Moving share as bars, coverage as a line, path on the right-hand axis; minutes without amounts are hatched."""
    moving = _column(data, "moving_pct")
    withheld = minute[np.isnan(moving)]
    ax.broken_barh(
        [(m, 1) for m in withheld], (0, 100), facecolors=UNSEEN, edgecolors=UNSEEN_HATCH, hatch="////", lw=0, zorder=0
    )
    ax.bar(minute, np.nan_to_num(moving), 1.0, align="edge", color=BOUT, alpha=0.55, lw=0, zorder=1)
    _steps(ax, minute, _column(data, "coverage_used_pct"), MUTED, 0.7)
    ax.set_ylim(0, 105)
    ax.set_yticks([0, 50, 100])
    ax.set_ylabel("%", fontsize=7)
    right = ax.twinx()
    _steps(right, minute, _column(data, path), FLOOR, 0.9)
    right.set_ylim(0, 1.05 * longest)
    right.spines["right"].set_visible(True)
    right.set_ylabel(f"{_unit(path)}/min", fontsize=7)
    right.yaxis.get_major_locator().set_params(nbins=3)


def _steps(ax: Any, minute: Floats, values: Floats, colour: str, width: float) -> None:
    ax.stairs(values, np.append(minute, minute[-1] + 1), baseline=None, color=colour, lw=width, zorder=2)


def _hands(ax: Any, minute: Floats, hands_pct: Floats) -> None:
    """Hatch minutes in which something reaches in."""
    reached = minute[np.nan_to_num(hands_pct) > 0]
    ax.broken_barh(
        [(m, 1) for m in reached], (0, 1), facecolors="none", edgecolors=EVENT_HATCH, hatch=HANDS_HATCH, lw=0,
        zorder=0.4, transform=ax.get_xaxis_transform(),
    )  # fmt: skip


def _keys(unit: str) -> list[Any]:
    return [
        Patch(facecolor=BOUT, alpha=0.55, label="moving (%)"),
        Line2D([], [], color=MUTED, lw=1, label="coverage (%)"),
        Line2D([], [], color=FLOOR, lw=1, label=f"path ({unit}/min, right)"),
        Patch(facecolor=UNSEEN, edgecolor=UNSEEN_HATCH, hatch="////", lw=0, label="withheld"),
        Patch(facecolor="none", edgecolor=EVENT_HATCH, hatch=HANDS_HATCH, lw=0, label="something reaches in"),
    ]


def _summary(data: pl.DataFrame) -> str:
    limbs = data.filter(pl.col("part") != BODY)
    given, of = limbs["moving_pct"].count(), limbs.height
    return (
        "A value a minute for each limb: share of time moving, path per minute seen and coverage; below, activity. "
        f"Moving share and path are given for {given} of {of} minutes of limbs, those seen for 70 % of the minute."
    )


def _hourly(data: pl.DataFrame) -> pl.DataFrame:
    """Means over even times, at most 24 rows a part, that can be read."""
    minutes = data["minute_start_s"].n_unique()
    every_s = MINUTE_S * float(np.ceil(minutes / ROWS_MAX))
    return (
        data.with_columns(((pl.col("minute_start_s") / every_s).floor() * every_s / MINUTE_S).alias("from (min)"))
        .group_by("from (min)", "part", maintain_order=True)
        .agg(pl.col(name).mean().alias(label) for name, label in LABELS.items() if name in data.columns)
    )
