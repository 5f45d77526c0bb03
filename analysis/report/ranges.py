"""Joint-angle ranges: over which range each joint angle moved."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from asyconv.analysis.report.canvas import GRID, HALF_IN, INK, LIMB_COLOURS, MUTED, Drawing
from asyconv.analysis.series.limbs import ANGLES

if TYPE_CHECKING:
    from asyconv.analysis.tables.movement import Movement

HEIGHT_IN = 3.2


def angle_ranges(movement: "Movement") -> Drawing:
    """P5 to P95 of each joint angle with the median."""
    data = _angle_data(movement)

    def draw(figure: Figure) -> None:
        ax = figure.add_axes((0.34, 0.15, 0.63, 0.82))
        names = []
        for k, (limb, angle, low, middle, high) in enumerate(data.select(data.columns[:5]).iter_rows()):
            names.append(f"{angle.replace('_', ' ')}, {limb.split('_')[0]}")
            if middle is None:
                ax.text(2, k, "not seen", va="center", color=MUTED, fontsize=7)
                continue
            ax.barh(k, high - low, left=low, height=0.5, color=LIMB_COLOURS[limb], alpha=0.55)
            ax.plot([middle] * 2, [k - 0.32, k + 0.32], color=INK, lw=1.4)
        ax.set_yticks(range(len(names)), names)
        ax.set_ylim(len(names) - 0.4, -0.6)
        ax.set_xlim(0, 180)
        ax.set_xticks(range(0, 181, 30))
        ax.set_xlabel("angle (deg): P5 to P95, line = median")
        ax.grid(axis="x", color=GRID, lw=0.5)
        ax.set_axisbelow(True)
        ax.tick_params(length=0, axis="y", labelcolor=INK)

    summary = (
        "P5 to P95 of each joint angle, median as a line. Elbow and knee straight = 180 deg; shoulder: arm along "
        "the body = 0 deg; hip: thigh in line with the trunk = 0 deg."
    )
    if not all(limb.angles.in_3d for limb in movement.limbs.values()):
        summary += " Some angles are measured in the picture plane, not in 3-D."
    return Drawing("joint_angles", "Joint-angle ranges", draw, data, summary, HEIGHT_IN, HALF_IN)


def _angle_data(movement: "Movement") -> pl.DataFrame:
    """Percentiles of each angle, right above left, arms above legs; null for an angle never seen."""
    rows = []
    for pair in (("right_arm", "left_arm"), ("right_leg", "left_leg")):
        for angle in reversed(ANGLES[pair[0].split("_")[1]]):
            for name in pair:
                limb = movement.limbs[name]
                seen = limb.angles.deg[angle][np.isfinite(limb.angles.deg[angle]) & ~movement.clean.excluded]
                low, middle, high = np.percentile(seen, [5, 50, 95]) if len(seen) else (None, None, None)
                rows.append((name, angle, low, middle, high, len(seen), limb.angles.in_3d))
    schema = {
        **dict.fromkeys(("limb", "angle"), pl.String),
        **dict.fromkeys(("p5_deg", "median_deg", "p95_deg"), pl.Float64),
        "n": pl.Int64,
        "in_3d": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")
