"""What a model misses against what it invents, for presence thresholds that are all moved together."""

import dataclasses
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from asyconv.evaluation.held_out import HeldOutClips
from asyconv.evaluation.predictions import Predictions, given_joints, predict
from asyconv.labels.clip_set import ClipSet
from asyconv.pose.model_file import Model
from asyconv.skeleton import N_JOINTS

SHIFTS: Final = tuple(round(0.25 * step, 2) for step in range(-10, 11))
"""Of each threshold's log odds; 0 = the model's own thresholds."""

Row = dict[str, Any]


def presence_trade(model: Model, data: HeldOutClips, seen: ClipSet) -> list[Row]:
    """Missed and invented joints in percent, a row for each of `SHIFTS`; the networks see `seen` of the clips."""
    everything = dataclasses.replace(model.settings, presence_thresholds=(0.0,) * N_JOINTS)
    predictions = predict(dataclasses.replace(model, settings=everything), seen)
    known = np.ones_like(data.clips.visible) if data.has_truth is None else data.has_truth
    return trade_rows(predictions, data.clips.visible, known, np.asarray(model.settings.presence_thresholds))


def moved_thresholds(thresholds: npt.ArrayLike, shift: float) -> npt.NDArray[np.float64]:
    """Thresholds [12] whose log odds are all moved by `shift`."""
    return np.asarray(expit(logit(np.asarray(thresholds, np.float64)) + shift))


def trade_rows(
    predictions: Predictions,
    visible: npt.NDArray[np.bool_],
    known: npt.NDArray[np.bool_],
    thresholds: npt.NDArray[np.float64],
) -> list[Row]:
    """Rows of `presence_trade` from joints of any presence; all [n, 3, 12], thresholds [12]."""
    there = given_joints(predictions) & known
    rows = []
    for shift in SHIFTS:
        given = there & (predictions.presence >= moved_thresholds(thresholds, shift))
        rows.append(
            {
                "shift": shift,
                "missed_pct": 100 * float((visible & ~given).sum() / max(1, visible.sum())),
                "invented_pct": 100 * float((given & ~visible).sum() / max(1, given.sum())),
            }
        )
    return rows
