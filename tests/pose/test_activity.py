"""Activity without pose: what moves is seen where joints are not, and what reaches in over the border is a hand."""

import numpy as np
import numpy.typing as npt
import pytest

from asyconv.activity import Activity, hand_spans
from asyconv.pose.depth_cells import samples_of
from asyconv.pose.motion import MotionCollector
from asyconv.pose.reaching import ReachingObject
from tests.helpers.moving_relief import CAMERA, JOINTS_PX, UNIT_MM

NOWHERE = np.full((12, 2), np.nan)


def activity(frames: list[npt.NDArray[np.uint16]], joints_px: npt.NDArray[np.float64]) -> Activity:
    collector = MotionCollector(CAMERA, False, UNIT_MM, 30.0)
    for n, depth in enumerate(frames):
        collector.push(n / 30.0, depth)
        collector.place(joints_px, np.where(np.isfinite(joints_px[:, 0]), 600.0, np.nan), np.ones(12))
    return collector.activity.finish(len(frames), collector.finish())


def bed(rng: np.random.Generator, frames: int, moved_from: int = 99) -> list[npt.NDArray[np.uint16]]:
    """A still plane at 600 mm; from a frame on a block of 20x20 px over the right forearm rises by 3 mm a frame."""
    out = []
    for n in range(frames):
        depth = 600.0 + rng.standard_normal((480, 640))
        depth[160:180, 230:250] -= 3.0 * max(0, n - moved_from)
        out.append(np.asarray(np.round(depth / UNIT_MM), np.uint16))
    return out


@pytest.mark.parametrize("joints_px", [JOINTS_PX, NOWHERE], ids=["found", "never found"])
def test_movement_is_seen_with_and_without_joints(joints_px: npt.NDArray[np.float64]) -> None:
    rng = np.random.default_rng(5)
    seen = activity(bed(rng, moved_from=20, frames=30), joints_px)
    assert np.isnan(seen.body_mm[[0, 1, 2, -3, -2, -1]]).all()
    still, moving = seen.body_mm[3:17], seen.body_mm[23:27]
    assert np.all(still < seen.meta["noise_mm"] * 1.05)  # a mean of four cells varies no more than a cell
    assert moving.min() > still.max()
    if joints_px is JOINTS_PX:
        right_arm, others = seen.limb_mm[23:27, 0], seen.limb_mm[23:27, 1:]
        assert right_arm.min() > 3 * others.max()
    else:
        assert np.isnan(seen.limb_mm).all()


def test_the_change_is_that_of_six_frames() -> None:
    rng = np.random.default_rng(6)
    frames = [np.asarray(np.round((600.0 - 0.5 * n + rng.standard_normal((480, 640))) / UNIT_MM), np.uint16)
              for n in range(14)]  # fmt: skip
    for depth in frames:  # still surroundings
        depth[:90], depth[440:] = 6000 + rng.normal(0, 10, (90, 640)), 6000 + rng.normal(0, 10, (40, 640))
    joints = JOINTS_PX.copy()
    joints[:, 1] = 200 + 0.4 * (joints[:, 1] - 200)
    seen = activity(frames, joints)
    assert seen.body_mm[3:-3] == pytest.approx(3.0, abs=0.3)


def hand_over(depth: npt.NDArray[np.uint16], length_px: int, border: bool) -> npt.NDArray[np.uint16]:
    """A hand at 450 mm, 60 px wide, from the right border inwards, as the camera's dead band leaves it."""
    out = depth.copy()
    right = 632 if border else 500
    out[250:310, right - length_px : right] = 4500
    out[:, 632:] = 0
    return out


def shares(reaching: list[int], border: bool = True) -> list[float]:
    """Shares of a box in the middle for a hand that reaches in so far, frame by frame."""
    rng = np.random.default_rng(7)
    watched = ReachingObject(UNIT_MM, 30.0)
    box = np.array([110, 190, 430, 450])
    empty = bed(rng, frames=1)[0]
    return [watched.share(samples_of(hand_over(empty, n, border)), box) for n in reaching]


def test_a_hand_that_reaches_in_over_the_border() -> None:
    covered = shares([0] * 10 + [100] * 10 + [350] * 60 + [0] * 10)
    assert covered[:10] == [0.0] * 10
    assert max(covered[10:20]) == 0.0  # not yet above the infant
    assert covered[25:80] == pytest.approx([60 * 168 / (320 * 260)] * 55, rel=0.15)
    assert covered[80:] == [0.0] * 10


def test_what_is_raised_without_touching_the_border_is_no_hand() -> None:
    assert max(shares([0] * 10 + [200] * 20, border=False)) == 0.0


def test_a_moved_camera_is_no_hand() -> None:
    watched = ReachingObject(UNIT_MM, 30.0)
    box = np.array([110, 190, 430, 450])
    far, near = np.full((480, 640), 7000, np.uint16), np.full((480, 640), 5000, np.uint16)
    assert [watched.share(samples_of(depth), box) for depth in (far, far, near)] == [0.0, 0.0, 0.0]


def test_spans_of_hands() -> None:
    time_s = np.arange(300) / 30.0
    share = np.zeros(300, np.float32)
    share[30:60] = share[75:90] = 0.1  # half a second out of sight
    share[150:155] = 0.1  # too short
    share[200:260] = 0.1
    share[270:] = np.nan
    body = np.zeros(300, np.float32)
    spans = hand_spans(Activity(body, np.zeros((300, 4), np.float32), share, {}), time_s)
    assert np.array(spans) == pytest.approx(np.array([[30, 89], [200, 259]]) / 30)
    assert hand_spans(Activity(body, np.zeros((300, 4), np.float32), 0 * body, {}), time_s) == []
