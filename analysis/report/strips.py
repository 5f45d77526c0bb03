"""Limb strips: a lane of speed against time for each limb, and one of activity; bouts are bars, gaps are hatched."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from asyconv.analysis.formulas.bouts import ABOVE_FLOORS, MOVE_ABOVE_MM_S
from asyconv.analysis.report.canvas import (
    BOUT,
    FLOOR,
    GRID,
    INK,
    MUTED,
    Drawing,
    Floats,
    bin_edges,
    binned,
    lane_data,
    limb_name,
)
from asyconv.analysis.report.strip_layout import (
    by_time,
    legend,
    limb_axes,
    plot_range,
    shade,
    shade_events,
    shade_keys,
    spans_of,
)
from asyconv.analysis.series.activity import ActivitySeries
from asyconv.analysis.series.limbs import LimbSeries

if TYPE_CHECKING:
    from asyconv.analysis.tables.movement import Movement

Bools = npt.NDArray[np.bool_]

HEIGHT_IN = 5.4
LANE_IN = 1.2
ACTIVITY = "activity"


def limb_strips(movement: "Movement") -> Drawing:
    """Four lanes of speed against time with the floor, bouts as bars and gaps hatched; activity below where it is."""
    in_mm = not movement.clean.in_plane and any(np.isfinite(limb.speed_mm_s).any() for limb in movement.limbs.values())
    speeds = {name: _shown_speed(limb, in_mm) for name, limb in movement.limbs.items()}
    seen = np.concatenate([speed[np.isfinite(speed)] for speed in speeds.values()])
    top = max(60.0, 1.15 * float(np.percentile(seen, 99.7))) if len(seen) else 60.0
    lanes = [_strip_data(movement, limb, speeds[name]) for name, limb in movement.limbs.items()]
    activity = movement.activity
    if activity is not None:
        lanes.append(_activity_data(movement, activity))
    data = pl.concat(lanes, how="diagonal")

    def draw(figure: Figure) -> None:
        axes = limb_axes(figure, movement, 0.935, 0.075, () if activity is None else (ACTIVITY,))
        for name, limb in movement.limbs.items():
            _lane(axes[name], movement, limb, data.filter(pl.col("limb") == name), top, in_mm)
        if activity is not None:
            _activity_lane(axes[ACTIVITY], movement, activity.noise_mm, data.filter(pl.col("limb") == ACTIVITY))
        figure.supylabel(f"speed of endpoint relative to root ({_unit(in_mm)})", fontsize=8, x=0.005)
        legend(figure, _keys(movement, in_mm))

    words, table = _strip_summary(movement, in_mm), _strip_table(movement, speeds, in_mm)
    height_in = HEIGHT_IN + LANE_IN * (activity is not None)
    return Drawing("limb_strips", "Movement strips", draw, data, words, height_in, table=table)


def _unit(in_mm: bool) -> str:
    return "mm/s" if in_mm else "px/s"


def _shown_speed(limb: LimbSeries, in_mm: bool) -> Floats:
    return np.where(limb.valid, limb.speed_mm_s, np.nan) if in_mm else limb.speed_px_s


def _strip_data(movement: "Movement", limb: LimbSeries, speed: Floats) -> pl.DataFrame:
    """Minimum and maximum speed, moving share and seen share of each bin."""
    time_s, low, high = binned(movement.clean.time.time_s, speed)
    columns = {
        "time_s": time_s,
        "speed_min": low,
        "speed_max": high,
        "moving_share": _share_of_bins(limb.moving),
        "seen_share": _share_of_bins(np.isfinite(speed)),
    }
    return lane_data(limb.limb, columns)


def _share_of_bins(mask: Bools) -> Floats:
    edges = bin_edges(len(mask))
    return np.asarray(np.add.reduceat(mask.astype(float), edges) / np.diff(np.append(edges, len(mask))))


def _activity_data(movement: "Movement", activity: ActivitySeries) -> pl.DataFrame:
    """Minimum and maximum change of depth of each bin, and the share in which something reaches in."""
    time_s, low, high = binned(movement.clean.time.time_s, activity.body_mm)
    shares = _share_of_bins(activity.hands)
    columns = {"time_s": time_s, "activity_min_mm": low, "activity_max_mm": high, "hands_share": shares}
    return lane_data(ACTIVITY, columns)


def _strip_table(movement: "Movement", speeds: dict[str, Floats], in_mm: bool) -> pl.DataFrame:
    """Seen and moving shares and highest speed of each limb, over even times."""
    columns: dict[str, tuple[str, Floats]] = {}
    for name, limb in movement.limbs.items():
        columns[f"{limb_name(name)}: seen (%)"] = ("mean", 100.0 * np.isfinite(speeds[name]))
        if _has_bouts(movement):
            columns[f"{limb_name(name)}: moving (%)"] = ("mean", np.where(limb.valid, 100.0 * limb.moving, np.nan))
        columns[f"{limb_name(name)}: highest speed ({_unit(in_mm)})"] = ("max", speeds[name])
    if movement.activity is not None:
        columns["activity (mm)"] = ("mean", movement.activity.body_mm)
        columns["something reaches in (%)"] = ("mean", np.where(movement.activity.hands, 100.0, 0.0))
    return by_time(movement, columns)


def _lane(ax: Any, movement: "Movement", limb: LimbSeries, data: pl.DataFrame, top: float, in_mm: bool) -> None:
    shade(ax, movement, limb, np.isfinite(_shown_speed(limb, in_mm)))
    bar = -0.11 * top
    spans = spans_of(movement, limb.moving)
    ax.broken_barh(spans, (0, 1), facecolors=BOUT, alpha=0.09, lw=0, zorder=0, transform=ax.get_xaxis_transform())
    ax.broken_barh(spans, (bar, -0.5 * bar), facecolors=BOUT, lw=0, zorder=3)
    plot_range(ax, data, ("speed_min", "speed_max"), top)
    if in_mm and limb.floor.value is not None:
        ax.axhline(limb.floor.value, color=FLOOR, lw=1.0, ls=(0, (5, 2)), zorder=4)
        ax.axhline(max(MOVE_ABOVE_MM_S, ABOVE_FLOORS * limb.floor.value), color=MUTED, lw=0.7, ls=":", zorder=1)
    ax.axhline(0, color=GRID, lw=0.6, zorder=1)
    ax.set_ylim(1.4 * bar, top)
    ax.yaxis.get_major_locator().set_params(nbins=4)
    ax.set_yticks([tick for tick in ax.get_yticks() if 0 <= tick <= top])


def _activity_lane(ax: Any, movement: "Movement", noise_mm: float | None, data: pl.DataFrame) -> None:
    """Change of depth of the whole infant in mm, with the level that noise alone has."""
    shade_events(ax, movement)
    seen = data["activity_max_mm"].drop_nulls().to_numpy()
    top = max(3.0, 1.15 * float(np.percentile(seen, 99.7)) if len(seen) else 0.0, 2 * (noise_mm or 0.0))
    plot_range(ax, data, ("activity_min_mm", "activity_max_mm"), top)
    if noise_mm is not None:
        ax.axhline(noise_mm, color=FLOOR, lw=1.0, ls=(0, (5, 2)), zorder=4)
    ax.set_ylim(0, top)
    ax.set_ylabel("mm / 0.2 s", fontsize=7)
    ax.yaxis.get_major_locator().set_params(nbins=4)


def _keys(movement: "Movement", in_mm: bool) -> list[Any]:
    handles: list[Any] = [Line2D([], [], color=INK, lw=1, label="speed")]
    if in_mm:
        handles += [
            Line2D([], [], color=FLOOR, lw=1.2, ls=(0, (5, 2)), label="speed floor"),
            Line2D([], [], color=MUTED, lw=1, ls=":", label="movement threshold"),
        ]
    bout = [Patch(facecolor=BOUT, label="bout")] if _has_bouts(movement) else []
    return [*handles, *bout, *shade_keys(movement)]


def _has_bouts(movement: "Movement") -> bool:
    """Whether it is known when limbs move: in millimetres, or with the trunk as the ruler in the picture's plane."""
    return any(limb.valid.any() for limb in movement.limbs.values())


def _strip_summary(movement: "Movement", in_mm: bool) -> str:
    activity = movement.activity
    below = "" if activity is None else " Below, activity: how much the depth of the whole infant changes in 0.2 s."
    if activity is not None and activity.hands.any():
        below += " Slanted lines mark time in which something reaches in over the infant."
    speed = f"Speed{'' if in_mm else ' in the picture (px/s)'} of each wrist and ankle relative to shoulder or hip"
    if not _has_bouts(movement):
        return f"{speed}. Without millimetres there is no threshold of movement, so no bouts are marked.{below}"
    counts = ", ".join(f"{limb_name(name)} {len(limb.bouts)}" for name, limb in movement.limbs.items())
    return (
        f"{speed}; bars mark bouts, hatching marks time that could not be seen"
        f"{', dots mark events' if movement.events else ''}. Bouts: {counts}.{below}"
    )
