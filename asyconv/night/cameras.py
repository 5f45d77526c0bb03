"""The cameras that the user states, as JSON."""

from pathlib import Path
from typing import Any, Final

from asyconv.errors import InputError, why_unreadable
from asyconv.recordings.stream import Intrinsics
from asyconv.whole_files import json_of

SIZE_MAX_PX: Final = 1e6
"""No focal length and no distance to the principal point is that large."""


def read_cameras(path: Path) -> dict[str | None, Intrinsics]:
    """Read ``{"fx_px", "fy_px", "cx_px", "cy_px"}`` (key None), or one such object per ``camera_id``."""
    try:
        content = json_of(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"{path.name}: expected a camera file (JSON), {why_unreadable(error)}") from error
    if isinstance(content, dict) and "fx_px" in content:
        return {None: _intrinsics(path, content, "camera")}
    if not isinstance(content, dict) or not content:
        raise InputError(f"{path.name}: expected fx_px, fy_px, cx_px, cy_px, or one such object per camera_id")
    return {name: _intrinsics(path, camera, "sheet") for name, camera in content.items()}


def _intrinsics(path: Path, camera: object, source: str) -> Intrinsics:
    names = ("fx_px", "fy_px", "cx_px", "cy_px")
    values: list[Any] = [camera.get(name) for name in names] if isinstance(camera, dict) else []
    if not values or any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
        raise InputError(f"{path.name}: expected numbers for {', '.join(names)}, found {repr(camera)[:60]}")
    if not all(0 < value < SIZE_MAX_PX for value in values[:2]):
        raise InputError(f"{path.name}: expected focal lengths above 0 px, found {str(values[:2])[:60]}")
    if not all(abs(value) < SIZE_MAX_PX for value in values[2:]):
        raise InputError(f"{path.name}: expected a principal point in pixels, found {str(values[2:])[:60]}")
    fx_px, fy_px, cx_px, cy_px = map(float, values)
    return Intrinsics(fx_px, fy_px, cx_px, cy_px, source)
