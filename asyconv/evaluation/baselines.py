"""Trivial predictors that ignore the picture (paper.md 14): a model's errors are read beside theirs."""

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.evaluation.held_out import HeldOutClips
from asyconv.labels.clip_set import ClipSet
from asyconv.pose.geometry import MAP_HEIGHT, MAP_WIDTH
from asyconv.simulation.clips import make_clips
from asyconv.simulation.seeds import TUNE_SEED
from asyconv.skeleton import N_JOINTS

BASELINE_INFANTS: Final = 40
Array = npt.NDArray[np.float64]


def baselines(data: HeldOutClips) -> dict[str, Array]:
    """Joints [n, 3, 12, 2] map px by each trivial predictor.

    The same infant's mean is taken over the first three quarters of the very clips it is tested on: a favour to it.
    """
    shape = data.clips.xy_map.shape
    same = np.empty(shape)
    for number in np.unique(data.infant):
        own = data.infant == number
        same[own] = _own_mean(data.clips.part(own))
    centre = np.array([(MAP_WIDTH - 1) / 2, (MAP_HEIGHT - 1) / 2])
    others = "other infants' mean" if data.simulated else "simulated infants' mean"
    return {
        "same infant's mean": same,
        others: np.broadcast_to(_others_mean(BASELINE_INFANTS), shape),
        "image centre": np.broadcast_to(centre, shape),
    }


@lru_cache
def _others_mean(infants: int) -> Array:
    """Mean position of each joint over tuning infants, each counting once, [12, 2] map px."""
    means = [_own_mean(make_clips(TUNE_SEED, number, 4), 1.0) for number in range(infants)]
    return np.asarray(np.mean(means, axis=0))


def _own_mean(clips: ClipSet, share: float = 0.75) -> Array:
    """Mean visible position of each joint over the first `share` of the clips; a joint never seen has its true mean."""
    first = max(1, round(share * len(clips.xy_map)))
    xy = clips.xy_map[:first].reshape(-1, N_JOINTS, 2).astype(np.float64)
    visible = clips.visible[:first].reshape(-1, N_JOINTS)
    seen = visible.sum(axis=0)[:, None]
    mean: Array = np.where(visible[..., None], xy, 0.0).sum(axis=0) / np.maximum(seen, 1)
    return np.where(seen > 0, mean, xy.mean(axis=0))
