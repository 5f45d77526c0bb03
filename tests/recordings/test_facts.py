"""What `asyconv info` tells of a recording, against what was written into it."""

import json
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from asyconv.night.results import open_results
from asyconv.recordings.video import write_ffv1
from tests.helpers.commands import invoke
from tests.helpers.films import write
from tests.helpers.png_folders import named
from tests.helpers.real_data import shared_data
from tests.helpers.ros_bags import BEGIN_NS, ROS1, STEP_NS, image, write_bag
from tests.helpers.ward import relief, write_tree


def facts(*arguments: object) -> dict[str, object]:
    result = invoke("info", *arguments, "--json")
    assert result.exit_code == 0, result.output
    recordings: list[dict[str, object]] = json.loads(result.stdout)["recordings"]
    return recordings[0]


def test_size_rates_losses_depths_and_holes_are_those_that_were_written(tmp_path: Path) -> None:
    pictures = [np.full((40, 48), 700, np.uint16) for _ in range(10)]
    for picture in pictures:
        picture[:10] = 0
        picture[10:13] = 650
    pictures[4][20, 20] = 910
    times_s = np.delete(np.arange(12) / 20.0, [3, 4])
    told = facts(write(tmp_path / "a.oni", pictures, times_s=times_s))
    assert told["name"] == "a.oni"
    assert (told["width_px"], told["height_px"], told["frames"], told["frames_lost"]) == (48, 40, 10, 2)
    assert told["rate_stated_hz"] == 30.0
    assert told["rate_measured_hz"] == pytest.approx(20.0, abs=0.01)
    assert told["length_s"] == pytest.approx(0.6, abs=0.001)
    assert told["depth_mm"] == {"least": 650.0, "median": 700.0, "most": 910.0}
    assert told["holes_pct"] == 25.0
    assert told["simulated"] is True
    assert told["mirrored"] is False
    assert told["intrinsics"]["source"] == "file"  # type: ignore[index]
    assert any("states 30 frames a second" in sentence for sentence in told["warnings"])  # type: ignore[attr-defined]
    text = invoke("info", tmp_path / "a.oni").stdout
    assert "10, 2 lost; 0.6 s" in text
    assert "650 to 910 mm, median 700 mm; 1 mm a count" in text
    assert "SIMULATED" in text


def test_what_pictures_do_not_say_is_not_invented(tmp_path: Path) -> None:
    told = facts(named(tmp_path / "depth", ["1.png", "2.png", "3.png"]), "--fps", 15)
    assert told["rate_measured_hz"] is None
    assert [told[name] for name in ("depth_unit_mm", "depth_mm", "intrinsics", "mirrored")] == [None] * 4
    assert told["depth_counts"] == {"least": 700, "median": 740, "most": 780}
    assert "their unit is not stated" in invoke("info", tmp_path / "depth", "--fps", 15).stdout


def test_a_recording_that_cannot_be_read_leaves_the_others_told(tmp_path: Path) -> None:
    good = write(tmp_path / "a.oni", [np.full((40, 48), 700, np.uint16)] * 4)
    (tmp_path / "b.oni").write_text("nothing")
    result = invoke("info", tmp_path / "b.oni", good)
    assert result.exit_code == 1
    assert "b.oni: expected" in result.output
    assert "a.oni" in result.stdout


def test_every_recording_below_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "ward").mkdir()
    for name in ("a.oni", "b.oni"):
        write(tmp_path / "ward" / name, [np.full((40, 48), 700, np.uint16)] * 4)
    result = invoke("info", tmp_path / "ward")
    assert result.exit_code == 0
    assert [line for line in result.stdout.splitlines() if not line.startswith(" ")] == ["a.oni", "b.oni"]
    assert "expected one recording, got 2" in invoke("info", tmp_path / "ward", "--picture", tmp_path / "a.png").output


def test_the_picture_is_the_middle_frame_near_white_and_far_dark(tmp_path: Path) -> None:
    pictures = [np.full((40, 48), 700, np.uint16) for _ in range(5)]
    pictures[1][:, :24] = 500
    pictures[1][0] = 0
    path = write(tmp_path / "a.oni", pictures)
    assert invoke("info", path, "--picture", tmp_path / "a.png").exit_code == 0
    gray = cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED)
    assert gray is not None
    assert [int(gray[y, x]) for y, x in ((0, 5), (20, 5), (20, 40))] == [0, 255, 40]
    write_ffv1(tmp_path / "a.mkv", pictures, 30.0)  # Matroska does not count its frames: the first was taken
    assert invoke("info", tmp_path / "a.mkv", "--picture", tmp_path / "b.png").exit_code == 0
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "a.png").read_bytes()
    assert invoke("info", path, "--picture", tmp_path / "a.png").exit_code == 1
    assert invoke("info", path, "--picture", path).exit_code == 1
    open_results(tmp_path / "out")
    for arguments in (
        ("info", path, "--picture", tmp_path / "out" / "new" / "a.png"),
        ("convert", path, tmp_path / "out" / "a.mkv"),
        ("label", path, "-o", tmp_path / "out"),
        ("validate", "compact", path, "--pictures", tmp_path / "out" / "a.png"),
    ):
        result = invoke(*arguments)
        assert result.exit_code == 1
        assert "expected a place outside the results, as what is written there shows the infant" in result.stderr


def test_what_lies_beside_the_depth_is_told(tmp_path: Path) -> None:
    files = write_tree(tmp_path / "ward", seconds=1)
    with h5py.File(files[0], "a") as file:
        file["ts_color"] = [0.0]
    assert facts(tmp_path / "ward")["beside"] == ["dataset ts_color", "3 videos: ir", "3 videos: rgb"]
    assert "  beside:    3 videos: ir\n" in invoke("info", tmp_path / "ward").stdout
    depth = relief(1, 3)
    np.savez(tmp_path / "a.npz", depth=depth, ts=np.arange(3) / 30, infrared=depth[:, :2, :2].astype(np.uint8))
    assert facts(tmp_path / "a.npz")["beside"] == ["array infrared uint8 (3, 2, 2)"]
    topics = {
        f"/{name}/image_raw": [
            (BEGIN_NS + n * STEP_NS, image(ROS1, BEGIN_NS + n * STEP_NS, picture, encoding))
            for n, picture in enumerate(depth.astype(kind))
        ]
        for name, encoding, kind in (("color", "mono8", np.uint8), ("depth", "16UC1", np.uint16))
    }
    assert facts(write_bag(tmp_path / "a.bag", topics))["beside"] == ["topic /color/image_raw"]


def test_a_real_recording(tmp_path: Path) -> None:
    told = facts(shared_data("openni_oni") / "kinect1_openni1_color_depth.oni")
    assert (told["width_px"], told["height_px"], told["frames"]) == (640, 480, 12)
    assert told["depth_mm"]["most"] == 4581.0  # type: ignore[index]
    assert told["holes_pct"] == pytest.approx(23.0, abs=1.0)
    assert told["rate_measured_hz"] == pytest.approx(29.97, abs=0.02)
    assert told["beside"] == ["colour stream of 12 frames"]


def test_a_real_recording_of_an_azure_kinect_names_its_other_streams() -> None:
    (path,) = shared_data("azure_kinect_mkv").glob("*.mkv")
    beside = facts(path)["beside"]
    assert any("COLOR" in what for what in beside)  # type: ignore[attr-defined]
    assert any("IR" in what for what in beside)  # type: ignore[attr-defined]
