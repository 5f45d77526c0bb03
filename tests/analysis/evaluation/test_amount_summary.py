"""Amounts in one line: near and far paths and shares are counted, and false movement only away from true movement."""

import numpy as np
import pytest

from asyconv.analysis import analyse
from asyconv.analysis.evaluation.agreement import Amounts, measured_amounts
from asyconv.analysis.evaluation.amount_summary import LimbError, figures, limb_errors, summary_text
from asyconv.skeleton import LIMBS
from tests.helpers.closed_form import make_tracks, shake

SEEN = np.full(4, 100.0)


def error(
    path: float | None, true_path: float, moving: float | None, true: float, jitter: float, visible_pct: float = 70.0
) -> LimbError:
    return LimbError(Amounts(moving, path, 1.0), Amounts(true, true_path, 1.0), visible_pct, 80.0, 1.0, jitter)


def test_what_is_near_is_counted_among_what_is_given() -> None:
    limbs = [
        error(105.0, 100.0, 12.0, 10.0, 2.0),
        error(89.0, 100.0, 14.0, 10.0, 4.0),
        error(20.0, 30.0, 10.0, 10.0, 6.0),  # too short a path to have a ratio
        error(None, 100.0, None, 10.0, float("nan"), visible_pct=69.9),
    ]
    found = figures(limbs)
    assert (found["limbs"], found["given"], found["paths"], found["paths_near"]) == (4, 3, 2, 1)
    assert found["visible"] == 3
    assert found["moving_near"] == 2
    assert found["path_ratio_median"] == pytest.approx(0.97)
    assert found["jitter_p90_mm_s"] == pytest.approx(5.6)
    assert "3 of 4" in summary_text({"predicted": limbs})


def test_movement_is_false_where_nothing_truly_moves() -> None:
    tracks = make_tracks(90, motion={"right_wrist": shake(20, 0.5, on_s=5, off_s=5)}, noise_mm=0.1)
    movement = analyse(tracks)
    measured = measured_amounts(movement)
    own = np.stack([movement.limbs[limb].moving for limb in LIMBS], axis=1)
    right = limb_errors(movement, measured, measured, own, SEEN)
    assert all(limb.false_pct == 0.0 for limb in right)
    wrong = limb_errors(movement, measured, measured, np.zeros_like(own), SEEN)
    assert wrong[0].false_pct == pytest.approx(100 * own[:, 0].mean())
    assert np.isnan(wrong[0].jitter_mm_s)
    shifted = np.roll(own, 5, axis=0)  # a sixth of a second late
    assert limb_errors(movement, measured, measured, shifted, SEEN)[0].false_pct == 0.0
