"""The equations of one step of a registration: made of the points of a joint's surface, and solved."""

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from asyconv.jit import compiled
from asyconv.pose.depth_cells import GATE_MM

Array = npt.NDArray[np.float64]


@partial(compiled, fastmath=True)
def normal_equations(
    points: Any, n: int, later: Any, camera: Array, pivot: Array, estimate: Array, limit: float, rows: Array,
    corners: Any, system: Array, right: Array,
) -> Any:  # fmt: skip
    """Normal equations of one step in `system` and `right`; how many points fit, and their mean squared residual.

    `rows` [14, 400] and `corners` [400] are room for what is known of each point. It is found without a branch, and
    apart from where the picture is looked up: so a processor takes several points at a time.
    """
    height, width = later.shape
    depths = later.reshape(-1)
    fx, fy, cx, cy = camera[0], camera[1], camera[2], camera[3]
    tx, ty, tz, wx, wy, wz = estimate[0], estimate[1], estimate[2], estimate[3], estimate[4], estimate[5]
    x0, y0, z0 = pivot[0], pivot[1], pivot[2]
    for p in range(n):
        qx, qy, qz = points[0, p] - x0, points[1, p] - y0, points[2, p] - z0
        x = points[0, p] + tx + wy * qz - wz * qy
        y = points[1, p] + ty + wz * qx - wx * qz
        z = points[2, p] + tz + wx * qy - wy * qx
        per_z = 1.0 / z
        column, row = x * per_z * fx + cx, y * per_z * fy + cy
        left, top = np.floor(column), np.floor(row)
        inside = (column >= 0.0) & (column < width - 1) & (row >= 0.0) & (row < height - 1)
        corners[p] = np.int64(top * width + left) if inside else -1
        rows[6, p], rows[7, p], rows[8, p] = column - left, row - top, z
        gx, gy = points[3, p] * fx * per_z, points[4, p] * fy * per_z
        gz = -1.0 - (gx * x + gy * y) * per_z
        size = 1.0 / np.sqrt(gx * gx + gy * gy + gz * gz)
        gx, gy, gz = gx * size, gy * size, gz * size
        rows[0, p], rows[1, p], rows[2, p] = gx, gy, gz
        rows[3, p], rows[4, p], rows[5, p] = qy * gz - qz * gy, qz * gx - qx * gz, qx * gy - qy * gx
        rows[9, p] = size
    for p in range(n):
        corner = max(corners[p], 0)
        rows[10, p], rows[11, p] = depths[corner], depths[corner + 1]
        rows[12, p], rows[13, p] = depths[corner + width], depths[corner + width + 1]
    for p in range(n):
        seen = _bilinear(rows[10, p], rows[11, p], rows[12, p], rows[13, p], rows[6, p], rows[7, p])
        rows[6, p] = seen if corners[p] >= 0 else 0.0
    used, squares, weights = 0.0, 0.0, 0.0
    for p in range(n):
        seen, z = rows[6, p], rows[8, p]
        residual = seen - z
        fits = (seen > 0.0) & (abs(residual) < limit)
        part = residual / limit
        weight = (1.0 - part * part) * (1.0 - part * part) if fits else 0.0
        residual = residual * rows[9, p] if fits else 0.0
        rows[6, p], rows[7, p] = residual, weight
        used += 1.0 if fits else 0.0
        squares += weight * residual * residual
        weights += weight
    for i in range(6):
        for p in range(n):
            rows[8, p] = rows[7, p] * rows[i, p]
        total = 0.0
        for p in range(n):
            total -= rows[8, p] * rows[6, p]
        right[i] = total
        for k in range(i + 1):
            total = 0.0
            for p in range(n):
                total += rows[8, p] * rows[k, p]
            system[i, k] = system[k, i] = total
    return used, max(squares / max(weights, 1e-9), 0.05)


@compiled
def _bilinear(a: float, b: float, c: float, d: float, u: float, v: float) -> Any:
    """Depth between four cells; 0 where one of them is missing or they belong to two surfaces."""
    low, high = min(min(a, b), min(c, d)), max(max(a, b), max(c, d))
    depth = (1.0 - v) * ((1.0 - u) * a + u * b) + v * ((1.0 - u) * c + u * d)
    return depth if (low > 0.0) & (high - low <= GATE_MM) else 0.0


@compiled
def solve(system: Array, right: Array, variance: float) -> None:
    """Solve the step into `right`; rotations are eliminated first, which leaves the information of the translation."""
    for p in range(5, 2, -1):
        for i in range(p):
            factor = system[i, p] / system[p, p]
            right[i] -= factor * right[p]
            for k in range(p):
                system[i, k] -= factor * system[p, k]
    solved = system[:3, :3].copy()
    for k in range(3):  # where nothing holds a direction the step stays within tens of mm
        solved[k, k] += 0.1 * variance
    for p in range(2, 0, -1):
        for i in range(p):
            factor = solved[i, p] / solved[p, p]
            right[i] -= factor * right[p]
            for k in range(p):
                solved[i, k] -= factor * solved[p, k]
    for i in range(3):
        for k in range(i):
            right[i] -= solved[i, k] * right[k]
        right[i] /= solved[i, i]
    for p in range(3, 6):
        for k in range(p):
            right[p] -= system[p, k] * right[k]
        right[p] /= system[p, p]
