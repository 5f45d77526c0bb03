"""The player of the infant's report: joints in the frame of the body, turned upright where the trunk was not seen."""

from base64 import b64decode
from dataclasses import replace

import numpy as np
import pytest

from asyconv.analysis import analyse
from asyconv.analysis.report.player import player
from asyconv.analysis.report.postures import trajectory_map
from asyconv.analysis.tables.movement import Movement
from asyconv.skeleton import JOINTS
from tests.helpers.closed_form import hide, make_tracks, without_mm


def test_the_player_holds_the_joints_of_the_body_frame(movement: Movement) -> None:
    made = player(movement)
    assert made is not None
    frames = np.frombuffer(b64decode(made["frames"]), "<i2").reshape(-1, 12, 3)
    assert len(frames) == made["count"] == 900  # 90 s at 10 Hz
    wrist, shoulder = (JOINTS.index(f"right_{name}") for name in ("wrist", "shoulder"))
    assert frames[0, shoulder, 0] < 0  # the infant's right lies left on the page
    reach = frames[:, wrist] - frames[:, shoulder]
    body = movement.limbs["right_arm"].position_body_mm[::3] * [-1, 1, 1]
    seen = np.isfinite(body[:, 0])
    np.testing.assert_allclose(reach[seen], body[seen], atol=1.01)  # two roundings to whole mm
    ankle = frames[:, JOINTS.index("left_ankle"), 0]
    assert (ankle[105:495] == -32768).all()  # samples 300 to 1500 are hidden


@pytest.mark.parametrize(
    ("turns", "mirrored", "head"),
    [(0, False, "up"), (1, False, "right"), (2, False, "down"), (3, False, "left"), (1, True, "left")],
)
def test_a_trunk_never_seen_whole_is_turned_by_where_the_head_was_said_to_lie(
    turns: int, mirrored: bool, head: str
) -> None:
    still = make_tracks(61)
    x, y = still.x_px - 320, still.y_px - 240
    for _ in range(turns):  # a quarter turn each, that takes what is up to the right
        x, y = -y, x
    turned = replace(still, x_px=320 + (-x if mirrored else x), y_px=240 + y)
    bare = without_mm(turned, head=head, mirrored=mirrored)
    for joint in ("left_shoulder", "right_hip"):
        bare = hide(bare, joint, 0, len(still.time_s))
    movement = analyse(bare)
    made = player(movement)
    assert made is not None
    frames = np.frombuffer(b64decode(made["frames"]), "<i2").reshape(-1, 12, 3)
    right, left, knee = (frames[0, JOINTS.index(name)] for name in ("right_wrist", "left_wrist", "right_knee"))
    assert right[1] < knee[1]
    assert right[0] < left[0]
    assert "turned by where the head was stated to lie" in trajectory_map(movement).summary
