"""The clock of a recording: when each frame was taken, and how many frames a second there are, by its time stamps.

The rate that a file states is never believed: it is measured. Time stamps have known faults, each of which is undone
or left out and said: a counter that wraps, a clock that starts again, single stamps that are wrong, another unit.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError

UNKNOWN_GAP_S: Final = 1.0
"""What a gap of unknown length is shown as: so long that no clip and no filled gap crosses it."""

UNITS: Final = {"seconds": 1.0, "milliseconds": 1e3, "microseconds": 1e6, "nanoseconds": 1e9}
"""Ticks per second of the units that time stamps are written in."""

_STEP_S: Final = (0.002, 2.0)  # between frames: a factor of 1000, so that no two units fit
_CAMERA_STEP_S: Final = (0.010, 0.200)
_REGULAR: Final = (0.4, 1.6)  # of the usual step; one lost frame makes two of it
_WRAPS: Final = tuple(2.0**bits for bits in (16, 31, 32))
_REGULAR_LEAST: Final = 0.8  # share of regular steps among what are clearly times
_COUNT_MOST: Final = 1e10  # no camera has counted so many frames
_WRONG_FRAMES: Final = 5  # so many wrong stamps in a row are left out; more are a clock that starts again
_LEAP_S: Final = 5.0  # a step this long may be a wrong stamp
_DAY_S: Final = 86_400.0
_KEPT_LEAST: Final = 0.5  # with fewer usable stamps there is no clock
_DIFFERS: Final = 0.02  # of rates: more than any clock is off

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Clock:
    """Times of the N frames as stored, and their rate.

    `time_s` counts from the first frame that has a time and rises; NaN = the frame has no usable time and is left out.
    `measured` says whether the rate follows from the times, or the times from a rate that somebody states.
    `said` holds sentences for the report.
    """

    time_s: Array
    rate_hz: float
    measured: bool
    said: tuple[str, ...] = ()

    @property
    def length_s(self) -> float:
        """From the first frame to the end of the last one."""
        given_s = self.time_s[np.isfinite(self.time_s)]
        return float(given_s[-1]) + 1 / self.rate_hz


def clock_of(
    name: str,
    stamps: npt.NDArray[np.generic],
    ticks_per_s: float | None,
    *,
    unit_sure: bool = False,
    nominal_hz: float | None = None,
    given_hz: float | None = None,
) -> Clock:
    """Clock of the frames with these time stamps.

    Parameters
    ----------
    name : of the recording, for the sentence of an error.
    stamps : one of each frame [N], in the order of the frames; whole numbers or not.
    ticks_per_s : unit of the stamps; None where it is not known and follows from their steps.
    unit_sure : the unit is never found to be another one.
    nominal_hz, given_hz : the rate as the file states it, and as the user does.

    Raises
    ------
    InputError : the stamps are no clock and the user states no rate; or the user states another rate than they give.
    """
    n = len(stamps)
    measured = _few(stamps, ticks_per_s) if n < 3 else _measured(stamps, ticks_per_s, unit_sure)
    if measured is None:
        if given_hz is None:
            raise InputError(
                f"{name}: expected time stamps that rise from frame to frame, found none that can be used; state the "
                "frame rate (--fps, or column fps_hz of the sheet)"
            )
        said = f"the time stamps cannot be used: the frames were taken to be {given_hz:g} a second, as stated"
        return Clock(np.arange(n) / given_hz, given_hz, measured=False, said=(said,))
    if not measured.measured:  # no three frames in a row: the times are used, but no rate can be measured by them
        stated_hz = given_hz or nominal_hz
        return replace(measured, rate_hz=stated_hz or _usual_rate_hz(measured.time_s))
    if given_hz is not None and _differs(measured.rate_hz, given_hz):
        said = f"found {measured.rate_hz:.4g} by their times; leave out --fps (or fps_hz in the sheet) to use the times"
        raise InputError(f"{name}: expected frames {given_hz:g} a second, as you state, {said}")
    if nominal_hz is not None and _differs(measured.rate_hz, nominal_hz):
        said = (
            f"the recording states {nominal_hz:g} frames a second; its times give {measured.rate_hz:.4g}, which is used"
        )
        return replace(measured, said=(said, *measured.said))
    return measured


def counted_clock(numbers: Sequence[int], rate_hz: float, said: str) -> Clock:
    """Clock of frames that are only counted: a missing number is a gap; `said` tells where the rate comes from."""
    counts = np.array([number - numbers[0] for number in numbers], dtype=np.float64)
    return Clock(counts / rate_hz, rate_hz, measured=False, said=(said,))


def lost_frames(time_s: Array, rate_hz: float) -> int:
    """Frames that are missing between those at `time_s`, by the rate."""
    return int(np.maximum(np.round(np.diff(time_s) * rate_hz) - 1, 0).sum())


def _differs(one_hz: float, other_hz: float) -> bool:
    """Whether two rates differ by more than clocks do."""
    return abs(math.log(one_hz / other_hz)) > _DIFFERS


def are_times(stamps: npt.NDArray[np.generic]) -> bool:
    """Whether numbers whose meaning is unknown are clearly times of a camera, and not numbers of frames.

    Their usual step is 10 to 200 ms in some unit. Frames are counted in equal steps, so small whole numbers in equal
    steps are no times.
    """
    steps = np.diff(_relative(stamps))
    rising = steps[steps > 0]
    if len(stamps) < 3 or 2 * len(rising) < len(steps):
        return False
    usual = float(np.median(rising))
    if _unit(usual, None, _CAMERA_STEP_S) is None:
        return False
    regular = (rising > _REGULAR[0] * usual) & (rising < _REGULAR[1] * usual)
    if np.mean(regular) < _REGULAR_LEAST:
        return False
    equal = bool((rising == np.round(rising)).all()) and not (rising % rising.min()).any()
    return usual >= 1000 or float(np.max(stamps)) >= _COUNT_MOST or not equal


def _measured(stamps: npt.NDArray[np.generic], ticks_per_s: float | None, unit_sure: bool) -> Clock | None:
    """Clock by the stamps alone; None where they are none."""
    ticks = _relative(stamps)
    steps = np.diff(ticks)
    rising = steps[steps > 0]
    if 3 * len(rising) < len(steps) or not len(rising):
        return None
    usual = float(np.median(rising))
    unit = "" if unit_sure else _unit(usual, ticks_per_s, _STEP_S)
    if unit is None:
        return None
    other = unit != "" and ticks_per_s is not None
    said = [f"the time stamps of the recording count {unit}"] if other else []
    per_s = UNITS.get(unit, ticks_per_s or 1.0)
    ticks, wraps = _unwrapped(stamps, ticks, usual)
    kept, restarts = _rising(ticks, usual, max(_LEAP_S * per_s, 2 * _WRONG_FRAMES * usual), _DAY_S * per_s)
    n, rest = len(ticks), int((~kept).sum())
    if kept.sum() < max(3, _KEPT_LEAST * n) or len(restarts) > max(1, kept.sum() // (2 * _WRONG_FRAMES)):
        return None
    time_s = _times(ticks, kept, restarts, per_s)
    rate_hz = _rate_hz(time_s[kept])
    if wraps:
        said.append(f"the time counter of the recording started over (times: {wraps}) and was made to run on")
    if rest:
        said.append(f"{rest} of {n} frames were left out: their time does not fit between those of their neighbours")
    if restarts:
        where = ", ".join(str(frame + 1) for frame in restarts[:5]) + (", ..." if len(restarts) > 5 else "")
        said.append(
            f"the clock of the recording starts again at frame {where}: the gap before it has an unknown length and is "
            f"shown as {UNKNOWN_GAP_S:g} s"
        )
    return Clock(time_s, rate_hz or math.nan, measured=rate_hz is not None, said=tuple(said))


def _few(stamps: npt.NDArray[np.generic], ticks_per_s: float | None) -> Clock | None:
    """Clock of one or two frames, of which no clip can be made."""
    time_s = (_relative(stamps) - _relative(stamps)[0]) / (ticks_per_s or 1.0)
    return Clock(time_s, math.nan, measured=False) if (np.diff(time_s) > 0).all() else None


def _usual_rate_hz(time_s: Array) -> float:
    steps_s = np.diff(time_s[np.isfinite(time_s)])
    return float(1 / np.median(steps_s)) if len(steps_s) else 30.0


def _relative(stamps: npt.NDArray[np.generic]) -> Array:
    """Stamps less the middle one, so that differences of neighbours are exact however large the stamps are."""
    values = np.asarray(stamps)
    if values.dtype.kind in "iu":
        values = values.astype(np.uint64)
        return np.asarray((values - np.sort(values)[len(values) // 2]).view(np.int64).astype(np.float64))
    values = np.where(np.abs(values) < 2.0**64, values, np.nan).astype(np.float64)  # no counter reaches so far
    return np.asarray(values - np.sort(values)[len(values) // 2])


def _unit(step: float, ticks_per_s: float | None, within_s: tuple[float, float]) -> str | None:
    """Name of the unit in which the step is one of a camera; "" where the stated one, whatever its name, is kept."""
    least_s, most_s = within_s
    if ticks_per_s is not None:
        if least_s <= step / ticks_per_s <= most_s:
            return ""
        slow = step / ticks_per_s > most_s
        return _unit(step, None, _CAMERA_STEP_S) or ("" if slow else None)
    return next((name for name, ticks in UNITS.items() if least_s <= step / ticks <= most_s), None)


def _unwrapped(stamps: npt.NDArray[np.generic], ticks: Array, usual: float) -> tuple[Array, int]:
    """Stamps of a counter of 16, 31 or 32 bits as one that has more; and how often it started over."""
    values = np.asarray(stamps)
    if values.dtype.kind not in "iu":
        return ticks, 0
    raw = values.astype(np.float64)
    ticks, wraps = ticks.copy(), 0
    for i in np.flatnonzero(np.diff(raw) < 0) + 1:
        for size in _WRAPS:
            step = raw[i] + size - raw[i - 1]
            if raw[i - 1] < size and 0 < step <= 3 * usual:
                ticks[i:] += size
                wraps += 1
                break
    return ticks, wraps


def _rising(ticks: Array, usual: float, leap: float, most: float) -> tuple[npt.NDArray[np.bool_], list[int]]:
    """Which stamps are kept, and at which of them the clock starts again.

    Up to five stamps in a row that stand apart from both neighbours are wrong; more are a clock of their own. A step
    longer than `leap` may be such a stamp; one longer than `most` is none that passed on this clock.
    """
    n = len(ticks)
    kept = np.ones(n, np.bool_)
    breaks: list[int] = []

    def off(before: int, after: int) -> float:
        """How far these two lie from where they belong; infinite where not both can be right."""
        step, count = float(ticks[after] - ticks[before]), after - before
        return abs(step - count * usual) if 0 < step <= 2 * count * usual else math.inf

    steps = np.diff(ticks)
    for i in (np.flatnonzero((steps <= 0) | (steps > leap)) + 1).tolist():
        if not kept[i]:
            continue
        first = breaks[-1] if breaks else 0
        before = [k for k in range(max(first, i - 2 * _WRONG_FRAMES), i) if kept[k]][::-1]
        if before and 0 < ticks[i] - ticks[before[0]] <= leap:
            continue  # what stood between them is out already
        for wrong in range(1, _WRONG_FRAMES + 1):
            these = off(before[0], i + wrong) if before and i + wrong < n else math.inf
            those = off(before[wrong], i) if wrong < len(before) else math.inf
            if min(these, those) < math.inf:
                kept[before[:wrong] if those < these else list(range(i, i + wrong))] = False
                break
        else:
            breaks.append(i)
    return kept, _runs(ticks, kept, breaks, most)


def _runs(ticks: Array, kept: npt.NDArray[np.bool_], breaks: list[int], most: float) -> list[int]:
    """Leave out runs too short for a clip (in `kept`), and say at which frames the others start their clock again."""
    runs = [np.flatnonzero(kept[a:b]) + a for a, b in pairwise([0, *breaks, len(ticks)])]
    longest = max(len(run) for run in runs)
    starts: list[int] = []
    last: int | None = None
    for run in runs:
        if len(run) <= _WRONG_FRAMES and len(run) < longest:
            kept[run] = False
            continue
        if last is not None and not 0 < ticks[run[0]] - ticks[last] <= most:
            starts.append(int(run[0]))
        last = int(run[-1])
    return starts


def _times(ticks: Array, kept: npt.NDArray[np.bool_], restarts: list[int], per_s: float) -> Array:
    """Seconds from the first frame; each run after a restart begins a stated second after the one before."""
    time_s = np.full(len(ticks), np.nan)
    begin_s = 0.0
    for first, after in pairwise([0, *restarts, len(ticks)]):
        run = np.flatnonzero(kept[first:after]) + first
        time_s[run] = begin_s + (ticks[run] - ticks[run[0]]) / per_s
        begin_s = float(time_s[run[-1]]) + UNKNOWN_GAP_S
    return time_s


def _rate_hz(time_s: Array) -> float | None:
    """(n - 1) / span of the longest run of frames without a gap; None where there are no two such steps."""
    steps_s = np.diff(time_s)
    usual_s = float(np.median(steps_s))
    regular = (steps_s > _REGULAR[0] * usual_s) & (steps_s < _REGULAR[1] * usual_s)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], regular.astype(np.int8), [0]])))
    lengths = edges[1::2] - edges[::2]
    if not len(lengths) or lengths.max() < 2:
        return None
    place = int(np.argmax(lengths))
    first, last = int(edges[2 * place]), int(edges[2 * place + 1])
    return float((last - first) / (time_s[last] - time_s[first]))
