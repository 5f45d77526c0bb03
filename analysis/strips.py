"""Limb strips: four lanes of speed against time, with the floor, bouts as bars and gaps hatched."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from asyconv.analysis.canvas import (
    BINS_MAX,
    BOUT,
    EVENT,
    FLOOR,
    GRID,
    INK,
    MUTED,
    UNSEEN,
    UNSEEN_HATCH,
    Floats,
    Picture,
    draw_png,
    limb_name,
)
from asyconv.analysis.clean import runs
from asyconv.analysis.series import ABOVE_FLOORS, MOVE_ABOVE_MM_S, LimbSeries

if TYPE_CHECKING:
    from asyconv.analysis.movement import Movement


def limb_strips(movement: "Movement") -> Picture:
    """Four lanes of speed against time with the floor, bouts as bars and gaps hatched."""
    in_mm = any(np.isfinite(limb.speed_mm_s).any() for limb in movement.limbs.values())
    speeds = {name: _shown_speed(limb, in_mm) for name, limb in movement.limbs.items()}
    seen = np.concatenate([speed[np.isfinite(speed)] for speed in speeds.values()])
    top = max(60.0, 1.15 * float(np.percentile(seen, 99.7))) if len(seen) else 60.0
    time_s = movement.clean.time.time_s
    data = pl.concat([_strip_data(movement, limb, speeds[name]) for name, limb in movement.limbs.items()])

    def draw(figure: Figure) -> None:
        axes = figure.subplots(4, 1, sharex=True)
        for ax, (name, limb) in zip(axes, movement.limbs.items(), strict=True):
            _lane(ax, movement, limb, data.filter(pl.col("limb") == name), top, in_mm)
            ax.set_xlim(float(time_s[0]), float(max(time_s[-1], time_s[0] + 1)))
        axes[-1].set_xlabel("time (s)")
        figure.supylabel(f"speed of endpoint relative to root ({'mm/s' if in_mm else 'px/s'})", fontsize=8, x=0.005)
        _strip_legend(figure, in_mm)
        figure.subplots_adjust(left=0.085, right=0.995, top=0.935, bottom=0.075, hspace=0.16)

    return Picture("limb_strips", "Movement strips", draw_png(draw, 5.4), data, _strip_summary(movement, in_mm))


def _shown_speed(limb: LimbSeries, in_mm: bool) -> Floats:
    return np.where(limb.valid, limb.speed_mm_s, np.nan) if in_mm else limb.speed_px_s


def _strip_data(movement: "Movement", limb: LimbSeries, speed: Floats) -> pl.DataFrame:
    """Minimum and maximum speed, moving share and seen share of each bin."""
    time_s, n = movement.clean.time.time_s, len(speed)
    edges = np.unique(np.linspace(0, n, min(n, BINS_MAX) + 1).round().astype(int))[:-1]
    size = np.diff(np.append(edges, n))
    known = np.isfinite(speed)
    low = np.minimum.reduceat(np.where(known, speed, np.inf), edges)
    high = np.maximum.reduceat(np.where(known, speed, -np.inf), edges)
    columns = {
        "time_s": time_s[edges],
        "speed_min": np.where(np.isfinite(low), low, np.nan),
        "speed_max": np.where(np.isfinite(high), high, np.nan),
        "moving_share": np.add.reduceat(limb.moving.astype(float), edges) / size,
        "seen_share": np.add.reduceat(known.astype(float), edges) / size,
    }
    table = pl.DataFrame(columns).with_columns(pl.col("speed_min", "speed_max").fill_nan(None))
    return table.select(pl.lit(limb.limb).alias("limb"), pl.all())


def _lane(ax: Any, movement: "Movement", limb: LimbSeries, data: pl.DataFrame, top: float, in_mm: bool) -> None:
    time_s = movement.clean.time.time_s
    sample_s = 1 / movement.clean.time.fs_hz
    known = np.isfinite(_shown_speed(limb, in_mm))
    bar = -0.11 * top
    for start, stop in runs(~known):
        ax.axvspan(
            time_s[start],
            time_s[stop - 1] + sample_s,
            facecolor=UNSEEN,
            edgecolor=UNSEEN_HATCH,
            hatch="////",
            lw=0,
            zorder=0,
        )
    for event in movement.events:
        ax.axvspan(event.start_s, event.end_s, facecolor=EVENT, lw=0, zorder=0)
    for start, stop in limb.bouts:
        ax.axvspan(time_s[start], time_s[stop - 1] + sample_s, facecolor=BOUT, alpha=0.09, lw=0, zorder=0)
    spans = [(time_s[start], (stop - start) * sample_s) for start, stop in limb.bouts]
    ax.broken_barh(spans, (bar, -0.5 * bar), facecolors=BOUT, lw=0, zorder=3)
    low, high = (data[name].fill_null(np.nan).to_numpy() for name in ("speed_min", "speed_max"))
    x = np.repeat(data["time_s"].to_numpy(), 2)
    ax.plot(x, np.minimum(np.stack([low, high], axis=-1).ravel(), top), color=INK, lw=0.55, zorder=2)
    if in_mm and limb.floor.value is not None:
        ax.axhline(limb.floor.value, color=FLOOR, lw=1.0, ls=(0, (5, 2)), zorder=4)
        ax.axhline(max(MOVE_ABOVE_MM_S, ABOVE_FLOORS * limb.floor.value), color=MUTED, lw=0.7, ls=":", zorder=1)
    ax.axhline(0, color=GRID, lw=0.6, zorder=1)
    ax.set_ylim(1.4 * bar, top)
    ax.yaxis.get_major_locator().set_params(nbins=4)
    ax.set_yticks([tick for tick in ax.get_yticks() if 0 <= tick <= top])
    ax.text(
        0.004,
        0.97,
        limb_name(limb.limb),
        transform=ax.transAxes,
        va="top",
        weight="bold",
        fontsize=8.5,
        bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1.2},
        zorder=5,
    )


def _strip_legend(figure: Figure, in_mm: bool) -> None:
    handles: list[Any] = [Line2D([], [], color=INK, lw=1, label="speed")]
    if in_mm:
        handles += [
            Line2D([], [], color=FLOOR, lw=1.2, ls=(0, (5, 2)), label="speed floor"),
            Line2D([], [], color=MUTED, lw=1, ls=":", label="movement threshold"),
            Patch(facecolor=BOUT, label="bout"),
        ]
    handles += [
        Patch(facecolor=UNSEEN, edgecolor=UNSEEN_HATCH, hatch="////", lw=0, label="not seen"),
        Patch(facecolor=EVENT, label="event"),
    ]
    figure.legend(
        handles=handles,
        loc="upper right",
        ncols=len(handles),
        frameon=False,
        fontsize=7.5,
        bbox_to_anchor=(0.998, 1.0),
        handlelength=1.8,
        columnspacing=1.4,
    )


def _strip_summary(movement: "Movement", in_mm: bool) -> str:
    if not in_mm:
        return (
            "Speed in the picture (px/s) of each wrist and ankle relative to shoulder or hip. Without millimetres "
            "there is no threshold of movement, so no bouts are marked."
        )
    counts = ", ".join(f"{limb_name(name)} {len(limb.bouts)}" for name, limb in movement.limbs.items())
    return (
        "Speed of each wrist and ankle relative to shoulder or hip; bars mark bouts, hatching marks time that could "
        f"not be seen. Bouts: {counts}."
    )
