"""Rejections: the steps that remove implausible positions, one after another.

Every step takes positions and gives new ones with a line for the step log. None changes what another step made.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning import flags
from asyconv.analysis.cleaning.bones import LENGTH_OFF_MAX, SAMPLES_MIN, learn_bones, too_long, wrong_length
from asyconv.analysis.cleaning.depths import (
    FLICKER_MM,
    FLICKER_WINDOW_S,
    HEIGHT_MM,
    RADIUS_SHARE,
    STEP_MM,
    beneath_skin,
    flickers,
    implausible,
    with_stiff_trunk,
)
from asyconv.analysis.cleaning.outliers import OUTLIER_SCORE, is_jump, is_outlier
from asyconv.analysis.cleaning.positions import Done, Positions, Step
from asyconv.analysis.cleaning.swaps import SIDES_APART_MIN_MM, SWAP_COST_SHARE, SWAP_MAX_S, find_swaps
from asyconv.analysis.formulas.gaps import whole
from asyconv.analysis.formulas.sampling import FAST_HZ
from asyconv.analysis.formulas.windows import SLOW_S

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

OUTLIER_MIN_MM: Final = 10.0
JUMP_MM_S: Final = 1500.0
COPY_APART_PX: Final = 1e-6
COPY_JOINTS_MIN: Final = 6
GRID_SHARE: Final = 0.05
"""Positions lie on a grid where more than this share of the joints stays the same while others move."""


def rejections(
    at: Positions, gate: float, px_per_mm: float, plane: list[float] | None, simulated: bool, skin: bool
) -> tuple[Callable[[Positions], Done], ...]:
    """Every rejecting step in its order.

    `at` are the positions as tracked, `gate` is the confidence gate, `px_per_mm` scales limits in millimetres to the
    picture, `plane` is that of the mattress, `simulated` says that the infant is, and `skin` that depths are those of
    the surface that a camera sees.
    """
    return (
        leave_out_missing,
        partial(leave_out_copies, simulated=simulated),
        partial(leave_out_unsure, gate=gate),
        leave_out_excluded,
        partial(undo_swaps, apart_min_px=SIDES_APART_MIN_MM * px_per_mm),
        partial(reject_outliers, least_px=OUTLIER_MIN_MM * px_per_mm),
        partial(reject_jumps, step_max_px=JUMP_MM_S / at.time.fs_hz * px_per_mm),
        reject_long_bones,
        leave_out_holes,
        partial(reject_depths, plane=plane),
        stiffen_trunk,
        reject_flicker,
        partial(go_beneath_skin, skin=skin),
        reject_wrong_bones,
    )


def leave_out_missing(at: Positions) -> Done:
    """Joints without finite pixel coordinates are missing in millimetres, too."""
    seen = whole(at.px)
    how = "finite pixel coordinates"
    return at.without(~seen).log("joint found", how, ~seen & at.time.present[:, None], flags.MISSING)


def leave_out_copies(at: Positions, simulated: bool) -> Done:
    """Samples in which every joint repeats the sample before exactly are missing.

    A tracker that lost the infant may go on giving its last answer, which looks like perfect rest. Where single joints
    often repeat themselves, positions lie on a grid and an infant at rest repeats them truly; so do the exact joints of
    a simulated infant.
    """
    name, seen = "copied samples", whole(at.px)
    if simulated:
        return at.skip(name, "simulated infants may lie exactly still")
    both = seen[1:] & seen[:-1]
    with np.errstate(invalid="ignore"):
        same = both & (np.abs(np.diff(at.px, axis=0)) < COPY_APART_PX).all(axis=-1)
    copied = (same == both).all(axis=1) & (both.sum(axis=1) >= COPY_JOINTS_MIN)
    if same[~copied].sum() > GRID_SHARE * both[~copied].sum():
        return at.skip(name, "positions lie on a grid")
    bad = np.concatenate([np.zeros((1, seen.shape[1]), bool), same & copied[:, None]])
    return at.without(bad).log(name, f"at least {COPY_JOINTS_MIN} joints, all as before", bad, flags.DROPPED)


def leave_out_unsure(at: Positions, gate: float) -> Done:
    """Joints below the confidence `gate` are missing."""
    unsure = whole(at.px) & ~(at.confidence >= gate)
    return at.without(unsure).log("confidence gate", f"at least {gate:g}", unsure, flags.LOW_CONFIDENCE)


def leave_out_excluded(at: Positions) -> Done:
    """Samples inside excluded events are missing."""
    excluded = np.repeat(at.excluded[:, None], at.px.shape[1], axis=1)
    return at.without(excluded).log("events", "handling and exclude", excluded, flags.EXCLUDED)


def undo_swaps(at: Positions, apart_min_px: float) -> Done:
    """Exchanged left and right joints go back to their sides, with their confidence.

    A change without a way back is only marked.
    """
    swaps = find_swaps(at.px, at.time.fs_hz, apart_min_px)
    back = replace(
        at,
        px=swaps.apply(at.px),
        mm=swaps.apply(at.mm),
        hole=swaps.apply(at.hole),
        confidence=swaps.apply(at.confidence),
        motion=at.motion and at.motion.exchanged(swaps.apply),
    )
    how = f"exchanged costs less than {SWAP_COST_SHARE:g} of as tracked, and back within {SWAP_MAX_S:g} s: undone"
    back, undone = back.log("left-right swaps", how, swaps.undo, flags.SWAPPED)
    how = "a change of sides without a way back: marked only"
    back, doubtful = back.log("left-right swaps, doubtful", how, swaps.doubtful, flags.SWAP_DOUBTFUL)
    return back, undone + doubtful


def reject_outliers(at: Positions, least_px: float) -> Done:
    """Lone positions in the picture that leave their surroundings are missing."""
    outlier = is_outlier(at.px, at.time.fs_hz, least_px)
    how = (
        f"more than {OUTLIER_SCORE:g} times the median deviation / 0.6745 and {OUTLIER_MIN_MM:g} mm from the median of "
        "0.23 s"
    )
    return at.without(outlier, mm=False).log("outliers", how, outlier, flags.OUTLIER)


def reject_jumps(at: Positions, step_max_px: float) -> Done:
    """Positions in the picture between a jump away and a jump back are missing."""
    jump = is_jump(at.px, at.time.fs_hz, step_max_px)
    return at.without(jump, mm=False).log("jumps", f"faster than {JUMP_MM_S:g} mm/s", jump, flags.JUMP)


def reject_long_bones(at: Positions) -> Done:
    """Outer joints whose bone looks longer in the picture than it can are missing."""
    stretched = too_long(at.px, learn_bones(at.px, at.confidence))
    how = f"outer joint: longer than {1 + LENGTH_OFF_MAX:g} times the longest look"
    return at.without(stretched, mm=False).log("bones, px", how, stretched, flags.BONE_LENGTH)


def leave_out_holes(at: Positions) -> Done:
    """A joint that is missing in the picture, or has no depth of its own, has no millimetres."""
    seen = whole(at.px)
    no_depth = seen & ~(whole(at.mm) & ~at.hole)
    return at.without(~seen | no_depth, px=False).log(
        "depth present", "a depth and intrinsics", no_depth, flags.NO_DEPTH
    )


def reject_depths(at: Positions, plane: list[float] | None) -> Done:
    """Depths that leave their surroundings, or lie off the mattress `plane`, are missing."""
    where = f"{HEIGHT_MM[0]:g} to {HEIGHT_MM[1]:g} mm above the mattress" if plane else "no mattress plane to check"
    bad = implausible(at.mm, at.time.fs_hz, JUMP_MM_S, OUTLIER_MIN_MM, plane)
    how = f"within {STEP_MM:g} mm of the median of 1 s; {where}; outliers, jumps"
    return at.without(bad, px=False).log("depth sanity", how, bad, flags.DEPTH_REJECTED)


def stiffen_trunk(at: Positions) -> Done:
    """Shoulders and hips follow the depth of the trunk."""
    settled = with_stiff_trunk(at.mm, at.time.fs_hz)
    with np.errstate(invalid="ignore"):
        moved = np.abs(settled - at.mm)[..., 2] > FLICKER_MM
    how = (
        f"shoulders and hips: the trunk's depth, their own only as the median of {SLOW_S:g} s; count: moved by "
        f"more than {FLICKER_MM:g} mm"
    )
    return replace(at, mm=settled).log("stiff trunk", how, moved, flags.TRUNK_DEPTH)


def reject_flicker(at: Positions) -> Done:
    """Depths of the other joints that leave for a moment and come back are missing."""
    if at.time.fs_hz < FAST_HZ:
        return at.skip("depth flicker", f"blind below {FAST_HZ:g} Hz")
    bad = flickers(at.mm, at.time.fs_hz)
    how = f"other joints: more than {FLICKER_MM:g} mm from the median of {FLICKER_WINDOW_S:g} s, come or gone at a step"
    return at.without(bad, px=False).log("depth flicker", how, bad, flags.DEPTH_REJECTED)


def go_beneath_skin(at: Positions, skin: bool) -> Done:
    """Wrists and ankles lie deeper beneath the skin that is seen, the more forearm or shank point at the camera."""
    name, bones = "beneath the skin", learn_bones(at.mm, at.confidence)
    if not skin or not any(bones):
        return at.skip(name, "no bone was seen with depths from a picture")
    deep = beneath_skin(at.mm, bones, at.time.fs_hz)
    with np.errstate(invalid="ignore"):
        moved = np.linalg.norm(deep - at.mm, axis=-1) > FLICKER_MM
    how = (
        f"wrists and ankles: deeper by {RADIUS_SHARE:g} of forearm or shank x (its length / how long it looks - 1); "
        f"count: by more than {FLICKER_MM:g} mm"
    )
    return replace(at, mm=deep), (Step(name, how, int(moved.sum()), moved.size),)


def reject_wrong_bones(at: Positions) -> Done:
    """Outer joints whose bone has a wrong length in millimetres have no millimetres."""
    bones = learn_bones(at.mm, at.confidence)
    if not any(bones):
        return at.skip("bones, mm", f"no bone was seen in millimetres {SAMPLES_MIN} times")
    wrong = wrong_length(at.mm, bones)
    how = f"outer joint: off the usual length by more than {100 * LENGTH_OFF_MAX:g} % and 4 times its spread"
    return at.without(wrong, px=False).log("bones, mm", how, wrong, flags.BONE_LENGTH)
