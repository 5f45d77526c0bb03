"""Films whose clock is odd, through the method."""

from pathlib import Path

import numpy as np
import pytest

from asyconv.errors import InputError
from asyconv.pose.model_file import Model
from asyconv.recordings.oni_codec import encode
from asyconv.recordings.oni_writer import OniWriter
from asyconv.recordings.opening import open_recording
from asyconv.recordings.png_folder import write_png_folder
from asyconv.simulation.infant import HFOV_RAD, VFOV_RAD, Infant
from tests.helpers import oni_bytes as twin
from tests.helpers.films import films, write
from tests.helpers.tracking import tracked


@pytest.mark.parametrize("true_hz", [15.0, 20.0, 24.0])
def test_a_film_whose_stated_rate_is_wrong_is_tracked_at_its_own(
    tmp_path: Path, infant: Infant, model: Model, true_hz: float
) -> None:
    """It states 30. At 15 or 24 all was refused, after the networks had run; at 20, 200 of 900 frames had no joints."""
    n = 40
    path = write(tmp_path / "a.oni", films(infant)[:n], times_s=np.arange(n) / true_hz)
    meta = (found := tracked(path, model)).meta
    assert np.isfinite(found.x_px).any(axis=1).all()
    assert meta["fps_measured_hz"] == pytest.approx(true_hz, rel=1e-4)
    assert (meta["fps_nominal_hz"], meta["fps_source"], meta["frames_lost"]) == (30.0, "times", 0)
    assert any("states 30 frames a second; its times give" in warning for warning in meta["warnings"])


def test_a_rate_without_frames_1_6_s_apart_is_refused_before_any_network_runs(
    tmp_path: Path, infant: Infant, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asyconv.pose.inference.Inference.both", lambda *_: pytest.fail("a network ran"))
    path = write(tmp_path / "a.oni", films(infant)[:20], times_s=np.arange(20) / 4.0)
    with pytest.raises(InputError, match="found 4 frames/s"):
        tracked(path, model)


def test_6_hz_of_a_film_whose_first_step_is_50_ms(tmp_path: Path, infant: Infant, model: Model) -> None:
    """Rounding each time left 791 of 1090 frames in runs "too short": their places on the grid jumped to and fro."""
    times_s = np.concatenate([[0.0], 0.05 + np.arange(89) / 30])
    path = write(tmp_path / "a.oni", films(infant), times_s=times_s)
    found = tracked(path, model, rate="6")
    assert len(found.frame) == 18
    assert np.isfinite(found.x_px).any(axis=1).all()
    assert not any("too short" in warning for warning in found.meta["warnings"])


def test_pictures_without_times_are_tracked_at_the_stated_rate_and_say_so(
    tmp_path: Path, infant: Infant, model: Model
) -> None:
    write_png_folder(tmp_path / "a", films(infant)[:20], simulated=True)
    with pytest.raises(InputError, match="state the frame rate"):
        open_recording(tmp_path / "a")
    meta = (found := tracked(tmp_path / "a", model, fps_hz=15.0)).meta
    assert (meta["fps_measured_hz"], meta["fps_source"], meta["stride"]) == (15.0, "stated", 2)
    assert np.diff(found.time_s) == pytest.approx(1 / 15)
    assert any("frames at 15 a second, as stated" in warning for warning in meta["warnings"])


def test_a_clock_that_starts_again_leaves_a_gap_that_no_clip_crosses(
    tmp_path: Path, infant: Infant, model: Model
) -> None:
    frames = films(infant)
    stamps = [5_000_000 + round(n * 1e6 / 30) for n in range(40)] + [round(n * 1e6 / 30) for n in range(40)]
    records = [twin.frame(1, n + 1, t, encode(d)) for n, (t, d) in enumerate(zip(stamps, frames, strict=False))]
    start = twin.HEADER + twin.node_added(1, twin.DEPTH) + twin.mode(1, 640, 480)
    (tmp_path / "a.oni").write_bytes(start + b"".join(records) + twin.end())
    found = tracked(tmp_path / "a.oni", model)
    assert len(found.frame) == 80
    assert np.isfinite(found.x_px).any(axis=1).all()
    assert np.diff(found.time_s).max() == pytest.approx(1.0)


def test_lost_frames_stay_gaps(tmp_path: Path, infant: Infant, model: Model) -> None:
    path = tmp_path / "gap.oni"
    with OniWriter(path, 640, 480, 30.0, hfov_rad=HFOV_RAD, vfov_rad=VFOV_RAD, simulated=True) as writer:
        for index, depth in enumerate(films(infant)):
            if not 40 <= index < 43:
                writer.write(depth, round(index * 1e6 / 30))
    tracks = tracked(path, model)
    assert len(tracks.frame) == 87
    assert np.diff(tracks.time_s).max() == pytest.approx(4 / 30, abs=1e-3)
    assert tracks.meta["frames_lost"] == 3
