"""Which clips are chosen: whole ones, apart, spread over infants, never twice, the same each time."""

from dataclasses import replace

import numpy as np

from asyconv.labelling.choice import choose_clips, clip_of, most_different, relative_poses, rows_at, shares
from asyconv.skeleton import JOINTS
from tests.helpers.closed_form import hide, make_tracks


def test_a_clip_is_three_frames_a_sixth_of_a_second_apart_at_any_rate() -> None:
    at_30, at_25 = np.arange(60) / 30, np.arange(60) / 25
    found = clip_of(at_30, 4), clip_of(at_25, 4)
    assert [rows.tolist() for rows in found if rows is not None] == [[4, 9, 14], [4, 8, 12]]
    assert clip_of(at_30, 55) is None
    assert clip_of(np.delete(at_30, [8, 9, 10]), 4) is None  # frames were lost
    assert rows_at(at_30, np.array([-0.2, 0.0, 5.0])).tolist() == [-1, 0, -1]
    assert rows_at(np.empty(0), np.array([0.0])).tolist() == [-1]


def test_the_least_certain_clip_and_the_odd_pose_are_chosen_and_the_same_each_time() -> None:
    tracks = make_tracks(30.0)
    confidence = np.full_like(tracks.confidence, 0.99)
    confidence[300] = 0.5
    x_px = tracks.x_px.copy()
    x_px[600, JOINTS.index("left_knee")] -= 80
    tracks = replace(tracks, confidence=confidence, x_px=x_px)
    chosen = choose_clips(tracks, 3, seed=7)
    assert chosen == choose_clips(tracks, 3, seed=7)
    assert [chosen[300], chosen[600]] == ["least certain", "different pose"]
    assert list(chosen.values()) == ["least certain", "different pose", "at random"]
    assert choose_clips(tracks, 3, seed=8).keys() != chosen.keys()


def test_no_clip_touches_another_or_an_earlier_one() -> None:
    tracks = make_tracks(12.0, noise_mm=1.0)
    first = choose_clips(tracks, 4, seed=1)
    second = choose_clips(tracks, 4, seed=1, taken_s=[float(tracks.time_s[row]) for row in first])
    rows = np.array([*first, *second])
    assert len(rows) == 8
    assert np.diff(np.sort(rows)).min() >= 30
    assert 0 < len(choose_clips(tracks, 99, seed=1)) <= 12  # no more than there are


def test_recordings_without_a_whole_clip_give_none() -> None:
    for count in (0, 1, 5):
        assert choose_clips(make_tracks(count / 30), 3, seed=0) == {}


def test_poses_do_not_depend_on_place_or_size_and_missing_joints_do_not_stand_out() -> None:
    tracks = make_tracks(1.0)
    moved = replace(tracks, x_px=1.5 * tracks.x_px + 40, y_px=1.5 * tracks.y_px - 9)
    np.testing.assert_allclose(relative_poses(tracks), relative_poses(moved), atol=1e-5)
    poses = relative_poses(hide(tracks, "left_wrist", 3, 5))
    assert most_different(poses, [0], np.ones(30, bool)) is not None
    assert most_different(poses, [0], np.zeros(30, bool)) is None


def test_infants_give_alike_and_so_do_recordings_of_an_infant() -> None:
    given = shares(21, {"a": ["a1"], "b": ["b1", "b2"], "c": ["c1"]})
    assert given == {"a1": 7, "b1": 3, "b2": 4, "c1": 7}
    assert sum(shares(20, {"a": ["a1"], "b": ["b1"], "c": ["c1"]}).values()) == 20
