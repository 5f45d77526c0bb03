"""Amounts of movement against the truth of simulated infants: the analysis itself must lose almost nothing."""

from dataclasses import replace

import numpy as np
import pytest

from asyconv.analysis import analyse
from asyconv.analysis.evaluation.agreement import Amounts, measured_amounts, outside, pooled, rows, table, true_amounts
from asyconv.analysis.evaluation.agreement_plot import agreement_picture
from asyconv.simulation.scene import make_infant
from asyconv.simulation.truth import true_tracks, truth_of
from asyconv.skeleton import LIMBS

TIME_S = np.arange(5400) / 30.0
INFANTS = 8


def test_true_amounts_by_hand() -> None:
    time_s = np.arange(600) / 10.0  # one minute
    speed, moving = np.zeros((600, 4)), np.zeros((600, 4), bool)
    speed[100:160, 0], moving[100:160, 0] = 50.0, True  # 6 s at 50 mm/s
    speed[300:330, 0], moving[300:330, 0] = 100.0, True  # 3 s at 100 mm/s
    amounts = true_amounts(speed, moving, time_s)
    found = amounts["right_arm"]
    assert found.moving_pct == pytest.approx(15.0)
    assert found.path_active_mm_per_min == pytest.approx(600.0)
    assert found.bouts_per_min == pytest.approx(2.0)
    assert amounts["left_leg"] == Amounts(0.0, 0.0, 0.0)


def test_from_true_tracks_the_analysis_finds_the_amounts_that_are_there() -> None:
    truth, found = [], []
    for number in range(INFANTS):
        infant = make_infant(40, number, TIME_S)
        known = truth_of(infant, np.ones((len(TIME_S), 12), bool))
        truth.append(true_amounts(known.speed_mm_s, known.moving, TIME_S))
        found.append(measured_amounts(analyse(true_tracks(known, infant))))
        for limb in LIMBS:  # each limb of each infant
            ours, true = found[-1][limb], truth[-1][limb]
            assert ours.moving_pct is not None
            assert true.moving_pct is not None
            assert abs(ours.moving_pct - true.moving_pct) <= 3.0, (number, limb)
            assert ours.path_active_mm_per_min is not None
            assert true.path_active_mm_per_min is not None
            assert abs(ours.path_active_mm_per_min / true.path_active_mm_per_min - 1) <= 0.05, (number, limb)
    # a limb has a dozen to fifty bouts in 180 s, and a pause at the limit of 0.3 s may fall either way: one bout is up
    # to 8 % of one limb's, so bouts are held to 5 % over the infants
    mean, expected = pooled(found, truth), pooled(truth, found)
    for limb in LIMBS:
        assert abs(float(mean[limb].bouts_per_min or 0) / float(expected[limb].bouts_per_min or 1) - 1) <= 0.05, limb


def test_the_table_says_what_is_withheld_and_counts_what_is_far_off() -> None:
    some = dict.fromkeys(LIMBS, Amounts(20.0, 500.0, 10.0, 40.0))
    none = dict.fromkeys(LIMBS, Amounts(None, None, None))
    text = table([some, some], {"true tracks": [some, some], "predicted": [none, none]})
    assert "20.0 / 20.0 (+0.0)" in text
    assert "withheld" in text
    assert "2 / 0 / 0" in text
    assert "0 / 0 / 2" in text
    assert "SIMULATED" in text
    far = dict.fromkeys(LIMBS, Amounts(20.0, 800.0, 10.0, 40.0))
    noisy = dict.fromkeys(LIMBS, replace(far["left_arm"], in_noise=True))
    near = dict.fromkeys(LIMBS, replace(some["left_arm"], in_noise=True))
    lines = table([some] * 4, {"predicted": [far, noisy, near, noisy]}).splitlines()
    assert " ".join(lines[1].split()).endswith(" 4 / 0 / 0 3 2 + 1")


def test_outside_means_plain_and_far_off() -> None:
    true = Amounts(20.0, 500.0, 10.0)
    assert not outside(Amounts(31.0, 549.0, 20.0), true)
    assert outside(Amounts(20.0, 551.0, 10.0), true)
    assert outside(Amounts(33.0, 500.0, 10.0), true)
    assert not outside(Amounts(20.0, 100.0, 10.0, at_least=True), true)
    assert not outside(Amounts(None, None, None), true)
    assert not outside(Amounts(1.0, 50.0, 1.0), Amounts(0.5, 20.0, 0.5))  # next to no movement has no ratio


def test_rows_and_picture_show_every_value() -> None:
    true = dict.fromkeys(LIMBS, Amounts(20.0, 500.0, 10.0, 40.0))
    ours = {limb: Amounts(22.0, 480.0, 9.0, None, at_least=limb == "left_leg") for limb in LIMBS}
    found = rows([true, true], {"predicted": [ours, ours]})
    assert len(found) == 2 * 4 * 4
    assert {row["given"] for row in found if row["measure"] == "range_deg"} == {"withheld"}
    assert {row["given"] for row in found if row["limb"] == "left_leg"} == {"at least", "plain", "withheld"}
    picture = agreement_picture(found)
    assert picture.png().startswith(b"\x89PNG")
    assert picture.data.height == 32
