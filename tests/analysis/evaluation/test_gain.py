"""Gain by frequency: known sines, known losses, and a simulated infant that swings as it should."""

from dataclasses import replace

import numpy as np
import pytest

from asyconv.analysis.evaluation.gain import Gain, band_hz, gain_text, mean_gains, measured_gains, speed_gain
from asyconv.analysis.formulas.filters import passed
from asyconv.simulation.sines import EDGE_S, FREQUENCIES_HZ, STRETCH_S, SWING_MM, swinging_infant, swings
from asyconv.simulation.truth import true_tracks, truth_of
from asyconv.skeleton import LIMBS

FS_HZ = 30.0


def sine(frequency_hz: float, amplitude_mm: float) -> np.ndarray:
    time_s = np.arange(round(5.0 * FS_HZ)) / FS_HZ
    return np.outer(amplitude_mm * np.sin(2 * np.pi * frequency_hz * time_s), [0.6, 0.0, 0.8])


@pytest.mark.parametrize("frequency_hz", FREQUENCIES_HZ)
def test_the_central_difference_alone_has_its_own_gain(frequency_hz: float) -> None:
    true = sine(frequency_hz, 12.0)
    difference = np.sin(2 * np.pi * frequency_hz / FS_HZ) / (2 * np.pi * frequency_hz / FS_HZ)
    assert speed_gain(true, true, frequency_hz, FS_HZ) == pytest.approx(difference, rel=0.02)
    assert speed_gain(true, 0.5 * true, frequency_hz, FS_HZ) == pytest.approx(0.5 * difference, rel=0.02)
    assert speed_gain(true, -true, frequency_hz, FS_HZ) < 0


def test_movement_across_the_true_one_is_no_gain_and_too_little_is_none() -> None:
    true = sine(1.0, 12.0)
    across = np.zeros_like(true)
    across[:, 1] = true[:, 0]
    assert speed_gain(true, across, 1.0, FS_HZ) == pytest.approx(0, abs=1e-9)
    true[30:] = np.nan
    assert np.isnan(speed_gain(sine(1.0, 12.0), true, 1.0, FS_HZ))


def test_band_by_hand() -> None:
    gains = [Gain(1.0, 1.0, 1.0), Gain(2.0, 1.0, 0.8), Gain(3.0, 1.0, 0.6)]
    assert band_hz(gains) == pytest.approx(2.5)
    assert band_hz(gains[:2]) == 2.0
    assert band_hz([Gain(1.0, 1.0, float("nan"))]) == 0.0
    mean = mean_gains([Gain(2.0, 1.0, 0.8), Gain(1.0, 1.0, 1.0), Gain(2.0, 1.0, 0.6), Gain(2.0, float("nan"), 0.1)])
    assert mean[0] == Gain(1.0, 1.0, 1.0)
    assert (mean[1].frequency_hz, mean[1].analysis, mean[1].whole) == pytest.approx((2.0, 1.0, 0.7))
    assert "up to 2.5 Hz" in gain_text(gains, 3)


def test_a_band_that_is_stated_already_changes_no_gain() -> None:
    infant = swinging_infant(7, 0)
    true = true_tracks(truth_of(infant, np.ones((len(infant.motion.time_s), 12), bool)), infant)
    banded = replace(true, meta={**true.meta, "tracker_band_hz": 0.8})
    swing = next(swing for swing in swings() if swing.frequency_hz == 3.0)
    span_s = (swing.start_s + EDGE_S, swing.end_s - EDGE_S)
    [found] = measured_gains(true, banded, [(swing.limb, swing.frequency_hz, span_s)])
    assert found.whole == found.analysis


def test_every_limb_swings_as_said_with_bones_that_keep_their_length() -> None:
    infant = swinging_infant(7, 0)
    assert {f: sum(s.frequency_hz == f for s in swings()) for f in FREQUENCIES_HZ} == dict.fromkeys(FREQUENCIES_HZ, 2)
    for _, middle, end in LIMBS.values():
        length = np.linalg.norm(infant.joints_bed[:, end] - infant.joints_bed[:, middle], axis=-1)
        assert np.ptp(length) < 1e-9
    known = truth_of(infant, np.ones((len(infant.motion.time_s), 12), bool))
    true = true_tracks(known, infant)
    time_s = infant.motion.time_s
    for swing in swings():
        inside = (time_s >= swing.start_s + EDGE_S) & (time_s < swing.end_s - EDGE_S)
        end = infant.joints_bed[inside, LIMBS[swing.limb][2]]
        away = np.linalg.norm(end - end.mean(axis=0), axis=-1)
        assert np.sqrt(np.mean(away**2)) == pytest.approx(SWING_MM / np.sqrt(2), rel=0.03)
        span_s = (swing.start_s + EDGE_S, swing.end_s - EDGE_S)
        [gain] = measured_gains(true, true, [(swing.limb, swing.frequency_hz, span_s)])
        assert gain.tracker == 1.0
        smoothing = float(passed(np.array(swing.frequency_hz), FS_HZ, 4.0))
        difference = np.sin(2 * np.pi * swing.frequency_hz / FS_HZ) / (2 * np.pi * swing.frequency_hz / FS_HZ)
        kept = gain.analysis / (smoothing * difference)
        if swing.frequency_hz <= 3:
            assert kept == pytest.approx(1, rel=0.03), swing
        else:  # finds far from what the band lets through look wrong and weigh less
            assert 0.6 < kept < 1, swing
    assert time_s[-1] < 3 * STRETCH_S
