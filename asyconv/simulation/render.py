"""Depth pictures of rounded solids, and a structured-light sensor that looks at them; Numba, one thread.

A rounded cone is the envelope of the spheres between two end spheres. With q(t) = t d - a the point on the ray, w the
axis, r the first radius and s the change of radius, the envelope gives |q|^2 - r^2 = (w.q + r s)^2 / (|w|^2 - s^2): a
quadratic in t, valid where the touching sphere's parameter (w.q + r s) / (|w|^2 - s^2) lies in [0, 1].
Since d = ((x - cx) / f, (y - cy) / f, 1), t is the depth.
"""

from functools import partial
from typing import Any

import numpy as np

from asyconv.jit import compiled

FAR_MM = 1e9


@partial(compiled, fastmath=True)
def draw_solids(
    cones: Any, cone_parts: Any, ellipsoids: Any, ellipsoid_parts: Any, focal_px: float, z_mm: Any, part: Any
) -> None:
    """Draw camera-frame solids (mm) into the depth buffer `z_mm` f32 [H, W] and the part buffer `part` u8 [H, W]."""
    for index in range(ellipsoids.shape[0]):
        _draw_ellipsoid(ellipsoids[index], ellipsoid_parts[index], focal_px, z_mm, part)
    for index in range(cones.shape[0]):
        _draw_cone(cones[index], cone_parts[index], focal_px, z_mm, part)


@partial(compiled, fastmath=True)
def _span(low: float, high: float, size: int) -> tuple[int, int]:
    return max(0, int(np.floor(low))), min(size, int(np.ceil(high)) + 1)


@partial(compiled, fastmath=True)
def _draw_ellipsoid(solid: Any, label: int, focal_px: float, z_mm: Any, part: Any) -> None:
    height, width = z_mm.shape
    centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
    ax, ay, az = solid[0], solid[1], solid[2]
    m = solid[3:12]
    longest = 0.0
    for row in range(3):
        longest = max(longest, 1.0 / np.sqrt(m[3 * row] ** 2 + m[3 * row + 1] ** 2 + m[3 * row + 2] ** 2))
    if az - longest < 50.0:
        return
    reach = focal_px * longest / (az - longest) * 1.05
    x0, x1 = _span(centre_x + focal_px * ax / az - reach, centre_x + focal_px * ax / az + reach, width)
    y0, y1 = _span(centre_y + focal_px * ay / az - reach, centre_y + focal_px * ay / az + reach, height)
    e0 = m[0] * ax + m[1] * ay + m[2] * az
    e1 = m[3] * ax + m[4] * ay + m[5] * az
    e2 = m[6] * ax + m[7] * ay + m[8] * az
    c = e0 * e0 + e1 * e1 + e2 * e2 - 1.0
    for y in range(y0, y1):
        dy = (y - centre_y) / focal_px
        for x in range(x0, x1):
            dx = (x - centre_x) / focal_px
            g0 = m[0] * dx + m[1] * dy + m[2]
            g1 = m[3] * dx + m[4] * dy + m[5]
            g2 = m[6] * dx + m[7] * dy + m[8]
            a = g0 * g0 + g1 * g1 + g2 * g2
            b = g0 * e0 + g1 * e1 + g2 * e2
            root = b * b - a * c
            if root > 0.0:
                t = (b - np.sqrt(root)) / a
                if t < z_mm[y, x]:
                    z_mm[y, x] = t
                    part[y, x] = label


@partial(compiled, fastmath=True)
def _draw_cone(solid: Any, label: int, focal_px: float, z_mm: Any, part: Any) -> None:
    height, width = z_mm.shape
    centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
    ax, ay, az, bx, by, bz, ra, rb = solid
    if min(az - ra, bz - rb) < 50.0:
        return
    reach_a, reach_b = focal_px * ra / (az - ra) * 1.05, focal_px * rb / (bz - rb) * 1.05
    pax, pay = centre_x + focal_px * ax / az, centre_y + focal_px * ay / az
    pbx, pby = centre_x + focal_px * bx / bz, centre_y + focal_px * by / bz
    x0, x1 = _span(min(pax - reach_a, pbx - reach_b), max(pax + reach_a, pbx + reach_b), width)
    y0, y1 = _span(min(pay - reach_a, pby - reach_b), max(pay + reach_a, pby + reach_b), height)
    wx, wy, wz = bx - ax, by - ay, bz - az
    change = rb - ra
    square = max(wx * wx + wy * wy + wz * wz - change * change, 1e-6)
    aa = ax * ax + ay * ay + az * az
    n = ra * change - (wx * ax + wy * ay + wz * az)
    c = aa - ra * ra - n * n / square
    c_a = aa - ra * ra
    c_b = bx * bx + by * by + bz * bz - rb * rb
    for y in range(y0, y1):
        dy = (y - centre_y) / focal_px
        for x in range(x0, x1):
            dx = (x - centre_x) / focal_px
            dd = dx * dx + dy * dy + 1.0
            da = dx * ax + dy * ay + az
            best = FAR_MM
            m = wx * dx + wy * dy + wz
            a = dd - m * m / square
            b = da + m * n / square
            root = b * b - a * c
            if root > 0.0 and a > 1e-9:
                t = (b - np.sqrt(root)) / a
                u = (t * m + n) / square
                if 0.0 <= u <= 1.0:
                    best = t
            root = da * da - dd * c_a
            if root > 0.0:
                best = min(best, (da - np.sqrt(root)) / dd)
            db = dx * bx + dy * by + bz
            root = db * db - dd * c_b
            if root > 0.0:
                best = min(best, (db - np.sqrt(root)) / dd)
            if best < z_mm[y, x]:
                z_mm[y, x] = best
                part[y, x] = label


@compiled
def mix(value: Any) -> Any:
    """Hash of a 64-bit counter: a multiply-xorshift finaliser, so that any pixel of any frame can be drawn alone."""
    value = np.uint64(value)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@compiled
def bell(bits: Any) -> float:
    """Roughly normal number of SD 1 from 64 random bits: the sum of four uniform 16-bit numbers."""
    mask = np.uint64(0xFFFF)
    total = 0.0
    for shift in range(0, 64, 16):
        total += float((bits >> np.uint64(shift)) & mask)
    return (total / 65536.0 - 2.0) * 1.7320508


LATTICE_PX = 6  # matching windows make the noise of neighbouring pixels alike
GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # what counters of pixels are multiplied by, so that their bits differ


@compiled
def noise_lattice(height: int, width: int, base: Any) -> Any:
    """Normal noise of a picture's lattice, a value every `LATTICE_PX`, keyed by `base`."""
    rows, columns = height // LATTICE_PX + 2, width // LATTICE_PX + 2
    lattice = np.empty((rows, columns), np.float32)
    for row in range(rows):
        for column in range(columns):
            lattice[row, column] = bell(mix(base + GOLDEN * np.uint64(row * columns + column + 1)))
    return lattice


@compiled
def sense(
    z_mm: Any, key: Any, projector_px_mm: float, noise_px: float, hole_rate: float, near_mm: float, out: Any
) -> None:
    """What a structured-light sensor reports of the true depth `z_mm` f32 [H, W], in whole mm into `out` u16 [H, W].

    Depth is disparity quantised to 1/8 px, so its step and noise grow with the square of the distance. A pixel that the
    projector cannot see (baseline along the row), a steep edge, a random speckle, anything nearer than `near_mm` and
    the dead band at the right border have no depth (0). `projector_px_mm` = focal length x baseline; `key` = frame key.
    """
    height, width = z_mm.shape
    base = mix(np.uint64(key))
    lattice = noise_lattice(height, width, base)
    base = mix(base + np.uint64(1))
    for y in range(height):
        row, fy = y // LATTICE_PX, (y % LATTICE_PX) / LATTICE_PX
        furthest = -1e9
        for x in range(width):
            z = z_mm[y, x]
            disparity = projector_px_mm / z
            seen = x + disparity > furthest - 0.75
            furthest = max(furthest, x + disparity)
            bits = mix(base + GOLDEN * np.uint64(y * width + x))
            edge = 0.0
            if 0 < x < width - 1 and 0 < y < height - 1:
                edge = max(abs(z_mm[y, x + 1] - z_mm[y, x - 1]), abs(z_mm[y + 1, x] - z_mm[y - 1, x]))
            chance = hole_rate + min(max(edge - 6.0, 0.0) / 40.0, 0.85)
            lost = float(mix(bits) >> np.uint64(40)) / 16777216.0 < chance
            if not seen or lost or z < near_mm or x >= width - 8:
                out[y, x] = 0
                continue
            column, fx = x // LATTICE_PX, (x % LATTICE_PX) / LATTICE_PX
            smooth = (1 - fy) * ((1 - fx) * lattice[row, column] + fx * lattice[row, column + 1]) + fy * (
                (1 - fx) * lattice[row + 1, column] + fx * lattice[row + 1, column + 1]
            )
            noisy = disparity + noise_px * (1.2 * smooth + 0.5 * bell(bits))
            steps = np.floor(noisy * 8.0 + 0.5)
            out[y, x] = np.uint16(min(max(8.0 * projector_px_mm / max(steps, 1.0) + 0.5, 0.0), 10000.0))
