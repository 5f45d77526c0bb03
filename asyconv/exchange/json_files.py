"""JSON of other trackers, checked as far as it is read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from asyconv.errors import InputError
from asyconv.exchange.poses import Floats
from asyconv.whole_files import json_of


def read_any(path: Path) -> Any:
    """The content of a JSON file."""
    try:
        return json_of(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: expected JSON, it cannot be read") from error


def read_object(path: Path) -> dict[str, Any]:
    """The content of a JSON file that holds an object."""
    content = read_any(path)
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected a JSON object, found {type(content).__name__}")
    return content


def entries(path: Path, content: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """A list of objects in an object."""
    listed = content.get(key)
    if not isinstance(listed, list) or any(not isinstance(entry, dict) for entry in listed):
        raise InputError(f"{path}: expected a list of {key}, found none")
    return listed


def numbers(values: Any, n: int | None, where: str) -> Floats:
    """`n` numbers of a list, or all of them; null is NaN."""
    if isinstance(values, list) and (n is None or len(values) == n):
        kept = [np.nan if value is None else value for value in values]
        if all(isinstance(value, int | float) and not isinstance(value, bool) for value in kept):
            return np.array(kept, np.float64)
    raise InputError(f"{where}: expected {n or 'a list of'} numbers, found {str(values)[:60]}")


def key_points(values: Any, lists: Sequence[tuple[str, ...]], where: str) -> tuple[tuple[str, ...], Floats]:
    """The one of `lists` that has as many names as there are points, and the points; with confidence 0, no place."""
    flat = numbers(values, None, where)
    names = next((names for names in lists if len(names) == len(flat) // 3), None)
    if names is None:
        expected = " or ".join(str(len(names)) for names in lists)
        raise InputError(f"{where}: expected {expected} key points, found {len(flat) // 3}")
    points = flat[: 3 * len(names)].reshape(-1, 3)
    points[points[:, 2] <= 0, :2] = np.nan
    return names, points
