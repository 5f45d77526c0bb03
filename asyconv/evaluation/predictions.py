"""Joints of clips by a model, and how its detection masks overlap with the true ones."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from asyconv.labels.clip_set import ClipSet
from asyconv.pose.inference import Inference, locate
from asyconv.pose.model_file import Model
from asyconv.pose.networks import N_MAPS
from asyconv.training.targets import draw_targets

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Predictions:
    """Joints of n clips.

    Attributes
    ----------
    xy_map : [n, 3, 12, 2] map px, NaN = missing.
    score : [n, 3, 12] raw scores, of missing joints too.
    presence : [n, 3, 12] largest detection probability, of missing joints too.
    masks : [20, 3] pixels of each detection mask that are right, too many, and left out.
    """

    xy_map: Array
    score: Array
    presence: Array
    masks: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros((N_MAPS, 3), np.int64))


def predict(model: Model, clips: ClipSet, *, corrected: bool = True) -> Predictions:
    """Joints of `clips` by `model`; `corrected` subtracts its bias by position in the clip."""
    settings = model.settings
    shape = clips.visible.shape
    xy, score, presence = np.empty((*shape, 2)), np.empty(shape), np.empty(shape)
    masks = np.zeros((N_MAPS, 3), np.int64)
    inference = Inference(model)
    for start in range(0, len(clips.depth), inference.batch):
        rows = slice(start, start + inference.batch)
        maps = inference.both(clips.depth[rows].astype(np.float32) / 10.0)
        probability = torch.stack([clip.probability for clip in maps])
        masks += mask_counts(probability, clips.xy_map[rows], clips.visible[rows], settings.disc_radius_map)
        for index, clip in enumerate(maps, start):
            presence[index] = clip.presence.T
            for position in range(3):
                joints = locate(clip, position, settings)
                xy[index, position], score[index, position] = joints.xy_map, joints.score
    if corrected:
        xy -= np.asarray(settings.position_bias_map)
    return Predictions(xy, score, presence, masks)


def mask_counts(
    probability: Tensor, xy_map: npt.NDArray[np.float32], visible: npt.NDArray[np.bool_], radius: float
) -> npt.NDArray[np.int64]:
    """Pixels right, too many and left out, [20, 3], of masks (probability [B, 20, 3, H, W] at least 0.5)."""
    joints = torch.from_numpy(np.where(visible[..., None], xy_map, np.nan)).to(probability.device)
    height, width = probability.shape[3:]
    true = draw_targets(joints, "detection", disc_radius=radius, height=height, width=width) > 0.5
    given = probability >= 0.5
    counts = torch.stack([given & true, given & ~true, ~given & true], dim=-1).sum((0, 2, 3, 4))
    return np.asarray(counts.cpu().numpy())


def given_joints(predictions: Predictions) -> npt.NDArray[np.bool_]:
    """Which joints have a prediction, [n, 3, 12]."""
    return np.asarray(np.isfinite(predictions.xy_map[..., 0]))
