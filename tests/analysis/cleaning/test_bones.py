"""Bones keep their length: what is too long or too short by construction, and what only looks shorter."""

import numpy as np
import pytest

from asyconv.analysis.cleaning import clean as c
from asyconv.analysis.cleaning import flags as f
from asyconv.analysis.cleaning.body_frame import body_frame
from asyconv.analysis.cleaning.bones import BONES, learn_bones, lengths, too_long, wrong_length
from asyconv.skeleton import JOINTS
from tests.helpers.closed_form import make_tracks, still

WRIST, ELBOW = JOINTS.index("right_wrist"), JOINTS.index("right_elbow")
SURE = np.ones((100, 12))


def test_lengths_by_hand() -> None:
    upper_arm, forearm = ([JOINTS[joint] for joint in bone] for bone in BONES[:2])
    assert [upper_arm, forearm] == [["right_shoulder", "right_elbow"], ["right_elbow", "right_wrist"]]
    np.testing.assert_allclose(lengths(still(1))[0], [50, 50, 50, 50, 60, 60, 60, 60])


def test_a_bone_a_quarter_off_is_wrong_at_its_outer_end_only() -> None:
    points = still(100)
    points[10, WRIST] += [0, 12, 0]  # 62 mm: 24 % too long
    points[20, WRIST] += [0, 14, 0]  # 64 mm: 28 % too long
    points[30, WRIST] -= [0, 14, 0]
    wrong = wrong_length(points, learn_bones(points, SURE))
    assert np.flatnonzero(wrong[:, WRIST]).tolist() == [20, 30]
    assert wrong.sum() == 2


def test_a_bone_may_look_as_long_as_that_of_the_other_side() -> None:
    points = still(100)[..., :2]
    hand = points[0, WRIST] - points[0, ELBOW]
    points[:90, WRIST] = points[:90, ELBOW] + hand / 2  # points at the camera until it is stretched out
    assert not too_long(points, learn_bones(points, SURE)).any()


def test_a_bone_may_look_shorter_but_not_longer() -> None:
    points = still(100)[..., :2]
    points[10, WRIST] -= [0, 40]
    points[20, WRIST] += [0, 14]
    stretched = too_long(points, learn_bones(points, SURE))
    assert np.flatnonzero(stretched[:, WRIST]).tolist() == [20]


def test_sides_share_their_length_and_too_few_samples_teach_nothing() -> None:
    points = still(100)
    points[:, WRIST] += [0, 10, 0]  # the right forearm measures 60, the left 50
    bones = learn_bones(points, SURE)
    assert bones[1] is not None
    assert bones[1].usual == pytest.approx(55)
    assert not wrong_length(points, bones).any()
    assert learn_bones(points[:20], SURE[:20]) == [None] * 8


def test_cleaning_takes_the_millimetres_of_a_wrong_bone() -> None:
    tracks = make_tracks(20)
    tracks.y_mm[50:90, WRIST] += 30.0
    cleaned = c.clean(tracks)
    assert np.isnan(cleaned.gated_mm[55:85, WRIST]).all()
    assert (cleaned.flags[55:85, WRIST] & f.BONE_LENGTH > 0).all()
    assert np.isfinite(cleaned.gated_px[:, WRIST]).all()


def test_body_frame_by_hand() -> None:
    frame = body_frame(still(100), 30.0)
    assert frame is not None
    np.testing.assert_allclose(frame.axes, np.tile([[-1, 0, 0], [0, 1, 0], [0, 0, -1]], (100, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(frame.origin_mm, [0, -30, 400])
    assert frame.trunk_length_mm == pytest.approx(120)
    towards_the_camera = frame.turn(np.tile([0.0, 0.0, -5.0], (100, 1)))
    np.testing.assert_allclose(towards_the_camera[3], [0, 0, 5])  # is up
    assert body_frame(np.full((5, 12, 3), np.nan), 30.0) is None


def test_the_body_frame_turns_with_the_infant() -> None:
    turn = np.radians(60)
    about_z = np.array([[np.cos(turn), np.sin(turn), 0], [-np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    points = still(1800)
    points[900:] = points[900:] @ about_z
    frame = body_frame(points, 30.0)
    assert frame is not None
    reach = frame.turn(points[:, WRIST] - points[:, WRIST - 2])
    far = np.r_[0:820, 980:1800]  # further from the turn than half of the 5 s of the median
    np.testing.assert_allclose(reach[far], np.tile(reach[0], (len(far), 1)), atol=1e-9)
