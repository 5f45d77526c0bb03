"""Measures: closed-form movements give their known amounts, and any tracks a finite value or a reason."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyconv.analysis import ANALYSIS_VERSION, analyse
from asyconv.analysis.formulas.bouts import moving_mask
from asyconv.analysis.formulas.gaps import runs
from asyconv.analysis.formulas.kinematics import speed
from asyconv.analysis.measures.registry import REGISTRY
from asyconv.analysis.report.first_page import doubts
from asyconv.skeleton import FLIP, JOINTS, LIMBS
from asyconv.tracks import Tracks
from tests.helpers.closed_form import ENDS, Motion, bending, from_mm, hide, make_tracks, shake, strokes, without_mm
from tests.helpers.found_results import find, value


def test_a_sine_gives_its_known_amounts() -> None:
    # 20 mm at 1 Hz for 5 s of every 10: 4 x 20 mm a period, so 400 mm per 10 s and 2400 mm a minute; 6 bouts a minute
    movement = analyse(make_tracks(120, motion={"right_wrist": shake(20, 1.0)}))
    assert value(movement, "path_active_mm_per_min", "right_arm") == pytest.approx(2400, rel=0.01)
    assert value(movement, "moving_pct", "right_arm") == pytest.approx(50, abs=1.5)
    assert value(movement, "bouts_per_min", "right_arm") == pytest.approx(6)
    # |cos| has its median at cos 45 deg; the slow ends of the stretches barely count
    peak = 2 * np.pi * 20
    assert value(movement, "speed_median_mm_s", "right_arm") == pytest.approx(peak * np.sqrt(0.5), rel=0.07)
    assert value(movement, "speed_p95_mm_s", "right_arm") == pytest.approx(peak, rel=0.02)
    for limb in ("left_arm", "right_leg", "left_leg"):
        assert value(movement, "moving_pct", limb) == 0.0
        assert value(movement, "path_active_mm_per_min", limb) == 0.0
        assert find(movement, "speed_median_mm_s", limb).reason == "no movement above the threshold"


GOLDEN_VERSION = 13
GOLDEN = {
    "coverage_used_pct": {"right_arm": 100.0, "left_arm": 100.0, "right_leg": 100.0, "left_leg": 100.0},
    "path_active_mm_per_min": {
        "right_arm": 595.7252518,
        "left_arm": 1163.1544512,
        "right_leg": 1905.9754231,
        "left_leg": 2633.0459088,
    },
    "moving_pct": {"right_arm": 50.3888889, "left_arm": 44.4166667, "right_leg": 40.9444444, "left_leg": 36.6944444},
    "bouts_per_min": {"right_arm": 7.5, "left_arm": 6.5, "right_leg": 6.0, "left_leg": 5.5},
    "speed_median_mm_s": {
        "right_arm": 20.9805783,
        "left_arm": 49.7485854,
        "right_leg": 83.3214925,
        "left_leg": 136.658949,
    },
    "speed_p95_mm_s": {
        "right_arm": 31.1832321,
        "left_arm": 69.4890101,
        "right_leg": 124.5214059,
        "left_leg": 193.2651989,
    },
    "elbow_rom_deg": {"right_arm": 21.5369171, "left_arm": 31.8313596},
    "knee_rom_deg": {"right_leg": 35.1196468, "left_leg": 39.5232051},
    "lateralisation_path_pct": {"right_arm-left_arm": -32.2608305, "right_leg-left_leg": -16.0182214},
    "co_moving_pct": {"right_arm-left_arm": 26.6889384, "left_arm-left_leg": 24.4141457},
    "any_limb_pct": {"body": 90.3333333},
}


def test_numbers_change_only_with_the_analysis_version() -> None:
    motion = {joint: shake(10 + 5 * k, 0.5 + 0.25 * k, on_s=4, off_s=4 + k) for k, joint in enumerate(ENDS.values())}
    movement = analyse(hide(make_tracks(120, motion=motion), "left_knee", 500, 507))
    assert ANALYSIS_VERSION == GOLDEN_VERSION
    for name, parts in GOLDEN.items():
        found = {part: value(movement, name, part) for part in parts}
        assert found == pytest.approx(parts, rel=1e-6, abs=1e-6), name


def test_a_path_made_by_noise_for_a_while_is_said_to_lie_in_noise() -> None:
    moves = {"right_wrist": strokes(120, 6), "left_wrist": strokes(120, 7)}
    tracks = make_tracks(120, motion=moves, noise_mm=0.2)
    for name in ("x_mm", "y_mm", "z_mm"):  # something passes over a wrist and an ankle for 5 s
        coordinate = getattr(tracks, name)
        for k, joint in enumerate(("left_wrist", "left_ankle")):
            coordinate[1500:1650, JOINTS.index(joint)] += np.random.default_rng(k).normal(0, 3, 150)
    movement = analyse(tracks)
    assert 0 <= value(movement, "path_in_noise_pct", "right_arm") < 0.5
    assert 2 < value(movement, "path_in_noise_pct", "left_arm") < 50
    assert value(movement, "path_in_noise_pct", "left_leg") > 80
    assert find(movement, "path_in_noise_pct", "right_leg").reason == "no movement above the threshold"
    assert "The noise changes during the recording; amounts are uncertain for: left arm, left leg." in doubts(movement)
    slow = analyse(make_tracks(120, 6.0, motion=moves))
    assert find(slow, "path_in_noise_pct", "right_arm").reason == "effective rate 6 Hz, needs 25 Hz"


def test_a_still_clip_does_not_move() -> None:
    movement = analyse(make_tracks(90))
    for limb in LIMBS:
        assert value(movement, "moving_pct", limb) == 0.0
        assert value(movement, "bouts_per_min", limb) == 0.0
        assert value(movement, "speed_floor_mm_s", limb) == pytest.approx(0, abs=1e-3)


def test_being_carried_along_is_no_movement_of_the_limb() -> None:
    carried = shake(40, 0.5, on_s=4, off_s=4)
    movement = analyse(make_tracks(90, motion=dict.fromkeys(JOINTS, carried)))
    assert all(value(movement, "moving_pct", limb) == 0.0 for limb in LIMBS)


def test_true_tracks_agree_with_the_unfiltered_truth() -> None:
    # truth: the same hysteresis on the noise-free, unfiltered speed with a floor of zero
    seconds = 180
    motion: dict[str, Motion] = {}
    for k, limb in enumerate(LIMBS):
        motion |= bending(limb, strokes(seconds, k))
    tracks = make_tracks(seconds, motion=motion)
    movement = analyse(tracks)
    for k, limb in enumerate(LIMBS):
        true_speed = speed(strokes(seconds, k)(tracks.time_s), 30.0)
        mask = moving_mask(true_speed, np.ones(len(true_speed), bool), 30.0, 30.0, 0.0)
        assert value(movement, "moving_pct", limb) == pytest.approx(100 * mask.mean(), abs=1.0)
        assert value(movement, "bouts_per_min", limb) == pytest.approx(len(runs(mask)) / 3, rel=0.05)
        assert value(movement, "path_active_mm_per_min", limb) == pytest.approx(true_speed[mask].sum() / 90, rel=0.02)
        assert not find(movement, "moving_pct", limb).lower_bound


def reversed_in_time(tracks: Tracks) -> Tracks:
    names = ("x_px", "y_px", "depth_mm", "depth_source", "x_mm", "y_mm", "z_mm", "confidence")
    return replace(tracks, **{name: getattr(tracks, name)[::-1].copy() for name in names})


def test_backward_in_time_gives_the_same_amounts() -> None:
    tracks = make_tracks(120, motion=bending("left_leg", strokes(120, 3)), noise_mm=0.5)
    forward, backward = analyse(tracks), analyse(reversed_in_time(tracks))
    for name in ("moving_pct", "bouts_per_min", "path_active_mm_per_min", "speed_median_mm_s", "knee_rom_deg"):
        assert value(backward, name, "left_leg") == pytest.approx(value(forward, name, "left_leg"), rel=1e-6)


def mirrored(tracks: Tracks) -> Tracks:
    flip = list(FLIP)
    names = ("x_px", "y_px", "depth_mm", "depth_source", "x_mm", "y_mm", "z_mm", "confidence")
    out = {name: getattr(tracks, name)[:, flip].copy() for name in names}
    return replace(tracks, **{**out, "x_px": 639 - out["x_px"], "x_mm": -out["x_mm"]})


def test_a_mirrored_infant_changes_the_sign_of_lateralisation() -> None:
    motion = {"right_wrist": shake(20, 1.0), "left_wrist": shake(10, 1.0)}
    tracks = make_tracks(120, motion=motion)
    straight, flipped = analyse(tracks), analyse(mirrored(tracks))
    name, pair = "lateralisation_path_pct", "right_arm-left_arm"
    assert value(straight, name, pair) == pytest.approx(100 / 3, abs=1.5)
    assert value(flipped, name, pair) == pytest.approx(-value(straight, name, pair), rel=1e-3)
    assert value(flipped, "co_moving_pct", pair) == pytest.approx(value(straight, "co_moving_pct", pair), abs=0.5)


def test_limbs_that_move_together_and_apart() -> None:
    later = shake(20, 1.0)
    together = analyse(make_tracks(120, motion={"right_wrist": shake(20, 1.0), "left_wrist": shake(20, 1.0)}))
    assert value(together, "co_moving_pct", "right_arm-left_arm") == pytest.approx(100)
    assert value(together, "any_limb_pct", "body") == pytest.approx(50, abs=1.5)
    assert value(together, "gross_pct", "body") == 0.0
    assert value(together, "localised_pct", "body") == 0.0
    apart = make_tracks(120, motion={"right_wrist": shake(20, 1.0), "left_wrist": lambda t: later(t + 5)})
    assert value(analyse(apart), "co_moving_pct", "right_arm-left_arm") < 5


def test_range_of_an_elbow_swung_by_a_known_angle() -> None:
    def swing(time_s: np.ndarray) -> np.ndarray:  # the forearm turns in the picture plane by +-30 deg about 90
        angle = np.radians(90 + 30 * np.sin(2 * np.pi * 0.25 * time_s))
        return 50 * np.stack([np.cos(angle), np.sin(angle) - 1, np.zeros_like(angle)], axis=-1)

    movement = analyse(make_tracks(120, motion={"right_wrist": swing}))
    # P5 and P95 of a sine of amplitude 30 lie at 30 sin(0.45 pi)
    assert value(movement, "elbow_rom_deg", "right_arm") == pytest.approx(60 * np.sin(0.45 * np.pi), abs=0.5)
    assert value(movement, "shoulder_elevation_rom_deg", "right_arm") == pytest.approx(0, abs=0.1)


def test_long_recordings_are_cut_into_epochs_of_180_s() -> None:
    movement = analyse(make_tracks(400, motion={"right_wrist": shake(20, 1.0)}))
    epochs = movement.body_summary.select("epoch_start_s", "epoch_s").rows()
    assert epochs == [(0.0, 180.0), (180.0, 180.0), (360.0, 40.0)]
    assert find(movement, "moving_pct", "right_arm", 180.0).value == pytest.approx(50, abs=1.5)
    assert find(movement, "moving_pct", "right_arm", 360.0).value is None
    assert analyse(make_tracks(209)).body_summary["epoch_s"].to_list() == [209.0]  # a tail below 30 s joins
    assert analyse(make_tracks(211)).body_summary["epoch_s"].to_list() == [180.0, 31.0]


def test_6_hz_keeps_amounts_and_says_its_rate() -> None:
    tracks = make_tracks(120, fs_hz=6.0, motion={"right_wrist": shake(20, 0.5)}, rate="6")
    movement = analyse(tracks)
    assert value(movement, "fs_effective_hz", "body") == pytest.approx(6.0)
    assert value(movement, "moving_pct", "right_arm") == pytest.approx(50, abs=6)


UNITS = {
    "_pct": "%", "_s": "s", "_ms": "ms", "_hz": "Hz", "_deg": "deg", "_mm": "mm", "_cm2": "cm2", "_mm_s": "mm/s",
    "_deg_s": "deg/s", "_mm_s2": "mm/s^2", "_per_min": "1/min", "_per_min_active": "1/min", "_mm_per_min": "mm/min",
    "_deg_per_min": "deg/min", "_1_s": "1/s", "_1_m": "1/m",
}  # fmt: skip


def test_every_measure_is_whole_and_names_are_unique() -> None:
    assert len({m.name for m in REGISTRY}) == len(REGISTRY)
    for m in REGISTRY:
        assert m.label
        assert m.formula
        assert m.source
        suffix = next((s for s in sorted(UNITS, key=len, reverse=True) if m.name.endswith(s)), None)
        assert m.unit == UNITS[suffix] if suffix else m.unit in ("", "nats", "bits"), m.name
        words = f"{m.name} {m.label} {m.formula} {m.caution}".lower()
        assert not any(word in words.split() for word in ("normal", "abnormal", "risk", "score"))


@settings(deadline=None, max_examples=25)
@given(
    n=st.integers(1, 200), fs_hz=st.sampled_from([6.0, 30.0]), missing=st.floats(0, 1), seed=st.integers(0, 10_000),
    with_mm=st.booleans(),
)  # fmt: skip
def test_any_tracks_give_finite_values_or_a_reason(
    n: int, fs_hz: float, missing: float, seed: int, with_mm: bool
) -> None:
    rng = np.random.default_rng(seed)
    xyz = rng.normal(scale=60, size=(n, 12, 3)) + [0, 0, 400]
    xyz[rng.random((n, 12)) < missing] = np.nan
    tracks = from_mm(np.arange(n) / fs_hz, xyz)
    tracks.z_mm[rng.random((n, 12)) < 0.02] = np.nan  # other strange depths are refused: test_tracks_check
    movement = analyse(tracks if with_mm else without_mm(tracks))
    for result in movement.results:
        assert (result.value is not None and np.isfinite(result.value)) or result.reason
        if result.measure.unit == "%" and result.value is not None and result.measure.scope == "limb":
            assert -1e-9 <= result.value <= 100 + 1e-9
