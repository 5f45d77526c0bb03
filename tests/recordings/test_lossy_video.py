"""Video of 8 bits a pixel is taken for poses alone, where the user asks for it and states its depths."""

from pathlib import Path

import av
import numpy as np
import pytest
from click.testing import CliRunner

from asyconv.analysis import analyse
from asyconv.analysis.report.page import render
from asyconv.cli.main import main
from asyconv.errors import InputError
from asyconv.pose.model_file import load_model
from asyconv.pose.tracking import track
from asyconv.recordings.opening import open_recording
from asyconv.recordings.stream import Intrinsics
from asyconv.simulation.frames import frames_of
from asyconv.simulation.infant import FOCAL_PX
from asyconv.simulation.scene import make_infant
from tests.helpers.closed_form import make_tracks, without_mm

WINDOW_MM = (450.0, 650.0)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    infant = make_infant(41, 0, np.arange(15) / 30.0)
    depth = np.stack([native for _, native, _ in frames_of(infant)])
    near_mm, far_mm = WINDOW_MM
    levels = np.clip((depth.astype(float) - near_mm) * 255 / (far_mm - near_mm), 8, 255) * (depth > 0)
    path = tmp_path_factory.mktemp("lossy") / "depth.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.height, stream.width = depth.shape[1:]
        stream.pix_fmt, stream.bit_rate = "yuv420p", 20_000_000
        for level in levels.round().astype(np.uint8):
            picture = av.VideoFrame.from_ndarray(np.repeat(level[..., None], 3, axis=-1), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path, depth


def test_it_is_refused_unless_asked_for_and_then_depth_is_near_the_true_one(video: tuple[Path, np.ndarray]) -> None:
    path, depth = video
    with pytest.raises(InputError, match="expected a 16-bit gray depth stream, found yuv420p; --lossy reads"):
        open_recording(path)
    with open_recording(path, lossy_mm=WINDOW_MM) as recording:
        assert recording.lossy
        assert recording.intrinsics is None
        read = np.stack([frame.depth for frame in recording.frames()]) * (recording.depth_unit_mm or 0.0)
        assert any("8 bits" in text for text in recording.warnings)
    both = (depth > 470) & (depth < 640) & (read > 0)
    assert both.mean() > 0.5
    assert np.median(np.abs(read - depth)[both]) < 2.0


def test_its_tracks_have_joints_and_no_millimetres_even_where_a_camera_is_stated(
    video: tuple[Path, np.ndarray],
) -> None:
    path, _ = video
    with open_recording(path, lossy_mm=WINDOW_MM) as recording:
        camera = Intrinsics(FOCAL_PX, FOCAL_PX, 319.5, 239.5, source="file")
        tracks = track(recording, load_model("compact"), intrinsics=camera)
    assert tracks.meta["lossy"] is True
    assert np.isfinite(tracks.x_px).mean() > 0.5
    assert all(np.isnan(mm).all() for mm in (tracks.x_mm, tracks.y_mm, tracks.z_mm, tracks.depth_mm))
    assert tracks.motion is None
    assert tracks.activity is None
    assert any("everything in millimetres is withheld" in text for text in tracks.meta["warnings"])
    assert not any("intrinsics" in text for text in tracks.meta["warnings"])


def test_the_report_says_why_there_are_no_millimetres() -> None:
    movement = analyse(without_mm(make_tracks(65.0, noise_mm=0.5, lossy=True)))
    reasons = {result.reason for result in movement.results if result.value is None}
    assert "depth of 8 bits, so no millimetres" in reasons
    assert not any("intrinsics" in reason for reason in reasons)
    html = render([movement])
    assert "video of 8 bits a pixel: millimetres are withheld" in html
    assert "video of 8 bits a pixel, so no length or speed is given in mm" in html
    assert 'Speed floor <span class="unit">TL/s</span>' in html


@pytest.mark.parametrize("window", ["520", "650-520", "0-10", "a-b", "500-99999"])
def test_a_window_that_is_none_is_wrong_usage(tmp_path: Path, window: str) -> None:
    result = CliRunner().invoke(main, ["process", "x", "-o", str(tmp_path / "out"), "--lossy", window])
    assert result.exit_code == 2
    assert "expected NEAR-FAR in mm" in result.output
