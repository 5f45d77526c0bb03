"""Recordings tracked as a whole."""

from pathlib import Path
from typing import Any

from asyconv.pose.model_file import Model
from asyconv.pose.tracking import track
from asyconv.recordings.opening import open_recording
from asyconv.tracks import Tracks


def tracked(
    path: Path, model: Model, *, fps_hz: float | None = None, depth_unit_mm: float | None = None, **options: Any
) -> Tracks:
    with open_recording(path, fps_hz=fps_hz, depth_unit_mm=depth_unit_mm) as recording:
        return track(recording, model, **options)
