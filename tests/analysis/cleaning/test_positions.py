"""Steps of the cleaning: each makes new positions and leaves those it was given as they are."""

from dataclasses import fields

import numpy as np

from asyconv.analysis.cleaning.clean import on_time_base, smoothed_runs, with_filled_gaps
from asyconv.analysis.cleaning.positions import Positions
from asyconv.analysis.cleaning.rejections import rejections
from asyconv.skeleton import JOINTS
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
    for step in rejections(locked(at), 0.5, 1.4, [0.0, 0.0, -1.0, 420.0]):
        at, done = step(locked(at))
        names += [line.name for line in done]
    at, done = with_filled_gaps(locked(at), 1.4)
    smoothed_runs(locked(at), 4.0)
    assert names == [
        "time base", "joint found", "confidence gate", "events", "left-right swaps", "left-right swaps, doubtful",
        "outliers", "jumps", "bones, px", "depth present", "depth sanity", "stiff trunk", "depth flicker", "bones, mm",
        "steadily found",
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
