"""Recordings written in another format: the same depths, times and camera, and a sentence for what is lost."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from asyconv.recordings.opening import open_recording
from asyconv.recordings.stream import Intrinsics, Recording
from asyconv.recordings.video import write_ffv1
from tests.helpers.commands import invoke
from tests.helpers.films import write
from tests.helpers.png_folders import named, smooth
from tests.helpers.real_data import shared_data

Depth = npt.NDArray[np.uint16]
OUTPUTS = ("copy.oni", "copy.mkv", "copy")


def content(path: Path, fps_hz: float | None = None) -> tuple[list[Depth], list[float], Recording]:
    with open_recording(path, fps_hz=fps_hz) as recording:
        frames = list(recording.frames())
    return [frame.depth for frame in frames], [frame.time_s for frame in frames], recording


def some_pictures(n: int) -> list[Depth]:
    rng = np.random.default_rng(5)
    return [rng.integers(0, 1500, (40, 48)).astype(np.uint16) for _ in range(n)]


@pytest.mark.parametrize("name", OUTPUTS)
@pytest.mark.parametrize("source", ["film.oni", "film.mkv"])
def test_depths_times_and_camera_are_those_of_the_source(tmp_path: Path, source: str, name: str) -> None:
    path, frames = tmp_path / source, some_pictures(7)
    times_s = np.array([0.0, 0.033, 0.067, 0.1, 0.2, 0.233, 0.267])  # one frame was lost
    if source.endswith(".oni"):
        write(path, frames, mirrored=True, simulated=True, times_s=times_s)
    else:
        camera = Intrinsics(60.0, 61.0, 23.5, 19.5, "file")
        write_ffv1(path, frames, 30.0, True, depth_unit_mm=1.0, mirrored=True, intrinsics=camera)
        times_s = np.arange(7) / 30
    result = invoke("convert", path, tmp_path / name)
    assert result.exit_code == 0, result.output
    depths, times, copy = content(tmp_path / name)
    np.testing.assert_array_equal(np.stack(depths), np.stack(frames))
    np.testing.assert_allclose(times, times_s, atol=6e-4)
    assert copy.simulated
    assert not [part for part in tmp_path.iterdir() if part.name.startswith(".")]
    if name == "copy":
        assert "no unit of depth" in result.output
        return
    original = open_recording(path)
    assert copy.mirrored is True
    assert copy.depth_unit_mm == 1.0
    assert copy.intrinsics is not None
    assert original.intrinsics is not None
    for side in ("fx_px", "fy_px", "cx_px", "cy_px"):
        assert getattr(copy.intrinsics, side) == pytest.approx(getattr(original.intrinsics, side), rel=1e-6)


def test_pictures_without_times_stay_without(tmp_path: Path) -> None:
    folder = named(tmp_path / "depth", ["1.png", "2.png", "4.png", "5.png"])  # picture 3 is missing
    result = invoke("convert", folder, tmp_path / "copy", "--fps", 15)
    assert result.exit_code == 0, result.output
    assert "state 15 frames a second" in result.output
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == ["1.png", "2.png", "4.png", "5.png"]
    assert content(tmp_path / "copy", 15.0)[1] == content(folder, 15.0)[1]


def test_an_oni_file_needs_a_unit_and_says_what_it_takes_for_granted(tmp_path: Path) -> None:
    folder = named(tmp_path / "depth", [f"{n}.png" for n in range(1, 5)])
    result = invoke("convert", folder, tmp_path / "copy.oni", "--fps", 30)
    assert result.exit_code == 1
    assert "--depth-unit-mm" in result.output
    assert "0.25" in invoke("convert", folder, tmp_path / "copy.oni", "--fps", 30, "--depth-unit-mm", 0.25).output
    assert [path.name for path in tmp_path.iterdir()] == ["depth"]
    result = invoke("convert", folder, tmp_path / "copy.oni", "--fps", 30, "--depth-unit-mm", 1)
    assert result.exit_code == 0, result.output
    assert "the intrinsics are not stated" in result.output
    assert "mirrored is not stated" in result.output
    depths, _, copy = content(tmp_path / "copy.oni")
    np.testing.assert_array_equal(np.stack(depths), np.stack([smooth(n) for n in range(4)]))
    assert copy.intrinsics is None


def test_an_axis_beside_the_middle_is_said_to_be_lost(tmp_path: Path) -> None:
    camera = Intrinsics(60.0, 60.0, 30.0, 19.5, "file")
    write_ffv1(tmp_path / "a.mkv", some_pictures(4), 30.0, depth_unit_mm=1.0, intrinsics=camera)
    assert "optical axis is lost" in invoke("convert", tmp_path / "a.mkv", tmp_path / "a.oni").output


def test_more_depths_than_the_codec_holds_leave_nothing_behind(tmp_path: Path) -> None:
    picture = np.arange(240 * 320, dtype=np.uint32).reshape(240, 320).astype(np.uint16)
    write_ffv1(tmp_path / "a.mkv", [picture] * 3, 30.0, depth_unit_mm=1.0, mirrored=False)
    result = invoke("convert", tmp_path / "a.mkv", tmp_path / "a.oni")
    assert result.exit_code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.mkv"]


def test_what_is_read_back_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.oni", some_pictures(4))

    def one_pixel_off(path: Path, frames: list[Depth], *rest: object, **named: object) -> None:
        changed = [frame.depth.copy() for frame in frames]  # type: ignore[attr-defined]
        changed[2][3, 3] += 1
        write_ffv1(path, changed, 30.0)

    monkeypatch.setattr("asyconv.recordings.converting.write_ffv1", one_pixel_off)
    result = invoke("convert", tmp_path / "a.oni", tmp_path / "b.mkv")
    assert result.exit_code == 1
    assert "expected the same depths when read back" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["a.oni"]


def test_no_input_and_no_other_file_is_replaced(tmp_path: Path) -> None:
    path = write(tmp_path / "a.oni", some_pictures(4))
    before = path.read_bytes()
    assert invoke("convert", path, path).exit_code == 1
    assert invoke("convert", path, path, "--overwrite").exit_code == 1
    (tmp_path / "b.mkv").write_text("mine")
    assert invoke("convert", path, tmp_path / "b.mkv").exit_code == 1
    assert (tmp_path / "b.mkv").read_text() == "mine"
    assert invoke("convert", path, tmp_path / "b.mkv", "--overwrite").exit_code == 0
    assert invoke("convert", path, tmp_path / "b.avi").exit_code == 1
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_real_recording_that_was_cut_off_is_written_whole(tmp_path: Path, name: str) -> None:
    cut = shared_data("openni_oni") / "openni2_depth_only_unfinalised.oni"
    result = invoke("convert", cut, tmp_path / name)
    assert result.exit_code == 0, result.output
    depths, times, _ = content(tmp_path / name)
    original, original_times, _ = content(cut)
    assert len(depths) == 12
    np.testing.assert_array_equal(np.stack(depths), np.stack(original))
    np.testing.assert_allclose(times, original_times, atol=6e-4)
    again = open_recording(tmp_path / name)
    list(again.frames())
    assert not [sentence for sentence in again.warnings if "cut" in sentence or "unfinished" in sentence]
