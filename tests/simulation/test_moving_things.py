"""Cloths that move and hands that rest on a limb, as conditions of a simulated infant."""

import numpy as np

from asyconv.simulation.body import PART
from asyconv.simulation.scene import Condition, make_infant, true_depth
from asyconv.skeleton import JOINTS

TIME_S = np.arange(60) / 30.0


def test_a_cloth_that_moves_changes_the_depth_over_a_still_infant_and_another_does_not() -> None:
    covered = (JOINTS.index("right_elbow"),)
    for sway_mm in (0.0, 4.0):
        condition = Condition(covered=covered, occluded=False, cloth_sway_mm=sway_mm)
        infant = make_infant(5, 0, TIME_S, moving=False, condition=condition)
        (first, part), (later, _) = true_depth(infant, 0), true_depth(infant, 21)
        cloth = part == PART["cover"]
        assert cloth.sum() > 500
        change_mm = np.median(np.abs(first - later)[cloth])
        assert (change_mm > 2.0) if sway_mm else (change_mm < 0.5)


def test_a_hand_rests_on_the_limb_that_is_named() -> None:
    wrist = JOINTS.index("right_wrist")
    condition = Condition(resting_on=wrist, occluded=False)
    infant = make_infant(5, 1, TIME_S, condition=condition)
    _, part = true_depth(infant, 30)
    seen = np.argwhere(part == PART["operator"])
    assert len(seen) > 1000
    (visit,) = infant.visits
    assert np.linalg.norm(visit.goal[:2] - np.median(infant.joints_bed[:, wrist, :2], axis=0)) < 1.0
    assert visit.start_s < 0
    assert visit.end_s > TIME_S[-1]
