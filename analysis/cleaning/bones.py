"""Bones keep their length: which joints cannot be where they were found, given the other end of their bone.

In millimetres a bone that is much longer or shorter than it usually is has a wrong depth or a wrong joint at its outer
end. In pixels a bone may look shorter, when it points at the camera, but never longer than when it lies flat.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.skeleton import LIMBS

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LENGTH_OFF_MAX: Final = 0.25
LENGTH_OFF_MADS: Final = 4.0
FLAT_PERCENTILE: Final = 95.0
SAMPLES_MIN: Final = 30
SURE_QUANTILE: Final = 0.5  # lengths are learned from the surer half of the samples

BONES: Final = tuple((a, b) for root, middle, end in LIMBS.values() for a, b in ((root, middle), (middle, end)))
"""Inner and outer joint of the eight bones, limb by limb."""


@dataclass(frozen=True)
class Bone:
    """Usual length of one bone, how far from it is still accepted, and the longest look of both sides, in mm or px."""

    usual: float
    tolerance: float
    longest: float


def lengths(points: Floats) -> Floats:
    """Length of the eight bones [N, 8] between joints `points` [N, 12, D]."""
    inner, outer = (np.array(ends) for ends in zip(*BONES, strict=True))
    return np.asarray(np.linalg.norm(points[:, outer] - points[:, inner], axis=-1))


def learn_bones(points: Floats, confidence: Floats) -> list[Bone | None]:
    """Learn the bones from joints `points` [N, 12, D] with `confidence` [N, 12]; None where too few samples tell.

    The usual length is the median over the surer half of the samples, drawn half-way to that of the other side, which
    grew alike; the tolerance is the larger of a quarter and four times the spread (1.4826 MAD).
    """
    measured = lengths(points)
    sure = np.stack([np.minimum(confidence[:, a], confidence[:, b]) for a, b in BONES], axis=-1)
    medians, spreads, longest = np.full((3, len(BONES)), np.nan)
    for k in range(len(BONES)):
        seen = np.isfinite(measured[:, k])
        if seen.sum() < SAMPLES_MIN:
            continue
        surest = measured[seen & (sure[:, k] >= np.quantile(sure[seen, k], SURE_QUANTILE)), k]
        medians[k] = np.median(surest)
        spreads[k] = 1.4826 * np.median(np.abs(surest - medians[k]))
        longest[k] = np.percentile(surest, FLAT_PERCENTILE)
    other_side = np.array([2, 3, 0, 1, 6, 7, 4, 5])
    usual = np.where(np.isfinite(medians[other_side]), (medians + medians[other_side]) / 2, medians)
    longest = np.fmax(longest, longest[other_side])  # one leg may point at the camera until it kicks
    away = np.abs(medians - usual)  # an honest difference between the sides is no error
    return [
        None
        if np.isnan(usual[k])
        else Bone(
            float(usual[k]), float(max(LENGTH_OFF_MAX * usual[k], LENGTH_OFF_MADS * spreads[k] + away[k])), longest[k]
        )
        for k in range(len(BONES))
    ]


def wrong_length(points: Floats, bones: list[Bone | None]) -> Bools:
    """Outer joints [N, 12] whose bone in millimetres is too long or too short."""
    bad = np.zeros(points.shape[:2], bool)
    measured = lengths(points)
    with np.errstate(invalid="ignore"):
        for k, bone in enumerate(bones):
            if bone is not None:
                bad[:, BONES[k][1]] |= np.abs(measured[:, k] - bone.usual) > bone.tolerance
    return bad


def too_long(points: Floats, bones: list[Bone | None]) -> Bools:
    """Outer joints [N, 12] whose bone in pixels is longer than it can look."""
    bad = np.zeros(points.shape[:2], bool)
    measured = lengths(points)
    with np.errstate(invalid="ignore"):
        for k, bone in enumerate(bones):
            if bone is not None:
                bad[:, BONES[k][1]] |= measured[:, k] > (1 + LENGTH_OFF_MAX) * bone.longest
    return bad
