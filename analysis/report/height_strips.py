"""Lift: height of each wrist and ankle above the mattress, against time."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from asyconv.analysis.report.canvas import GRID, INK, Drawing, binned, lane_data, limb_name
from asyconv.analysis.report.strip_layout import by_time, legend, limb_axes, plot_range, shade, shade_keys

if TYPE_CHECKING:
    from asyconv.analysis.tables.movement import Movement

HEIGHT_IN = 3.4


def height_strips(movement: "Movement") -> Drawing | None:
    """Four lanes of height above the mattress; None where no plane or no millimetres were there to measure from."""
    lifts_mm = {name: np.where(movement.clean.excluded, np.nan, limb.lift_mm) for name, limb in movement.limbs.items()}
    seen = np.concatenate([lift[np.isfinite(lift)] for lift in lifts_mm.values()])
    if not len(seen):
        return None
    names = ("time_s", "lift_min_mm", "lift_max_mm")
    bins = {name: binned(movement.clean.time.time_s, lift) for name, lift in lifts_mm.items()}
    data = pl.concat([lane_data(name, dict(zip(names, of, strict=True))) for name, of in bins.items()])
    low, high = min(-10.0, float(np.percentile(seen, 0.3))), max(40.0, 1.15 * float(np.percentile(seen, 99.7)))

    def draw(figure: Figure) -> None:
        for name, ax in limb_axes(figure, movement, 0.9, 0.12).items():
            shade(ax, movement, movement.limbs[name], np.isfinite(lifts_mm[name]))
            plot_range(ax, data.filter(pl.col("limb") == name), ("lift_min_mm", "lift_max_mm"))
            ax.axhline(0, color=GRID, lw=0.8, zorder=1)
            ax.set_ylim(low, high)
            ax.yaxis.get_major_locator().set_params(nbins=3)
        figure.supylabel("height above mattress (mm)", fontsize=8, x=0.005)
        legend(figure, [Line2D([], [], color=INK, lw=1, label="height"), *shade_keys(movement)])

    highest = ", ".join(
        f"{limb_name(name)} {np.nanpercentile(lift, 95):.0f} mm" if np.isfinite(lift).any() else f"{limb_name(name)} -"
        for name, lift in lifts_mm.items()
    )
    summary = (
        "Height of each wrist and ankle above the mattress, above its own 5th percentile: a limb that never lies down "
        f"reads too low. 95th percentile: {highest}."
    )
    columns = {}
    for name, lift in lifts_mm.items():
        columns[f"{limb_name(name)}: mean (mm)"] = ("mean", lift)
        columns[f"{limb_name(name)}: highest (mm)"] = ("max", lift)
    table = by_time(movement, columns)
    return Drawing("lift", "Height above the mattress", draw, data, summary, HEIGHT_IN, table=table)
