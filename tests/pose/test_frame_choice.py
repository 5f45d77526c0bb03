"""Frames worth looking at: where the answer is known by construction."""

from dataclasses import replace

import numpy as np

from asyconv.pose.frame_choice import lost_next, pick, speed_px_s, spread, stretch_of, uncertainty, worth_a_look
from asyconv.skeleton import JOINTS
from tests.helpers.closed_form import hide, make_tracks


def test_uncertainty_is_highest_where_every_joint_is_at_half() -> None:
    tracks = make_tracks(1.0)
    confidence = np.full_like(tracks.confidence, 1.0)
    confidence[3] = 0.0  # surely hidden is no doubt
    confidence[7] = 0.5
    confidence[9, :6] = 0.5
    confidence[11] = np.nan
    scores = uncertainty(replace(tracks, confidence=confidence))
    assert scores[[3, 7, 9, 11]].tolist() == [0.0, 1.0, 0.5, 0.0]


def test_speed_is_of_the_fastest_joint_by_the_times_of_the_frames() -> None:
    tracks = make_tracks(1.0, fs_hz=20.0)
    x_px = tracks.x_px.copy()
    x_px[5:, 2] += 3.0
    x_px[5:, 4] += 6.0
    x_px[5, 8] = np.nan
    speeds = speed_px_s(replace(tracks, x_px=x_px))
    assert abs(speeds[5] - 120.0) < 1e-2
    assert np.delete(speeds, 5).max() < 1e-6


def test_the_last_frame_with_a_joint_is_the_one_before_the_loss() -> None:
    tracks = hide(hide(make_tracks(2.0), "left_wrist", 20, 30), "left_elbow", 20, 25)
    assert np.flatnonzero(lost_next(tracks)).tolist() == [19]
    assert lost_next(tracks)[19] == 2


def test_picked_frames_are_the_highest_that_lie_apart() -> None:
    time_s = np.arange(100) / 10
    scores = np.zeros(100)
    scores[[10, 12, 40, 70]] = [5.0, 4.0, 3.0, 2.0]
    assert pick(scores, time_s, 2, 0.5).tolist() == [10, 40]
    assert pick(scores, time_s, 9, 0.5).tolist() == [10, 40, 70]  # nothing scores above 0 elsewhere
    assert pick(scores, time_s, 9, 0.5, taken=np.array([42])).tolist() == [10, 70]


def test_spread_frames_are_even_in_time_and_never_more_than_there_are() -> None:
    assert spread(np.arange(101) / 10, 5).tolist() == [10, 30, 50, 70, 90]
    assert spread(np.array([0.0, 1.0]), 9).tolist() == [0, 1]
    assert spread(np.empty(0), 9).tolist() == []


def test_no_frame_is_chosen_twice_and_a_stretch_has_six_frames_a_second() -> None:
    tracks = hide(make_tracks(30.0, noise_mm=1.0), "left_wrist", 300, 400)
    groups = worth_a_look(tracks)
    rows = np.concatenate(list(groups.values()))
    assert len(np.unique(rows)) == len(rows)
    assert 299 in groups["lost"]
    x_px = tracks.x_px.copy()
    x_px[600, JOINTS.index("right_knee")] += 200
    rows = stretch_of(replace(tracks, x_px=x_px))
    assert abs(tracks.time_s[rows].mean() - 20.0) < 0.2
    assert (np.diff(rows) == 5).all()
    assert 60 <= len(rows) <= 61


def test_tracks_of_one_frame_and_of_none() -> None:
    for count in (1, 0):
        tracks = make_tracks(count / 30)
        groups = worth_a_look(tracks)
        assert groups["spread"].tolist() == [0] * count
        assert not any(len(groups[name]) for name in ("lost", "fastest"))
        assert len(stretch_of(tracks)) == count
