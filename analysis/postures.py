"""Postures: where wrists and ankles went about the median posture, and over which range each joint angle moved."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from asyconv.analysis.canvas import (
    BINS_MAX,
    GRID,
    HALF_IN,
    INK,
    LIMB_COLOURS,
    MUTED,
    POSTURE,
    Floats,
    Picture,
    draw_png,
    limb_name,
)
from asyconv.analysis.series import ANGLES, trunk_down
from asyconv.skeleton import CONNECTIONS, JOINTS, LIMBS

if TYPE_CHECKING:
    from asyconv.analysis.movement import Movement


def trajectory_map(movement: "Movement") -> Picture:
    """Paths of wrists and ankles about the median posture, seen from the camera with the head at the top."""
    smooth = movement.clean.smooth_mm if np.isfinite(movement.clean.smooth_mm).any() else movement.clean.smooth_px
    unit = "mm" if smooth is movement.clean.smooth_mm else "px"
    # millimetres are those of the unmirrored picture, pixels those of the picture as recorded
    turn = np.diag([-1.0, 1.0]) if unit == "px" and movement.meta.get("mirrored") else np.eye(2)
    turn = _head_up(smooth[..., :2] @ turn) @ turn
    posture = _median(smooth[..., :2]) @ turn.T
    posture -= np.nanmean(posture, axis=0) if np.isfinite(posture).any() else 0.0
    paths = {}
    for name, (root, _, _) in LIMBS.items():
        limb = movement.limbs[name]
        relative = limb.position_mm[:, :2] if unit == "mm" else limb.position_px
        paths[name] = relative @ turn.T + posture[root]
    data = pl.concat([_path_data(movement, name, path, unit) for name, path in paths.items()])

    x0, x1, y0, y1 = _limits([posture, *paths.values()])

    def draw(figure: Figure) -> None:
        ax = figure.add_axes((0, 0, 1, 1))
        ax.set_aspect("equal")
        ax.set_xlim(x0, x1)
        ax.set_ylim(y1, y0)
        ax.axis("off")
        _posture(ax, posture)
        for name, path in paths.items():
            ax.plot(path[:, 0], path[:, 1], color=LIMB_COLOURS[name], lw=0.6, zorder=3)
        for name, (_, _, end) in LIMBS.items():
            if np.isfinite(posture[end]).all():
                _label(ax, name, posture[end], paths[name])
        ax.plot([x0 + 8, x0 + 58], [y1 - 8] * 2, color=INK, lw=2)
        ax.text(x0 + 33, y1 - 11, f"50 {unit}", ha="center", va="bottom")

    verified = "" if movement.meta.get("left_right_verified") else " Left and right are not verified."
    summary = (
        "Median posture (grey) and the paths of wrists and ankles relative to shoulders and hips, seen from the "
        f"camera, head at the top, trunk upright.{verified}"
    )
    height_in = HALF_IN * (y1 - y0) / (x1 - x0)
    return Picture("trajectory_map", "Trajectory map", draw_png(draw, height_in, HALF_IN), data, summary)


def angle_ranges(movement: "Movement") -> Picture:
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
    if not all(limb.angles_3d for limb in movement.limbs.values()):
        summary += " Some angles are measured in the picture plane, not in 3-D."
    return Picture("joint_angles", "Joint-angle ranges", draw_png(draw, 3.2, HALF_IN), data, summary)


def _angle_data(movement: "Movement") -> pl.DataFrame:
    """Percentiles of each angle, right above left, arms above legs; null for an angle never seen."""
    rows = []
    for pair in (("right_arm", "left_arm"), ("right_leg", "left_leg")):
        for angle in reversed(ANGLES[pair[0].split("_")[1]]):
            for name in pair:
                limb = movement.limbs[name]
                seen = limb.angles_deg[angle][np.isfinite(limb.angles_deg[angle]) & ~movement.clean.excluded]
                low, middle, high = np.percentile(seen, [5, 50, 95]) if len(seen) else (None, None, None)
                rows.append((name, angle, low, middle, high, len(seen), limb.angles_3d))
    schema = {
        **dict.fromkeys(("limb", "angle"), pl.String),
        **dict.fromkeys(("p5_deg", "median_deg", "p95_deg"), pl.Float64),
        "n": pl.Int64,
        "in_3d": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _head_up(points: Floats) -> Floats:
    """Rotation [2, 2] that turns the trunk of `points` [N, 12, 2] (y down) upright; identity if never seen."""
    down = trunk_down(points)
    if not np.isfinite(down).all():
        return np.eye(2)
    return np.array([[down[1], -down[0]], [down[0], down[1]]])


def _median(points: Floats) -> Floats:
    """Median over samples of [N, 12, 2] of what is present; NaN for a joint never seen."""
    out = np.full(points.shape[1:], np.nan)
    for k in range(points.shape[1]):
        seen = points[np.isfinite(points[:, k]).all(axis=-1), k]
        if len(seen):
            out[k] = np.median(seen, axis=0)
    return out


def _path_data(movement: "Movement", name: str, path: Floats, unit: str) -> pl.DataFrame:
    step = max(1, len(path) // BINS_MAX)
    columns = {
        "time_s": movement.clean.time.time_s[::step],
        f"across_{unit}": path[::step, 0],
        f"along_{unit}": path[::step, 1],
    }
    table = pl.DataFrame(columns).with_columns(pl.col(f"across_{unit}", f"along_{unit}").fill_nan(None))
    return table.select(pl.lit(name).alias("limb"), pl.all())


def _posture(ax: Any, posture: Floats) -> None:
    joint = JOINTS.index
    outline = [joint(name) for name in ("right_shoulder", "left_shoulder", "left_hip", "right_hip", "right_shoulder")]
    ax.plot(*posture[outline].T, color=POSTURE, lw=1.4, zorder=1)
    for a, b in CONNECTIONS:
        ax.plot(*posture[[a, b]].T, color=POSTURE, lw=4, solid_capstyle="round", zorder=1)
    ax.scatter(*posture.T, s=14, color="white", edgecolor=MUTED, lw=1, zorder=2)


def _label(ax: Any, name: str, end: Floats, path: Floats) -> None:
    """Write the limb's name just outside its path."""
    seen = path[np.isfinite(path).all(axis=-1)]
    right = end[0] > 0
    x = (seen[:, 0].max() if right else seen[:, 0].min()) if len(seen) else end[0]
    ax.annotate(
        limb_name(name),
        (x, end[1]),
        xytext=(8 if right else -8, 0),
        textcoords="offset points",
        ha="left" if right else "right",
        va="center",
        color=LIMB_COLOURS[name],
        weight="bold",
        fontsize=8.5,
    )


def _limits(drawn: list[Floats]) -> tuple[float, float, float, float]:
    """Picture limits x0, x1, y0, y1 around all points [N, 2], with room for names at the sides."""
    points = np.concatenate([points[np.isfinite(points).all(axis=-1)] for points in drawn])
    if not len(points):
        points = np.array([[-100.0, -100.0], [100.0, 100.0]])
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    side = 0.27 * max(x1 - x0, y1 - y0, 50.0)
    x0, x1, y0, y1 = x0 - side, x1 + side, y0 - 8, y1 + 30
    lacking = 0.6 * (x1 - x0) - (y1 - y0)
    return float(x0), float(x1), float(y0 - max(0, lacking / 2)), float(y1 + max(0, lacking / 2))
