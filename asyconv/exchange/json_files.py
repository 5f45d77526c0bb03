"""JSON of other trackers, checked as far as it is read."""

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
