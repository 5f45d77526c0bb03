"""Clips: spacing, staggering, gaps, ends, and the normalisation of depth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyconv.errors import InputError
from asyconv.pose.clips import SPACING_S, Clip, ClipCutter, Sample, normalise

NATIVE = np.zeros((1, 1), np.uint16)


def cut(times_s: list[float], fps_hz: float) -> tuple[list[Clip], ClipCutter]:
    cutter = ClipCutter(fps_hz)
    clips = [clip for row, time_s in enumerate(times_s) for clip in cutter.push(Sample(row, time_s, NATIVE))]
    return clips + list(cutter.finish()), cutter


def positions(clips: list[Clip]) -> dict[int, int]:
    return {clip.samples[p].index: p for clip in clips for p in range(3) if clip.keep[p]}


def test_a_180_s_recording_is_predicted_once_frame_by_frame() -> None:
    clips, cutter = cut([k / 30 for k in range(5400)], 30.0)
    kept = [clip.samples[p].index for clip in clips for p in range(3) if clip.keep[p]]
    assert sorted(kept) == list(range(5400))
    assert cutter.too_short == []
    assert len(clips) <= 1800 + 2 * 5  # a sequence begins and ends inside a clip at most once each


def test_position_in_the_clip_changes_from_frame_to_frame() -> None:
    clips, _ = cut([k / 30 for k in range(300)], 30.0)
    found = positions(clips)
    middle = [found[k] for k in range(30, 270)]
    assert middle == [(-k) % 3 for k in range(30, 270)]  # a 10 Hz pattern: nothing at 2 or 6 Hz


@given(st.integers(3, 200), st.sampled_from([30.0, 29.968, 25.0, 15.0, 12.0, 6.0]), st.data())
def test_every_frame_is_predicted_once_or_lies_in_a_run_too_short(n: int, fps_hz: float, data: st.DataObject) -> None:
    lost = data.draw(st.sets(st.integers(1, n - 1), max_size=8))
    numbers = [k for k in range(n) if k not in lost]
    clips, cutter = cut([k / fps_hz for k in numbers], fps_hz)
    kept = [clip.samples[p].index for clip in clips for p in range(3) if clip.keep[p]]
    assert sorted(kept + cutter.too_short) == list(range(len(numbers)))
    for clip in clips:
        spacing = np.diff([sample.time_s for sample in clip.samples])
        assert (np.abs(spacing / SPACING_S - 1) <= 0.206).all()


def test_no_clip_crosses_a_gap() -> None:
    times_s = [k / 6 for k in range(6)] + [5 + k / 6 for k in range(4)]
    clips, _ = cut(times_s, 6.0)
    for clip in clips:
        assert len({sample.time_s >= 5 for sample in clip.samples}) == 1
    last = clips[-1]  # four samples after the gap: the last clip is shifted back and only its new frame is kept
    assert [sample.index for sample in last.samples] == [7, 8, 9]
    assert sum(last.keep) == 1


def test_a_clock_a_little_off_does_not_drift_over_the_grid() -> None:
    clips, cutter = cut([k * 0.033369 for k in range(3000)], 30.0)
    assert len(positions(clips)) == 3000
    assert not cutter.too_short


def test_rates_without_frames_1_6_s_apart_are_refused() -> None:
    with pytest.raises(InputError, match=r"found 4 frames/s \(spacing 0\.250 s\)"):
        ClipCutter(4.0)
    assert ClipCutter(5.0).stride == 1


def test_normalise_removes_the_mean_of_valid_pixels_and_leaves_holes_at_zero() -> None:
    depth = np.array([[[500.0, 560.0], [0.0, 620.0]]], np.float32)
    np.testing.assert_allclose(normalise(depth, 60.0, 3.0, 0.0), [[[-1.0, 0.0], [0.0, 1.0]]])
    np.testing.assert_allclose(normalise(depth, 6.0, 3.0, 0.0), [[[-3.0, 0.0], [0.0, 3.0]]])
    for mean_within_mm in (0.0, 200.0):
        assert not normalise(np.zeros((2, 96, 128), np.float32), 60.0, 3.0, mean_within_mm).any()


def test_the_floor_beside_the_bed_does_not_move_the_mean() -> None:
    depth = np.full((1, 96, 128), 500.0, np.float32)
    depth[:, :, :40] = depth[:, :, 88:] = 1500.0
    depth[:, 48, 64:80] = 440.0
    depth[:, 50, 64] = 0.0
    seen = normalise(depth, 60.0, 3.0, 200.0)[0]
    mean = 500.0 - 16 * 60.0 / (96 * 48 - 1)
    np.testing.assert_allclose(seen[0, 40], (500.0 - mean) / 60.0, rtol=1e-3)
    np.testing.assert_allclose(seen[48, 70], (440.0 - mean) / 60.0, rtol=1e-5)
    assert seen[50, 64] == 0.0
    assert (seen[:, 88:] == 3.0).all()
    assert (normalise(depth, 60.0, 3.0, 0.0)[0][:40, 40:88] == -3.0).all()
    depth[:, 24:72, 32:96] = 0.0  # no depth in the middle: all depths count
    np.testing.assert_array_equal(normalise(depth, 60.0, 3.0, 200.0), normalise(depth, 60.0, 3.0, 0.0))
