"""The clock of a recording: every fault of time stamps that was met, against the times that are true."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyconv.errors import InputError
from asyconv.pose.clips import grid_steps
from asyconv.recordings.clock import UNITS, UNKNOWN_GAP_S, Clock, are_times, clock_of, counted_clock, lost_frames

US = UNITS["microseconds"]
Stamps = npt.NDArray[np.uint64]


def regular(n: int = 60, hz: float = 30.0, per_s: float = US, start: int = 0) -> Stamps:
    return (start + np.round(np.arange(n) * per_s / hz)).astype(np.uint64)


def clock(stamps: Stamps, **stated: Any) -> Clock:
    return clock_of("a", stamps, US, **stated)


def known(of: Clock) -> npt.NDArray[np.bool_]:
    return np.isfinite(of.time_s)


@pytest.mark.parametrize("true_hz", [15.0, 24.0, 20.0, 29.968, 6.0, 60.0])
def test_the_rate_is_measured_and_what_is_stated_is_only_compared(true_hz: float) -> None:
    """Stated 30 and true 15 or 24: all frames were refused after the networks; true 20: 200 of 900 had no joints."""
    found = clock(regular(900, true_hz), nominal_hz=30.0)
    assert found.rate_hz == pytest.approx(true_hz, rel=1e-5)
    assert found.measured
    assert found.time_s == pytest.approx(np.arange(900) / true_hz, abs=1e-6)
    said = f"the recording states 30 frames a second; its times give {true_hz:.4g}, which is used"
    assert found.said == ((said,) if true_hz != 29.968 else ())


def test_millisecond_stamps_give_30_hz_and_no_lost_frame() -> None:
    """1 / median step was 30.303 Hz, by which 55 frames of a perfect 180 s were lost."""
    stamps = (regular(5400) // 1000 * 1000).astype(np.uint64)
    found = clock(stamps)
    assert found.rate_hz == pytest.approx(30.0, abs=1e-3)
    assert lost_frames(found.time_s, found.rate_hz) == 0
    assert lost_frames(np.delete(found.time_s, [5, 6, 900]), found.rate_hz) == 3


@pytest.mark.parametrize(("unit", "said"), [("milliseconds", True), ("nanoseconds", True), ("microseconds", False)])
def test_stamps_of_another_unit_are_recognised(unit: str, said: bool) -> None:
    """They passed as microseconds: 30,000 or 0.03 frames a second."""
    found = clock(regular(60, per_s=UNITS[unit], start=1_617_183_746 * int(UNITS[unit])))
    assert found.rate_hz == pytest.approx(30.0, rel=1e-3)
    assert found.time_s == pytest.approx(np.arange(60) / 30, abs=1e-3)
    assert (found.said == (f"the time stamps of the recording count {unit}",)) == said


@pytest.mark.parametrize(
    ("place", "stamp", "start"),
    [
        pytest.param(4, 1_000_133_333, 0, id="forward"),
        pytest.param(4, 2**63, 0, id="far forward"),
        pytest.param(4, 183_333, 0, id="a little forward"),
        pytest.param(4, 0, 0, id="backward"),
        pytest.param(4, 100_000, 0, id="twice the same"),
        pytest.param(0, 2**40, 0, id="high at first"),
        pytest.param(0, 0, 1_617_183_746_000_000, id="low at first"),
        pytest.param(59, 2**62, 0, id="high at last"),
    ],
)
def test_one_bad_stamp_never_discards_the_rest(place: int, stamp: int, start: int) -> None:
    """A forward glitch kept 4 of 60 frames, a high first stamp 1."""
    stamps = regular(start=start)
    stamps[place] = stamp
    found = clock(stamps)
    assert np.flatnonzero(~known(found)).tolist() == [place]
    truth = np.arange(60) / 30 - (1 / 30 if place == 0 else 0)
    assert found.time_s[known(found)] == pytest.approx(truth[known(found)], abs=1e-5)
    assert found.said == ("1 of 60 frames were left out: their time does not fit between those of their neighbours",)


def test_several_bad_stamps_at_once_are_left_out() -> None:
    stamps = regular(300)
    stamps[[7, 8, 120, 121, 122, 200]] = [0, 3, 2**50, 2**50 + 33_333, 2**50 + 66_666, 1]
    found = clock(stamps)
    assert np.flatnonzero(~known(found)).tolist() == [7, 8, 120, 121, 122, 200]
    assert found.time_s[-1] == pytest.approx(299 / 30, abs=1e-5)


@pytest.mark.parametrize("bits", [32, 31])
def test_a_counter_that_wraps_runs_on(bits: int) -> None:
    """A wrap at 32 bits, after 72 minutes of microseconds, kept the 10 frames before it."""
    true = regular(60, start=2**bits - 333_000)
    found = clock((true % 2**bits).astype(np.uint64))
    assert known(found).all()
    assert found.time_s == pytest.approx(np.arange(60) / 30, abs=1e-5)
    assert found.said == ("the time counter of the recording started over (times: 1) and was made to run on",)


def test_a_clock_that_starts_again_leaves_a_gap_of_unknown_length() -> None:
    """All frames after it were left out."""
    stamps = np.concatenate([regular(100, start=7_000_000), regular(200)])
    found = clock(stamps)
    assert known(found).all()
    assert np.diff(found.time_s)[99] == UNKNOWN_GAP_S
    assert np.delete(np.diff(found.time_s), 99) == pytest.approx(1 / 30, abs=1e-5)
    assert found.rate_hz == pytest.approx(30, rel=1e-5)
    said = "the clock of the recording starts again at frame 101: the gap before it has an unknown length and is shown "
    assert found.said == (f"{said}as 1 s",)


def test_a_pause_of_known_length_stays_one() -> None:
    stamps = np.concatenate([regular(100), regular(100, start=600_000_000)])
    found = clock(stamps)
    assert known(found).all()
    assert found.time_s[100] == 600
    assert found.said == ()


@pytest.mark.parametrize(
    "stamps",
    [
        np.zeros(30, np.uint64),
        np.full(30, 2**64 - 1, np.uint64),
        np.random.default_rng(0).integers(0, 2**40, 30).astype(np.uint64),
        regular()[::-1].copy(),
        np.tile(regular(3), 20),
        np.arange(-15, 15) * 1e307,
    ],
    ids=["zeros", "ones", "noise", "falling", "3 over and over", "beyond any counter"],
)
def test_what_has_no_clock_is_refused_unless_the_rate_is_stated(stamps: Stamps) -> None:
    """All zeros kept 1 of 30 frames."""
    with pytest.raises(InputError, match=r"a: expected time stamps that rise .* found none .*--fps, or column fps_hz"):
        clock(stamps, nominal_hz=30.0)
    found = clock(stamps, given_hz=25.0)
    assert found.time_s == pytest.approx(np.arange(len(stamps)) / 25)
    assert (found.rate_hz, found.measured) == (25.0, False)
    assert found.said == ("the time stamps cannot be used: the frames were taken to be 25 a second, as stated",)


def test_a_rate_that_contradicts_the_times_is_refused() -> None:
    assert clock(regular(), given_hz=30.0).rate_hz == pytest.approx(30)
    with pytest.raises(InputError, match="expected frames 15 a second, as you state, found 30 by their times"):
        clock(regular(), given_hz=15.0)


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_frames_keep_their_times(n: int) -> None:
    found = clock(regular(n, 5.0), nominal_hz=4.0)
    assert found.time_s == pytest.approx(np.arange(n) / 5)
    assert (found.rate_hz, found.measured, found.said) == (4.0, False, ())


def test_frames_without_three_in_a_row_keep_their_times_at_the_stated_rate() -> None:
    stamps = np.array([0, 40_000, 500_000, 540_000, 1_000_000, 1_040_000], np.uint64)
    found = clock(stamps, nominal_hz=25.0)
    assert found.time_s == pytest.approx(stamps / 1e6)
    assert (found.rate_hz, found.measured) == (25.0, False)


def test_counted_frames_say_whose_rate_it_is() -> None:
    found = counted_clock([4, 5, 8], 10.0, "as stated")
    assert found.time_s == pytest.approx([0, 0.1, 0.4])
    assert (found.rate_hz, found.measured, found.said, found.length_s) == (10.0, False, ("as stated",), 0.5)


def test_the_grid_goes_step_by_step() -> None:
    """Times were rounded as they are: after a first step of 50 ms every other one lay half way between two."""
    time_s = np.concatenate([[0.0], 0.05 + np.arange(1089) / 30, [np.nan]])
    steps = grid_steps(time_s, 30.0)
    assert (np.diff(steps[1:-1]) == 1).all()
    assert steps[-1] == -1
    assert (np.diff(np.flatnonzero(steps[:-1] % 5 == 0)[1:]) == 5).all()


@pytest.mark.parametrize(
    ("numbers", "times"),
    [
        (range(1, 400), False),
        (range(1, 400, 5), False),
        (range(0, 4000, 20), False),
        ([3, 17, 40, 55, 58, 90, 300, 310], False),
        (regular(50), True),
        (regular(50, 25), True),
        (regular(50, per_s=1e3), True),
        (regular(50, 25, per_s=1e3, start=1_617_183_746_000), True),
        ([5], False),
    ],
)
def test_numbers_are_times_only_where_they_clearly_are(numbers: Any, times: bool) -> None:
    assert are_times(np.array(numbers, np.uint64)) == times


@given(
    st.integers(12, 300), st.sampled_from([6.0, 15.0, 25.0, 30.0]), st.integers(0, 2**50), st.integers(-3000, 3000),
    st.data(),
)  # fmt: skip
def test_times_rise_and_lost_frames_stay_gaps(n: int, hz: float, start: int, drift: int, data: st.DataObject) -> None:
    true = regular(n, hz * (1 + drift * 1e-6), start=start)
    kept = sorted(set(range(n)) - data.draw(st.sets(st.integers(6, n - 1), max_size=n // 4)))
    found = clock(true[kept])
    assert known(found).all()
    assert (np.diff(found.time_s) > 0).all()
    assert found.time_s == pytest.approx((true[kept] - true[kept[0]]) / 1e6, abs=1e-9)
    assert found.rate_hz == pytest.approx(hz * (1 + drift * 1e-6), rel=1e-4)
    assert lost_frames(found.time_s, found.rate_hz) == kept[-1] + 1 - len(kept)


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=40))
def test_any_stamps_are_a_clock_or_refused(stamps: list[int]) -> None:
    try:
        found = clock(np.array(stamps, np.uint64), nominal_hz=30.0)
    except InputError:
        return
    times = found.time_s[known(found)]
    assert len(times) >= len(stamps) / 2
    assert times[0] == 0
    assert (np.diff(times) > 0).all()
    assert found.rate_hz > 0
