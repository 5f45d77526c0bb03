"""What tracks must be before anything is computed from them; whatever else is found is refused in one sentence.

A joint that is missing, or lacks its depth, is no fault. A time, a frame number or a unit that cannot be right is one:
numbers computed from it would look like movement.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.skeleton import HEADS, JOINTS, LIMBS, N_JOINTS
from asyconv.tracks import Tracks

LENGTH_MAX: Final = 100_000.0  # px or mm: no picture is so wide and no joint so far away
TIME_MAX_S: Final = 1_000_000.0  # eleven days: later times count milliseconds, or from another start
SPACING_MIN_S: Final = 0.001  # no depth camera is faster; windows of a second would not fit into memory
UNITS_APART_MAX: Final = 0.05  # share of the depth; lens distortion stays below it, another unit does not
PX: Final = ("x_px", "y_px")
MM: Final = ("depth_mm", "x_mm", "y_mm", "z_mm")


def check_rows(frame: npt.NDArray[np.int64], joint: Sequence[str], where: str) -> None:
    """Refuse rows that are not exactly the twelve joints of one frame after another, in skeleton order."""
    if not len(joint):
        raise InputError(f"{where}: expected at least one frame, found none")
    unknown = sorted(set(joint) - set(JOINTS))
    if unknown:
        raise InputError(f"{where}: expected the joints {', '.join(JOINTS)}, found {unknown[0]!r}")
    falls = np.flatnonzero(np.diff(frame) < 0)
    if len(falls):
        k = falls[0] + 1
        raise InputError(f"{where}, row {k + 1}: expected rows sorted by frame, found {frame[k]} after {frame[k - 1]}")
    numbers, counts = np.unique(frame, return_counts=True)
    odd = np.flatnonzero(counts != N_JOINTS)
    if len(odd):
        raise InputError(
            f"{where}, frame {numbers[odd[0]]}: expected exactly {N_JOINTS} rows a frame, found {counts[odd[0]]}"
        )
    order = np.array(joint).reshape(-1, N_JOINTS)
    wrong = np.argwhere(order != np.array(JOINTS))
    if len(wrong):
        row, column = wrong[0]
        raise InputError(
            f"{where}, frame {numbers[row]}: expected exactly {N_JOINTS} rows a frame in joint order, found "
            f"{order[row, column]} where {JOINTS[column]} belongs"
        )


def check_tracks(tracks: Tracks, where: str = "tracks") -> None:
    """Refuse tracks whose times, frame numbers, values or metadata cannot be right; `where` names them."""
    check_meta(tracks.meta, where)
    n = len(tracks.frame)
    if n == 0:
        raise InputError(f"{where}: expected at least one frame, found none")
    spread = () if tracks.sigma_px is None else ("sigma_px",)
    values = {name: np.asarray(getattr(tracks, name), np.float64) for name in (*PX, *MM, *spread, "confidence")}
    shapes = {name: value.shape for name, value in values.items()} | {"depth_source": tracks.depth_source.shape}
    wrong = [f"{name} {list(shape)}" for name, shape in shapes.items() if shape != (n, N_JOINTS)]
    if wrong or tracks.time_s.shape != (n,):
        raise InputError(
            f"{where}: expected {n} times and values [{n}, {N_JOINTS}], found {', '.join(wrong) or 'less'}"
        )
    _check_times(tracks.frame.astype(np.int64), tracks.time_s, where)
    for name, value in values.items():
        least, most = (0.0, 1.0) if name == "confidence" else (-LENGTH_MAX, LENGTH_MAX)
        _refuse(tracks, (value < least) | (value > most), f"{name} between {least:g} and {most:g}", value, where)
    for name in spread:
        _refuse(tracks, values[name] <= 0, f"{name} above 0 (unknown is null)", values[name], where)
    for name in ("depth_mm", "z_mm"):
        _refuse(tracks, values[name] <= 0, f"{name} above 0 (no depth is null)", values[name], where)
    _check_units(tracks, values, where)


def _check_times(frame: npt.NDArray[np.int64], time_s: npt.NDArray[np.float64], where: str) -> None:
    bad = np.flatnonzero((frame < 1) | (np.diff(frame, prepend=0) <= 0))
    if len(bad):
        raise InputError(
            f"{where}: expected frame numbers that rise from 1, found {frame[bad[0]]} in place {bad[0] + 1}"
        )
    finite_s = np.where(np.isfinite(time_s), time_s, -1.0)
    bad = np.flatnonzero((finite_s < 0) | (finite_s > TIME_MAX_S))
    if len(bad):
        raise InputError(
            f"{where}, frame {frame[bad[0]]}: expected a time of at least 0 s and at most {TIME_MAX_S:.0f} s from the "
            f"start of the recording, found {time_s[bad[0]]} s"
        )
    bad = np.flatnonzero(np.diff(finite_s, prepend=-1.0) <= 0)
    if len(bad):
        raise InputError(
            f"{where}, frame {frame[bad[0]]}: expected a time later than the frame before, found {time_s[bad[0]]} s"
        )
    middle_s = float(np.median(np.diff(time_s))) if len(time_s) > 1 else SPACING_MIN_S
    if middle_s < SPACING_MIN_S:
        raise InputError(f"{where}: expected frames at least {SPACING_MIN_S} s apart, found {middle_s:.3g} s (median)")


def _check_units(tracks: Tracks, values: dict[str, npt.NDArray[np.float64]], where: str) -> None:
    """Refuse millimetres that are not those of the depth, or not those of the pixels and the intrinsics."""
    depth = values["depth_mm"]
    room = 1.0 + UNITS_APART_MAX * np.abs(depth)
    _refuse(tracks, np.abs(values["z_mm"] - depth) > room, "z_mm equal to depth_mm (one unit)", values["z_mm"], where)
    camera = tracks.meta.get("intrinsics")
    if camera is None:
        return
    side = -1.0 if tracks.meta.get("mirrored") else 1.0
    for axis, sign in (("x", side), ("y", 1.0)):
        seen = sign * (values[f"{axis}_px"] - camera[f"c{axis}_px"]) / camera[f"f{axis}_px"] * depth
        stated_mm = values[f"{axis}_mm"]
        expected = f"{axis}_mm that follows from {axis}_px, depth_mm and the intrinsics (one unit)"
        _refuse(tracks, np.abs(stated_mm - seen) > room, expected, stated_mm, where)


def _refuse(
    tracks: Tracks, bad: npt.NDArray[np.bool_], expected: str, values: npt.NDArray[np.float64], where: str
) -> None:
    at = np.argwhere(bad)
    if len(at):
        row, joint = at[0]
        raise InputError(
            f"{where}, frame {tracks.frame[row]}, {JOINTS[joint]}: expected {expected}, found {values[row, joint]:g}"
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_positive(value: Any) -> bool:
    return _is_number(value) and 0 < value <= LENGTH_MAX


def _is_camera(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and all(_is_positive(value.get(name)) for name in ("fx_px", "fy_px"))
        and all(_is_number(value.get(name)) for name in ("cx_px", "cy_px"))
    )


def _is_floor(value: Any) -> bool:
    by_limb = list(value.values()) if isinstance(value, dict) and set(value) <= set(LIMBS) else [value]
    return all(_is_number(speed) and 0 <= speed <= 1000 for speed in by_limb)


def _is_plane(value: Any) -> bool:
    if not isinstance(value, list | tuple) or len(value) != 4 or not all(map(_is_number, value)):
        return False
    return abs(math.hypot(*value[:3]) - 1.0) < 0.01 and abs(value[3]) <= LENGTH_MAX


def _is_factors(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_positive(factor) for factor in value.values())


_TRUTH: Final = ("true or false", lambda value: isinstance(value, bool))
_TEXT: Final = ("text", lambda value: isinstance(value, str))
_FACTS: Final[dict[str, tuple[str, Callable[[Any], bool]]]] = {
    "recording_id": _TEXT,
    "infant_id": _TEXT,
    "rate": ("full or 6", lambda value: value in ("full", "6")),
    "head": ("down, up, left or right", lambda value: value in HEADS),
    "mirrored": _TRUTH,
    "left_right_verified": _TRUTH,
    "simulated": _TRUTH,
    "width_px": ("a number of pixels", _is_positive),
    "height_px": ("a number of pixels", _is_positive),
    "fps_nominal_hz": ("a rate in Hz", _is_positive),
    "fps_measured_hz": ("a rate in Hz", _is_positive),
    "fps_source": ("times or stated", lambda value: value in ("times", "stated")),
    "intrinsics": ("fx_px, fy_px above 0 and cx_px, cy_px", _is_camera),
    "mattress_plane": ("a unit normal and a distance in mm", _is_plane),
    "still_floor_mm_s": ("a speed in mm/s, or one by limb", _is_floor),
    "tracker_band_hz": ("a frequency in Hz", _is_positive),
    "speed_noise_sds": ("a number above 0", _is_positive),
    "interval_factors": ("a number above 0 by measure", _is_factors),
    "confidence_min": ("a probability", lambda value: _is_number(value) and 0 <= value <= 1),
    "model_error": ("an error by limb", lambda value: isinstance(value, dict)),
    "warnings": ("a list", lambda value: isinstance(value, list)),
}
"""What the analysis computes or decides with: what is expected where it is stated. None says that it is not known."""


def check_meta(meta: Any, where: str) -> None:
    """Refuse metadata that are no facts of a recording; what is not stated is no fault."""
    if not isinstance(meta, dict):
        raise InputError(f"{where}: expected metadata of asyconv (a JSON object), found {_brief(meta)}")
    for name, (expected, fits) in _FACTS.items():
        value = meta.get(name)
        if value is not None and not fits(value):
            raise InputError(f"{where}: expected {expected} as {name} in the metadata, found {_brief(value)}")


def check_stated(meta: dict[str, Any], names: Sequence[str], where: str) -> None:
    """Refuse metadata that lack facts without which a command cannot work."""
    for name in names:
        if meta.get(name) is None:
            expected, _ = _FACTS[name]
            raise InputError(f"{where}: expected {expected} as {name} in the metadata of the tracks, found none")


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
