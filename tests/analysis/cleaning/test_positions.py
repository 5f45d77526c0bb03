"""Steps of the cleaning: each makes new positions and leaves those it was given as they are."""

from dataclasses import fields
from typing import Any

import numpy as np

from asyconv.analysis import analyse
from asyconv.analysis.cleaning.clean import clean, on_time_base, positions
from asyconv.analysis.cleaning.positions import Positions
from asyconv.analysis.cleaning.rejections import rejections
from asyconv.analysis.report.first_page import doubts
from asyconv.skeleton import JOINTS
from asyconv.tracks import Tracks
from tests.helpers.closed_form import hide, make_tracks, shake

WRIST = JOINTS.index("right_wrist")


def locked(at: Positions) -> Positions:
    """The same positions whose arrays refuse to be written to."""
    for field in fields(at):
        value = getattr(at, field.name)
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
    return at


def test_no_step_changes_what_another_made() -> None:
    tracks = hide(make_tracks(30, motion={"right_wrist": shake(20, 1.0)}, noise_mm=0.5), "right_wrist", 100, 104)
    tracks.z_mm[200:210, WRIST] *= 1.5
    at, steps = on_time_base(tracks, None)
    names = [step.name for step in steps]
    for step in rejections(locked(at), 0.5, 1.4, [0.0, 0.0, -1.0, 420.0], False, True):
        at, done = step(locked(at))
        names += [line.name for line in done]
    positions(locked(at), 1.4, 4.0, 0.5)
    assert names == [
        "time base", "joint found", "copied samples", "confidence gate", "events", "left-right swaps",
        "left-right swaps, doubtful",
        "outliers", "jumps", "bones, px", "depth present", "depth sanity", "stiff trunk", "depth flicker",
        "beneath the skin", "bones, mm",
    ]  # fmt: skip


def test_a_flag_and_a_line_of_the_log_say_the_same() -> None:
    at, _ = on_time_base(make_tracks(2), None)
    changed = np.zeros(at.flags.shape, bool)
    changed[3:7, WRIST] = True
    after, (line,) = at.without(changed, mm=False).log("test", "how", changed, 64)
    assert (line.changed, line.total) == (4, at.flags.size)
    np.testing.assert_array_equal(after.flags == 64, changed)
    np.testing.assert_array_equal(np.isnan(after.px[..., 0]), changed)
    assert np.isfinite(after.mm).all()
    assert not at.flags.any()
    same, (skipped,) = at.skip("test", "why")
    assert same is at
    assert not skipped.ran


def frozen(**meta: Any) -> Tracks:
    """Two minutes with jitter in which a tracker gives one answer from 40 to 60 s."""
    tracks = make_tracks(120, motion={"right_wrist": shake(20, 1.0)}, noise_mm=0.3, **meta)
    for name in ("x_px", "y_px", "depth_mm", "x_mm", "y_mm", "z_mm"):
        getattr(tracks, name)[1200:1800] = getattr(tracks, name)[1200]
    return tracks


def test_samples_that_a_tracker_copied_are_named_and_not_taken_for_rest() -> None:
    movement = analyse(frozen(simulated=False))
    (step,) = (step for step in movement.steps if step.name == "copied samples")
    assert step.changed == 599 * 12
    coverage = next(r for r in movement.results if r.measure.name == "coverage_used_pct" and r.part == "left_arm")
    assert coverage.value is not None
    assert coverage.value < 100 * 3000 / 3600 + 0.1
    assert "17 % of the samples repeat the one before exactly and were left out." in doubts(movement)


def test_true_rest_is_no_copy() -> None:
    assert not any(step.ran for step in clean(frozen()).steps if step.name == "copied samples")  # simulated
    on_a_grid = make_tracks(20, motion={"right_wrist": shake(20, 1.0)}, simulated=False)
    (step,) = (step for step in clean(on_a_grid).steps if step.name == "copied samples")
    assert step.parameters == "positions lie on a grid"
