"""Target maps for training, drawn in one call on the device into a buffer that can be reused.

* detection: a disc of the given radius for each joint, a rectangle of thickness equal to that radius for
  each connection;
* regression: inside the same regions a Gaussian of the distance to the joint, or across the connection's
  line.

The paper has a radius of 6 map px and a standard deviation of 3 times the radius (`RADIUS_PAPER_MAP`,
`SIGMA_PAPER_MAP`), a plateau without a peak. Deviation: the defaults are a radius of 3 for detection and a standard
deviation of a third of 6 inside a radius of 6 for regression (`RADIUS_USEFUL_MAP`, `SIGMA_USEFUL_MAP`), which fit the
9x9 pixels that the regression network sees. The paper writes of a Gaussian "along the connection direction"; like its
ancestor (Du 2018) this takes the distance across the line. A missing joint has empty maps, and so have its
connections; both count in the loss, as in the paper.

On the CPU the buffer is filled with zeros and only the windows round each joint and connection are drawn (`asyconv
bench targets` compares this with the filling alone). Elsewhere the dense expression below draws every
pixel of every map; on a GPU it has never been timed.
"""

import math
from typing import Any, Final, Literal

import numpy as np
import torch
from torch import Tensor

from asyconv.jit import compiled
from asyconv.pose.geometry import MAP_HEIGHT, MAP_WIDTH
from asyconv.skeleton import CONNECTIONS, N_CONNECTIONS, N_JOINTS
from asyconv.training.target_sizes import RADIUS_PAPER_MAP, RADIUS_USEFUL_MAP, SIGMA_USEFUL_MAP

Kind = Literal["detection", "regression"]


def draw_targets(
    xy_map: Tensor,
    kind: Kind,
    *,
    disc_radius: float | None = None,
    sigma: float = SIGMA_USEFUL_MAP,
    height: int = MAP_HEIGHT,
    width: int = MAP_WIDTH,
    origin_map: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Draw the 12 joint maps, then the 8 connection maps, of each frame.

    Parameters
    ----------
    xy_map : [B, T, 12, 2], joints in map pixels (pixel centres are whole numbers), NaN = missing.
    kind : "detection" (0 or 1) or "regression" (0 to 1).
    disc_radius : map pixels, and thickness of a connection; default 3 for detection, 6 for regression.
    sigma : standard deviation of the regression Gaussians, map pixels.
    height, width : size of the maps or of a crop.
    origin_map : [B, 2], x and y of each crop's first pixel; default (0, 0).
    out : buffer that gets the maps, as an earlier call returned it.

    Returns
    -------
    [B, 20, T, height, width] float32, channels-last in memory as the networks' own maps are; `out` if given.
    """
    if kind not in ("detection", "regression"):
        raise ValueError(f"kind must be 'detection' or 'regression', found {kind!r}")
    if disc_radius is None:
        disc_radius = RADIUS_USEFUL_MAP if kind == "detection" else RADIUS_PAPER_MAP
    joints = xy_map.detach().to(torch.float32)
    if origin_map is not None:
        joints = joints - origin_map.to(joints)[:, None, None, :]
    out = _buffer(joints, height, width, out)
    soft = sigma if kind == "regression" else None
    if joints.device.type == "cpu":
        half_inverse = -0.5 / sigma**2 if soft else 0.0
        maps = out.zero_().permute(0, 2, 3, 4, 1).numpy()
        numbers = [np.float32(number) for number in (disc_radius, disc_radius**2, half_inverse)]
        _draw_windows(joints.contiguous().numpy(), _ENDS, *numbers, maps)
        return out
    return out.copy_(_dense_targets(joints, disc_radius, soft, height, width))


def _buffer(joints: Tensor, height: int, width: int, out: Tensor | None) -> Tensor:
    shape = (len(joints), N_JOINTS + N_CONNECTIONS, joints.shape[1], height, width)
    layout = torch.channels_last_3d
    if out is None:
        return torch.empty(shape, dtype=torch.float32, device=joints.device, memory_format=layout)
    fits = out.shape == shape and out.dtype == torch.float32 and out.device == joints.device
    if not (fits and out.is_contiguous(memory_format=layout)):
        raise ValueError(
            f"out must be float32 {shape} on {joints.device}, channels-last, found {str(out.dtype)[6:]} "
            f"{tuple(out.shape)} on {out.device} with strides {out.stride()}"
        )
    return out


_ENDS: Final = np.array(CONNECTIONS)


@compiled
def _draw_windows(joints: Any, ends: Any, radius: Any, radius2: Any, half_inverse: Any, maps: Any) -> None:
    """Draw joints [B, T, J, 2] and the connections between them into maps [B, T, H, W, J + K] full of zeros.

    Every number is float32, and every sum in the order of the dense expression: both draw the same pixels.
    """
    n_clips, n_frames, n_joints, _ = joints.shape
    height, width = maps.shape[2:4]
    half, half2 = radius / np.float32(2), radius2 / np.float32(4)
    for b in range(n_clips):
        for t in range(n_frames):
            for j in range(n_joints):
                cx, cy = joints[b, t, j]
                if not (math.isfinite(cx) and math.isfinite(cy)):
                    continue
                for y in range(_first(cy, radius), _end(cy, radius, height)):
                    dy2 = (np.float32(y) - cy) * (np.float32(y) - cy)
                    for x in range(_first(cx, radius), _end(cx, radius, width)):
                        dx2 = (np.float32(x) - cx) * (np.float32(x) - cx)
                        if dx2 <= radius2 - dy2:
                            maps[b, t, y, x, j] = math.exp(dx2 * half_inverse) * math.exp(dy2 * half_inverse)
            for k in range(len(ends)):
                ax, ay = joints[b, t, ends[k, 0]]
                bx, by = joints[b, t, ends[k, 1]]
                ux, uy = bx - ax, by - ay
                length2 = ux * ux + uy * uy
                if not math.isfinite(length2):
                    continue
                unit2 = length2
                if length2 == 0:  # two joints on one point: a rectangle of no length
                    ux, unit2 = np.float32(1), np.float32(1)
                for y in range(_first(min(ay, by), half), _end(max(ay, by), half, height)):
                    dy = np.float32(y) - ay
                    for x in range(_first(min(ax, bx), half), _end(max(ax, bx), half, width)):
                        dx = np.float32(x) - ax
                        along, across = dx * ux + dy * uy, dy * ux - dx * uy
                        across2 = across * across
                        if 0 <= along <= length2 and across2 <= half2 * unit2:
                            maps[b, t, y, x, n_joints + k] = math.exp(across2 / unit2 * half_inverse)


@compiled
def _first(centre: Any, reach: Any) -> int:
    """First pixel of a window; one more than needed, so that rounding decides nothing here."""
    return int(max(0.0, math.floor(min(centre - reach, 1e6)) - 1.0))


@compiled
def _end(centre: Any, reach: Any, size: int) -> int:
    return int(min(float(size), math.ceil(max(centre + reach, -1e6)) + 2.0))


def _dense_targets(joints: Tensor, radius: float, sigma: float | None, height: int, width: int) -> Tensor:
    """The maps of joints [B, T, 12, 2] as an expression over every pixel; Gaussians if `sigma` is given."""
    # axes from here on [B, J or K, T, H, W]; x varies along W only and y along H only, which keeps most terms small
    joints = joints.transpose(1, 2)[..., None, None, :]
    x = torch.arange(width, dtype=torch.float32, device=joints.device)
    y = torch.arange(height, dtype=torch.float32, device=joints.device)[:, None]
    first, second = (joints[:, list(ends)] for ends in zip(*CONNECTIONS, strict=True))
    return torch.cat((_discs(joints, x, y, radius, sigma), _rectangles(first, second, x, y, radius, sigma)), dim=1)


def _discs(centre: Tensor, x: Tensor, y: Tensor, radius: float, sigma: float | None) -> Tensor:
    """Discs, with a Gaussian inside if ``sigma`` is given; NaN fails every comparison and stays empty."""
    dx2, dy2 = (x - centre[..., 0]).square(), (y - centre[..., 1]).square()
    inside = dx2 <= radius**2 - dy2
    return _fill(inside, dx2, dy2, sigma)


def _rectangles(first: Tensor, second: Tensor, x: Tensor, y: Tensor, thickness: float, sigma: float | None) -> Tensor:
    """Rectangles from joint to joint, with a Gaussian across the line inside if ``sigma`` is given.

    Along and across come multiplied by the bone's length: without a root, whole coordinates are compared exactly.
    """
    step = second - first
    length2 = step.square().sum(-1)
    length2 = length2.masked_fill(length2.isinf(), torch.nan)
    # two joints on one point leave a rectangle of no length, for which any direction does
    flat = length2 == 0
    step = torch.where(flat[..., None], step.new_tensor([1.0, 0.0]), step)
    unit2 = length2.masked_fill(flat, 1.0)
    ux, uy = step[..., 0], step[..., 1]
    dx, dy = x - first[..., 0], y - first[..., 1]
    along = dx * ux + dy * uy
    across2 = (dy * ux - dx * uy).square_()
    inside = (along >= 0) & (along <= length2) & (across2 <= (thickness / 2) ** 2 * unit2)
    return _fill(inside, across2.div_(unit2), across2.new_zeros(()), sigma)


def _fill(inside: Tensor, a2: Tensor, b2: Tensor, sigma: float | None) -> Tensor:
    """1 inside, or exp(-(a2 + b2) / 2 sigma^2) as a product of its two factors; 0 outside."""
    if sigma is None:
        return inside.to(torch.float32)
    scale = -0.5 / sigma**2
    values = torch.exp(a2 * scale) * torch.exp(b2 * scale)
    return values.masked_fill_(~inside, 0.0)
