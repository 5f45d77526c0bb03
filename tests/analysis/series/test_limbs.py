"""Series: speed, floor, mask, bouts and angles, against truths known by hand."""

import numpy as np
import pytest

from asyconv.analysis.cleaning.clean import clean
from asyconv.analysis.series import limbs as s
from tests.helpers.closed_form import META, from_mm, hide, make_tracks, shake, still, without_mm


def test_angles_of_the_still_infant() -> None:
    limbs = s.limb_series(clean(make_tracks(20)), META)
    for limb in limbs.values():
        for angle in s.ANGLES[limb.kind]:
            np.testing.assert_allclose(limb.angles.deg[angle], 90.0, atol=1e-4)


def test_floor_of_white_noise_is_the_jitter_left_by_the_filter() -> None:
    limbs = s.limb_series(clean(make_tracks(180, noise_mm=1.0)), META)
    for limb in limbs.values():
        truth = np.sqrt(np.nanmean(limb.speed_mm_s**2))
        assert limb.floor.value is not None
        assert limb.floor.high_frequency == pytest.approx(truth, rel=0.05)  # both ways of measuring it find the same
        assert limb.floor.rest == pytest.approx(truth, rel=0.1)
        assert limb.floor.value in (limb.floor.high_frequency, limb.floor.rest)
        assert limb.floor.rest_observed
        assert limb.moving.mean() < 0.01


def test_floor_without_noise_is_near_zero_even_in_an_active_limb() -> None:
    active = make_tracks(180, motion={"right_wrist": shake(20, 1.0, on_s=8, off_s=2)})
    floor = s.limb_series(clean(active), META)["right_arm"].floor
    assert floor.value is not None
    assert floor.value < 6.25
    assert floor.rest_observed


def test_a_limb_that_never_rests_has_the_floor_of_its_noise_or_of_a_calibration() -> None:
    restless = make_tracks(120, motion={"right_wrist": shake(20, 1.0, on_s=1000, off_s=0)})
    cleaned = clean(restless)
    floor = s.limb_series(cleaned, META)["right_arm"].floor
    assert not floor.rest_observed
    assert floor.decided_by == "white noise"
    assert not floor.is_doubtful
    calibrated = s.limb_series(cleaned, {**META, "still_floor_mm_s": 2.0})["right_arm"]
    assert calibrated.floor.value == pytest.approx(2.0)
    assert calibrated.moving.all()


def test_without_millimetres_and_trunk_pixels_stay_and_nothing_is_said_to_move() -> None:
    tracks = hide(without_mm(make_tracks(120, motion={"right_wrist": shake(20, 1.0)})), "left_hip", 0, 3600)
    limb = s.limb_series(clean(tracks), tracks.meta)["right_arm"]
    assert np.isnan(limb.speed_mm_s).all()
    assert np.nanmax(limb.speed_px_s) == pytest.approx(2 * np.pi * 20 * 570 / 400, rel=0.03)
    assert limb.floor.value is None
    assert not limb.moving.any()


def test_without_millimetres_the_trunk_is_the_ruler() -> None:
    tracks = without_mm(
        make_tracks(120, motion={"right_wrist": shake(20, 1.0)}), mattress_plane=[0.0, 0.0, -1.0, 420.0]
    )
    limb = s.limb_series(clean(tracks), {**tracks.meta, "still_floor_mm_s": 40.0})["right_arm"]
    assert np.nanmax(limb.speed_mm_s) == pytest.approx(2 * np.pi * 20 * 130 / 120, rel=0.03)
    assert limb.floor.value is not None
    assert limb.floor.value < 5  # a still clip's floor is in true millimetres and does not count here
    assert np.isnan(limb.lift_mm).all()
    assert not limb.angles.in_3d
    np.testing.assert_allclose(np.nanmedian(limb.angles.deg["shoulder_elevation"]), 90.0, atol=1e-4)


def test_bouts_that_touch_a_gap_are_censored() -> None:
    tracks = hide(make_tracks(60, motion={"right_wrist": shake(20, 1.0)}), "right_wrist", 210, 240)
    limb = s.limb_series(clean(tracks), META)["right_arm"]
    before = limb.bouts.start < 300
    assert limb.bouts.cut[before].tolist() == [True, True]
    assert limb.bouts.cut_start[before].tolist() == [False, True]  # the second goes on after the gap
    assert limb.bouts.cut_stop[before].tolist() == [True, False]


def test_lift_is_the_distance_from_the_mattress_above_its_rest() -> None:
    up = make_tracks(60, motion={"right_wrist": lambda t: np.outer((t > 30) * 20.0, [0, 0, -1])})
    lift = s.limb_series(clean(up), META)["right_arm"].lift_mm
    assert lift[100] == pytest.approx(0.0, abs=1e-3)
    assert lift[-100] == pytest.approx(20.0, abs=1e-3)


def test_body_frame_positions_accelerations_and_angular_speeds_of_a_sine() -> None:
    limb = s.limb_series(clean(make_tracks(60, motion={"right_wrist": shake(10, 1.0, on_s=1000, off_s=0)})), META)[
        "right_arm"
    ]
    # along x of the camera; the infant's right is minus x; wrist and shoulder are 50 mm apart in x and in y
    np.testing.assert_allclose(limb.position_body_mm[:, 0], -limb.position_mm[:, 0], atol=1e-9)
    inner = slice(60, -60)
    gain = 1 / (1 + (np.sin(np.pi / 30) / np.sin(4 * np.pi / 30)) ** 4 * (np.sqrt(2) - 1))
    two_differences = (30 * np.sin(2 * np.pi / 30)) ** 2
    highest = 10 * np.cos(np.pi / 30)  # no sample falls on the crest itself
    assert np.nanmax(limb.accel_mm_s2[inner]) == pytest.approx(highest * gain * two_differences, rel=1e-3)
    assert np.nanmax(limb.angles.speed_deg_s["elbow"][inner]) == pytest.approx(
        np.degrees(10 * gain / 50) * 30 * np.sin(2 * np.pi / 30), rel=0.01
    )
    assert (limb.angles.speed_deg_s["elbow"][inner] >= 0).all()


def test_no_accelerations_below_25_hz() -> None:
    limbs = s.limb_series(clean(make_tracks(120, fs_hz=6.0, motion={"right_wrist": shake(10, 0.5)})), META)
    assert np.isnan(limbs["right_arm"].accel_mm_s2).all()
    assert np.isfinite(limbs["right_arm"].speed_mm_s).any()


def test_an_infant_that_turns_keeps_its_angles() -> None:
    turn = np.radians(60)
    about_z = np.array([[np.cos(turn), np.sin(turn), 0], [-np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    xyz = still(3600)
    xyz[1800:] = (xyz[1800:] - [0, -30, 400]) @ about_z + [0, -30, 400]
    limb = s.limb_series(clean(from_mm(np.arange(3600) / 30, xyz)), META)["right_arm"]
    raised = limb.angles.deg["shoulder_elevation"]
    np.testing.assert_allclose(raised[np.r_[300:1700, 1900:3300]], 90.0, atol=0.5)


def test_a_leg_that_is_spread_opens_the_hip_angle_and_is_no_flexion() -> None:
    # the still infant's thighs lie at right angles to the trunk in the plane of the bed: pure abduction
    limb = s.limb_series(clean(make_tracks(20)), META)["right_leg"]
    np.testing.assert_allclose(limb.angles.deg["hip"], 90.0, atol=1e-4)
    np.testing.assert_allclose(limb.angles.deg["hip_abduction"], 90.0, atol=1e-4)
    assert not [name for name in limb.angles.deg if "flexion" in name]
