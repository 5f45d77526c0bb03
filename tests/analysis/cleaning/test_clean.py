"""Cleaning: gap rule, filter, outliers and time base, against truths known by hand."""

from dataclasses import replace

import numpy as np
import pytest

from asyconv.analysis.cleaning import clean as c
from asyconv.analysis.cleaning import flags as f
from asyconv.analysis.cleaning.events import Event
from asyconv.analysis.cleaning.outliers import is_jump, is_outlier
from asyconv.analysis.cleaning.timebase import make_time_base
from asyconv.errors import InputError
from asyconv.skeleton import JOINTS
from tests.helpers.closed_form import hide, make_tracks, shake

WRIST = JOINTS.index("right_wrist")


def test_a_spike_is_an_outlier_and_a_fast_stroke_is_none() -> None:
    x = np.arange(60) / 59
    stroke = (60 * (10 * x**3 - 15 * x**4 + 6 * x**5))[::8]  # 60 mm in 0.25 s
    path = np.concatenate([np.zeros(30), stroke, np.full(30, 60.0)])[:, None, None]
    assert not is_outlier(path, 30.0, 10.0).any()
    path[10] = 40.0
    assert np.flatnonzero(is_outlier(path, 30.0, 10.0)).tolist() == [10]


def test_a_jump_there_and_back_is_rejected_whole() -> None:
    path = np.zeros((60, 1, 2))
    path[20:28] = 100.0
    assert np.flatnonzero(is_jump(path, 30.0, 50.0)).tolist() == list(range(20, 28))
    path[20:] = 100.0
    assert np.flatnonzero(is_jump(path, 30.0, 50.0)).tolist() == [19, 20]


def test_flags_and_log_count_what_was_done_and_raw_tracks_stay() -> None:
    tracks = hide(make_tracks(60, motion={"right_wrist": shake(20, 1.0)}), "right_wrist", 100, 104)
    tracks.confidence[200:220, WRIST] = 0.2
    before = tracks.x_px.copy()
    cleaned = c.clean(tracks, [Event(30.0, 31.0, "handling", "nurse"), Event(40.0, 41.0, "state", "asleep")])
    np.testing.assert_array_equal(tracks.x_px, before)
    flags = cleaned.flags[:, WRIST]
    assert (flags & f.MISSING > 0).sum() == 4
    assert (flags & f.FILLED > 0).sum() == 4
    assert not (flags[200:220] & f.FILLED).any()  # longer than the movement could be guessed
    assert np.flatnonzero(flags & f.LOW_CONFIDENCE).tolist() == list(range(200, 220))
    assert cleaned.excluded.sum() == 30
    assert np.isnan(cleaned.smooth_mm[cleaned.excluded]).all()
    log = {step.name: step.changed for step in cleaned.steps}
    assert log["joint found"] == 4
    assert log["confidence gate"] == 20
    skipped = [step.name for step in cleaned.steps if not step.ran]
    assert skipped == ["copied samples", "beneath the skin"]  # simulated infants may lie still


def test_a_depth_spike_costs_the_millimetres_only() -> None:
    tracks = make_tracks(20)
    for name in ("x_mm", "y_mm", "z_mm"):
        getattr(tracks, name)[50:60, WRIST] *= 1.5
    cleaned = c.clean(tracks)
    assert np.isnan(cleaned.gated_mm[50:60, WRIST]).all()
    assert np.isfinite(cleaned.gated_px[:, WRIST]).all()
    assert (cleaned.flags[50:60, WRIST] & f.DEPTH_REJECTED > 0).all()


def test_dropped_frames_become_empty_samples() -> None:
    time_s = np.delete(np.arange(100) / 30, [10, 11, 50])
    base = make_time_base(time_s, np.arange(1, 98, dtype=np.int32), "full")
    assert len(base.time_s) == 100
    assert np.flatnonzero(~base.present).tolist() == [10, 11, 50]
    np.testing.assert_allclose(base.time_s, np.arange(100) / 30, atol=1e-12)
    assert base.fs_hz == pytest.approx(30.0)


def test_whole_milliseconds_do_not_drift_into_gaps() -> None:
    time_s = np.round(np.arange(5400) / 30, 3)
    base = make_time_base(time_s, np.arange(1, 5401, dtype=np.int32), "full")
    assert base.present.all()
    assert len(base.time_s) == 5400
    assert base.fs_hz == pytest.approx(30.0, rel=1e-4)


def test_jittered_times_are_resampled_along_straight_lines() -> None:
    rng = np.random.default_rng(1)
    time_s = np.sort(np.arange(300) / 30 + rng.uniform(-0.006, 0.006, 300).clip(min=-0.006))
    time_s -= time_s[0]
    base = make_time_base(time_s, np.arange(1, 301, dtype=np.int32), "full")
    assert base.resampled
    placed = base.place((3 * time_s)[:, None])
    np.testing.assert_allclose(placed[base.present, 0], 3 * base.time_s[base.present], atol=1e-9)


def test_declared_decimation_governs_the_rate_whatever_the_rows_say() -> None:
    base = make_time_base(np.arange(300) / 30, np.arange(1, 301, dtype=np.int32), "6")
    assert base.fs_hz == pytest.approx(30.0)
    assert base.effective_hz == 6.0


@pytest.mark.parametrize(("band_hz", "effective_hz"), [(None, 30.0), (5.2, 26.0), (8.0, 30.0), (2.0, 10.0)])
def test_the_measured_band_of_the_tracker_governs_the_rate(band_hz: float | None, effective_hz: float) -> None:
    base = make_time_base(np.arange(300) / 30, np.arange(1, 301, dtype=np.int32), "full", band_hz)
    assert base.effective_hz == pytest.approx(effective_hz)
    assert base.fs_hz == pytest.approx(30.0)


@pytest.mark.parametrize(
    ("time_s", "words"),
    [([], "at least one frame"), ([0.0, 0.0], "later than the frame before"), ([-1.0, 0.0], "at least 0 s"),
     ([0.0, np.nan], "found nan"), ([0.0, 0.001, 5000.0], "fewer than")],
)  # fmt: skip
def test_impossible_times_are_refused(time_s: list[float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        make_time_base(np.array(time_s), np.arange(1, len(time_s) + 1, dtype=np.int32), "full")


def test_infinite_coordinates_count_as_missing() -> None:
    tracks = make_tracks(10)
    x_px = tracks.x_px.copy()
    x_px[5, WRIST] = np.inf
    cleaned = c.clean(replace(tracks, x_px=x_px))
    assert cleaned.flags[5, WRIST] & f.MISSING
