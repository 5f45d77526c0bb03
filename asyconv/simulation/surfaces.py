"""Depth pictures of smooth tubes: closed surfaces lofted through rings, blended where they meet; Numba, one thread.

A tube is a row of rings. Point a of ring r lies at centre + bulge[r, a] (cos(angle) u + sin(angle) v). The triangles
between the rings are drawn into a picture of their own, which then joins the body's picture by a smooth minimum of the
depths: where two tubes meet, the crease between them is a fillet some millimetres wide.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from asyconv.jit import compiled

Array = npt.NDArray[np.float64]

NOTHING_MM = 1e6


@dataclass(frozen=True)
class Tube:
    """One lofted surface: ring centres, and the rings' half-axes with their lengths, mm [R, 3]; bulge [R, A]; its part.

    `blend_mm` is how far apart in depth it and what it meets begin to flow into each other.
    """

    centres: Array
    u: Array
    v: Array
    bulge: Array
    part: int
    blend_mm: float


def draw_tubes(
    tubes: list[Tube], turn: Array, distance_mm: float, focal_px: float,
    z_mm: npt.NDArray[np.float32], part: npt.NDArray[np.uint8],
) -> None:  # fmt: skip
    """Draw tubes of the bed frame into a camera's depth and parts [H, W] (see `Infant`), where they are the nearest."""
    body = np.full(z_mm.shape, NOTHING_MM, np.float32)
    own = np.full(z_mm.shape, NOTHING_MM, np.float32)
    shown = np.zeros(z_mm.shape, np.uint8)
    whole = np.array([z_mm.shape[1], z_mm.shape[0], 0, 0])
    for tube in tubes:
        points = lofted(tube.centres, tube.u, tube.v, tube.bulge, turn, distance_mm, focal_px, *z_mm.shape)
        box = _draw_rings(points, own)
        _blend(box, own, body, shown, tube.part, tube.blend_mm)
        whole = np.concatenate([np.minimum(whole[:2], box[:2]), np.maximum(whole[2:], box[2:])])
    region = (slice(whole[1], whole[3]), slice(whole[0], whole[2]))
    nearer = body[region] < z_mm[region]
    z_mm[region][nearer] = body[region][nearer]
    part[region][nearer] = shown[region][nearer]


@partial(compiled, fastmath=True)
def lofted(
    centres: Any, u: Any, v: Any, bulge: Any, turn: Any, distance_mm: float, focal_px: float, height: int, width: int
) -> Any:
    """Points of all rings as the camera sees them: x, y in px and 1 / depth, f32 [R, A, 3]."""
    rings, around = bulge.shape
    out = np.empty((rings, around, 3), np.float32)
    step = 2 * np.pi / around
    for a in range(around):
        cos, sin = np.cos(a * step), np.sin(a * step)
        for r in range(rings):
            c, s = bulge[r, a] * cos, bulge[r, a] * sin
            x = centres[r, 0] + c * u[r, 0] + s * v[r, 0]
            y = centres[r, 1] + c * u[r, 1] + s * v[r, 1]
            z = distance_mm - (centres[r, 2] + c * u[r, 2] + s * v[r, 2])
            depth = max(turn[2, 0] * x + turn[2, 1] * y + turn[2, 2] * z, 50.0)
            scale = focal_px / depth
            out[r, a, 0] = (turn[0, 0] * x + turn[0, 1] * y + turn[0, 2] * z) * scale + (width - 1) / 2
            out[r, a, 1] = (turn[1, 0] * x + turn[1, 1] * y + turn[1, 2] * z) * scale + (height - 1) / 2
            out[r, a, 2] = 1.0 / depth
    return out


@partial(compiled, fastmath=True)
def _draw_rings(points: Any, own: Any) -> Any:
    """Draw the triangles between rings into `own`, nearest first; give the box x0, y0, x1, y1 that they touch."""
    height, width = own.shape
    rings, around = points.shape[0], points.shape[1]
    box = np.array([width, height, 0, 0])
    for r in range(rings - 1):
        for a in range(around):
            b = a + 1 if a + 1 < around else 0
            for half in range(2):
                p, q, s = points[r, a], points[r + 1, b], points[r, b]
                if half == 1:
                    s = points[r + 1, a]
                x0 = max(0, int(np.ceil(min(p[0], q[0], s[0]))))
                x1 = min(width - 1, int(np.floor(max(p[0], q[0], s[0]))))
                y0 = max(0, int(np.ceil(min(p[1], q[1], s[1]))))
                y1 = min(height - 1, int(np.floor(max(p[1], q[1], s[1]))))
                if x0 > x1 or y0 > y1:
                    continue
                area = (q[0] - p[0]) * (s[1] - p[1]) - (q[1] - p[1]) * (s[0] - p[0])
                if abs(area) < 1e-9:
                    continue
                # weights of q and s grow linearly in x and y
                wq_x, wq_y = (s[1] - p[1]) / area, -(s[0] - p[0]) / area
                ws_x, ws_y = -(q[1] - p[1]) / area, (q[0] - p[0]) / area
                dq, ds = q[2] - p[2], s[2] - p[2]
                box[0], box[1] = min(box[0], x0), min(box[1], y0)
                box[2], box[3] = max(box[2], x1 + 1), max(box[3], y1 + 1)
                for y in range(y0, y1 + 1):
                    wq = (x0 - p[0]) * wq_x + (y - p[1]) * wq_y
                    ws = (x0 - p[0]) * ws_x + (y - p[1]) * ws_y
                    for x in range(x0, x1 + 1):
                        if wq >= -1e-4 and ws >= -1e-4 and wq + ws <= 1.0001:
                            depth = 1.0 / (p[2] + wq * dq + ws * ds)
                            if depth < own[y, x]:
                                own[y, x] = depth
                        wq += wq_x
                        ws += ws_x
    return box


@partial(compiled, fastmath=True)
def _blend(box: Any, own: Any, body: Any, shown: Any, label: int, blend_mm: float) -> None:
    """Join a tube's picture to the body's by a smooth minimum, and empty it again."""
    for y in range(box[1], box[3]):
        for x in range(box[0], box[2]):
            mine = own[y, x]
            if mine >= NOTHING_MM:
                continue
            own[y, x] = NOTHING_MM
            there = body[y, x]
            if mine < there:
                shown[y, x] = label
            near = max(blend_mm - abs(mine - there), 0.0)
            body[y, x] = min(mine, there) - near * near / (4.0 * blend_mm)
