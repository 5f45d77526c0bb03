"""How the surface near each joint moved between two depth pictures: projective point-to-plane registration.

Pictures come in cells of about 2 mm (see depth_cells.py), of which every second in every second row is taken: the noise
of neighbours is alike, and all of them say no more. The surface of a joint is what lies in capsules along its bones,
near their front; a shoulder or a hip has a patch of its own towards the middle of the trunk. The rigid motion that lays
this surface onto the later picture is found by Gauss-Newton steps with Tukey weights. What is kept of it is the
displacement at the joint, with the rotation marginalised.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.jit import compiled
from asyconv.pose.depth_cells import GATE_MM
from asyconv.pose.normal_equations import normal_equations, solve
from asyconv.skeleton import LIMBS, N_JOINTS

FRONT_MM: Final = 20.0
"""How far in front of the bone's front line a pixel of the surface may lie; set by hand."""

BACK_MM: Final = 14.0
"""How far behind it; the mattress lies farther behind most bones. Set by hand."""

STEEPEST: Final = 3.0  # mm of depth per mm across: beyond it a pixel sees an edge, not a surface
TUKEY_MM: Final = 6.0  # residuals beyond it do not count; several times the noise of a cell
LEAST_POINTS: Final = 25
MOST_POINTS: Final = 400
MOST_STEPS: Final = 6
STILL_STEP_MM: Final = 0.01  # a step so short is the last
ROTATION_SD: Final = 0.08  # rad in one frame, grows with the root of the lag; set by hand
ALIKE_CELLS: Final = 30.0  # how many neighbouring cells err alike, for the weight of the rotation's prior; set by hand

_RADIUS_MM: Final = {"wrist": 12.0, "ankle": 13.0, "elbow": 13.0, "knee": 16.0, "root": 15.0}
"""Radii of the capsules; those of limbs of preterm infants, with room for errors of the joints. Set by hand."""

_REACH_MM: Final = 21.0  # beyond a wrist or an ankle, over the hand or the foot


def _capsules() -> npt.NDArray[np.float64]:
    """Rows of joint, start, end (12 = middle of the trunk), radius, first and last part of the way, reach before it."""
    rows = []
    for name, (root, middle, end) in LIMBS.items():
        arm = name.endswith("arm")
        at_end, at_middle = ("wrist", "elbow") if arm else ("ankle", "knee")
        rows += [
            (end, end, middle, _RADIUS_MM[at_end], 0.0, 0.7, _REACH_MM),
            (middle, middle, root, _RADIUS_MM[at_middle], 0.0, 0.45, 0.0),
            (middle, middle, end, 0.9 * _RADIUS_MM[at_middle], 0.0, 0.45, 0.0),
            (root, root, N_JOINTS, _RADIUS_MM["root"], 0.0, 0.45, 0.0),
        ]
    return np.array(sorted(rows))


CAPSULES: Final = _capsules()
_MOST_RANKED: Final = 64  # depths along a bone: of 6 places 9 each, and what fills the room up comes last
Array = npt.NDArray[np.float64]


@compiled
def collect(cells: Any, camera: Array, joints: Array, capsules: Array, points: Any, counts: Any) -> None:
    """Take the surface near each joint out of a picture.

    `cells` f32 [h, w] mm, `camera` fx, fy, cx, cy of the cells, `joints` f64 [13, 3] column, row and depth of the
    joints and of the trunk's middle (NaN = unknown). `points` f32 [12, 5, 400] gets x, y, z in mm and the slope of the
    depth along columns and rows; `counts` [12] how many.
    """
    counts[:] = 0
    height, width = cells.shape
    line = np.empty(6)
    for n in range(len(capsules)):
        joint, a, b = int(capsules[n, 0]), int(capsules[n, 1]), int(capsules[n, 2])
        z = joints[a, 2]
        if not z > 0.0:
            continue
        if not joints[b, 2] > 0.0:
            b = a  # what is known of the bone is one end: a disc
        radius = capsules[n, 3] * camera[0] / z
        ux, uy = joints[b, 0] - joints[a, 0], joints[b, 1] - joints[a, 1]
        length2 = max(ux * ux + uy * uy, 1e-6)
        first = capsules[n, 4] - min(0.5, capsules[n, 6] * camera[0] / z / max(np.sqrt(length2), 2.0 * radius))
        last = capsules[n, 5]
        _front_line(cells, joints, a, b if b < 12 else a, ux, uy, line)
        x_first, x_last = joints[a, 0] + first * ux, joints[a, 0] + last * ux
        y_first, y_last = joints[a, 1] + first * uy, joints[a, 1] + last * uy
        left = max(1, int(min(x_first, x_last) - radius))
        right = min(width - 2, int(max(x_first, x_last) + radius) + 1)
        top = max(1, int(min(y_first, y_last) - radius))
        bottom = min(height - 2, int(max(y_first, y_last) + radius) + 1)
        again = n > 0 and capsules[n - 1, 0] == joint  # the capsule before is this joint's too
        for row in range(top + top % 2, bottom + 1, 2):
            for column in range(left + left % 2, right + 1, 2):
                depth = cells[row, column]
                if depth == 0.0:
                    continue
                dx, dy = column - joints[a, 0], row - joints[a, 1]
                along = min(max((dx * ux + dy * uy) / length2, first), last)
                if (dx - along * ux) ** 2 + (dy - along * uy) ** 2 > radius * radius:
                    continue
                if not -FRONT_MM <= depth - (line[0] + along * line[1]) <= BACK_MM:
                    continue
                if again and _inside(capsules[n - 1], joints, camera, column, row):
                    continue
                gx, gy = _slope(cells, column, row)
                steep = max(abs(gx) * camera[0], abs(gy) * camera[1]) / depth
                if not steep <= STEEPEST or counts[joint] == points.shape[2]:
                    continue
                point = points[joint, :, counts[joint]]
                point[0] = (column - camera[2]) / camera[0] * depth
                point[1] = (row - camera[3]) / camera[1] * depth
                point[2], point[3], point[4] = depth, gx, gy
                counts[joint] += 1


@compiled
def _inside(capsule: Array, joints: Array, camera: Array, column: int, row: int) -> Any:
    a, b = int(capsule[1]), int(capsule[2])
    if not joints[b, 2] > 0.0:
        b = a
    ux, uy = joints[b, 0] - joints[a, 0], joints[b, 1] - joints[a, 1]
    dx, dy = column - joints[a, 0], row - joints[a, 1]
    along = min(max((dx * ux + dy * uy) / max(ux * ux + uy * uy, 1e-6), capsule[4]), capsule[5])
    radius = capsule[3] * camera[0] / joints[a, 2]
    return (dx - along * ux) ** 2 + (dy - along * uy) ** 2 <= radius * radius


@compiled
def _front_line(cells: Any, joints: Array, a: int, b: int, ux: float, uy: float, line: Array) -> None:
    """Depth of the front along a bone as start and slope: the nearer third of what lies along it, at either end."""
    height, width = cells.shape
    ends, values = np.empty(2), np.empty(_MOST_RANKED, np.float32)
    for end in range(2):
        expected = joints[a, 2] if end == 0 else joints[b, 2]
        values[:], count = np.inf, 0
        for step in range(6):
            part = 0.08 * step if end == 0 else 1.0 - 0.08 * step
            x, y = int(joints[a, 0] + part * ux + 0.5), int(joints[a, 1] + part * uy + 0.5)
            for row in range(y - 1, y + 2):
                for column in range(x - 1, x + 2):
                    if 0 <= row < height and 0 <= column < width:
                        value = cells[row, column]
                        if value > 0.0 and abs(value - expected) < 25.0:
                            values[count] = value
                            count += 1
        ends[end] = _ranked(values, count // 3) if count >= 5 else expected
    line[0] = ends[0] if np.isfinite(ends[0]) else joints[a, 2]
    line[1] = ends[1] - line[0] if np.isfinite(ends[1]) else 0.0


@compiled
def _ranked(values: Any, rank: int) -> Any:
    """The value with so many before it in ascending order; comparing all with each takes less time than sorting."""
    for value in values:
        less, not_more = np.int32(0), np.int32(0)
        for n in range(_MOST_RANKED):
            less += np.int32(1) if values[n] < value else np.int32(0)
            not_more += np.int32(1) if values[n] <= value else np.int32(0)
        if less <= rank < not_more:
            return value
    return np.float32(np.nan)


@compiled
def _slope(cells: Any, column: int, row: int) -> Any:
    """Slope of the plane through the 3x3 cells of one surface; infinite where there are fewer than six."""
    centre = cells[row, column]
    upper, middle, lower = cells[row - 1], cells[row], cells[row + 1]
    a, b, c = upper[column - 1], upper[column], upper[column + 1]
    d, e = middle[column - 1], middle[column + 1]
    f, g, h = lower[column - 1], lower[column], lower[column + 1]
    nearest = min(min(min(a, b), min(c, d)), min(min(e, f), min(g, h)))
    farthest = max(max(max(a, b), max(c, d)), max(max(e, f), max(g, h)))
    if nearest > 0.0 and centre - nearest < GATE_MM and farthest - centre < GATE_MM:  # as almost everywhere
        across = (np.float64(c) + e + h) - (np.float64(a) + d + f)
        down = (np.float64(f) + g + h) - (np.float64(a) + b + c)
        return across / 6.0, down / 6.0
    n, sx, sy, sxx, sxy, syy, sz, sxz, syz = 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for dy in range(-1, 2):
        for dx in range(-1, 2):
            z = cells[row + dy, column + dx]
            if z > 0.0 and abs(z - centre) < GATE_MM:
                z -= centre
                n += 1
                sx += dx
                sy += dy
                sxx += dx * dx
                sxy += dx * dy
                syy += dy * dy
                sz += z
                sxz += dx * z
                syz += dy * z
    if n < 6:
        return np.inf, np.inf
    sxx -= sx * sx / n
    sxy -= sx * sy / n
    syy -= sy * sy / n
    sxz -= sx * sz / n
    syz -= sy * sz / n
    determinant = sxx * syy - sxy * sxy
    if determinant < 1e-3:
        return np.inf, np.inf
    return (sxz * syy - syz * sxy) / determinant, (syz * sxx - sxz * sxy) / determinant


@compiled
def register(
    points: Any, counts: Any, later: Any, camera: Array, pivots: Array, starts: Array, lag: int, motion: Array,
    evidence: Any,
) -> None:  # fmt: skip
    """Lay the surface of each joint onto a later picture.

    `pivots` [12, 3] are the joints in mm, `starts` [12, K, 6] where to start from (translation, rotation), tried in
    turn; the one that fits most of the points wins. `motion` [12, 6] gets translation of the pivot and rotation,
    `evidence` [12, 13] the translation, the part of the points that fit, and the information of the translation with
    the variance of one cell as unit; both stay as they are where there is no evidence.
    """
    step, system, estimate = np.empty(6), np.empty((6, 6)), np.empty(6)
    rows, corners = np.empty((14, MOST_POINTS)), np.empty(MOST_POINTS, np.int64)
    for joint in range(len(points)):
        n = counts[joint]
        if n < LEAST_POINTS:
            continue
        best = -1.0
        for start in starts[joint]:
            if not np.isfinite(start).all():
                continue
            estimate[:] = start
            used = 0.0
            for turn in range(MOST_STEPS):
                limit = 2.0 * TUKEY_MM if turn < 2 else TUKEY_MM
                used, variance = normal_equations(
                    points[joint], n, later, camera, pivots[joint], estimate, limit, rows, corners, system, step
                )
                if used < 12.0:
                    break
                prior = variance * ALIKE_CELLS / (ROTATION_SD * ROTATION_SD * lag)
                for k in range(3, 6):
                    system[k, k] += prior
                    step[k] -= prior * estimate[k]
                solve(system, step, variance)
                for k in range(6):
                    estimate[k] += step[k]
                if turn >= 2 and abs(step[0]) + abs(step[1]) + abs(step[2]) < STILL_STEP_MM:
                    break
            if used >= 12.0 and used > best:
                best = used
                motion[joint] = estimate
                evidence[joint, :3] = estimate[:3]
                evidence[joint, 3] = min(1.0, used / n)
                for k in range(3):
                    evidence[joint, 4 + 3 * k : 7 + 3 * k] = system[k, :3]
