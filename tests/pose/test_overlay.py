"""The overlay video: decoded again, with joints, bars and times where they must be, and never an infant unasked."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from asyconv.analysis import analyse
from asyconv.analysis.report.speed_bars import speed_bars
from asyconv.errors import InputError
from asyconv.notice import NOTICE
from asyconv.pose.overlay import BAR_LEFT_PX, BAR_RIGHT_PX, COLOURS, bar_px, full_speed, size_px, write_overlay
from asyconv.recordings.opening import open_recording
from asyconv.recordings.stream import sha256_of
from asyconv.recordings.video import write_ffv1
from asyconv.skeleton import JOINTS, LIMBS
from asyconv.tracks import Tracks
from tests.helpers.closed_form import hide, make_tracks, shake, without_mm
from tests.helpers.commands import invoke
from tests.helpers.result_folders import write_result
from tests.helpers.sloped_wall import HEIGHT, WIDTH, wall

NEAR = 45  # H.264 keeps colour at half resolution and rounds it; the eight colours are further apart than this


def some(tracks: Tracks, kept: Any) -> Tracks:
    """Frames `kept` of `tracks`."""
    names = ("frame", "time_s", "x_px", "y_px", "depth_mm", "depth_source", "x_mm", "y_mm", "z_mm", "confidence")
    return replace(tracks, **{name: getattr(tracks, name)[kept] for name in names})


def written(path: Path, tracks: Tracks, **more: Any) -> Path:
    speeds = np.full((len(tracks.frame), 4), 30.0)
    write_overlay(tracks, path, speeds, np.array([20.0, 20, 20, np.nan]), "mm/s", **more)
    return path


def decoded(path: Path) -> tuple[list[npt.NDArray[np.int_]], npt.NDArray[np.float64], dict[str, str]]:
    """Pictures RGB, their times in s, and the metadata of a video."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        times = np.array([float(frame.time) for frame in frames if frame.time is not None])
        return [frame.to_ndarray(format="rgb24").astype(int) for frame in frames], times, dict(container.metadata)


def is_colour(pixel: npt.NDArray[np.int_], limb: str) -> bool:
    return bool(np.abs(pixel - np.array(COLOURS[limb][::-1])).max() <= NEAR)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_every_frame_is_there_at_its_own_time_and_lost_ones_stay_gaps(suffix: str, tmp_path: Path) -> None:
    whole = make_tracks(1.0, fs_hz=29.97)
    tracks = some(whole, np.r_[0:11, 20:29])
    pictures, times, tags = decoded(written(tmp_path / f"a{suffix}", tracks))
    assert len(pictures) == 20
    np.testing.assert_allclose(times, tracks.time_s, atol=6e-4)  # a millisecond's half, and MP4's own clock
    assert np.diff(times).max() == pytest.approx(10 / 29.97, abs=2e-3)
    assert NOTICE in {key.lower(): value for key, value in tags.items()}["comment"]
    assert not {"creation_time", "CREATION_TIME"} & set(tags)


def test_joints_lie_where_the_tracks_say_and_missing_ones_nowhere(tmp_path: Path) -> None:
    tracks = hide(make_tracks(0.5), "left_wrist", 0, 15)
    picture = decoded(written(tmp_path / "a.mkv", tracks))[0][7]
    for limb, joints in LIMBS.items():
        for joint in joints:
            if JOINTS[joint] != "left_wrist":
                x, y = round(float(tracks.x_px[7, joint])), round(float(tracks.y_px[7, joint]))
                assert is_colour(picture[y, x], limb), JOINTS[joint]
    shown = make_tracks(0.5)
    x, y = (round(float(values[7, JOINTS.index("left_wrist")])) for values in (shown.x_px, shown.y_px))
    assert picture[y, x].max() < 8
    elbow_y = float(tracks.y_px[7, JOINTS.index("left_elbow")])
    assert picture[round((y + elbow_y) / 2), x].max() < 8  # nor the bone to it


def test_a_bone_runs_between_its_joints(tmp_path: Path) -> None:
    tracks = make_tracks(0.2)
    picture = decoded(written(tmp_path / "a.mkv", tracks))[0][3]
    joints = [JOINTS.index("right_knee"), JOINTS.index("right_ankle")]
    ends = np.stack([tracks.x_px[3, joints], tracks.y_px[3, joints]], axis=-1)
    x, y = np.rint(0.5 * (ends[0] + ends[1])).astype(int)
    assert is_colour(picture[y, x], "right_leg")


def test_the_infant_is_on_it_only_when_its_depth_is_given(tmp_path: Path) -> None:
    tracks = make_tracks(0.3)
    recording = wall(tmp_path / "r.mkv", 9)
    plain = decoded(written(tmp_path / "a.mkv", tracks))[0]
    with open_recording(recording) as opened:
        over = decoded(written(tmp_path / "b.mkv", tracks, depth=opened, input_sha256=sha256_of(recording)))[0]
    xs, ys = tracks.x_px[0], tracks.y_px[0]
    away = np.ones((HEIGHT, WIDTH), bool)
    away[int(ys.min()) - 12 : int(ys.max()) + 12, int(xs.min()) - 12 : int(xs.max()) + 12] = False
    assert len(plain) == len(over) == 9
    assert max(picture[:HEIGHT][away].max() for picture in plain) < 8
    assert (over[4][:HEIGHT][away].max(axis=-1) > 40).mean() > 0.98
    assert over[4][10:30, 10:30].max() < 24  # no depth is black


def test_bars_are_as_long_as_speeds_say(tmp_path: Path) -> None:
    assert bar_px(0.0, 100.0, 640) == 0
    assert bar_px(50.0, 100.0, 640) == (640 - BAR_LEFT_PX - BAR_RIGHT_PX) // 2
    assert bar_px(500.0, 100.0, 640) == 640 - BAR_LEFT_PX - BAR_RIGHT_PX
    tracks = make_tracks(0.2)
    speeds = np.full((6, 4), 200.0)
    speeds[2] = [50.0, 100.0, 0.0, np.nan]
    top = full_speed(speeds)
    assert top == 200.0
    write_overlay(tracks, tmp_path / "a.mkv", speeds, np.full(4, np.nan), "mm/s")
    pictures = decoded(tmp_path / "a.mkv")[0]
    for picture, at in ((pictures[2], speeds[2]), (pictures[5], speeds[5])):
        for row, (limb, speed) in enumerate(zip(LIMBS, at, strict=True)):
            line = picture[HEIGHT + 18 * (row + 1) + 6, BAR_LEFT_PX : 640 - BAR_RIGHT_PX]
            length = sum(is_colour(pixel, limb) for pixel in line)
            expected = 0 if np.isnan(speed) else bar_px(float(speed), top, 640)
            assert abs(length - expected) <= 2, (limb, speed)  # colour has half the resolution


def test_speeds_are_those_of_the_analysis_at_the_frames_of_the_tracks() -> None:
    whole = make_tracks(70, motion={"left_ankle": shake(30, 1.0)}, noise_mm=0.1)
    tracks = some(whole, np.r_[0:300, 330:2100])  # a second was lost
    movement = analyse(tracks)
    bars = speed_bars(movement)
    assert (bars.unit, bars.speed.shape) == ("mm/s", (2070, 4))
    speed = movement.limb_series.filter(limb="left_leg", frame=1000)["speed_mm_s"][0]
    assert bars.speed[tracks.frame == 1000, 3] == pytest.approx(speed, rel=1e-6)
    assert np.nanmax(bars.speed[:, 3]) == pytest.approx(2 * np.pi * 30, rel=0.06)  # the filter takes its share
    assert bars.threshold.tolist() == pytest.approx([20.0] * 4)
    in_px = speed_bars(analyse(without_mm(whole)))
    assert in_px.unit == "px/s"
    assert np.isnan(in_px.threshold).all()
    assert np.isfinite(in_px.speed).mean() > 0.9


def test_small_pictures_are_enlarged_and_sides_are_even() -> None:
    tracks = make_tracks(0.1)
    assert size_px(tracks)[0::2] == (640, 1)
    small = replace(tracks, meta={**tracks.meta, "width_px": 321, "height_px": 243})
    width, height, zoom = size_px(small)
    assert (width, zoom, height % 2) == (642, 2, 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("size", "expected the recording of these tracks, (640, 480) pixels, found (320, 480)"),
        ("times", "frame 2: expected the recording of these tracks, at 0.033 s, found 0.050 s"),
        ("short", "with frame 5, found no such frame"),
        ("bytes", "found another (its SHA-256)"),
    ],
)
def test_another_recording_is_refused_and_nothing_is_left(change: str, said: str, tmp_path: Path) -> None:
    tracks = make_tracks(0.3)
    recording = tmp_path / "r.mkv"
    if change == "size":
        write_ffv1(recording, [np.full((480, 320), 700, np.uint16)] * 9, 30.0)
    else:
        wall(recording, 4 if change == "short" else 9, fps_hz=20.0 if change == "times" else 30.0)
    (tmp_path / "a.mp4").write_bytes(b"an older video")
    with open_recording(recording) as opened, pytest.raises(InputError) as refused:
        written(tmp_path / "a.mp4", tracks, depth=opened, input_sha256="0" * 64 if change == "bytes" else None)
    assert said in str(refused.value)
    assert (tmp_path / "a.mp4").read_bytes() == b"an older video"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "r.mkv"]


def test_the_same_tracks_give_the_same_bytes(tmp_path: Path) -> None:
    tracks = make_tracks(0.5)
    for suffix in (".mp4", ".mkv"):
        first, second = (written(tmp_path / f"{name}{suffix}", tracks).read_bytes() for name in "ab")
        assert first == second


def test_render_takes_a_result_folder_and_refuses_in_a_sentence(tmp_path: Path) -> None:
    results, recording = tmp_path / "results", wall(tmp_path / "r.mkv", 60)
    for name in ("rec-1", "rec-2"):
        write_result(results / name, make_tracks(2.0, recording_id=name), recording)
    done = invoke("render", results / "rec-1", "-o", tmp_path / "videos" / "a.mp4")
    assert (done.exit_code, done.stdout) == (0, f"{tmp_path / 'videos' / 'a.mp4'}\n")
    assert len(decoded(tmp_path / "videos" / "a.mp4")[0]) == 60
    done = invoke("render", results / "rec-1" / "tracks.parquet", "-o", tmp_path / "d.mkv", "--depth", recording)
    assert done.exit_code == 0, done.output
    assert decoded(tmp_path / "d.mkv")[0][0][:100, 300:].min(axis=(0, 1)).max() > 40
    for arguments, said in (
        ((results, "-o", tmp_path / "b.mp4"), "expected the tracks of one recording, found 2"),
        ((results / "rec-1", "-o", tmp_path / "b.avi"), "expected a name that ends in .mp4 or .mkv, found .avi"),
        ((tmp_path / "none", "-o", tmp_path / "b.mp4"), "expected tracks.parquet"),
        ((results / "rec-1", "-o", tmp_path / "r.mkv" / "b.mp4"), "the video cannot be written here"),
        ((results / "rec-1", "-o", tmp_path / "b.mp4", "--depth", tmp_path / "no.oni"), "expected a recording, found"),
        ((results / "rec-1", "-o", results / "rec-1" / "b.mp4", "--depth", recording), "outside the results, as what"),
        ((results / "rec-1", "-o", results / "rec-1" / "b.mp4"), "expected a file outside of the result folder"),
    ):
        done = invoke("render", *arguments)
        assert done.exit_code == 1
        assert said in done.stderr
        assert "Traceback" not in done.output
    assert not [*tmp_path.rglob("b.mp4")]
