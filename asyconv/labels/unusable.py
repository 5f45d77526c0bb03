"""Why a whole sheet cannot be labels: no pixels, no flags, two infants, sides exchanged, no body.

A slip in one row is left out, or named by `check` and kept (check_labels.py). What is wrong with most rows is wrong
with the file, and a network would learn it: `check` names it and a training refuses it. The limits lie outside all real
labels that were looked at: 15 infants, 15,000 frames, in which an upper arm or thigh was never longer than 0.7 trunks
and a forearm or shank never longer than one (but for one slip), and the right shoulder and hip had the larger x.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.labels.label_sheets import SCORE, LabelSheet, by_frame
from asyconv.skeleton import JOINTS, LIMBS

NO_PIXELS: Final = "coordinates are no pixels"
TWO_INFANTS: Final = "two infants in a picture"
SIDES: Final = "sides exchanged throughout"
NO_BODY: Final = "impossible skeleton"
OTHER_SIZE: Final = "labels of another picture size"

_MOST: Final = 0.8  # of the rows
_ROWS_LEAST: Final = 5  # in fewer, most of them may be slips
_PERCENT_SIDE_PX: Final = 200  # in a smaller picture all labels may lie below 100
_BONES_MAX: Final = (0.9, 1.3)  # trunks: upper arm and thigh, forearm and shank

Array = npt.NDArray[np.float64]
Size = tuple[int, int]
Place = tuple[int | None, str, str]
"""Row of a sheet (None: all), kind and sentence of what is wrong."""


def unusable(sheet: LabelSheet, size: Size) -> Iterator[Place]:
    """All that makes the labels of pictures of this size unusable."""
    rows = by_frame(sheet.rows)
    if not rows:
        return
    xy_px = np.stack([row.xy_px for row in rows])
    largest = float(np.nanmax(xy_px)) if np.isfinite(xy_px).any() else np.nan
    if 0 < largest <= 1:
        yield None, NO_PIXELS, f"expected pixels of {size[0]}x{size[1]}, found coordinates of 0 to 1"
    elif largest <= 100 and min(size) > _PERCENT_SIDE_PX:
        yield None, NO_PIXELS, f"expected pixels of {size[0]}x{size[1]}, found none above 100: per cent of the sides?"
    scored = [row for row in sheet.rows if any(fault.kind == SCORE for fault in row.faults)]
    if scored:
        yield scored[0].row, SCORE, f"expected a visibility of 0, 1 or 2, found other numbers in {len(scored)} rows"
    yield from _two_infants(sheet)
    yield from _other_size(sheet, size)
    yield from _bodies(xy_px)


def _two_infants(sheet: LabelSheet) -> Iterator[Place]:
    """Pictures with two annotations that label anything; in a table a repeated row corrects the one before."""
    if sheet.format != "COCO":
        return
    labelled = [row for row in sheet.rows if row.name and np.isfinite(row.xy_px).any()]
    count = Counter(row.name for row in labelled)
    twice = [row for row in labelled if count[row.name] > 1]
    if twice and twice[0].name:
        pictures = len({row.name for row in twice})
        text = f"expected one infant in each picture, found more in {pictures} (the first is {twice[0].name.number})"
        yield twice[0].row, TWO_INFANTS, text


def _other_size(sheet: LabelSheet, size: Size) -> Iterator[Place]:
    for row in sheet.rows:
        if row.size_px is not None and row.size_px != size:
            stated = f"{row.size_px[0]}x{row.size_px[1]}"
            yield row.row, OTHER_SIZE, f"expected labels of pictures of {size[0]}x{size[1]}, found ones of {stated}"
            return


def _bodies(xy_px: Array) -> Iterator[Place]:
    joint = {name: xy_px[:, place] for place, name in enumerate(JOINTS)}
    apart = np.stack([joint[f"right_{part}"][:, 0] - joint[f"left_{part}"][:, 0] for part in ("shoulder", "hip")])
    seen = np.isfinite(apart).any(axis=0)
    wrong = (np.nan_to_num(apart, nan=-1.0) < 0).all(axis=0) & seen
    if wrong.sum() > max(_MOST * seen.sum(), _ROWS_LEAST - 1):
        text = f"the right shoulder and hip lie left of the left ones in {wrong.sum()} of {seen.sum()} rows"
        yield None, SIDES, f"{text}: the sides are exchanged, or the picture is mirrored or not head down"
    middle = [(joint[f"right_{part}"] + joint[f"left_{part}"]) / 2 for part in ("shoulder", "hip")]
    trunks_px = np.linalg.norm(middle[0] - middle[1], axis=-1)
    if not np.isfinite(trunks_px).any():
        return
    trunk_px = float(np.nanmedian(trunks_px))
    chain = xy_px[:, list(LIMBS.values())]  # [N, limb, root to end, 2]
    bones_px = np.linalg.norm(np.diff(chain, axis=2), axis=-1)
    seen_bones = np.isfinite(bones_px).any(axis=(1, 2)) & np.isfinite(trunks_px)  # of an infant on its side few rows
    long = (np.nan_to_num(bones_px) > trunk_px * np.array(_BONES_MAX)).any(axis=(1, 2)) & seen_bones
    if long.sum() > max(_MOST * seen_bones.sum(), _ROWS_LEAST - 1):
        text = f"an arm or leg is too long for the trunk in {long.sum()} of {seen_bones.sum()} rows"
        yield None, NO_BODY, f"{text}: are joints exchanged?"
