"""Flaws of real annotated data sets (paper.md 12), planted into the sheet of a simulated infant and listed as truth.

A flaw is planted only where it is one for whoever knows the truth: a jump starts and ends at labelled frames, exchanged
wrists lie apart, rows with a flaw have rows without one round them. What does not fit into a short recording is left
out, and out of the list.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.labels import check, check_labels, label_sheets
from asyconv.labels.annotations import ANNOTATED_STEP
from asyconv.labels.check import Finding
from asyconv.labels.label_sheets import SHEET_COLUMNS, cells_of, joint_name
from asyconv.simulation.infant import WIDTH_PX
from asyconv.skeleton import FLIP, JOINTS

JUMP_PX: Final = 260.0  # 1600 px/s; the real ones reach 2000
APART_PX: Final = 60.0
SPACING_ROWS: Final = 4

Array = npt.NDArray[np.float64]


@dataclass
class _Line:
    """One row: its labels [12, 2] (NaN = missing), cells that are spelled otherwise, and the flaw planted in it."""

    frame: int
    xy_px: Array
    spelled: dict[int, str] = field(default_factory=dict)
    flaw: str = ""

    @property
    def image(self) -> str:
        return f"{self.frame}_8bit.png"

    def has(self, flaw: str) -> bool:
        """Note the flaw (true, so that a planter can end with it)."""
        self.flaw = flaw
        return True

    def cells(self) -> list[str]:
        cells = cells_of(self.xy_px)
        for joint, text in self.spelled.items():
            cells[[joint_name(column) for column in SHEET_COLUMNS].index(JOINTS[joint])] = text
        return cells


@dataclass(frozen=True)
class Planted:
    """A flawed sheet: rows (picture's name, cells) in the order to write, frames that have a picture, all flaws."""

    rows: list[tuple[str, list[str]]]
    pictures: list[int]
    flaws: list[Finding]


def with_gaps(frames: list[int]) -> list[int]:
    """The frames left of `frames` (from 1, every fifth) by babyPose's three gaps: 1 to 11, 51 to 101, 546 to 1001."""
    gaps = ((1, 11), (51, 101), (546, 1001))
    return [n for n in frames if not any(first < n < last <= frames[-1] for first, last in gaps)]


def plant(frames: list[int], labels: Array, infant_id: str, rng: np.random.Generator) -> Planted:
    """Plant every kind of flaw once into the labels [M, 12, 2] of `frames`; one joint is never visible."""
    lines = [_Line(frame, np.round(xy)) for frame, xy in zip(frames, labels, strict=True)]
    hidden = int(rng.integers(len(JOINTS)))
    for line in lines:
        line.xy_px[hidden] = np.nan
    free = [i for i in range(1, len(lines) - 1) if lines[i + 1].frame - lines[i - 1].frame == 2 * ANNOTATED_STEP]
    chosen: dict[Planter, int] = {}
    for planter in _PLANTERS:
        apart = [i for i in free if all(abs(i - other) >= SPACING_ROWS for other in chosen.values())]
        for i in rng.permutation(apart).tolist():
            if planter(lines, i, rng):
                chosen[planter] = i
                break
    return _written(lines, infant_id)


def natural(frames: list[int], labels: Array, infant_id: str) -> Planted:
    """The sheet without a planted flaw; what is left to find is a joint that a cover hid all the time."""
    lines = [_Line(frame, np.round(xy)) for frame, xy in zip(frames, labels, strict=True)]
    return _written(lines, infant_id, tidy=True)


Planter = Callable[[list[_Line], int, np.random.Generator], bool]
"""Plants one flaw into line i; False where it would be none there."""


def _copy(lines: list[_Line], i: int, rng: np.random.Generator) -> bool:
    if np.isfinite(lines[i - 1].xy_px[:, 0]).sum() < check_labels.COPIED_JOINTS:
        return False
    lines[i].xy_px = lines[i - 1].xy_px.copy()
    return lines[i].has(check_labels.COPIED)


def _jump(lines: list[_Line], i: int, rng: np.random.Generator) -> bool:
    joints = [joint for joint in _seen_around(lines, i) if "wrist" in JOINTS[joint] or "ankle" in JOINTS[joint]]
    if not joints:
        return False
    point = lines[i].xy_px[rng.choice(joints)]
    point[0] += JUMP_PX if point[0] < WIDTH_PX / 2 else -JUMP_PX
    return lines[i].has(check_labels.JUMP)


def _exchange(lines: list[_Line], i: int, rng: np.random.Generator) -> bool:
    """All pairs of joints that are seen; shoulders or hips are among them, and they lie side by side."""
    joints = [joint for joint in _seen_around(lines, i) if FLIP[joint] in _seen_around(lines, i)]
    if not {2, 8} & set(joints):
        return False
    lines[i].xy_px[joints] = lines[i].xy_px[[FLIP[joint] for joint in joints]]
    return lines[i].has(check_labels.SWAP)


def _exchange_wrists(lines: list[_Line], i: int, rng: np.random.Generator) -> bool:
    wrists = [JOINTS.index("right_wrist"), JOINTS.index("left_wrist")]
    around = np.stack([line.xy_px[wrists] for line in lines[i - 1 : i + 2]])
    if not (np.linalg.norm(around[:, 0] - around[:, 1], axis=-1) > APART_PX).all():  # NaN is not apart
        return False
    lines[i].xy_px[wrists] = lines[i].xy_px[wrists[::-1]]
    return lines[i].has(check_labels.SWAP)


def _coincide(lines: list[_Line], i: int, rng: np.random.Generator) -> bool:
    """The wrist is clicked where the elbow is."""
    for wrist, elbow in rng.permutation([[0, 1], [5, 4]]).tolist():
        if {wrist, elbow} <= set(_seen_around(lines, i)):
            around = np.stack([lines[i - 1].xy_px[wrist], lines[i + 1].xy_px[wrist]]).mean(axis=0)
            if 2 * check_labels.CLICK_PX < np.linalg.norm(lines[i].xy_px[elbow] - around) < APART_PX + 30:
                lines[i].xy_px[wrist] = lines[i].xy_px[elbow]
                return lines[i].has(check_labels.COINCIDING)
    return False


def _half(lines: list[_Line], i: int, rng: np.random.Generator) -> bool:
    return _spoil(lines[i], rng, label_sheets.HALF_MISSING, lambda x, y: f"{x},-1" if rng.random() < 0.5 else f"-1,{y}")


def _outside(lines: list[_Line], i: int, rng: np.random.Generator) -> bool:
    return _spoil(lines[i], rng, label_sheets.OUTSIDE, lambda x, y: f"{x + WIDTH_PX},{y}")


def _unparsable(lines: list[_Line], i: int, rng: np.random.Generator) -> bool:
    return _spoil(lines[i], rng, label_sheets.UNPARSABLE, lambda x, y: f"{x}.{y}")


def _spoil(line: _Line, rng: np.random.Generator, kind: str, spelled: Callable[[int, int], str]) -> bool:
    """Write the label of some joint so that it is none."""
    seen = np.flatnonzero(np.isfinite(line.xy_px[:, 0]))
    if not len(seen):
        return False
    joint = int(rng.choice(seen))
    line.spelled[joint] = spelled(*line.xy_px[joint].astype(int).tolist())
    line.xy_px[joint] = np.nan
    return line.has(kind)


def _when_written(kind: str, lines: list[_Line], i: int, rng: np.random.Generator) -> bool:
    """Note a flaw that `_written` makes: a row twice, or one without its picture or the other way round."""
    return lines[i].has(kind)


# those that need the most of a row choose first
_PLANTERS: Final[tuple[Planter, ...]] = (
    _exchange, _exchange_wrists, _coincide, _jump, _copy, _half, _outside, _unparsable,
    *(partial(_when_written, kind) for kind in (check.DUPLICATE, check.MISSING_IMAGE, check.NO_ROW)),
)  # fmt: skip


def _seen_around(lines: list[_Line], i: int) -> list[int]:
    """Joints labelled in row i and in those before and after it."""
    around = np.stack([line.xy_px[:, 0] for line in lines[i - 1 : i + 2]])
    return np.flatnonzero(np.isfinite(around).all(axis=0)).tolist()


def _written(lines: list[_Line], infant_id: str, *, tidy: bool = False) -> Planted:
    """The lines as rows in the order of the file, and the place of every flaw in it."""
    sheet = f"result_{infant_id}.csv"
    flaws: list[Finding] = []
    rows: list[tuple[str, list[str]]] = []
    highest, ordered = 0, True
    after_gap = {b.frame for a, b in zip(lines, lines[1:], strict=False) if b.frame - a.frame != ANNOTATED_STEP}
    for line in lines if tidy else sorted(lines, key=lambda line: line.image):
        if line.flaw == check.NO_ROW:
            flaws.append(Finding(f"{infant_id}/{line.frame}_16bit.png", None, check.NO_ROW, f"frame {line.frame}"))
            continue
        kinds = [line.flaw] if line.flaw else []
        if line.frame < highest and ordered:
            kinds.append(check.UNORDERED)
            ordered = False
        if line.frame in after_gap:
            kinds.append(check.GAP)
        highest = max(highest, line.frame)
        rows += [(line.image, line.cells())] * (2 if line.flaw == check.DUPLICATE else 1)
        flaws += [Finding(sheet, len(rows) + 1, kind, f"frame {line.frame}") for kind in kinds]
    labelled = np.stack([line.xy_px[:, 0] for line in lines if line.flaw != check.NO_ROW])
    hidden = np.flatnonzero(np.isfinite(labelled).mean(axis=0) < check.NEVER_SHARE)
    flaws += [Finding(sheet, None, check.NEVER, JOINTS[joint]) for joint in hidden]
    return Planted(rows, [line.frame for line in lines if line.flaw != check.MISSING_IMAGE], flaws)
