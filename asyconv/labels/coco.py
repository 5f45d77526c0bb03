"""COCO key points (JSON) as sheets of labels, one for each infant.

A picture's infant is the folder in its ``file_name``, or what stands before the number in a flat list of names. A key
point with v = 0 is not labelled; v = 1 and 2 both are, as in COCO's own measure; any other v (a score, a depth) is no
flag, and 0,0 is no point whatever its v. Sizes of pictures and areas of infants are kept where the file states them. A
row is the place of an annotation in the file, from 1.
"""

import math
import re
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeGuard

from asyconv.errors import InputError, why_unreadable
from asyconv.labels.label_sheets import (
    SCORE,
    UNPARSABLE,
    Fault,
    LabelRow,
    LabelSheet,
    Point,
    check_point,
    image_name,
    joint_name,
    label_row,
)
from asyconv.skeleton import JOINTS
from asyconv.whole_files import json_of

_KEYS: Final = ("images", "annotations", "categories")
_MANY: Final = 1e6


def is_coco(path: Path) -> bool:
    """Whether a file holds images, annotations and categories as COCO does."""
    try:
        return path.suffix.lower() == ".json" and all(key in _content(path) for key in _KEYS)
    except InputError:
        return False


def unresolved(path: Path) -> list[int]:
    """Rows of the annotations whose image the file does not list (exports with incomplete lists exist)."""
    content = _content(path)
    images = _images(path, content)
    return [
        row
        for row, annotation in enumerate(_entries(path, content, "annotations"), 1)
        if _image_id(annotation) not in images
    ]


def read_coco(path: Path) -> list[LabelSheet]:
    """Sheets of a file, by infant; annotations without a listed image are left out (`unresolved` names them)."""
    content = _content(path)
    images = _images(path, content)
    columns = _columns(path, content)
    rows: dict[str, list[LabelRow]] = {}
    for number, annotation in enumerate(_entries(path, content, "annotations"), 1):
        image = images.get(_image_id(annotation))
        if image is not None:
            category = annotation.get("category_id")
            joints = columns.get(category if isinstance(category, int) else None)
            rows.setdefault(_infant_of(path, image.name), []).append(_row(number, image, annotation, joints))
    return [LabelSheet(path, "COCO", infant_id, tuple(of_one)) for infant_id, of_one in sorted(rows.items())]


class _Image(NamedTuple):
    name: str
    size_px: tuple[int, int] | None


def _row(number: int, image: _Image, annotation: dict[str, Any], columns: list[int] | None) -> LabelRow:
    values = annotation.get("keypoints")
    values = values if isinstance(values, list) else []
    points: list[Point] | Fault
    if columns is None:
        points = Fault(UNPARSABLE, f"expected a category with key points, found {annotation.get('category_id')!r}")
    elif len(values) < 3 * (max(columns) + 1):
        points = Fault(UNPARSABLE, f"expected {3 * (max(columns) + 1)} numbers or more, found {len(values)}")
    else:
        points = [_point(values[3 * column : 3 * column + 3]) for column in columns]
    area = annotation.get("area")
    area_px2 = float(area) if _is_number(area) and 0 < area < _MANY else None
    return label_row(number, image.name, points, size_px=image.size_px, area_px2=area_px2)


def _is_number(value: Any) -> TypeGuard[int | float]:
    return not isinstance(value, bool) and isinstance(value, int | float)


def _point(values: list[Any]) -> Point:
    if not all(map(_is_number, values)):
        return Fault(UNPARSABLE, f"expected x, y, v, found {str(values)[:40]}")
    if values[2] == 0:
        return None
    if not all(math.isfinite(value) and abs(value) < _MANY for value in values):
        return Fault(UNPARSABLE, f"expected x, y, v, found {str(values)[:40]}")
    if values[2] not in (1, 2):
        return Fault(SCORE, f"expected v of 0, 1 or 2, found {values[2]:g}")
    return check_point(float(values[0]), float(values[1]))


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json_of(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"{path.name}: expected COCO key points (JSON), {why_unreadable(error)}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path.name}: expected COCO key points, found JSON of another kind")
    return content


def _entries(path: Path, content: dict[str, Any], key: str) -> list[dict[str, Any]]:
    entries = content.get(key)
    if not isinstance(entries, list) or any(not isinstance(entry, dict) for entry in entries):
        raise InputError(f"{path.name}: expected COCO key points with a list of {key}, found none")
    return entries


def _images(path: Path, content: dict[str, Any]) -> dict[int | str | None, _Image]:
    """File name and size of each image by its id."""
    images: dict[int | str | None, _Image] = {}
    for number, image in enumerate(_entries(path, content, "images"), 1):
        identity, name = image.get("id"), image.get("file_name")
        if not isinstance(identity, int | str) or not isinstance(name, str):
            raise InputError(f"{path.name}: image {number}: expected an id and a file_name, found {str(image)[:60]}")
        sides = image.get("width"), image.get("height")
        width, height = (int(side) if _is_number(side) and 0 < side < _MANY else 0 for side in sides)
        images[identity] = _Image(name, (width, height) if width and height else None)
    return images


def _image_id(annotation: dict[str, Any]) -> int | str | None:
    identity = annotation.get("image_id")
    return identity if isinstance(identity, int | str) else None


def _columns(path: Path, content: dict[str, Any]) -> dict[int | None, list[int]]:
    """Key point of each joint, by category."""
    columns: dict[int | None, list[int]] = {}
    names: list[str] = []
    for category in _entries(path, content, "categories"):
        listed = category.get("keypoints")
        names = [joint_name(str(name)) for name in listed] if isinstance(listed, list) else []
        if all(names.count(joint) == 1 for joint in JOINTS) and isinstance(category.get("id"), int):
            columns[category["id"]] = [names.index(joint) for joint in JOINTS]
    if not columns:
        missing = ", ".join(joint for joint in JOINTS if names.count(joint) != 1)
        raise InputError(f"{path.name}: expected a category with the 12 joints, found none (missing: {missing})")
    return columns


def _infant_of(path: Path, image: str) -> str:
    folders = [part for part in re.split(r"[\\/]", image)[:-1] if part not in ("", ".", "..", "images")]
    name = image_name(image)
    prefix = name.prefix.strip("_- .") if name else ""
    return folders[-1] if folders else prefix or path.resolve().parent.name
