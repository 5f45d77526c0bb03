"""Spatial, spectral and coordination measures on paths and rhythms whose answer is known."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from asyconv.analysis import analyse
from asyconv.analysis.formulas.smoothness import log_dimensionless_jerk
from asyconv.analysis.tables.movement import Movement
from tests.helpers.closed_form import make_tracks
from tests.helpers.found_results import find, value

Floats = npt.NDArray[np.float64]
TRUNK_MM = 120.0


def circle(radius_mm: float, turns_hz: float) -> Callable[[Floats], Floats]:
    def displacement(t: Floats) -> Floats:
        angle = 2 * np.pi * turns_hz * t
        return radius_mm * np.stack([np.cos(angle), np.sin(angle), np.zeros_like(t)], axis=-1)

    return displacement


def sine_along(direction: tuple[float, float, float], amplitude_mm: float, hz: float) -> Callable[[Floats], Floats]:
    return lambda t: amplitude_mm * np.sin(2 * np.pi * hz * t)[:, None] * np.array(direction)


def with_rests(displacement: Callable[[Floats], Floats]) -> Callable[[Floats], Floats]:
    """8 s of movement in whole turns of 2 s, then 4 s of rest where it began; without rest there is no speed floor."""
    return lambda t: displacement(np.where(t % 12 < 8, t % 12, 0.0))


@pytest.fixture(scope="module")
def bursts() -> Movement:
    """Right hand on a circle, left hand on a line, with rests between; 120 s."""
    line = sine_along((0.8, 0.6, 0.0), 20, 0.5)
    motion = {"right_wrist": with_rests(circle(20, 0.5)), "left_wrist": with_rests(line)}
    return analyse(make_tracks(120, motion=motion))


@pytest.fixture(scope="module")
def paths() -> Movement:
    """Right hand on a circle, left hand on a line, right foot up and down, left foot still; 0.5 Hz, 120 s."""
    motion = {
        "right_wrist": circle(20, 0.5),
        "left_wrist": sine_along((0.8, 0.6, 0.0), 20, 0.5),
        "right_ankle": sine_along((0.0, 0.0, -1.0), 20, 0.5),
    }
    return analyse(make_tracks(120, motion=motion))


def test_a_circle(paths: Movement) -> None:
    # positions on a circle have variance r^2/2 on each axis
    assert value(paths, "ellipse_ratio", "right_arm") == pytest.approx(1.0, abs=0.01)
    assert value(paths, "ellipse_area_cm2", "right_arm") == pytest.approx(np.pi * 5.991 * 200 / 100, rel=0.01)


def test_speed_and_path_of_a_circle(bursts: Movement) -> None:
    speed = 2 * np.pi * 0.5 * 20  # 40 s of it a minute
    assert value(bursts, "speed_median_mm_s", "right_arm") == pytest.approx(speed, rel=0.01)
    assert value(bursts, "path_active_mm_per_min", "right_arm") == pytest.approx(40 * speed, rel=0.02)
    assert value(bursts, "curvature_median_1_m", "right_arm") == pytest.approx(50, rel=0.01)  # 1 / 20 mm
    assert value(bursts, "curvature_median_1_m", "left_arm") == pytest.approx(0.0, abs=0.2)
    assert value(bursts, "bouts_per_min", "right_arm") == pytest.approx(5)
    assert value(bursts, "bout_dur_median_s", "right_arm") == pytest.approx(8, abs=0.2)
    assert value(bursts, "rest_median_s", "right_arm") == pytest.approx(4, abs=0.2)
    # both paths are 40 s a minute; a sine's mean speed is 4 amplitudes a period
    shares = 100 * np.array([speed, 40]) / (speed + 40)
    assert value(bursts, "limb_share_pct", "right_arm") == pytest.approx(shares[0], abs=1)
    assert value(bursts, "lateralisation_path_pct", "right_arm-left_arm") == pytest.approx(
        shares[0] - shares[1], abs=1.5
    )


def test_a_line(paths: Movement) -> None:
    assert value(paths, "ellipse_ratio", "left_arm") == pytest.approx(0.0, abs=0.001)
    assert value(paths, "ellipse_area_cm2", "left_arm") == pytest.approx(0.0, abs=0.05)


def test_where_the_hands_are(paths: Movement) -> None:
    assert value(paths, "midline_pct", "right_arm") == 0.0
    assert value(paths, "cross_midline_pct", "right_arm") == 0.0
    assert value(paths, "foot_foot_dist_median_mm", "right_leg-left_leg") == pytest.approx(200, abs=1.5)


def test_lift_above_the_bed(paths: Movement) -> None:
    # heights of a sine: P95 over P5, and the share higher than 18 mm over the P5
    p95 = 20 * np.sin(0.45 * np.pi)
    assert value(paths, "lift_p95_mm", "right_leg") == pytest.approx(2 * p95, rel=0.01)
    share = 100 * (0.5 - np.arcsin((0.15 * TRUNK_MM - p95) / 20) / np.pi)
    assert value(paths, "antigravity_pct", "right_leg") == pytest.approx(share, abs=100 / 60)  # a turn has 60 samples
    assert value(paths, "antigravity_pct", "left_leg") == 0.0


def test_a_still_limb_has_no_entropy(paths: Movement) -> None:
    assert find(paths, "knee_sampen_angle", "left_leg").reason == "SD less than 3 times the noise"


def test_a_hand_past_the_midline() -> None:
    motion = {"right_wrist": lambda t: np.stack([170 + 0 * t, 0 * t, 0 * t], axis=-1)}  # from x -110 to 60, image
    movement = analyse(make_tracks(70, motion=motion))
    assert value(movement, "cross_midline_pct", "right_arm") == 100.0
    motion = {"right_wrist": lambda t: np.stack([100 + 0 * t, 0 * t, 0 * t], axis=-1)}  # 10 mm from the midline
    movement = analyse(make_tracks(70, motion=motion))
    assert value(movement, "midline_pct", "right_arm") == 100.0
    assert value(movement, "cross_midline_pct", "right_arm") == 0.0


def test_a_limb_swung_at_half_a_hertz_shows_there_and_not_at_twice_as_much(bursts: Movement) -> None:
    assert value(bursts, "velocity_median_freq_hz", "left_arm") == pytest.approx(0.5, abs=0.06)
    bands = ("0p1_0p5", "0p5_1", "1_2", "2_5")
    shares = [value(bursts, f"velocity_band_{band}_fraction", "left_arm") for band in bands]
    assert sum(shares) == pytest.approx(1.0)
    assert shares[0] + shares[1] > 0.95


def test_a_still_infant_with_jitter_has_no_quantity_of_motion() -> None:
    movement = analyse(make_tracks(120, noise_mm=0.5))
    assert value(movement, "qom_mean_mm_s", "body") < 1
    assert find(movement, "centroid_sd_x_mm", "body").reason == "no movement above the joints' floors"


def test_jerk_is_that_of_whole_bouts() -> None:
    # single strokes with rests between: each bout is one stroke, of which what is slower than 10 mm/s is cut off
    at = np.arange(2.0, 118.0, 2.5)

    def single(t: Floats) -> Floats:
        u = np.clip((t[:, None] - at) / 0.6, 0, 1)
        step = 30 * (10 * u**3 - 15 * u**4 + 6 * u**5) * np.where(np.arange(len(at)) % 2, -1, 1)
        return np.stack([step.sum(axis=1), *(0 * t,) * 2], axis=-1)

    movement = analyse(make_tracks(120, motion={"right_wrist": single}))
    jerk = find(movement, "bout_ldlj_median", "right_arm")
    assert jerk.value is not None
    assert jerk.n >= 40
    u = np.arange(19) / 18
    ideal = 30 * u**2 * (1 - u) ** 2 * 30 / 0.6
    assert jerk.value == pytest.approx(log_dimensionless_jerk(ideal[ideal > 10], 30.0), abs=0.3)  # behind 6 Hz
    assert movement.limb_summary["bout_ldlj_median"].null_count() == 3
    halting = analyse(make_tracks(120, motion={"right_wrist": lambda t: single(t) + single(t - 0.45)}))
    assert value(halting, "bout_ldlj_median", "right_arm") < jerk.value - 0.5
