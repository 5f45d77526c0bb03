"""Frames as a file stores them, and the recording that one such file, or several in order, make together.

Each format that is read by a library gives a `Stored`; clock, holes, units and refusals are the same for all of them.
"""

import functools
import importlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.recordings.clock import Clock, clock_of, counted_clock
from asyconv.recordings.holes import Holes
from asyconv.recordings.stream import Decoder, Frame, Intrinsics, Recording, sha256_of, unit_used

Depth = npt.NDArray[np.uint16]


@dataclass(frozen=True)
class Stored:
    """What one file holds: its frames in order, and what it says of them. What it does not say is None."""

    path: Path
    format: str
    width_px: int
    height_px: int
    count: int
    pictures: Callable[[], Iterator[Depth]]  # all of them, one after another
    stamps: Callable[[], npt.NDArray[Any]] | None = None  # time of each frame; NaN = that frame has none
    ticks_per_s: float | None = None
    span: Callable[[], tuple[float, float] | None] = lambda: None  # first and last time, in any unit, read quickly
    length_s: float | None = None  # where it is known before the times of the frames are read
    nominal_hz: float | None = None
    unit_mm: float | None = None
    unit_is_sure: bool = False  # the counts were made by the reader
    intrinsics: Intrinsics | None = None
    camera: str | None = None  # tells two cameras apart; never written anywhere
    warnings: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)  # what else the file holds, which is no depth


def needed(module: str, name: str) -> Any:
    """Import the library that a recording needs, or say how it is installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise InputError(f"{name}: reading it needs the package {package}: pip install 'asyconv[readers]'") from error


def recording_of(
    path: Path, parts: Sequence[Stored], *, depth_unit_mm: float | None = None, fps_hz: float | None = None
) -> Recording:
    """Make one recording of the files of one camera, which are in order; `path` is what it is opened by."""
    first, warnings = parts[0], list(dict.fromkeys(warning for part in parts for warning in part.warnings))
    unit_mm = unit_used(depth_unit_mm, first.unit_mm, warnings)
    if unit_mm != first.unit_mm and first.unit_is_sure:
        raise InputError(f"{path.name}: expected no depth unit, because these depths are stored in metres")
    if unit_mm is None and first.intrinsics is not None:
        warnings.append("the recording states no unit of depth, so its intrinsics were not used")

    @functools.cache
    def clock() -> Clock:
        made = _clock(path.name, parts, fps_hz)
        said = [sentence for part in parts for sentence in part.warnings]  # some follow from the times
        warnings.extend(dict.fromkeys(sentence for sentence in (*said, *made.said) if sentence not in warnings))
        return made

    return Recording(
        path=path,
        format=first.format,
        width_px=first.width_px,
        height_px=first.height_px,
        fps_nominal_hz=fps_hz or first.nominal_hz,
        frame_count=sum(part.count for part in parts),
        length_s=first.length_s if len(parts) == 1 and first.length_s else clock().length_s,
        depth_unit_mm=unit_mm,
        intrinsics=None if unit_mm is None else first.intrinsics,
        mirrored=None,
        simulated=False,
        clock=clock,
        decode=lambda: _decode_all(parts, clock(), warnings),
        digest=lambda: sha256_of(*(part.path for part in parts)),
        warnings=warnings,
        beside=list(dict.fromkeys(other for part in parts for other in part.beside)),
    )


def _clock(name: str, parts: Sequence[Stored], fps_hz: float | None) -> Clock:
    """Clock of all frames by the times that the files hold, or by the rate that the user states."""
    first = parts[0]
    if any(part.stamps is None for part in parts):
        if fps_hz is None:
            raise InputError(
                f"{name}: expected times of the frames, found none; state the frame rate (--fps, or column fps_hz of "
                "the sheet)"
            )
        said = f"the recording holds no times of its frames: {fps_hz:g} a second, as stated, was used"
        return counted_clock(range(sum(part.count for part in parts)), fps_hz, said)
    stamps = np.concatenate([part.stamps() for part in parts if part.stamps is not None])
    given = np.isfinite(stamps)
    if not given.any():
        stamps, given = np.zeros(len(stamps)), ~given  # these are no times, which is said
    clock = clock_of(name, stamps[given], first.ticks_per_s, nominal_hz=first.nominal_hz, given_hz=fps_hz)
    if given.all():
        return clock
    time_s = np.full(len(stamps), np.nan)
    time_s[given] = clock.time_s
    said = f"{int((~given).sum())} of {len(stamps)} frames were left out: they have no time"
    return replace(clock, time_s=time_s, said=(said, *clock.said))


def _decode_all(parts: Sequence[Stored], clock: Clock, warnings: list[str]) -> Decoder:
    holes, place = Holes(warnings), 0
    for part in parts:
        shape, begin = (part.height_px, part.width_px), place
        for depth in part.pictures():
            place += 1
            where = f"{part.path.name}, frame {place - begin}"
            if depth.shape != shape or depth.dtype != np.uint16:
                raise InputError(f"{where}: expected uint16 {shape}, found {depth.dtype} {depth.shape}")
            if not math.isnan(clock.time_s[place - 1]):
                yield Frame(place, float(clock.time_s[place - 1]), holes.fill(depth, where))
    return None
