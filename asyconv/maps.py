"""Target maps for training, drawn on the device, a batch of clips at once.

* detection: a disc of the given radius for each joint, a rectangle of thickness equal to that radius for
  each connection;
* regression: inside the same regions a Gaussian of the distance to the joint, or across the connection's
  line.

Deviations from the paper (radius 6 and a standard deviation of 3 times the radius, a plateau without a
peak): the defaults here are a radius of 3 for detection and a standard deviation of 2 inside a radius of 6
for regression, which fit the 9x9 pixels that the regression network sees. The paper writes of a Gaussian
"along the connection direction"; like its ancestor (Du 2018) this takes the distance across the line. A
missing joint has empty maps, and so have its connections.
"""

from typing import Literal

import torch
from torch import Tensor

from asyconv.geometry import MAP_HEIGHT, MAP_WIDTH
from asyconv.skeleton import CONNECTIONS

Kind = Literal["detection", "regression"]


def draw_targets(
    xy_map: Tensor,
    kind: Kind,
    *,
    disc_radius: float | None = None,
    sigma: float = 2.0,
    height: int = MAP_HEIGHT,
    width: int = MAP_WIDTH,
    origin_map: Tensor | None = None,
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

    Returns
    -------
    [B, 20, T, height, width] float32, channels-last in memory as the networks' own maps are.
    """
    if kind not in ("detection", "regression"):
        raise ValueError(f"kind must be 'detection' or 'regression', found {kind!r}")
    radius = disc_radius if disc_radius is not None else (3.0 if kind == "detection" else 6.0)
    joints = xy_map.to(torch.float32)
    if origin_map is not None:
        joints = joints - origin_map.to(joints)[:, None, None, :]
    # axes from here on [B, J or K, T, H, W]; x varies along W only and y along H only, which keeps most terms small
    joints = joints.transpose(1, 2)[..., None, None, :]
    x = torch.arange(width, dtype=torch.float32, device=joints.device)
    y = torch.arange(height, dtype=torch.float32, device=joints.device)[:, None]
    first, second = (joints[:, list(ends)] for ends in zip(*CONNECTIONS, strict=True))
    soft = sigma if kind == "regression" else None
    maps = torch.cat((_discs(joints, x, y, radius, soft), _rectangles(first, second, x, y, radius, soft)), dim=1)
    return maps.contiguous(memory_format=torch.channels_last_3d)


def _discs(centre: Tensor, x: Tensor, y: Tensor, radius: float, sigma: float | None) -> Tensor:
    """Discs, with a Gaussian inside if ``sigma`` is given; NaN fails every comparison and stays empty."""
    dx2, dy2 = (x - centre[..., 0]).square(), (y - centre[..., 1]).square()
    inside = dx2 <= radius**2 - dy2
    return _fill(inside, dx2, dy2, sigma)


def _rectangles(first: Tensor, second: Tensor, x: Tensor, y: Tensor, thickness: float, sigma: float | None) -> Tensor:
    """Rectangles from joint to joint, with a Gaussian across the line inside if ``sigma`` is given."""
    step = second - first
    length = step.square().sum(-1).sqrt()
    # two joints on one point leave a rectangle of no length, for which any direction does
    unit = torch.where(length[..., None] > 0, step / length[..., None], step.new_tensor([1.0, 0.0]))
    ux, uy = unit[..., 0], unit[..., 1]
    dx, dy = x - first[..., 0], y - first[..., 1]
    along = dx * ux + dy * uy
    across = dy * ux - dx * uy
    inside = ((along - length / 2).abs_() <= length / 2) & (across.abs() <= thickness / 2)
    return _fill(inside, across.square_(), across.new_zeros(()), sigma)


def _fill(inside: Tensor, a2: Tensor, b2: Tensor, sigma: float | None) -> Tensor:
    """1 inside, or exp(-(a2 + b2) / 2 sigma^2) as a product of its two factors; 0 outside."""
    if sigma is None:
        return inside.to(torch.float32)
    scale = -0.5 / sigma**2
    values = torch.exp(a2 * scale) * torch.exp(b2 * scale)
    return values.masked_fill_(~inside, 0.0)
