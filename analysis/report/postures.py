"""Trajectory map: paths of wrists and ankles around the median posture."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from asyconv.analysis.cleaning.body_frame import middles
from asyconv.analysis.formulas.gaps import whole
from asyconv.analysis.formulas.spatial import Ellipse, ellipse_95
from asyconv.analysis.measures.plausible import HEADWARD
from asyconv.analysis.report.canvas import (
    HALF_IN,
    INK,
    LIMB_COLOURS,
    MUTED,
    POSTURE,
    Drawing,
    Floats,
    bin_edges,
    lane_data,
    limb_name,
)
from asyconv.skeleton import CONNECTIONS, JOINTS, LIMBS

if TYPE_CHECKING:
    from asyconv.analysis.tables.movement import Movement


POINTS_MAX: Final = 1400


def trajectory_map(movement: "Movement") -> Drawing:
    """Paths of wrists and ankles about the median posture, seen from the camera with the head at the top."""
    in_mm = not movement.clean.in_plane and np.isfinite(movement.clean.smooth_mm).any()
    smooth, unit = (movement.clean.smooth_mm, "mm") if in_mm else (movement.clean.smooth_px, "px")
    # millimetres are those of the unmirrored picture, pixels those of the picture as recorded
    turn = np.diag([-1.0, 1.0]) if unit == "px" and movement.meta.get("mirrored") else np.eye(2)
    upright = bool(np.isfinite(_trunk_down(smooth[..., :2])).all())
    turn = head_up(smooth[..., :2] @ turn, movement.meta) @ turn
    posture = median_pose(smooth[..., :2]) @ turn.T
    posture -= np.nanmean(posture, axis=0) if np.isfinite(posture).any() else 0.0
    paths = {}
    for name, (root, _, _) in LIMBS.items():
        limb = movement.limbs[name]
        relative = limb.position_mm[:, :2] if unit == "mm" else limb.position_px
        paths[name] = np.where(movement.clean.excluded[:, None], np.nan, relative) @ turn.T + posture[root]
    ellipses = {name: ellipse_95(path) for name, path in paths.items()}
    rings = {name: outline(ellipse) for name, ellipse in ellipses.items()}
    data = pl.concat([_path_data(movement, name, path, unit) for name, path in paths.items()])

    x0, x1, y0, y1 = _limits([posture, *paths.values(), *rings.values()])

    def draw(figure: Figure) -> None:
        ax = figure.add_axes((0, 0, 1, 1))
        ax.set_aspect("equal")
        ax.set_xlim(x0, x1)
        ax.set_ylim(y1, y0)
        ax.axis("off")
        _posture(ax, posture)
        for name, path in paths.items():
            drawn = path[bin_edges(len(path), POINTS_MAX)]
            ax.plot(drawn[:, 0], drawn[:, 1], color=LIMB_COLOURS[name], lw=0.6, zorder=3)
            ax.plot(*rings[name].T, color=INK, lw=0.9, ls=(0, (4, 2)), zorder=4)
        for name, (_, _, end) in LIMBS.items():
            if np.isfinite(posture[end]).all():
                _label(ax, name, posture[end], np.concatenate([paths[name], rings[name]]))
        ax.plot([x0 + 8, x0 + 58], [y1 - 8] * 2, color=INK, lw=2)
        ax.text(x0 + 33, y1 - 11, f"50 {unit}", ha="center", va="bottom")

    verified = "" if movement.meta.get("left_right_verified") else " Left and right are not verified."
    summary = (
        "Median posture (grey) and the paths of wrists and ankles relative to shoulders and hips, seen from the "
        f"camera, {_way_up(upright, movement.meta)}; ellipses hold 95 % of a Gaussian cloud with the same covariance, "
        f"in this plane.{verified}"
    )
    height_in = HALF_IN * (y1 - y0) / (x1 - x0)
    table = _ellipse_table(ellipses, paths, unit)
    return Drawing("trajectory_map", "Trajectory map", draw, data, summary, height_in, HALF_IN, table)


def outline(ellipse: Ellipse | None) -> Floats:
    """Points [73, 2] round an ellipse, the first again at the end; none for none."""
    if ellipse is None:
        return np.empty((0, 2))
    around = np.linspace(0, 2 * np.pi, 73)
    long, short = ellipse.long * np.cos(around), ellipse.short * np.sin(around)
    c, s = np.cos(np.radians(ellipse.angle_deg)), np.sin(np.radians(ellipse.angle_deg))
    return np.stack([ellipse.across + c * long - s * short, ellipse.along + s * long + c * short], axis=1)


def _ellipse_table(ellipses: dict[str, Ellipse | None], paths: dict[str, Floats], unit: str) -> pl.DataFrame:
    rows = [
        (limb_name(name), *((ellipse.long, ellipse.short, ellipse.angle_deg) if ellipse else (None,) * 3))
        + (int(whole(paths[name]).sum()),)
        for name, ellipse in ellipses.items()
    ]
    names = ("limb", f"long half axis ({unit})", f"short half axis ({unit})", "direction of the long axis (deg)", "n")
    kinds = (pl.String, pl.Float64, pl.Float64, pl.Float64, pl.Int64)
    return pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")


def _trunk_down(points: Floats) -> Floats:
    """Unit vector [2] from mid-shoulder to mid-hip of `points` [N, 12, 2], median over all; NaN if never seen."""
    shoulders, hips = middles(points)
    down = (hips - shoulders)[whole(hips - shoulders)]
    middle = np.median(down, axis=0) if len(down) else np.full(2, np.nan)
    length = np.linalg.norm(middle)
    return np.asarray(middle / length) if length > 0 else np.full(2, np.nan)


def head_up(points: Floats, meta: dict[str, Any]) -> Floats:
    """Rotation [2, 2] that turns the trunk of `points` [N, 12, 2] (y down, unmirrored) upright.

    If the trunk was never seen whole: that turns the head up from where `meta` says it lies; if nothing is said, none.
    """
    down = _trunk_down(points)
    if not np.isfinite(down).all():
        x, y = HEADWARD.get(str(meta.get("head")), HEADWARD["up"])
        down = np.array([x if meta.get("mirrored") else -x, -y])
    return np.array([[down[1], -down[0]], [down[0], down[1]]])


def _way_up(upright: bool, meta: dict[str, Any]) -> str:
    if upright:
        return "head at the top, trunk upright"
    head_stated = str(meta.get("head")) in HEADWARD
    said = "assumed" if meta.get("head_source") == "assumed" else "stated"
    how = f"turned by where the head was {said} to lie" if head_stated else "as in the picture"
    return f"{how}, because the trunk was never seen whole"


def median_pose(points: Floats) -> Floats:
    """Median over samples of [N, 12, 2] of what is present; NaN for a joint never seen."""
    out = np.full(points.shape[1:], np.nan)
    for k in range(points.shape[1]):
        seen = points[np.isfinite(points[:, k]).all(axis=-1), k]
        if len(seen):
            out[k] = np.median(seen, axis=0)
    return out


def _path_data(movement: "Movement", name: str, path: Floats, unit: str) -> pl.DataFrame:
    drawn = bin_edges(len(path), POINTS_MAX)
    time_s, (across, along) = movement.clean.time.time_s[drawn], path[drawn].T
    return lane_data(name, {"time_s": time_s, f"across_{unit}": across, f"along_{unit}": along})


def _posture(ax: Any, posture: Floats) -> None:
    joint = JOINTS.index
    outline = [joint(name) for name in ("right_shoulder", "left_shoulder", "left_hip", "right_hip", "right_shoulder")]
    ax.plot(*posture[outline].T, color=POSTURE, lw=1.4, zorder=1)
    for a, b in CONNECTIONS:
        ax.plot(*posture[[a, b]].T, color=POSTURE, lw=4, solid_capstyle="round", zorder=1)
    ax.scatter(*posture.T, s=14, color="white", edgecolor=MUTED, lw=1, zorder=2)


def _label(ax: Any, name: str, end: Floats, drawn: Floats) -> None:
    """Write the limb's name just outside all that is `drawn` [N, 2] of it."""
    right = end[0] > 0
    reach = np.append(drawn[whole(drawn), 0], end[0])
    x = reach.max() if right else reach.min()
    ax.annotate(
        limb_name(name),
        (x, end[1]),
        xytext=(5 if right else -5, 0),
        textcoords="offset points",
        ha="left" if right else "right",
        va="center",
        color=LIMB_COLOURS[name],
        weight="bold",
        fontsize=8.5,
    )


def _limits(drawn: list[Floats]) -> tuple[float, float, float, float]:
    """Drawing limits x0, x1, y0, y1 around all points [N, 2], with room for names at the sides."""
    points = np.concatenate([points[np.isfinite(points).all(axis=-1)] for points in drawn])
    if not len(points):
        points = np.array([[-100.0, -100.0], [100.0, 100.0]])
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    side = 0.27 * max(x1 - x0, y1 - y0, 50.0)
    x0, x1, y0, y1 = x0 - side, x1 + side, y0 - 8, y1 + 30
    lacking = 0.6 * (x1 - x0) - (y1 - y0)
    return float(x0), float(x1), float(y0 - max(0, lacking / 2)), float(y1 + max(0, lacking / 2))
