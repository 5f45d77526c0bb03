"""How far raters disagree about the same frames, joint by joint, in pixels and millimetres.

Every pair of raters counts who labelled the same frame. The distance is between their places of a joint that both saw;
in mm it lies at the depth of the picture between the two, where the camera is known. It is no error: nobody knows the
true place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.labelling.label_set import ChosenFrame, LabelSet
from asyconv.labelling.rater_file import Labels
from asyconv.skeleton import JOINTS

ALL: Final = "all joints"
HALF_PX: Final = 2
"""Half width of the square in which the depth at a place is read."""

Distances = list[tuple[float, float]]


@dataclass(frozen=True)
class Disagreement:
    """One row of the table; NaN where no pair of places (or no camera) is there."""

    joint: str
    both_visible: int
    one_visible: int  # seen by one of the two only
    median_px: float
    p95_px: float
    median_mm: float
    p95_mm: float


def disagreement(chosen: LabelSet, raters: Mapping[str, Labels]) -> list[Disagreement]:
    """A row for each joint, and one for all; empty where no frame has two raters."""
    distances: dict[str, Distances] = {joint: [] for joint in JOINTS}
    one_visible = dict.fromkeys(JOINTS, 0)
    compared = 0
    for frame in chosen.frames:
        labels = [of_one[frame.id] for of_one in raters.values() if frame.id in of_one]
        depth_mm = chosen.depth_mm(frame.pictures["0"]) if len(labels) > 1 else np.zeros((0, 0), np.uint16)
        for first, second in combinations(labels, 2):
            compared += 1
            for joint, name in enumerate(JOINTS):
                seen = [label.states[joint] == "visible" for label in (first, second)]
                if all(seen):
                    a, b = (np.array(label.points[joint], float) for label in (first, second))
                    distances[name].append((float(np.linalg.norm(a - b)), _mm_per_px(frame, depth_mm, (a + b) / 2)))
                one_visible[name] += seen[0] != seen[1]
    if not compared:
        return []
    rows = [_row(joint, distances[joint], one_visible[joint]) for joint in JOINTS]
    return [*rows, _row(ALL, [one for each in distances.values() for one in each], sum(one_visible.values()))]


def _mm_per_px(frame: ChosenFrame, depth_mm: npt.NDArray[np.uint16], at_px: npt.NDArray[np.float64]) -> float:
    x, y = np.rint(at_px).astype(int)
    near = depth_mm[max(y - HALF_PX, 0) : y + HALF_PX + 1, max(x - HALF_PX, 0) : x + HALF_PX + 1]
    known = near[near > 0]
    return float(np.median(known)) / frame.focal_px if len(known) and frame.focal_px else float("nan")


def _row(joint: str, distances: Distances, one_visible: int) -> Disagreement:
    px = np.array([px for px, _ in distances])
    mm = np.array([px * scale for px, scale in distances])
    return Disagreement(joint, len(px), one_visible, *_median_p95(px), *_median_p95(mm[np.isfinite(mm)]))


def _median_p95(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    if not len(values):
        return float("nan"), float("nan")
    return float(np.median(values)), float(np.percentile(values, 95))


def as_table(rows: list[Disagreement]) -> str:
    """The rows as text."""
    head = f"{'joint':16}{'both see':>9}{'one sees':>9}{'median px':>11}{'95 % px':>9}{'median mm':>11}{'95 % mm':>9}"
    lines = [
        f"{row.joint.replace('_', ' '):16}{row.both_visible:9}{row.one_visible:9}"
        f"{_cell(row.median_px):>11}{_cell(row.p95_px):>9}{_cell(row.median_mm):>11}{_cell(row.p95_mm):>9}"
        for row in rows
    ]
    return "\n".join([head, *lines])


def _cell(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.1f}"
