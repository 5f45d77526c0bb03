"""Lanes: strips, one a limb, on one time axis; what could not be seen, hands and events are hatched."""

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from asyconv.analysis.formulas.gaps import runs
from asyconv.analysis.report.canvas import EVENT, EVENT_HATCH, INK, UNSEEN, UNSEEN_HATCH, Floats, limb_name
from asyconv.analysis.series.limbs import LimbSeries

if TYPE_CHECKING:
    from asyconv.analysis.tables.movement import Movement

Bools = npt.NDArray[np.bool_]

HATCHES: Final = (("////", "not seen"), ("--", "not seen, still"), ("xxxx", "not seen, something moves"))
UNSEEN_STATES: Final = ("unseen_still", "unseen_moving")

HANDS_HATCH: Final = "\\\\\\"

LEFT, RIGHT = 0.085, 0.995
"""Where the time axis begins and ends, as shares of the picture's width; the player's cursor runs between them."""

ONE_LINE: Final = 7
"""Entries of a legend that fit one line."""

ROWS_MAX: Final = 24
ROW_S: Final = (5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)


def limb_axes(
    figure: Figure, movement: "Movement", top: float, bottom: float, more: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Axes of the four limbs by name, and of `more` lanes below, with their names and the time axis."""
    time_s = movement.clean.time.time_s
    names = (*movement.limbs, *more)
    axes = dict(zip(names, figure.subplots(len(names), 1, sharex=True), strict=True))
    figure.subplots_adjust(left=LEFT, right=RIGHT, top=top, bottom=bottom, hspace=0.16)
    for name, ax in axes.items():
        ax.set_xlim(float(time_s[0]), float(max(time_s[-1], time_s[0] + 1)))
        ax.text(
            0.004,
            0.97,
            limb_name(name),
            transform=ax.transAxes,
            va="top",
            weight="bold",
            fontsize=8.5,
            bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1.2},
            zorder=5,
        )
    axes[names[-1]].set_xlabel("time (s)")
    return axes


def shade(ax: Any, movement: "Movement", limb: LimbSeries, seen: Bools) -> None:
    """Hatch the samples of a lane that are not `seen` [N], by what pictures show there, and hands; dot the events."""
    across = ax.get_xaxis_transform()
    still, moving = ~seen & limb.unseen_still, ~seen & limb.unseen_moving
    for mask, (hatch, _) in zip((~seen & ~still & ~moving, still, moving), HATCHES, strict=True):
        ax.broken_barh(
            spans_of(movement, mask), (0, 1), facecolors=UNSEEN, edgecolors=UNSEEN_HATCH, hatch=hatch, lw=0, zorder=0,
            transform=across,
        )  # fmt: skip
    shade_events(ax, movement)


def shade_events(ax: Any, movement: "Movement") -> None:
    """Hatch the time in which something reaches in over the infant, and dot the events that the user stated."""
    across = ax.get_xaxis_transform()
    if movement.activity is not None and movement.activity.hands.any():
        hands = spans_of(movement, movement.activity.hands)
        ax.broken_barh(
            hands, (0, 1), facecolors="none", edgecolors=EVENT_HATCH, hatch=HANDS_HATCH, lw=0, zorder=0.4,
            transform=across,
        )  # fmt: skip
    events = [(event.start_s, event.end_s - event.start_s) for event in movement.events]
    ax.broken_barh(
        events, (0, 1), facecolors=EVENT, edgecolors=EVENT_HATCH, hatch="..", lw=0, zorder=0.5, transform=across
    )


def shade_keys(movement: "Movement") -> list[Patch]:
    """Legend entries of what `shade` draws."""
    shown = [True, *(any(getattr(limb, name).any() for limb in movement.limbs.values()) for name in UNSEEN_STATES)]
    unseen = [
        Patch(facecolor=UNSEEN, edgecolor=UNSEEN_HATCH, hatch=hatch, lw=0, label=label)
        for (hatch, label), there in zip(HATCHES, shown, strict=True)
        if there
    ]
    if movement.activity is not None and movement.activity.hands.any():
        hands = Patch(facecolor="none", edgecolor=EVENT_HATCH, hatch=HANDS_HATCH, lw=0, label="something reaches in")
        unseen.append(hands)
    event = Patch(facecolor=EVENT, edgecolor=EVENT_HATCH, hatch="..", lw=0, label="event")
    return [*unseen, event] if movement.events else unseen


def plot_range(ax: Any, data: pl.DataFrame, columns: tuple[str, str], top: float = np.inf) -> None:
    """Draw the least and the largest value of each bin of `data` as one line, cut at `top`."""
    values = data.select(columns).fill_null(np.nan).to_numpy().ravel()
    ax.plot(np.repeat(data["time_s"].to_numpy(), 2), np.minimum(values, top), color=INK, lw=0.55, zorder=2)


def legend(figure: Figure, handles: list[Any]) -> None:
    """One line of `handles` above the lanes, two where they would not fit the width."""
    for handle in handles:
        if isinstance(handle, Patch) and (hatch := handle.get_hatch()):
            handle.set_hatch(2 * hatch)  # lines as far apart as in the lanes would miss so small a patch
    figure.legend(
        handles=handles,
        loc="upper right",
        ncols=len(handles) if len(handles) <= ONE_LINE else math.ceil(len(handles) / 2),
        frameon=False,
        fontsize=6.5,
        bbox_to_anchor=(0.998, 1.0),
        handlelength=1.8,
        handleheight=1.0,
        borderpad=0.2,
        columnspacing=0.9,
    )


def spans_of(movement: "Movement", mask: Bools) -> list[tuple[float, float]]:
    """Start and length in s of the runs of `mask` [N]; runs closer than a pixel are drawn as one."""
    time_s, sample_s = movement.clean.time.time_s, 1 / movement.clean.time.fs_hz
    pixel_s = len(time_s) * sample_s / 1200
    out: list[tuple[float, float]] = []
    for start, stop in runs(mask):
        begin, end = float(time_s[start]), float(time_s[stop - 1]) + sample_s
        if out and begin - sum(out[-1]) < pixel_s and end - begin < pixel_s:
            begin = out.pop()[0]
        out.append((begin, end - begin))
    return out


def by_time(movement: "Movement", columns: "dict[str, tuple[str, Floats]]") -> pl.DataFrame:
    """A table of at most 24 rows of even time; each of `columns` is ("mean" or "max", values [N]).

    What is missing (NaN) does not count; a row without any stays empty.
    """
    n, fs_hz = len(movement.clean.time.time_s), movement.clean.time.fs_hz
    row_s = next((s for s in ROW_S if n / fs_hz <= s * ROWS_MAX), n / fs_hz / ROWS_MAX)
    edges = np.unique((np.arange(0, n / fs_hz, row_s) * fs_hz).round().astype(np.int64))
    edges = edges[edges < n]
    table: dict[str, Any] = {"from (s)": movement.clean.time.time_s[edges]}
    for title, (kind, values) in columns.items():
        table[title] = [_of(part, kind) for part in np.split(values, edges[1:])]
    return pl.DataFrame(table)


def _of(values: Floats, kind: str) -> float | None:
    seen = values[np.isfinite(values)]
    return None if not len(seen) else float(seen.max() if kind == "max" else seen.mean())
