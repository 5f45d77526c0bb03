"""Recordings that the rules before the estimator got wrong: kicks, restless limbs, dropouts, and unsure joints."""

from dataclasses import replace

import numpy as np
import pytest

from asyconv.analysis import analyse
from asyconv.analysis.cleaning import flags as f
from asyconv.analysis.cleaning.clean import clean
from asyconv.analysis.cleaning.estimated import wanted
from asyconv.analysis.cleaning.events import Event
from asyconv.analysis.cleaning.motion import place_motion
from asyconv.analysis.cleaning.swaps import Swaps
from asyconv.analysis.cleaning.timebase import make_time_base
from asyconv.analysis.evaluation.gain import speed_gain
from asyconv.analysis.tables.movement import Movement
from asyconv.skeleton import JOINTS
from tests.helpers.closed_form import Motion, hide, make_tracks, shake, sine
from tests.helpers.evidence import seen_with_evidence
from tests.helpers.found_results import find, value

WRIST = JOINTS.index("right_wrist")


def kick(height_mm: float, length_s: float, every_s: float) -> Motion:
    """Minimum-jerk strokes towards the camera and back."""

    def displacement(time_s: np.ndarray) -> np.ndarray:
        u = 2 * np.clip((np.mod(time_s, every_s) - 1.0) / length_s, 0, 1)
        x = np.where(u < 1, u, 2 - u)
        return np.outer(-height_mm * (10 * x**3 - 15 * x**4 + 6 * x**5), [0, 0, 1])

    return displacement


@pytest.mark.parametrize("noise_mm", [0.0, 0.3])
def test_kicks_at_the_camera_are_movement(noise_mm: float) -> None:
    movement = analyse(make_tracks(120, motion={"right_ankle": kick(30, 0.4, 3)}, noise_mm=noise_mm))
    assert value(movement, "path_active_mm_per_min", "right_leg") == pytest.approx(1200, rel=0.05)


@pytest.mark.parametrize("noise_mm", [0.0, 0.3])
def test_rhythmic_movement_towards_the_camera_is_movement(noise_mm: float) -> None:
    movement = analyse(make_tracks(120, motion={"right_ankle": sine(20, 1.5, axis=2)}, noise_mm=noise_mm))
    assert value(movement, "path_active_mm_per_min", "right_leg") == pytest.approx(4 * 20 * 1.5 * 60, rel=0.05)
    assert value(movement, "moving_pct", "right_leg") == 100.0


@pytest.mark.parametrize("noise_mm", [0.0, 0.3])
def test_an_arm_that_never_rests_moves_all_the_time(noise_mm: float) -> None:
    movement = analyse(make_tracks(120, motion={"right_wrist": sine(15, 0.8)}, noise_mm=noise_mm))
    moving, path = (find(movement, name, "right_arm") for name in ("moving_pct", "path_active_mm_per_min"))
    assert moving.value == 100.0
    assert path.value == pytest.approx(2867, rel=0.01)
    assert not moving.lower_bound
    assert not path.lower_bound


def test_noise_that_never_changes_is_no_movement() -> None:
    rng = np.random.default_rng(0)
    stays = np.exp(-1 / (0.5 * 30))
    noise = np.zeros((3600, 3))
    for t in range(1, 3600):
        noise[t] = stays * noise[t - 1] + 3 * np.sqrt(1 - stays**2) * rng.normal(size=3)
    movement = analyse(make_tracks(120, motion={"right_wrist": lambda t: noise}))
    assert value(movement, "moving_pct", "right_arm") < 3
    assert find(movement, "moving_pct", "right_arm").lower_bound


def test_dropouts_cost_no_more_than_what_they_hide() -> None:
    tracks = make_tracks(120, motion={"right_wrist": shake(20, 1.0)}, noise_mm=0.3)
    whole = analyse(tracks)
    for start in range(20, 3600, 60):
        tracks = hide(tracks, "right_wrist", start, start + 7)  # 0.233 s every 2 s
    movement = analyse(tracks)
    hidden_pct = 100 * 7 / 60
    assert value(movement, "coverage_used_pct", "right_arm") >= 100 - hidden_pct
    full = value(whole, "path_active_mm_per_min", "right_arm")
    assert value(movement, "path_active_mm_per_min", "right_arm") == pytest.approx(full, rel=hidden_pct / 100)


def test_confidence_makes_no_cliff() -> None:
    found = []
    for confidence in (0.74, 0.76):
        tracks = make_tracks(120, motion={"right_wrist": shake(20, 1.0)}, noise_mm=0.3)
        tracks.confidence[:] = confidence
        movement = analyse(tracks)
        assert value(movement, "coverage_used_pct", "right_arm") == 100.0
        found.append([value(movement, n, "right_arm") for n in ("path_active_mm_per_min", "moving_pct")])
    np.testing.assert_allclose(found[0], found[1], rtol=0.01)


def test_breathing_is_no_movement_of_a_limb() -> None:
    hand_on_belly = {joint: sine(3, 1.0, axis=2) for joint in ("right_wrist", "right_elbow")}
    movement = analyse(make_tracks(120, motion=hand_on_belly, noise_mm=0.3))
    assert value(movement, "moving_pct", "right_arm") == 0.0


def test_unsure_finds_weigh_less_than_sure_ones() -> None:
    tracks = make_tracks(20)
    tracks.confidence[200:400] = 0.65
    cleaned = clean(tracks)
    assert (cleaned.noise[230:370, WRIST] > 1.1).all()
    np.testing.assert_allclose(cleaned.noise[50:150, WRIST], 1.0, atol=0.05)
    tracks.meta["confidence_min"] = 0.0  # another program's scale: 0.65 is far above its gate
    assert (clean(tracks).noise[230:370, WRIST] < cleaned.noise[300, WRIST]).all()


def test_finds_that_may_as_well_be_of_another_place_are_none() -> None:
    tracks = make_tracks(20)
    tracks.confidence[200:400] = 0.55  # above the gate of 0.5
    noise = clean(tracks).noise[:, WRIST]
    assert np.isnan(noise[230:370]).all()
    assert np.isfinite(noise[20:180]).all()


def test_no_gap_is_bridged_across_an_event_or_from_afar() -> None:
    found = np.ones(100, bool)
    found[10:14] = found[30:36] = found[50:90] = False
    excluded = np.zeros(100, bool)
    excluded[32] = True
    alive = wanted(found, excluded, 15)
    assert alive[10:14].all()
    assert not alive[30:36].any()
    assert not alive[[50, 65, 66, 89]].any()
    event = Event(100 / 30, 101 / 30, "exclude")
    tracks = hide(make_tracks(20), "right_wrist", 99, 102)
    assert not (clean(tracks, [event]).flags[99:102, WRIST] & f.FILLED).any()
    assert (clean(tracks).flags[99:102, WRIST] & f.FILLED).all()


@pytest.mark.parametrize(
    ("fs_hz", "missing", "bridged"), [(30.0, 6, True), (30.0, 12, False), (6.0, 1, True), (6.0, 3, False)]
)
def test_gaps_are_bridged_while_the_sd_is_small(fs_hz: float, missing: int, bridged: bool) -> None:
    tracks = hide(make_tracks(20, fs_hz), "right_wrist", 50, 50 + missing)
    filled = clean(tracks).flags[50 : 50 + missing, WRIST] & f.DEPTH_FILLED > 0
    assert filled.all() == bridged
    assert filled.any() == bridged


def along(movement: Movement, limb: str, axis: int) -> np.ndarray:
    return np.gradient(movement.limbs[limb].position_mm[:, axis], 1 / movement.clean.time.fs_hz)[60:-60]


@pytest.mark.parametrize("amplitude_mm", [2.0, 12.0])
@pytest.mark.parametrize("frequency_hz", [0.5, 1.0, 2.0, 3.0])
def test_with_evidence_sines_come_through_up_to_3_hz(amplitude_mm: float, frequency_hz: float) -> None:
    tracks = seen_with_evidence({"right_wrist": sine(amplitude_mm, frequency_hz)}, seconds=20)
    true = make_tracks(20, motion={"right_wrist": sine(amplitude_mm, frequency_hz)})
    points = np.stack([true.x_mm, true.y_mm, true.z_mm], axis=-1)[:, WRIST].astype(float)
    found = clean(tracks).smooth_mm[:, WRIST]
    assert speed_gain(points[60:-60], found[60:-60], frequency_hz, 30.0) >= 0.9


def test_with_evidence_a_small_quick_movement_is_not_erased() -> None:
    movement = analyse(seen_with_evidence({"right_wrist": sine(1, 2.0)}))
    true = 2 * np.pi * 2.0
    assert np.abs(along(movement, "right_arm", 0)).max() > 0.8 * true
    assert np.sqrt(np.mean(along(movement, "right_arm", 0) ** 2)) > 0.7 * true / np.sqrt(2)
    assert np.sqrt(np.mean(along(movement, "left_arm", 0) ** 2)) < 1.0  # at rest


def test_with_evidence_steady_movement_of_4_mm_s_is_not_erased() -> None:
    def creep(time_s: np.ndarray) -> np.ndarray:
        return np.outer(4 * np.clip(time_s - 10, 0, 2), [1, 0, 0])

    movement = analyse(seen_with_evidence({"right_wrist": creep}, seconds=30))
    speed_mm_s = np.gradient(movement.limbs["right_arm"].position_mm[:, 0], 1 / 30)
    assert speed_mm_s[310:350].mean() == pytest.approx(4, rel=0.15)
    assert np.abs(speed_mm_s[60:270]).max() < 2


def test_with_evidence_breathing_is_no_movement_and_kicks_are() -> None:
    hand_on_belly = {joint: sine(3, 1.0, axis=2) for joint in ("right_wrist", "right_elbow")}
    movement = analyse(seen_with_evidence({**hand_on_belly, "right_ankle": kick(30, 0.4, 3)}))
    assert value(movement, "moving_pct", "right_arm") == 0.0
    assert value(movement, "path_active_mm_per_min", "right_leg") == pytest.approx(1200, rel=0.05)


def test_with_evidence_a_hidden_limb_at_rest_is_bridged_and_one_hidden_for_long_is_not() -> None:
    tracks = seen_with_evidence({}, seconds=30)
    short, long = (hide(tracks, "right_wrist", 300, 300 + n) for n in (30, 31))
    assert np.isfinite(clean(short).smooth_mm[300:330, WRIST]).all()
    assert np.isnan(clean(long).smooth_mm[300:331, WRIST]).all()  # longer than 1 s
    without = replace(short, motion=None)
    assert np.isnan(clean(without).smooth_mm[300:330, WRIST]).all()


def test_evidence_goes_with_the_limb_where_sides_were_exchanged() -> None:
    tracks = seen_with_evidence({"right_wrist": sine(10, 1.0), "right_elbow": sine(10, 1.0)}, seconds=20)
    assert tracks.motion is not None
    placed = place_motion(tracks.motion, make_time_base(tracks.time_s, tracks.frame, "full"))
    assert placed is not None
    left, rows = JOINTS.index("left_wrist"), slice(100, 130)
    other = np.arange(len(JOINTS))
    other[[WRIST, left]] = left, WRIST
    undo = np.zeros((600, len(JOINTS)), bool)
    undo[rows, [WRIST, left]] = True
    back = placed.exchanged(Swaps(undo, undo, other).apply)
    np.testing.assert_array_equal(back.displacement_mm[:, rows, WRIST], placed.displacement_mm[:, rows, left])
    np.testing.assert_array_equal(back.rests[rows, WRIST], placed.rests[rows, left])
    np.testing.assert_array_equal(back.displacement_mm[:, 200:, WRIST], placed.displacement_mm[:, 200:, WRIST])


def test_displacements_across_a_dropped_frame_or_refused_ones_are_left_out() -> None:
    tracks = seen_with_evidence({}, seconds=5)
    assert tracks.motion is not None
    kept = np.delete(np.arange(150), 70)
    time = make_time_base(tracks.time_s[kept], tracks.frame[kept], "full")
    by_frame = ("displacement_mm", "information", "share")
    evidence = replace(tracks.motion, **{name: getattr(tracks.motion, name)[:, kept] for name in by_frame})
    placed = place_motion(evidence, time)
    assert placed is not None
    assert not placed.known[0, 69].any()
    assert not placed.known[1, 64:71].any()
    assert placed.known[1, 63].all()
    assert place_motion(replace(evidence, meta={"refused": "too quiet"}), time) is None
    assert place_motion(None, time) is None
