"""Losses of both networks, and what a validation measures (paper.md 7)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from asyconv.labels.clip_set import ClipSet
from asyconv.pose.device_joints import near_detection
from asyconv.pose.geometry import MAP_HEIGHT, MAP_WIDTH
from asyconv.skeleton import N_JOINTS
from asyconv.training.data import Batch, whole_batches
from asyconv.training.recipe import Recipe, StageRecipe
from asyconv.training.targets import draw_targets

BORDER_MAP = 4
"""Outer pixels of a crop that the loss leaves out: the 9x9 receptive field sees its edge there."""


def detection_loss(detection: nn.Module, batch: Batch, settings: StageRecipe) -> Tensor:
    """Binary cross-entropy of the logits against binary masks, mean over maps and pixels."""
    target = draw_targets(batch.xy_map, "detection", disc_radius=settings.radius_map)
    return F.binary_cross_entropy_with_logits(detection(batch.x), target)


def regression_loss(regression: nn.Module, stacked: Tensor, batch: Batch, settings: StageRecipe) -> Tensor:
    """Squared error against Gaussian maps, on crops where the recipe says so, heavier where the target is 1."""
    maps, target = _maps_and_target(regression, stacked, batch, settings)
    error = (maps - target).square()
    weighted: Tensor = (error * (1.0 + settings.peak_weight * target)).mean()
    return weighted


def stacked_input(detection: nn.Module, x: Tensor) -> Tensor:
    """Depth, then the 20 detection probabilities, [B, 21, T, H, W]; no gradient flows into detection."""
    with torch.no_grad():
        return torch.cat([x, torch.sigmoid(detection(x)).to(x.dtype)], dim=1)


def validation(
    network: nn.Module, frozen: nn.Module | None, recipe: Recipe, stage: str, clips: ClipSet, device: torch.device
) -> float:
    """The stage's criterion over all of `clips`, whole maps: accuracy of pixels, mean absolute error, or loss.

    The loss of the regression network is that of the joint maps near the detected joints: the rest is never read, and
    a network that is trained on crops near the body knows little of what lies far from it.
    """
    settings = recipe.stage(stage)
    total, count = 0.0, 0
    with torch.inference_mode():
        for part in whole_batches(clips, recipe, stage, 4):
            batch = part.to(device)
            total += len(batch.x) * float(_criterion(network, frozen, batch, settings))
            count += len(batch.x)
    return total / max(1, count)


def _criterion(network: nn.Module, frozen: nn.Module | None, batch: Batch, settings: StageRecipe) -> Tensor:
    if frozen is None:
        if settings.criterion == "loss":
            return detection_loss(network, batch, settings)
        target = draw_targets(batch.xy_map, "detection", disc_radius=settings.radius_map)
        right: Tensor = (network(batch.x) > 0) == (target > 0.5)
        return right.float().mean()
    target = _target(batch, settings, MAP_HEIGHT, MAP_WIDTH, None)
    stacked = stacked_input(frozen, batch.x)
    error: Tensor = network(stacked) - target
    if settings.criterion == "error":
        return error.abs().mean()
    weighted = error.square() * (1.0 + settings.peak_weight * target)
    seen = stacked[:, 1 : 1 + N_JOINTS].flatten(0, 1)
    near = near_detection(seen, seen.amax(dim=(-2, -1)))
    return (weighted[:, :N_JOINTS].flatten(0, 1) * near).sum() / near.sum()


def _maps_and_target(
    regression: nn.Module, stacked: Tensor, batch: Batch, settings: StageRecipe
) -> tuple[Tensor, Tensor]:
    crop = settings.crop
    if not crop:
        return regression(stacked), _target(batch, settings, MAP_HEIGHT, MAP_WIDTH, None)
    parts = [
        stacked[b : b + 1, :, :, y : y + crop, x : x + crop] for b, (x, y) in enumerate(batch.origin_map.int().tolist())
    ]
    inner = (..., slice(BORDER_MAP, crop - BORDER_MAP), slice(BORDER_MAP, crop - BORDER_MAP))
    return regression(torch.cat(parts))[inner], _target(batch, settings, crop, crop, batch.origin_map)[inner]


def _target(batch: Batch, settings: StageRecipe, height: int, width: int, origin_map: Tensor | None) -> Tensor:
    return draw_targets(
        batch.xy_map, "regression", disc_radius=settings.radius_map, sigma=settings.sigma_map,
        height=height, width=width, origin_map=origin_map,
    )  # fmt: skip
