"""Bags of ROS 1 and 2, bit by bit, with the traps of each camera."""

import itertools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

from asyconv.errors import InputError
from asyconv.recordings.finding import find_recordings
from asyconv.recordings.joining import joined
from asyconv.recordings.opening import open_recording
from asyconv.recordings.stream import Intrinsics
from tests.helpers.oni_files import depths
from tests.helpers.real_data import ROOT
from tests.helpers.ros_bags import BEGIN_NS, ROS1, ROS2, STEP_NS, TAIL, camera, coded, image, write_bag
from tests.helpers.ward import relief

DEPTH = relief(3, 20)
FORMS = [".bag", ".db3", ".mcap"]
K = [570.5, 0, 8.25, 0, 571.5, 6.75, 0, 0, 1]


def store_of(form: str) -> Any:
    return ROS1 if form == ".bag" else ROS2


def film(
    form: str, encoding: str = "16UC1", *, step_ns: int = STEP_NS, begin_ns: int = BEGIN_NS, **how: Any
) -> list[Any]:
    """Pictures with times of their own, recorded 4 ms later."""
    pictures = timed(
        lambda stamp, depth: image(store_of(form), stamp, depth, encoding, **how), DEPTH, step_ns, begin_ns
    )
    return [(stamp + 4_000_000, picture) for stamp, picture in pictures]


def timed(
    make: Callable[[int, Any], Any], pictures: Iterable[Any], step_ns: int = STEP_NS, begin_ns: int = BEGIN_NS
) -> list[Any]:
    """Messages made of times and pictures, each recorded at its time."""
    return [(stamp, make(stamp, one)) for stamp, one in zip(itertools.count(begin_ns, step_ns), pictures, strict=False)]


def colour(form: str) -> list[Any]:
    pictures = np.zeros((9, 12, 16), np.uint8)
    return timed(lambda stamp, picture: image(store_of(form), stamp, picture, "mono8"), pictures, 50_000_000)


@pytest.mark.parametrize("how", [{}, {"swapped": True}, {"pad": 10}, {"swapped": True, "pad": 3}])
@pytest.mark.parametrize("form", FORMS)
def test_every_bit_the_own_times_and_the_camera_are_read(tmp_path: Path, form: str, how: dict[str, Any]) -> None:
    topics = {
        "/camera/depth/image_rect_raw": film(form, **how),
        "/camera/color/image_raw": colour(form),
        "/camera/color/camera_info": [(BEGIN_NS, camera(store_of(form), (12, 16), [1.0, *K[1:]]))],
        "/camera/depth/camera_info": [(BEGIN_NS, camera(store_of(form), (12, 16), K))],
    }
    path = write_bag(tmp_path / f"a{form}", topics)
    assert find_recordings(tmp_path) == [path]
    recording = open_recording(path)
    assert (recording.format, recording.width_px, recording.height_px) == (form[1:], 16, 12)
    assert (recording.depth_unit_mm, recording.frame_count) == (1.0, 20)
    assert recording.intrinsics == Intrinsics(570.5, 571.5, 8.25, 6.75, source="file")
    frames = list(recording.frames())
    assert all(np.array_equal(frame.depth, depth) for frame, depth in zip(frames, DEPTH, strict=True))
    assert [frame.time_s for frame in frames] == pytest.approx(np.arange(20) * STEP_NS / 1e9, abs=1e-8)
    assert recording.clock().rate_hz == pytest.approx(30, abs=1e-4)
    assert recording.warnings == []


@pytest.mark.parametrize("lz4", [False, True])
def test_realsense_appends_the_unit_of_depth(tmp_path: Path, lz4: bool) -> None:
    topics = {
        "/device_0/sensor_0/Depth_0/image/data": film(".bag", "mono16"),
        "/device_0/sensor_0/Infrared_1/image/data": film(".bag", "mono16"),
        "/device_0/sensor_0/Depth_0/info/camera_info": [(1, camera(ROS1, (12, 16), K))],
    }
    recording = open_recording(write_bag(tmp_path / "a.bag", topics, tail=TAIL, lz4=lz4))
    assert recording.depth_unit_mm == 0.25
    assert recording.intrinsics is not None
    assert np.array_equal(depths(recording), DEPTH)
    bare = open_recording(write_bag(tmp_path / "b.bag", topics))
    assert (bare.depth_unit_mm, bare.intrinsics) == (None, None)  # nobody says what a count of mono16 is
    assert "the recording states no unit of depth, so its intrinsics were not used" in bare.warnings
    assert open_recording(tmp_path / "b.bag", depth_unit_mm=0.25).intrinsics == recording.intrinsics
    topics["/device_0/sensor_0/option/Depth_Units/value"] = [(1, ROS1.types["std_msgs/msg/Float32"](data=0.001))]
    assert open_recording(write_bag(tmp_path / "c.bag", topics)).depth_unit_mm == 1.0


def test_orbbec_names_its_topics_by_number_and_appends_more(tmp_path: Path) -> None:
    tail = TAIL + b"\1" * 61
    topics = {"/cam/sensor_3/frameType_3": film(".bag", "mono16"), "/cam/sensor_1/frameType_1": film(".bag", "mono16")}
    recording = open_recording(write_bag(tmp_path / "a.bag", topics, tail=tail))
    assert np.array_equal(depths(recording), DEPTH)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("swapped", [False, True])
def test_metres_become_tenths_of_a_millimetre(tmp_path: Path, form: str, swapped: bool) -> None:
    metres = (DEPTH * np.float32(0.00025)).astype(np.float32)
    metres[:, 0, :5] = [np.nan, np.inf, -np.inf, -0.5, 7.0]
    pictures = timed(lambda stamp, one: image(store_of(form), stamp, one, "32FC1", swapped=swapped), metres)
    recording = open_recording(write_bag(tmp_path / f"a{form}", {"/depth/image": pictures}, tail=TAIL))
    assert recording.depth_unit_mm == 0.1
    read = np.stack([frame.depth for frame in recording.frames()])
    assert not read[:, 0, :5].any()
    expected = np.round(metres.astype(np.float64) * 1e4)
    assert np.array_equal(read[:, 1:], expected[:, 1:])
    with pytest.raises(InputError, match="expected no depth unit, because these depths are stored in metres"):
        open_recording(tmp_path / f"a{form}", depth_unit_mm=1.0)


@pytest.mark.parametrize("form", FORMS)
def test_compressed_depth_is_a_png(tmp_path: Path, form: str) -> None:
    pictures = timed(lambda stamp, one: coded(store_of(form), stamp, one), DEPTH)
    path = write_bag(tmp_path / f"a{form}", {"/device_0/Depth_0/image/data/compressedDepth": pictures})
    assert np.array_equal(depths(open_recording(path)), DEPTH)


def test_compressed_metres_are_inverse_depths(tmp_path: Path) -> None:
    a, b = 100.0, -3.0
    pictures = timed(lambda stamp, one: coded(ROS2, stamp, one, "32FC1", a, b), DEPTH[:5])
    recording = open_recording(write_bag(tmp_path / "a.db3", {"/depth/image/compressedDepth": pictures}))
    first = next(recording.frames())
    expected = np.where(DEPTH[0] > 0, np.round(a / (DEPTH[0].astype(np.float64) - b) * 1e4), 0)
    assert np.abs(first.depth.astype(int) - expected).max() <= 1  # worked out in float32


@pytest.mark.parametrize("form", FORMS)
def test_frames_that_are_stored_twice_count_once(tmp_path: Path, form: str) -> None:
    twice = [entry for stamp, item in film(form) for entry in ((stamp, item), (stamp + 1000, item))]
    recording = open_recording(write_bag(tmp_path / f"a{form}", {"/depth/image": twice}))
    assert np.array_equal(depths(recording), DEPTH)
    assert recording.clock().rate_hz == pytest.approx(30, abs=1e-4)
    assert recording.warnings == ["20 of 40 frames are stored twice; the first of each was used"]


def test_every_second_frame_missing_is_half_the_rate(tmp_path: Path) -> None:
    recording = open_recording(write_bag(tmp_path / "a.bag", {"/depth/image": film(".bag")[::2]}))
    assert len(list(recording.frames())) == 10
    assert recording.clock().rate_hz == pytest.approx(15, abs=1e-4)


def test_pictures_without_times_have_those_of_the_recording(tmp_path: Path) -> None:
    pictures = timed(lambda stamp, one: image(ROS1, 0, one, "16UC1"), DEPTH)
    recording = open_recording(write_bag(tmp_path / "a.bag", {"/depth/image": pictures}))
    assert recording.clock().rate_hz == pytest.approx(30, abs=1e-4)
    assert "the pictures hold no times: those at which they were recorded were used" in recording.warnings


def test_one_of_several_topics_is_chosen_by_the_user(tmp_path: Path) -> None:
    path = write_bag(
        tmp_path / "a.bag", {"/left/depth": film(".bag"), "/right/depth": film(".bag", step_ns=66_666_667)}
    )
    with pytest.raises(
        InputError, match="expected one topic with depth, found /left/depth and /right/depth; .*--stream"
    ):
        open_recording(path)
    assert open_recording(path, stream="/right/depth").clock().rate_hz == pytest.approx(15, abs=1e-4)


@pytest.mark.parametrize("form", FORMS)
def test_a_bag_without_depth_says_what_it_holds(tmp_path: Path, form: str) -> None:
    path = write_bag(tmp_path / f"a{form}", {"/camera/color/image_raw": colour(form)})
    with pytest.raises(InputError, match=r"expected a topic with 16-bit or 32FC1 depth .*color/image_raw \(mono8\)"):
        open_recording(path)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("share", [0.1, 0.6, 0.95])
def test_a_cut_bag_is_refused_in_one_sentence(tmp_path: Path, form: str, share: float) -> None:
    path = write_bag(tmp_path / f"a{form}", {"/depth/image": film(form)})
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(InputError, match=f"^a{form}[:,] .*expected") as refused:
        list(open_recording(path).frames())
    assert str(tmp_path) not in str(refused.value)


@pytest.mark.parametrize("form", FORMS)
def test_without_the_library_the_extra_is_named(tmp_path: Path, form: str) -> None:
    path = write_bag(tmp_path / f"a{form}", {"/depth/image": film(form)})
    package = "rosbags.rosbag1" if form == ".bag" else "rosbags.rosbag2"
    with (
        mock.patch.dict("sys.modules", {package: None}),
        pytest.raises(InputError, match=r"needs the package rosbags: pip install 'asyconv\[readers\]'$"),
    ):
        open_recording(path)


def test_a_row_that_is_too_short_names_the_frame(tmp_path: Path) -> None:
    pictures = film(".bag")
    pictures[4][1].data = pictures[4][1].data[:-2]
    path = write_bag(tmp_path / "a.bag", {"/depth/image": pictures})
    with pytest.raises(InputError, match="a.bag, frame 5: expected a depth picture, found 382 bytes in rows of 32"):
        list(open_recording(path).frames())


def test_a_coded_picture_without_content_names_the_frame(tmp_path: Path) -> None:
    pictures = timed(lambda stamp, one: coded(ROS1, stamp, one), DEPTH[:5])
    pictures[3][1].data = pictures[3][1].data[:12]  # the head alone: OpenCV refuses to decode nothing
    path = write_bag(tmp_path / "a.bag", {"/depth/image/compressedDepth": pictures})
    with pytest.raises(InputError, match="a.bag, frame 4: expected a depth picture, found a picture without content"):
        list(open_recording(path).frames())


@pytest.mark.parametrize("form", FORMS)
def test_the_parts_of_a_split_bag_are_one_recording(tmp_path: Path, form: str) -> None:
    for place in range(2):
        begin_ns = BEGIN_NS + place * 20 * STEP_NS
        write_bag(tmp_path / f"night_{place}{form}", {"/depth/image": film(form, begin_ns=begin_ns)})
    (source,) = joined(find_recordings(tmp_path))
    assert source.name == f"night_0{form}+1"
    frames = list(open_recording(source).frames())
    assert np.array_equal(np.stack([frame.depth for frame in frames]), np.concatenate([DEPTH, DEPTH]))
    assert [frame.time_s for frame in frames] == pytest.approx(np.arange(40) * STEP_NS / 1e9, abs=1e-8)


def test_a_real_bag() -> None:
    bags = sorted((ROOT.parent / "shared" / "data").glob("*/*.bag"))
    if not bags:
        pytest.skip("real recordings not present: no .bag in ../shared/data")
    assert list(open_recording(bags[0]).frames())
