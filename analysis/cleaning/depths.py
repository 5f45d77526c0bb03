"""Depths that cannot be the joint's: implausible ones, flicker, the skin's, and shoulders or hips that leave the trunk.

A camera sees the nearest surface on the way to a joint, not the joint. What lies there changes while the joint rests: a
raised thigh or a hand comes over the hip, the ray slips from shank to foot. On simulated infants this, not the position
in the picture, made amounts of movement too high: with true depths under the predicted positions the path was right.

* The trunk is stiff: shoulders and hips follow the trunk's common depth at once, and their own depth only slowly, as
  the median over 5 s. So a thigh over the hip is no movement of the leg's root, and a slow turn of the trunk is kept.
* Elsewhere a depth more than 10 mm from its median of 0.5 s, come and gone within a quarter of a second, is rejected if
  it came or went at a step: by 10 mm and half its height from one sample to the next. A limb that kicks at the camera
  takes some samples for that and stays. Below 25 Hz the test is blind and left out.
* A limb is round. A camera that looks across it sees the skin one radius before the bone; one that looks along it sees
  the skin r L / d before the bone, where L is the length of the bone and d how long it looks. So a wrist that is lifted
  seems to rise too far, and the ankle of a bent leg hardly seems to move. Wrists and ankles are put so much deeper.
  Shoulders, hips, elbows and knees keep about the same distance from their skin.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning.bones import BONES, Bone
from asyconv.analysis.cleaning.outliers import is_jump, is_outlier
from asyconv.analysis.formulas.gaps import runs
from asyconv.analysis.formulas.windows import odd, rolling_median, slow_median
from asyconv.skeleton import LIMBS

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

WINDOW_S: Final = 1.0
STEP_MM: Final = 120.0
HEIGHT_MM: Final = (-20.0, 250.0)  # of a joint above the mattress
FLICKER_WINDOW_S: Final = 0.5
FLICKER_MM: Final = 10.0
FLICKER_STEP: Final = 0.5  # of its height, within one sample
RADIUS_SHARE: Final = 0.18
"""Radius of wrist and ankle as a share of the length of forearm and shank."""
STEEPEST: Final = 2.5
"""Hand or foot hide the skin of a bone that looks shorter than 1 / 2.5 of its length."""
LOOK_S: Final = 0.1
ROOTS: Final = tuple(chain[0] for chain in LIMBS.values())
OTHERS: Final = tuple(joint for chain in LIMBS.values() for joint in chain[1:])


def implausible(xyz_mm: Floats, fs_hz: float, jump_mm_s: float, least_mm: float, plane: list[float] | None) -> Bools:
    """Samples [N, 12] of `xyz_mm` off their median of 1 s, off the mattress, or with a lone depth or one that jumps."""
    z_mm = xyz_mm[..., 2:]
    with np.errstate(invalid="ignore"):
        bad = (np.abs(z_mm - rolling_median(z_mm, odd(WINDOW_S * fs_hz))) > STEP_MM)[..., 0]
        if plane is not None:
            height = xyz_mm @ np.asarray(plane[:3], float) + plane[3]
            bad |= (height < HEIGHT_MM[0]) | (height > HEIGHT_MM[1])
    return np.asarray(bad | is_outlier(z_mm, fs_hz, least_mm) | is_jump(z_mm, fs_hz, jump_mm_s / fs_hz))


def flickers(xyz_mm: Floats, fs_hz: float) -> Bools:
    """Samples [N, 12] of elbows, wrists, knees and ankles whose depth leaves its median of 0.5 s and comes back."""
    bad = np.zeros(xyz_mm.shape[:2], bool)
    z_mm = xyz_mm[:, OTHERS, 2:]
    away = (z_mm - rolling_median(z_mm, odd(FLICKER_WINDOW_S * fs_hz)))[..., 0]
    for k, joint in enumerate(OTHERS):
        bad[:, joint] = _stepped(z_mm[:, k, 0], away[:, k])
    return bad


def _stepped(z_mm: Floats, away_mm: Floats) -> Bools:
    """Samples [N] in runs of `away_mm` above the limit that begin or end at a step of half their height."""
    out = np.zeros(len(z_mm), bool)
    seen = np.flatnonzero(np.isfinite(z_mm))
    apart = np.abs(np.diff(z_mm[seen])) / np.diff(seen)
    edges = np.concatenate([[0.0], apart, [0.0]])  # before and after each sample that is there
    far = np.abs(away_mm[seen]) > FLICKER_MM
    for start, stop in runs(far):
        height = np.abs(away_mm[seen[start:stop]]).max()
        if max(edges[start], edges[stop]) >= max(FLICKER_MM, FLICKER_STEP * height):
            out[seen[start:stop]] = True
    return out


def with_stiff_trunk(xyz_mm: Floats, fs_hz: float) -> Floats:
    """`xyz_mm` [N, 12, 3] with shoulders and hips moved along their rays to the depth the trunk gives them."""
    own = xyz_mm[:, ROOTS, 2]
    slow = slow_median(own - _middle(own - slow_median(own, fs_hz))[:, None], fs_hz)
    trunk = slow + _middle(own - slow)[:, None]
    out = xyz_mm.copy()
    with np.errstate(invalid="ignore"):
        out[:, ROOTS] *= np.where(np.isfinite(own), trunk / own, np.nan)[..., None]
    return out


def beneath_skin(xyz_mm: Floats, bones: list[Bone | None], fs_hz: float) -> Floats:
    """`xyz_mm` [N, 12, 3] with wrists and ankles moved along their rays to where the bone lies beneath the skin.

    Those of a limb that lies across the view stay. How long a forearm or shank looks is its median over 0.1 s, and that
    of the samples before and after where its inner joint is not known.
    """
    out = xyz_mm.copy()
    for (inner, outer), bone in zip(BONES[1::2], bones[1::2], strict=True):
        looks_mm = rolling_median(_across(xyz_mm[:, inner], xyz_mm[:, outer])[:, None], odd(LOOK_S * fs_hz))[:, 0]
        known = np.flatnonzero(np.isfinite(looks_mm))
        if bone is None or not len(known):
            continue
        steep = np.clip(bone.usual / np.maximum(looks_mm[known], 1.0), 1.0, STEEPEST)
        deeper_mm = RADIUS_SHARE * bone.usual * (np.interp(np.arange(len(out)), known, steep) - 1.0)
        out[:, outer] *= (1 + deeper_mm / np.linalg.norm(out[:, outer], axis=1))[:, None]
    return out


def _across(inner_mm: Floats, outer_mm: Floats) -> Floats:
    """How long the bones [N] between two joints [N, 3] look: their length across the ray to the outer joint."""
    ray = outer_mm / np.linalg.norm(outer_mm, axis=1, keepdims=True)
    bone_mm = outer_mm - inner_mm
    return np.asarray(np.linalg.norm(bone_mm - (bone_mm * ray).sum(axis=1, keepdims=True) * ray, axis=1))


def _middle(values: Floats) -> Floats:
    """Median of each row of [N, K], of what is present; NaN where nothing is."""
    out = np.full(len(values), np.nan)
    some = np.isfinite(values).any(axis=1)
    out[some] = np.nanmedian(values[some], axis=1)
    return out
