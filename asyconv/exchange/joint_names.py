"""Which key point of another tracker is which joint: by its name, or as the user says."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from asyconv.errors import InputError
from asyconv.exchange.tables import csv_rows
from asyconv.skeleton import JOINTS

_FACE: Final = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
_LIMBS: Final = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
COCO_17: Final = (*_FACE, *(f"{side}_{part}" for part in _LIMBS for side in ("left", "right")))
HALPE_26: Final = (
    *COCO_17, "head", "neck", "pelvis", "left_big_toe", "right_big_toe", "left_small_toe", "right_small_toe",
    "left_heel", "right_heel",
)  # fmt: skip
OPENPOSE_25: Final = (
    "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist",
    "mid_hip", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle", "right_eye", "left_eye",
    "right_ear", "left_ear", "left_big_toe", "left_small_toe", "left_heel", "right_big_toe", "right_small_toe",
    "right_heel",
)  # fmt: skip
OPENPOSE_18: Final = (*OPENPOSE_25[:8], *OPENPOSE_25[9:19])
MEDIAPIPE_33: Final = (
    "nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer",
    "left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_pinky", "right_pinky", "left_index", "right_index", "left_thumb",
    "right_thumb",
    "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle", "left_heel", "right_heel",
    "left_foot_index", "right_foot_index",
)  # fmt: skip

_SIDES: Final = {"l": "left", "left": "left", "r": "right", "right": "right"}
_SECOND: Final = {"hand": "wrist", "foot": "ankle"}
"""Taken where the tracker has no such joint of its own."""


def columns_of(names: Sequence[str], chosen: dict[str, str] | None, path: Path) -> dict[str, int]:
    """The key point of each joint; `chosen` names it by joint, otherwise the names themselves say it."""
    if chosen is not None:
        unknown = [name for name in chosen.values() if name not in names]
        if unknown:
            raise InputError(f"{path}: expected a key point {unknown[0]!r} (--map), found {_listed(names)}")
        return {joint: list(names).index(name) for joint, name in chosen.items()}
    columns: dict[str, int] = {}
    for second in (False, True):
        for column, name in enumerate(names):
            joint = _joint(name, second=second)
            if joint is None or (second and joint in columns):
                continue
            if joint in columns:
                raise InputError(f"{path}: both {names[columns[joint]]!r} and {name!r} look like {joint}; state --map")
            columns[joint] = column
    if not columns:
        raise InputError(f"{path}: expected key points with names of joints, found {_listed(names)}; state --map")
    return columns


def read_map(path: Path) -> dict[str, str]:
    """Read a table with the columns ``joint`` and ``name``: which key point is which joint."""
    rows = csv_rows(path, "a CSV table with the columns joint and name")
    chosen: dict[str, str] = {}
    for number, row in enumerate(rows, 2):
        joint, name = row.get("joint"), row.get("name")
        if joint not in JOINTS or not name or joint in chosen:
            raise InputError(
                f"{path}, row {number}: expected a joint once ({', '.join(JOINTS)}) and the name of its key point, "
                f"found {joint!r}, {name!r}"
            )
        chosen[joint] = name
    if not chosen:
        raise InputError(f"{path}: expected rows with the columns joint and name, found none")
    return chosen


def _joint(name: str, *, second: bool) -> str | None:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=^[LR])(?=[A-Z])", " ", name)
    words = [word.lower() for word in re.split(r"[\W_]+", spaced) if word]
    if len(words) != 2:
        return None
    side = next((_SIDES[word] for word in words if word in _SIDES), None)
    part = next((word for word in words if word not in _SIDES), "")
    joint = f"{side}_{_SECOND.get(part, '') if second else part}"
    return joint if joint in JOINTS else None


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:8])) + (", ..." if len(names) > 8 else "") if names else "none"
