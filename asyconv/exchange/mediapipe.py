"""Landmarks of MediaPipe, saved as JSON: a list with the 33 landmarks of each frame."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from asyconv.errors import InputError
from asyconv.exchange.joint_names import MEDIAPIPE_33
from asyconv.exchange.json_files import numbers, read_any
from asyconv.exchange.people import poses_of
from asyconv.exchange.poses import Floats, Poses


def read(path: Path) -> Poses:
    """Read shares of the picture; the visibility is the confidence.

    A frame is a list of landmarks (``x``, ``y``, ``visibility``), a list of such lists for several people, or an object
    that holds either as ``pose_landmarks``, with ``timestamp_ms`` if there are times; null or empty is nobody.
    """
    content = read_any(path)
    if not isinstance(content, list) or not content:
        raise InputError(f"{path}: expected a JSON list with the landmarks of each frame")
    found: dict[int, list[tuple[str | None, Floats]]] = {}
    times = []
    for frame, entry in enumerate(content):
        listed = entry.get("pose_landmarks") if isinstance(entry, dict) else entry
        times.append(entry.get("timestamp_ms") if isinstance(entry, dict) else None)
        people = [listed] if listed and isinstance(listed, list) and isinstance(listed[0], dict) else listed or []
        if not isinstance(people, list):
            raise InputError(f"{path}, frame {frame}: expected landmarks, found {str(listed)[:60]}")
        found[frame] = [(None, _points(person, f"{path}, frame {frame}")) for person in people]
    poses = poses_of(found, MEDIAPIPE_33, shares=True)
    if not all(isinstance(time, int | float) for time in times):
        return poses
    time_ms = np.array(times, np.float64)
    return replace(poses, time_s=(time_ms - time_ms[0]) / 1000.0)


def _points(person: Any, where: str) -> Floats:
    marks = [mark for mark in person if isinstance(mark, dict)] if isinstance(person, list) else []
    if len(marks) != len(MEDIAPIPE_33):
        raise InputError(f"{where}: expected {len(MEDIAPIPE_33)} landmarks, found {len(marks)}")
    rows = [numbers([mark.get("x"), mark.get("y"), mark.get("visibility", 1.0)], 3, where) for mark in marks]
    return np.stack(rows)
