"""Tracks in equal steps of time, for formats that hold a rate and no times: lost frames become empty rows."""

from dataclasses import fields, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.tracks import Tracks

ROWS_MAX: Final = 20_000_000
"""More would not fit into memory: a week at 30 frames per second."""


def rate_of(tracks: Tracks) -> float:
    """Frames per second of the rows: the measured rate, or a whole part of it where only some frames were tracked."""
    if len(tracks.time_s) < 2:
        return float(tracks.meta.get("fps_measured_hz") or 30.0)
    step_s = float(np.median(np.diff(tracks.time_s)))
    measured_hz = tracks.meta.get("fps_measured_hz")
    return 1.0 / step_s if measured_hz is None else measured_hz / max(1, round(step_s * measured_hz))


def regular(tracks: Tracks) -> tuple[Tracks, float]:
    """`tracks` in equal steps, numbered from 1, and the rate in Hz; no frame is left out, and none is made up."""
    rate_hz = rate_of(tracks)
    place = np.rint((tracks.time_s - tracks.time_s[0]) * rate_hz).astype(np.int64)
    steps = np.arange(len(place))
    place = np.maximum.accumulate(place - steps) + steps  # two frames never share a place
    n = int(place[-1]) + 1
    if n > ROWS_MAX:
        raise InputError(f"expected fewer than {ROWS_MAX} rows with the lost frames between, found {n}")
    values: dict[str, Any] = {}
    for field in fields(tracks):
        value = getattr(tracks, field.name)
        if isinstance(value, np.ndarray) and value.ndim == 2:
            values[field.name] = _spread(value, place, n)
    rows = np.arange(n)
    values |= {"frame": (rows + 1).astype(np.int32), "time_s": rows / rate_hz, "motion": None, "activity": None}
    return replace(tracks, **values), rate_hz


def _spread(values: npt.NDArray[Any], place: npt.NDArray[np.int64], n: int) -> npt.NDArray[Any]:
    spread = np.full((n, values.shape[1]), np.nan if values.dtype.kind == "f" else 0, values.dtype)
    spread[place] = values
    return spread


def need_mm(tracks: Tracks, what: str) -> None:
    """Refuse tracks without millimetres."""
    if not has_mm(tracks):
        raise InputError(f"{what} holds millimetres, and these tracks have none (the camera's intrinsics are missing)")


def has_mm(tracks: Tracks) -> bool:
    """Whether any joint has its place in millimetres."""
    return not bool(np.isnan(tracks.x_mm).all())
