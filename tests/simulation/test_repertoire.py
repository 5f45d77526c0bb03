"""What varied infants do besides strokes: a function of time within the limits of the limbs, other for each infant."""

import numpy as np
import numpy.typing as npt

from asyconv.simulation.motion import QUIET, VARIED, Motion, MotionRange
from asyconv.simulation.ranges import movement_of
from asyconv.simulation.repertoire import livelier
from asyconv.simulation.scene import Condition, make_infant

TIME_S = np.arange(0.0, 40.0, 1 / 6)
Array = npt.NDArray[np.float64]


def resting(time_s: Array) -> Motion:
    """An infant that would lie still."""
    middle = np.stack([VARIED.arm_limits.mean(1)] * 2 + [VARIED.leg_limits.mean(1)] * 2)
    return Motion(time_s, np.repeat(middle[None], len(time_s), axis=0), np.ones((len(time_s), 8)), ())


def lively(seed: int, time_s: Array, reach: MotionRange = VARIED) -> Motion:
    return livelier(np.random.default_rng(seed), resting(time_s), reach)


def test_a_movement_is_the_same_at_whatever_other_times_it_is_asked_for() -> None:
    some = np.sort(np.random.default_rng(1).choice(len(TIME_S) - 1, 50, replace=False))
    some = np.append(some, len(TIME_S) - 1)  # the span sets how many episodes there are
    for seed in range(10):
        whole, part = lively(seed, TIME_S), lively(seed, TIME_S[some])
        np.testing.assert_allclose(part.angles_deg, whole.angles_deg[some], atol=1e-9)
        np.testing.assert_allclose(part.sway, whole.sway[some], atol=1e-9)


def test_limbs_keep_their_limits_but_for_a_soft_edge() -> None:
    low = np.stack([VARIED.arm_limits[:, 0]] * 2 + [VARIED.leg_limits[:, 0]] * 2)
    high = np.stack([VARIED.arm_limits[:, 1]] * 2 + [VARIED.leg_limits[:, 1]] * 2)
    for seed in range(20):
        angles = lively(seed, TIME_S).angles_deg
        assert (angles > low - 8.0).all()
        assert (angles < high + 8.0).all()


def test_nothing_jumps_but_a_startle() -> None:
    fine_s = np.arange(0.0, 40.0, 0.01)
    for seed in range(20):
        steps = np.abs(np.diff(lively(seed, fine_s).angles_deg, axis=0))
        assert steps.max() < 12.0  # degrees in a hundredth of a second: a startle's 35 degrees begin within 0.06 s


def test_quiet_infants_move_less_than_others() -> None:
    moved = {}
    for name, reach in (("varied", VARIED), ("quiet", QUIET)):
        moved[name] = np.median([lively(seed, TIME_S, reach).angles_deg.std(axis=0).mean() for seed in range(30)])
    assert moved["quiet"] < 0.5 * moved["varied"]


def test_vigour_reaches_from_nearly_still_to_always_moving() -> None:
    time_s = np.arange(0.0, 15.0, 1 / 6)
    shares = []
    for number in range(60):
        infant = make_infant(51, number, time_s, condition=Condition(varied=True, occluded=False, lying="supine"))
        xy = infant.to_camera(infant.joints_bed)[..., :2]
        shares.append(movement_of(xy)["no limb faster than 0.3, share of time"])
    assert min(shares) < 0.1
    assert max(shares) > 0.8
    assert 0.15 < np.median(shares) < 0.6
