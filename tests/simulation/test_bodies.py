"""Bodies of varied infants: smooth round their joints, and joints that are hidden where the body hides them."""

from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt
import pytest

from asyconv.simulation.body import PART, Anatomy
from asyconv.simulation.driven import JointMotion, driven_body
from asyconv.simulation.infant import Infant, project
from asyconv.simulation.looks import LIMB_CORNER
from asyconv.simulation.scene import Condition, make_infant, true_depth
from asyconv.simulation.surfaces import Tube, draw_tubes
from asyconv.simulation.visible import TRUNK_ABOVE_MM, visible_joints
from asyconv.skeleton import JOINTS, LIMBS
from tests.helpers.flat_infant import make_flat

BARE_VARIED = Condition(varied=True, occluded=False, tilt_deg=0.0)
LEVEL = np.eye(3)
NO_TIME = np.zeros(1)


def flat_body(turn: npt.NDArray[np.float64], distance_mm: float) -> tuple[Anatomy, npt.NDArray[np.float64]]:
    motion = JointMotion("flat", np.arange(2.0), np.repeat(make_flat()[None], 2, 0))
    return driven_body(motion, NO_TIME, turn, distance_mm)


def flat_infant(number: int) -> Infant:
    """Stretched flat on its back, seen from above."""
    condition = Condition(varied=True, occluded=False, tilt_deg=0.0, distance_mm=600.0)
    return bare(make_infant(31, number, NO_TIME, body=flat_body, condition=condition))


def bare(infant: Infant) -> Infant:
    """Without tubes and leads, and without mask."""
    look = None if infant.look is None else replace(infant.look, mask=False)
    return replace(infant, tubes=np.empty((0, 8)), look=look)


def drawn(tubes: list[Tube]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    z_mm, part = np.full((480, 640), 600.0, np.float32), np.zeros((480, 640), np.uint8)
    draw_tubes(tubes, LEVEL, 600.0, 575.8, z_mm, part)
    return z_mm, part


def straight_tube(x_mm: float, part: int, blend_mm: float) -> Tube:
    along = np.linspace(-100.0, 100.0, 40)[:, None]
    centres = np.array([x_mm, 0.0, 50.0]) + along * [0.0, 1.0, 0.0]
    u, v = np.tile([15.0, 0.0, 0.0], (40, 1)), np.tile([0.0, 0.0, 15.0], (40, 1))
    return Tube(centres, u, v, np.ones((40, 64)), part, blend_mm)


def test_a_tube_is_as_near_and_as_wide_as_a_cylinder() -> None:
    z_mm, part = drawn([straight_tube(0.0, 3, 1.0)])
    assert z_mm[240, 319] == pytest.approx(600.0 - 65.0, abs=0.1)
    assert (part[240] == 3).sum() == pytest.approx(2 * 575.8 * 15 / np.sqrt(550**2 - 15**2), abs=1.5)
    assert (z_mm[part == 0] == 600.0).all()


def test_where_two_tubes_cross_in_depth_the_crease_becomes_a_fillet() -> None:
    sharp, rounded = (drawn([straight_tube(-8.0, 3, blend), straight_tube(8.0, 4, blend)]) for blend in (0.01, 10.0))
    kinks = [np.abs(np.diff(z_mm[240, 300:340], 2)).max() for z_mm, _ in (sharp, rounded)]
    assert kinks[0] > 0.45
    assert kinks[1] < 0.2
    np.testing.assert_array_equal(sharp[1], rounded[1])


def test_nothing_steps_along_a_limb_or_where_it_leaves_the_trunk() -> None:
    for number in range(8):
        infant = flat_infant(number)
        z_mm, part = true_depth(infant, 0)
        xy = project(infant.to_camera(infant.joints_bed[0]))
        for name, chain in LIMBS.items():
            line = np.concatenate([np.linspace(xy[a], xy[b], 200) for a, b in zip(chain[:-1], chain[1:], strict=True)])
            x, y = np.rint(line).astype(int).T
            assert np.isin(part[y, x], [PART["trunk"], PART[name]]).all()
            assert np.abs(np.diff(z_mm[y, x])).max() < 2.0  # capsules: 2.4


def test_joints_lie_inside_the_body_by_half_its_thickness() -> None:
    for number in range(8):
        infant = flat_infant(number)
        z_mm, _ = true_depth(infant, 0)
        camera = infant.to_camera(infant.joints_bed[0])
        x, y = np.rint(project(camera)).astype(int).T
        under_mm = camera[:, 2] - z_mm[y, x]
        assert infant.look is not None
        for names, radius in (("elbow", infant.look.arm_radius), ("knee", infant.look.leg_radius)):
            of = under_mm[[names in joint for joint in JOINTS]]
            assert (np.abs(of / radius[LIMB_CORNER] - 1.0) < 0.35).all()
        trunk = under_mm[[2, 3, 8, 9]] / infant.anatomy.scale
        assert (trunk > 12.0).all()
        assert (trunk < TRUNK_ABOVE_MM).all()


def test_of_an_infant_on_its_side_the_shoulder_above_is_seen_and_the_one_below_is_not() -> None:
    above, below = [], []
    for number in range(24):
        condition = replace(BARE_VARIED, lying="side", roll_deg=90.0 if number % 2 else -90.0)
        infant = bare(make_infant(33, number, NO_TIME, condition=condition))
        seen = visible_joints(infant, 0, *true_depth(infant, 0))
        upper = 2 if infant.placement.roll_deg > 0 else 3
        assert infant.joints_bed[0, upper, 2] > infant.joints_bed[0, 5 - upper, 2] + 20.0
        above.append(seen[upper])
        below.append(seen[5 - upper])
    assert np.mean(above) > 0.6  # arms and the picture's border hide the others
    assert np.mean(below) < 0.25


def test_joints_under_the_body_are_hidden() -> None:
    hidden = 0
    for number in range(24):
        infant = make_infant(34, number, NO_TIME, condition=replace(BARE_VARIED, lying="prone"))
        z_mm, part = true_depth(infant, 0)
        seen = visible_joints(infant, 0, z_mm, part)
        camera = infant.to_camera(infant.joints_bed[0])
        xy = np.rint(project(camera)).astype(int)
        for joint in range(12):
            x, y = xy[joint]
            if not (0 <= x < 640 and 0 <= y < 480) or part[y, x] != PART["trunk"]:
                continue
            deep = camera[joint, 2] - z_mm[y, x] > TRUNK_ABOVE_MM * infant.anatomy.scale + 12.0
            root = joint in (2, 3, 8, 9)
            hidden += deep or not root
            assert not (seen[joint] and deep)
        assert infant.joints_bed[0, ..., 2].min() > 0.0
    assert hidden > 10  # elbows and wrists under the chest, knees under the belly


def test_bones_keep_their_lengths_however_an_infant_lies() -> None:
    time_s = np.arange(0.0, 10.0, 0.5)
    for lying in ("supine", "half-turned", "side", "prone"):
        for number in range(6):
            infant = make_infant(35, number, time_s, condition=Condition(varied=True, lying=lying))
            bones = {"upper_arm": (1, 2), "forearm": (4, 5), "thigh": (7, 8), "shank": (10, 11)}
            for name, (a, b) in bones.items():
                length = np.linalg.norm(infant.joints_bed[:, a] - infant.joints_bed[:, b], axis=-1)
                np.testing.assert_allclose(length, getattr(infant.anatomy, name), rtol=1e-6)
            assert infant.joints_bed[..., 2].min() > 0.0


def test_a_driven_infant_can_wear_this_body_and_leaves_out_a_limb_that_is_nowhere() -> None:
    def body(turn: npt.NDArray[np.float64], distance_mm: float) -> tuple[Anatomy, npt.NDArray[np.float64]]:
        anatomy, joints = flat_body(turn, distance_mm)
        joints[:, JOINTS.index("left_ankle")] = np.nan
        return anatomy, joints

    infant = make_infant(31, 1, NO_TIME, body=partial(body), condition=BARE_VARIED)
    _, part = true_depth(infant, 0)
    assert PART["left_leg"] not in part
    assert PART["right_leg"] in part
    assert PART["head"] in part
