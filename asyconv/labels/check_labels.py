"""What is wrong with the labels of one infant, seen over time: copies, coincidences, jumps, exchanged sides.

The limits lie outside what real labels do (paper.md 13), so that movement and click noise (SD 2.8 px an axis) raise no
alarm: they find slips of the hand and of the sheet, not small errors. They are in pixels of a picture 640 wide, where a
pixel is about a millimetre, and scale with the width.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.skeleton import FLIP, JOINTS

COPIED: Final = "copied labels"
COINCIDING: Final = "coinciding joints"
JUMP: Final = "impossible jump"
SWAP: Final = "likely left/right swap"

FASTEST_PX_S: Final = {"shoulder": 400, "hip": 400, "elbow": 600, "knee": 600, "wrist": 900, "ankle": 900}
"""Two to four times the 99th percentile of real steps (17-19, 22-52 and 35-57 px in 1/6 s)."""

CLICK_PX: Final = 16.0
"""Four SD of the difference of two clicks: a step may be this much longer than the movement, and a joint may lie this
far from where its neighbours in time put it."""

COPIED_JOINTS: Final = 3
"""Fewer joints in the same whole pixels as the row before happen by chance (a still joint: 1 in 100)."""

SIDE_PX: Final = 12.0
"""A right shoulder or hip this much left of the left one; the real right shoulder has the larger x in every frame."""

EXCHANGE_PX: Final = 70.0
"""How much shorter the steps of a pair of joints get by exchanging them (both must have been 35 px apart)."""

EXCHANGE_S: Final = 0.4
"""Pairs are compared over this time at most: in a second, limbs may truly change places."""

WAY_BACK: Final = 0.6
"""A step beside one that is too far is the way back from this share of the limit on."""

Array = npt.NDArray[np.float64]
PAIRS: Final = tuple((joint, FLIP[joint]) for joint in range(len(JOINTS)) if JOINTS[joint].startswith("right"))


@dataclass(frozen=True)
class Labels:
    """Labels of one infant in order of time: seconds [N], native px [N, 12, 2] with NaN = missing, picture width."""

    time_s: Array
    xy_px: Array
    width_px: int

    @property
    def scale(self) -> float:
        """Pixels of this picture per pixel of one 640 wide."""
        return self.width_px / 640


Place = tuple[int, str, str]
"""Index of the row, kind, sentence."""


def suspicious(labels: Labels) -> list[Place]:
    """All that is suspicious, in order of time; a row whose sides are exchanged is not said to jump as well."""
    swaps = list(_swaps(labels))
    swapped = {index for index, _, _ in swaps}
    jumps = (place for place in _jumps(labels) if place[0] not in swapped)
    return sorted([*_copies(labels), *_coincidences(labels), *jumps, *swaps])


def _copies(labels: Labels) -> Iterator[Place]:
    before, after = labels.xy_px[:-1], labels.xy_px[1:]
    same = ((before == after) | (np.isnan(before) & np.isnan(after))).all(axis=(1, 2))
    labelled = np.isfinite(after[..., 0]).sum(axis=1)
    for index in np.flatnonzero(same & (labelled >= COPIED_JOINTS)):
        yield int(index) + 1, COPIED, f"all {labelled[index]} labels are those of the frame before"


def _coincidences(labels: Labels) -> Iterator[Place]:
    """Two joints in one pixel, unless both are where their own labels just before and after put them."""
    for a, b in combinations(range(len(JOINTS)), 2):
        apart_px = np.linalg.norm(labels.xy_px[:, a] - labels.xy_px[:, b], axis=-1)
        for index in np.flatnonzero(apart_px == 0):
            around = [i for i in (index - 1, index + 1) if 0 <= i < len(apart_px) and apart_px[i] > 0]
            expected = labels.xy_px[around][:, [a, b]].mean(axis=0) if around else np.full((2, 2), np.nan)
            off_px = np.linalg.norm(labels.xy_px[index, [a, b]] - expected, axis=-1)
            if not (off_px <= CLICK_PX * labels.scale).all():
                yield int(index), COINCIDING, f"{JOINTS[a]} and {JOINTS[b]} lie in the same pixel"


def _jumps(labels: Labels) -> Iterator[Place]:
    for joint, name in enumerate(JOINTS):
        labelled = np.flatnonzero(np.isfinite(labels.xy_px[:, joint, 0]))
        steps_px = np.linalg.norm(np.diff(labels.xy_px[labelled, joint], axis=0), axis=-1) / labels.scale
        steps_s = np.diff(labels.time_s[labelled])
        limit_px = FASTEST_PX_S[name.split("_")[1]] * steps_s + CLICK_PX
        for odd, step in _odd_ones(steps_px / limit_px):
            moved = f"{steps_px[step] * labels.scale:.0f} px in {steps_s[step]:.2f} s"
            most = f"at most {limit_px[step] * labels.scale:.0f} are possible"
            yield int(labelled[odd]), JUMP, f"{name} moves {moved}, {most}"


def _swaps(labels: Labels) -> Iterator[Place]:
    by_row: dict[int, list[str]] = {}
    for right, left in PAIRS:
        name = JOINTS[right].split("_")[1]
        rows = set(_exchanged(labels, right, left))
        if name in ("shoulder", "hip"):
            beside_px = labels.xy_px[:, right, 0] - labels.xy_px[:, left, 0]
            rows |= {int(index) for index in np.flatnonzero(beside_px < -SIDE_PX * labels.scale)}
        for index in rows:
            by_row.setdefault(index, []).append(name)
    for index, names in by_row.items():
        yield index, SWAP, f"right and left {', '.join(names)} seem exchanged; right if the limbs crossed just then"


def _exchanged(labels: Labels, right: int, left: int) -> Iterator[int]:
    """Rows from which a pair of joints stands where the other stood."""
    labelled = np.flatnonzero(np.isfinite(labels.xy_px[:, [right, left]]).all(axis=(1, 2)))
    r, m = labels.xy_px[labelled, right], labels.xy_px[labelled, left]
    straight_px = np.linalg.norm(np.diff(r, axis=0), axis=-1) + np.linalg.norm(np.diff(m, axis=0), axis=-1)
    crossed_px = np.linalg.norm(r[1:] - m[:-1], axis=-1) + np.linalg.norm(m[1:] - r[:-1], axis=-1)
    gain = (straight_px - crossed_px) / (EXCHANGE_PX * labels.scale)
    for odd, _ in _odd_ones(np.where(np.diff(labels.time_s[labelled]) <= EXCHANGE_S, gain, 0.0)):
        yield int(labelled[odd])


def _odd_ones(steps: Array) -> Iterator[tuple[int, int]]:
    """Which of N values stand apart, by their N-1 steps (above 1 = too far); with the step that shows it.

    A single value between two breaks is the odd one, and so is a single first one; otherwise the value after a break.
    The way back may be a little shorter than the way out.
    """
    breaks = steps > 1
    beside = np.zeros_like(breaks)
    beside[1:] |= breaks[:-1]
    beside[:-1] |= breaks[1:]
    at = np.flatnonzero(breaks | (beside & (steps > WAY_BACK)))
    first = np.concatenate([[0], at + 1])
    length = np.diff(np.concatenate([first, [len(steps) + 1]]))
    last_odd = -1
    for part in range(1, len(first)):
        if last_odd == part - 1:
            continue  # the way back
        last_odd = part if length[part] == 1 or length[part - 1] > 1 else part - 1
        yield int(first[last_odd]), int(at[part - 1])
