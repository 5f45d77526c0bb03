"""Gates of the measures: what was not seen, not verified or lies in noise gives a reason, never a number."""

import numpy as np
import pytest

from asyconv.analysis import analyse
from asyconv.analysis.cleaning.events import Event
from asyconv.analysis.measures.registry import REGISTRY
from asyconv.skeleton import JOINTS
from tests.helpers.closed_form import from_mm, hide, make_tracks, shake, still, strokes, without_mm
from tests.helpers.found_results import find, value


def test_limbs_that_were_never_seen_together_have_no_shares() -> None:
    tracks = hide(make_tracks(120, motion={"left_wrist": strokes(120, 7)}), "right_ankle", 0, 3600)
    reason = find(analyse(tracks), "limb_share_pct", "left_arm").reason
    assert reason == "the four limbs were never seen together"


def test_coverage_counts_and_withholds() -> None:
    tracks = hide(make_tracks(120, motion={"right_wrist": shake(20, 1.0)}), "right_wrist", 0, 1200)
    movement = analyse(tracks)
    seen_pct = 100 * 2400 / 3600
    assert value(movement, "coverage_used_pct", "right_arm") == pytest.approx(seen_pct, abs=0.01)
    assert find(movement, "moving_pct", "right_arm").value is None
    assert find(movement, "moving_pct", "right_arm").reason == "coverage 67 %, needs 70 %"
    assert value(movement, "longest_gap_s", "right_arm") == pytest.approx(40, abs=0.01)
    assert find(movement, "lateralisation_path_pct", "right_arm-left_arm").reason.startswith("right arm: coverage")
    assert movement.quality[(0.0, "right_arm")] == "D"
    assert movement.quality[(0.0, "left_arm")] == "A"


def test_what_could_not_be_seen_leaves_the_denominator() -> None:
    whole = make_tracks(180, motion={"right_wrist": shake(20, 1.0)})
    part = hide(whole, "right_wrist", 0, 900)  # three of the eighteen periods
    seen = value(analyse(part), "moving_pct", "right_arm")
    assert seen == pytest.approx(value(analyse(whole), "moving_pct", "right_arm"), abs=0.3)


def test_excluded_events_leave_the_denominator() -> None:
    tracks = make_tracks(120, motion={"right_wrist": shake(20, 1.0)})
    movement = analyse(tracks, [Event(0.0, 30.0, "handling", "care"), Event(60.0, 65.0, "state", "asleep")])
    assert value(movement, "analysed_s", "right_arm") == pytest.approx(90.0, abs=0.1)
    assert value(movement, "coverage_used_pct", "right_arm") == pytest.approx(100.0)
    assert value(movement, "excluded_s", "body") == pytest.approx(30.0, abs=0.1)


def test_a_short_recording_is_withheld() -> None:
    for frames, said in ((1770, "59"), (1797, "59.9"), (1799, "59.9")):
        movement = analyse(make_tracks(frames / 30, motion={"right_wrist": shake(20, 1.0)}))
        assert find(movement, "moving_pct", "right_arm").reason == f"{said} s analysed, needs 60 s"


def test_no_intrinsics_no_millimetres_no_guess() -> None:
    movement = analyse(without_mm(make_tracks(120, motion={"right_wrist": shake(20, 1.0)})))
    for measure in REGISTRY:
        if measure.gates.needs_mm and measure.scope == "limb" and "leg" not in measure.parts:
            name = measure.name.replace("_mm", "_tl")
            assert find(movement, name, "right_arm").reason == "no camera intrinsics, so no millimetres"
    assert find(movement, "elbow_rom_deg", "right_arm").reason == "in the picture plane, not in 3-D"
    assert value(movement, "elbow_rom_deg", "right_arm") > 10


def test_unverified_sides_withhold_lateralisation_only() -> None:
    tracks = make_tracks(120, motion={"right_wrist": shake(20, 1.0)}, left_right_verified=False)
    movement = analyse(tracks)
    assert find(movement, "lateralisation_path_pct", "right_arm-left_arm").reason == "left and right not verified"
    assert find(movement, "co_moving_pct", "right_arm-left_arm").value is not None


def test_unequal_floors_give_no_asymmetry() -> None:
    rng = np.random.default_rng(4)
    time_s = np.arange(3600) / 30
    xyz = still(3600)
    same = strokes(120, 5)(time_s)
    for joint, jitter_mm in (("right_wrist", 0.3), ("left_wrist", 1.6)):
        xyz[:, JOINTS.index(joint)] += same + jitter_mm * rng.normal(size=(3600, 3))
    movement = analyse(from_mm(time_s, xyz))
    assert "differ by more than 1.25 times" in find(movement, "lateralisation_moving_pct", "right_arm-left_arm").reason


def test_a_still_noisy_angle_has_no_entropy() -> None:
    entropies = {m.name for m in REGISTRY if m.gates.noise_ratio_min}
    found = [r for r in analyse(make_tracks(120, noise_mm=0.5)).results if r.measure.name in entropies]
    assert {(r.value, r.reason) for r in found} == {(None, "SD less than 3 times the noise")}


@pytest.mark.parametrize(("jitter_mm", "bound", "given"), [(0.3, False, True), (1.5, True, True), (5.0, False, False)])
def test_noise_first_marks_amounts_as_lower_bounds_then_withholds_them(
    jitter_mm: float, bound: bool, given: bool
) -> None:
    tracks = make_tracks(120, motion={"right_wrist": strokes(120, 6)}, noise_mm=jitter_mm)
    result = find(analyse(tracks), "moving_pct", "right_arm")
    assert (result.value is not None) == given
    assert result.lower_bound == bound
    assert bool(result.reason) != given
