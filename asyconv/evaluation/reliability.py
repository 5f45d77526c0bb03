"""Calibration of the confidences: reliability curve and expected calibration error."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.pose.model_card import ModelSettings

NEAR_MAP: Final = 3.0
"""A prediction counts as right for the confidence when it lies within this of a visible joint, map px."""

BINS: Final = 15
Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def confidence_of(score: Array, settings: ModelSettings) -> Array:
    """Probability that a prediction is right, by its raw score."""
    raw, probability = np.array(settings.confidence_knots).T
    return np.asarray(np.interp(score, raw, probability))


def right_joints(xy_map: Array, truth: Array, visible: Bools, near_map: float = NEAR_MAP) -> Bools:
    """Which joints [..., 12] are visible and predicted within `near_map`; a missing prediction is not right."""
    return np.asarray(visible & (np.linalg.norm(xy_map - truth, axis=-1) < near_map))


def reliability_rows(confidence: Array, right: Bools, bins: int = BINS) -> list[dict[str, Any]]:
    """Mean confidence and share of right joints in `bins` bins of (nearly) equal count, by rising confidence."""
    order = np.argsort(confidence.ravel(), kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return [
        {
            "n_joints": len(part),
            "confidence": float(confidence.ravel()[part].mean()),
            "share_right": float(right.ravel()[part].mean()),
        }
        for part in parts
    ]


def calibration_error(confidence: Array, right: Bools, bins: int = BINS) -> float:
    """Expected calibration error: mean distance of confidence and share of right joints, bins weighted by count."""
    rows = reliability_rows(confidence, right, bins)
    weighted = sum(row["n_joints"] * abs(row["confidence"] - row["share_right"]) for row in rows)
    return float(weighted / max(1, confidence.size))
