"""Candidates of joints and links on the device of the networks, for all frames of a batch at once, in plain torch.

What `detected.py` and `joints.py` compute of one frame on the CPU: where joints may lie, peaks, their centres and
spreads, and how strong the links between them are. Only the candidates leave the device; which of them are joints is
decided by `joints_among`.
"""

import math
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from asyconv.pose.clips import MIDDLE
from asyconv.pose.detected import DETECTED_SHARE, NEAR_MAP, Box
from asyconv.pose.joints import ENDS, MAX_PEAKS, MIN_SAMPLES, WINDOW_RADIUS_MAP, Candidates
from asyconv.skeleton import N_JOINTS

_REACH: Final = WINDOW_RADIUS_MAP + 0.5
_SIDE: Final = int(2 * _REACH) + 1


def normalised(depth_mm: Tensor, scale_mm: float, limit: float, mean_within_mm: float) -> Tensor:
    """Do what `normalise` of clips.py does with depth maps [..., H, W] in mm (0 = none), on the device."""
    valid = depth_mm > 0
    counts = valid
    if mean_within_mm:
        depths = torch.where(valid, depth_mm, torch.inf)[..., *MIDDLE].flatten(-2).sort(dim=-1).values
        rank = (depths.isfinite().sum(dim=-1, keepdim=True) - 1).clamp(min=0) // 2
        level = depths.gather(-1, rank)[..., None]
        counts = valid & (((depth_mm - level).abs() <= mean_within_mm) | level.isinf())
    count = counts.sum(dim=(-2, -1), keepdim=True).clamp(min=1)
    mean = torch.where(counts, depth_mm, 0.0).sum(dim=(-2, -1), keepdim=True, dtype=torch.float64) / count
    return torch.where(valid, ((depth_mm - mean) / scale_mm).clamp(-limit, limit), 0.0).float()


def detected_box_of(seen: Tensor, presence: Tensor, thresholds: Tensor) -> Box | None:
    """Do what `detected_box` does for detection probabilities [B, 12, T, H, W] on the device; four numbers leave it."""
    frames = (presence >= thresholds[:, None]).any(dim=1)
    marked = seen > (presence * DETECTED_SHARE)[..., None, None]
    marked = marked.any(dim=1) & frames[..., None, None]
    sides = [marked.any(dim=(0, 1, 3)).nonzero(), marked.any(dim=(0, 1, 2)).nonzero()]
    if not len(sides[0]):
        return None
    (top, bottom), (left, right) = ((int(side[0]), int(side[-1]) + 1) for side in sides)
    return Box(top, bottom, left, right, *seen.shape[-2:]).grown(NEAR_MAP)


def near_detection(seen: Tensor, presence: Tensor) -> Tensor:
    """1 where a joint may lie, else 0, of detections [N, J, H, W] whose largest values are `presence` [N, J]."""
    detected = (seen > (presence * DETECTED_SHARE)[..., None, None]).float()
    return F.max_pool2d(detected, 2 * NEAR_MAP + 1, stride=1, padding=NEAR_MAP)


def candidates_of(
    maps: Tensor, seen: Tensor, presence: Tensor, box: Box, joint_threshold: float, nms_window: int
) -> list[Candidates]:
    """Candidates of each frame, from maps [N, 20, h, w] in `box` and detections [N, 12, H, W], presence [N, 12]."""
    near = box.of(near_detection(seen, presence))
    joints = torch.where(near > 0, maps[:, :N_JOINTS].float(), 0.0)
    places, peak, count = _peaks(joints, joint_threshold, nms_window)
    xy = _centres(joints, places, box)
    sigma = _spreads(joints, xy, box)
    links = _strengths(maps[:, N_JOINTS:].float(), xy, box)
    best = joints.amax(dim=(-2, -1))
    found = (xy, peak, count, best, links, sigma)
    return [Candidates(*arrays) for arrays in zip(*(values.cpu().numpy() for values in found), strict=True)]


def _peaks(joints: Tensor, threshold: float, window: int) -> tuple[Tensor, Tensor, Tensor]:
    """Column and row of the pixels of peaks [N, 12, 5, 2], strongest first, their values, and how many there are.

    Equal values come in the order of their pixels: the bits of a positive float32 and its pixel make one whole number.
    """
    width = joints.shape[-1]
    first = F.max_pool2d(joints, window, stride=1, padding=window // 2, return_indices=True)[1].flatten(-2)
    value, pixel = joints.flatten(-2), torch.arange(first.shape[-1], device=joints.device)
    is_peak = (first == pixel) & (value >= threshold)
    order = value.contiguous().view(torch.int32).long() * 2**24 - pixel
    order = torch.where(is_peak, order, torch.iinfo(torch.int64).min)
    order = F.pad(order, (0, max(MAX_PEAKS - order.shape[-1], 0)), value=torch.iinfo(torch.int64).min)
    strongest, at = order.topk(MAX_PEAKS)
    given = strongest > torch.iinfo(torch.int64).min
    at = torch.where(given, at, 0)
    peak = torch.where(given, value.gather(-1, at), -math.inf)
    return torch.stack([at % width, at // width], dim=-1), peak, given.sum(dim=-1)


def _windows(joints: Tensor, x: Tensor, y: Tensor, box: Box) -> tuple[Tensor, Tensor, Tensor]:
    """Columns and rows [N, 12, 5, 8] from 3.5 px before positions in the picture on, and positive values [.., 8, 8].

    What lies outside the box is 0.
    """
    steps = torch.arange(_SIDE, device=joints.device)
    columns, rows = torch.ceil(x - _REACH)[..., None] + steps, torch.ceil(y - _REACH)[..., None] + steps
    across, down = (columns - box.left).long(), (rows - box.top).long()
    height, width = joints.shape[-2:]
    inside = ((down >= 0) & (down < height))[..., :, None] & ((across >= 0) & (across < width))[..., None, :]
    at = down.clamp(0, height - 1)[..., :, None] * width + across.clamp(0, width - 1)[..., None, :]
    values = joints.flatten(-2).gather(-1, at.flatten(-3)).reshape(at.shape).double().clamp(min=0.0)
    return columns, rows, torch.where(inside, values, 0.0)


def _centres(joints: Tensor, places: Tensor, box: Box) -> Tensor:
    """Mean shift from each peak to its resting centre, as `_centre` in joints.py; [N, 12, 5, 2] in the picture."""
    x_peak = places[..., 0].double() + box.left
    y_peak = places[..., 1].double() + box.top
    x, y = x_peak, y_peak
    rests = torch.zeros(x.shape, dtype=torch.bool, device=x.device)
    for _ in range(20):
        reach_x = torch.minimum(x + 0.5, box.width - 0.5 - x).clamp(max=_REACH)[..., None]
        reach_y = torch.minimum(y + 0.5, box.height - 0.5 - y).clamp(max=_REACH)[..., None]
        columns, rows, values = _windows(joints, x, y, box)
        across, down = columns - x[..., None], rows - y[..., None]
        beside_x, beside_y = (reach_x - across.abs()).clamp(0.0, 1.0), (reach_y - down.abs()).clamp(0.0, 1.0)
        weights = beside_y[..., :, None] * beside_x[..., None, :] * values
        total = weights.sum(dim=(-2, -1))
        sum_x, sum_y = (weights.sum(dim=-2) * across).sum(dim=-1), (weights.sum(dim=-1) * down).sum(dim=-1)
        rests = rests | (total <= 0.0)
        step_x, step_y = sum_x / total.clamp(min=1e-300), sum_y / total.clamp(min=1e-300)
        far = torch.maximum((x + step_x - x_peak).abs(), (y + step_y - y_peak).abs()) > WINDOW_RADIUS_MAP
        rests = rests | far  # drifting off to something else
        x, y = torch.where(rests, x, x + step_x), torch.where(rests, y, y + step_y)
        rests = rests | (step_x.abs() + step_y.abs() < 1e-3)
    x, y = x.clamp(0.0, box.width - 1.0), y.clamp(0.0, box.height - 1.0)
    return torch.stack([x, y], dim=-1).float()


def _spreads(joints: Tensor, xy: Tensor, box: Box) -> Tensor:
    """Root of the mean second moment about each position, as `_spread` in joints.py; [N, 12, 5]."""
    x, y = xy[..., 0].double(), xy[..., 1].double()
    columns, rows, values = _windows(joints, x, y, box)
    across, down = columns - x[..., None], rows - y[..., None]
    values = values * ((across.abs() <= _REACH)[..., None, :] & (down.abs() <= _REACH)[..., :, None])
    moment = (values * (down[..., :, None] ** 2 + across[..., None, :] ** 2)).sum(dim=(-2, -1))
    total = 1e-12 + values.sum(dim=(-2, -1))
    return torch.sqrt((moment / (2.0 * total)).clamp(min=1.0 / 12.0)).float()


def _strengths(connections: Tensor, xy: Tensor, box: Box) -> Tensor:
    """Mean of each connection map between each two peaks, as `_strengths` in joints.py; float64 [N, 8, 5, 5]."""
    ends = torch.from_numpy(np.asarray(ENDS)).to(xy.device)
    first, second = xy[:, ends[:, 0], :, None], xy[:, ends[:, 1], None, :]
    step = second - first
    samples = torch.ceil(torch.hypot(step[..., 0], step[..., 1])).long().add(1).clamp(min=MIN_SAMPLES)[..., None]
    most = max(MIN_SAMPLES, math.ceil(math.hypot(box.height, box.width)) + 1)
    number = torch.arange(most, device=xy.device)
    way = step.double()[..., None, :] * number[:, None] / (samples - 1)[..., None] + first.double()[..., None, :]
    x, y = way[..., 0], way[..., 1]
    height, width = connections.shape[-2:]
    column = x.long().clamp(box.left, box.left + width - 2)
    row = y.long().clamp(box.top, box.top + height - 2)
    u, v = x - column, y - row
    at = (row - box.top) * width + column - box.left
    flat = connections.flatten(-2)

    def read(shift: int) -> Tensor:
        return flat.gather(-1, (at + shift).flatten(-3)).reshape(at.shape).double()

    upper = read(0) * (1 - u) + read(1) * u
    lower = read(width) * (1 - u) + read(width + 1) * u
    values = torch.where(number < samples, upper * (1 - v) + lower * v, 0.0)
    return values.sum(dim=-1) / samples[..., 0]
