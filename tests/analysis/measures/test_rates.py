"""Honesty by rate: one frame in five of a 30 Hz recording withholds exactly what 6 Hz cannot show."""

from dataclasses import replace

import numpy as np
import pytest

from asyconv.analysis import analyse
from asyconv.analysis.cleaning.clean import clean
from asyconv.analysis.evaluation.noise_table import decimated
from asyconv.analysis.measures.registry import REGISTRY
from asyconv.analysis.series.limbs import limb_series
from asyconv.analysis.tables.movement import Movement
from asyconv.skeleton import LIMBS
from asyconv.tracks import Tracks
from tests.helpers.closed_form import from_mm, make_tracks, shake, still, strokes

NEEDS_25_HZ = {
    # noise seen by differences, when it comes, and what its square is taken from
    "noise_sigma_mm", "joint_noise_sigma_mm", "path_in_noise_pct", "speed_rms_debiased_mm_s",
    # short events and second derivatives
    "twitch_per_min", "accel_rms_mm_s2", "accel_kurtosis",
    # smoothness and movement units
    "bout_ldlj_median", "bout_ldlj_short_median", "bout_ldlj_long_median", "bout_sparc_median", "mu_per_min_active",
    "rise_time_10_90_ms", "curvature_median_1_m", "lateralisation_mu_pct",
    # derivatives of angles
    "elbow_hjorth_mobility_1_s", "elbow_hjorth_complexity", "knee_hjorth_mobility_1_s", "knee_hjorth_complexity",
    # spectra above 2 Hz; the coarse band stays
    *(f"velocity_band_{band}_fraction" for band in ("0p1_0p5", "0p5_1", "1_2", "2_5")),
    *(f"{signal}_{what}" for signal in ("velocity", "elbow_turn", "knee_turn") for what in (
        "median_freq_hz", "edge95_hz", "spectral_entropy")),
}  # fmt: skip
TOO_FEW_SAMPLES = {"elbow_mse_1_5", "knee_mse_1_5"}  # 180 s at 6 Hz hold fewer than 1500


def moving_infant() -> Tracks:
    """All limbs in movement, whole limbs and hands on their own, with a little noise."""
    time_s = np.arange(180 * 30) / 30
    xyz = still(len(time_s))
    for k, (_, middle, end) in enumerate(LIMBS.values()):
        xyz[:, middle] += 0.4 * strokes(180, 20 + k)(time_s)
        xyz[:, end] += strokes(180, 40 + k)(time_s) * [0.6, 0.6, 0.6]
    return from_mm(time_s, xyz + 0.15 * np.random.default_rng(1).normal(size=xyz.shape))


@pytest.fixture(scope="module")
def both() -> tuple[Movement, Movement]:
    tracks = moving_infant()
    return analyse(tracks), analyse(decimated(tracks))


def withheld(movement: Movement, words: str) -> set[str]:
    return {r.measure.name for r in movement.results if r.value is None and words in r.reason}


def test_the_declared_measures_and_no_others_are_withheld(both: tuple[Movement, Movement]) -> None:
    full, fifth = both
    assert {m.name for m in REGISTRY if m.gates.fs_min_hz} == NEEDS_25_HZ
    assert withheld(full, "effective rate") == set()
    assert withheld(fifth, "effective rate 6 Hz, needs 25 Hz") == NEEDS_25_HZ
    assert withheld(fifth, "samples in runs of 10 s, needs 1500") == TOO_FEW_SAMPLES
    given = {(r.part, r.measure.name) for r in full.results if r.value is not None}
    given_6_hz = {(r.part, r.measure.name) for r in fifth.results if r.value is not None}
    lost = {name for _, name in given - given_6_hz}
    assert lost - {"lag_s", "co_onset_rate"} == NEEDS_25_HZ | TOO_FEW_SAMPLES | {"moving_most_pct"}


def test_values_upsampled_from_6_hz_stay_6_hz_values() -> None:
    tracks = moving_infant()
    declared = analyse(replace(tracks, meta={**tracks.meta, "rate": "6"}))
    assert withheld(declared, "effective rate 6 Hz, needs 25 Hz") == NEEDS_25_HZ


def test_the_band_of_the_tracker_withholds_as_a_low_rate_does_and_is_no_reason_to_doubt_the_times() -> None:
    tracks = moving_infant()
    slow = analyse(replace(tracks, meta={**tracks.meta, "tracker_band_hz": 0.8}))
    assert withheld(slow, "effective rate 4 Hz, needs 25 Hz") == NEEDS_25_HZ
    amounts = {r.part: r for r in slow.results if r.measure.name == "moving_pct"}
    assert all(r.value is not None and r.lower_bound for r in amounts.values())
    assert slow.clean.cutoff_hz == pytest.approx(0.8 * 5 / 3)


def test_amounts_agree_between_the_rates(both: tuple[Movement, Movement]) -> None:
    full, fifth = ({(r.part, r.measure.name): r.value for r in m.results} for m in both)
    for limb in ("right_arm", "left_leg"):
        assert fifth[limb, "moving_pct"] == pytest.approx(full[limb, "moving_pct"], abs=6)
        assert fifth[limb, "midline_pct"] == pytest.approx(full[limb, "midline_pct"], abs=1)


def test_smoothness_uses_a_quicker_speed_than_the_rest() -> None:
    tracks = clean(make_tracks(70, motion={"right_wrist": shake(5, 3.0)}))
    limb = limb_series(tracks, {})["right_arm"]
    # what a second-order filter used twice leaves of 3 Hz, -3 dB at 6 Hz and at 4 Hz
    left_6_hz, left_4_hz = (1 / (1 + (np.sqrt(2) - 1) * (3 / cutoff) ** 4) for cutoff in (6, 4))
    quick, usual = (np.median(speed[limb.moving]) for speed in (limb.quick_speed_mm_s, limb.speed_mm_s))
    assert quick / usual == pytest.approx(left_6_hz / left_4_hz, rel=0.02)
