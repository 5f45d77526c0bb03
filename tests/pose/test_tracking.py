"""A recording through the method: shipped weights on simulated infants never trained on, odd files, bad input."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import scipy.signal

from asyconv.errors import InputError
from asyconv.pose.infant_crop import FIRST_S
from asyconv.pose.inference import BATCH, precision_of
from asyconv.pose.joint_depths import nearer_half
from asyconv.pose.model_file import Model
from asyconv.recordings.stream import Intrinsics
from asyconv.simulation.infant import Infant, project
from asyconv.simulation.scene import BARE, Condition, make_infant
from asyconv.simulation.seeds import TEST_SEED
from asyconv.skeleton import LIMBS
from asyconv.tracks import DEPTH_SOURCES, TRACKS_VERSION, Tracks
from tests.helpers.films import films, write
from tests.helpers.real_data import shared_data
from tests.helpers.tracking import tracked


@pytest.fixture(scope="module")
def film(infant: Infant, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("film") / "film.oni", films(infant))


@pytest.fixture(scope="module")
def tracks(film: Path, model: Model) -> Tracks:
    return tracked(film, model, recording_id="rec-1", infant_id="a")


def errors_px(tracks: Tracks, infant: Infant) -> npt.NDArray[np.float64]:
    truth = project(infant.to_camera(infant.joints_bed))
    return np.asarray(np.hypot(tracks.x_px - truth[..., 0], tracks.y_px - truth[..., 1]))


def test_an_infant_never_trained_on_is_tracked(tracks: Tracks, infant: Infant) -> None:
    error = errors_px(tracks, infant)
    assert np.isfinite(error).mean() > 0.85
    assert np.nanmedian(error) < 10.0  # 2 map px; the card has the figures over many infants
    depth_off = tracks.z_mm - infant.to_camera(infant.joints_bed)[..., 2]
    assert abs(np.nanmedian(depth_off)) < 25.0  # the skin lies a limb's radius before the joint's centre
    assert np.nanmax(np.abs(depth_off)) < 150.0
    given = np.isfinite(tracks.x_px)
    assert tracks.confidence[given].mean() > 0.7


def test_depth_at_a_joint_by_hand() -> None:
    limb_over_bed = np.array([[0, 500, 501], [600, 502, 0], [601, 603, 0]], np.uint16)
    assert nearer_half(limb_over_bed) == 501.0
    assert nearer_half(limb_over_bed[:2]) == 500.5  # two of four
    assert nearer_half(limb_over_bed[:1]) == 500.0
    assert np.isnan(nearer_half(np.zeros((3, 3), np.uint16)))


def test_depth_at_a_joint_is_the_mean_of_the_nearer_half() -> None:
    rng = np.random.default_rng(5)
    for most in (2, 9, 700, 65535):
        window = rng.integers(0, most, (11, 7), np.uint16, endpoint=True)
        valid = np.sort(window[window > 0])
        assert nearer_half(window) == valid[: (len(valid) + 1) // 2].mean()


GOLDEN_X_PX = [414.4, 366.6, 352.4, 291.1, 285.0, 233.9, 312.3, 346.6, 338.5, 297.7, 280.4, 308.9]
GOLDEN_Y_PX = [295.4, 270.8, 309.7, 310.2, 277.3, 266.5, 133.7, 154.3, 194.8, 193.2, 157.2, 158.6]
GOLDEN_Z_MM = [546, 571, 598, 601, 574, 533, 612, 566, 596, 596, 571, 598]


def test_numbers_change_only_together_with_the_tracks_version(tracks: Tracks) -> None:
    """Golden values of frame 46. Where they change for the same weights, raise `TRACKS_VERSION` and write new ones."""
    assert (TRACKS_VERSION, tracks.meta["weights_hash"][:12]) == (5, "754055301ccf")
    np.testing.assert_allclose(tracks.x_px[45], GOLDEN_X_PX, atol=0.2)  # other processors sum in another order
    np.testing.assert_allclose(tracks.y_px[45], GOLDEN_Y_PX, atol=0.2)
    np.testing.assert_allclose(tracks.z_mm[45], GOLDEN_Z_MM, atol=1.1)


def test_millimetres_and_mattress_follow_from_pixels_and_depth(tracks: Tracks, infant: Infant) -> None:
    given = np.isfinite(tracks.z_mm)
    x_mm = (tracks.x_px - 319.5) / 575.8 * tracks.depth_mm
    np.testing.assert_allclose(tracks.x_mm[given], x_mm[given], rtol=1e-4, atol=1e-2)
    assert {DEPTH_SOURCES[source] for source in tracks.depth_source[given]} <= {"measured", "filled"}
    plane = np.array(tracks.meta["mattress_plane"])
    np.testing.assert_allclose(plane[:3], infant.mattress_plane[:3], atol=0.03)
    assert plane[3] == pytest.approx(infant.mattress_plane[3], abs=8.0)


def test_the_metadata_state_what_was_done(tracks: Tracks, model: Model) -> None:
    meta = tracks.meta
    assert meta["recording_id"] == "rec-1"
    assert meta["stride"] == 5
    assert meta["fps_measured_hz"] == pytest.approx(30.0, abs=0.01)
    assert meta["simulated"] is True
    assert meta["model_validation"] == "simulated_only"
    assert meta["weights_hash"] == model.weights_hash
    assert meta["precision"] == precision_of("auto")
    assert set(meta["model_error"]) == set(LIMBS)
    assert (meta["head"], meta["mirrored"], meta["left_right_verified"]) == ("down", False, True)
    assert meta["frames_used"] == 90
    assert meta["frames_lost"] == 0


def test_the_same_recording_gives_the_same_tracks(film: Path, model: Model, tracks: Tracks) -> None:
    again = tracked(film, model, recording_id="rec-1", infant_id="a")
    np.testing.assert_array_equal(again.x_px, tracks.x_px)
    np.testing.assert_array_equal(again.confidence, tracks.confidence)


def test_turned_and_mirrored_pictures_give_the_same_infant(
    tmp_path: Path, infant: Infant, model: Model, tracks: Tracks
) -> None:
    frames = films(infant)[:36]
    upside = write(tmp_path / "up.oni", [np.ascontiguousarray(depth[::-1, ::-1]) for depth in frames])
    turned = tracked(upside, model, head="up")
    np.testing.assert_allclose(639 - turned.x_px[:15], tracks.x_px[:15], atol=0.02)
    flipped = write(tmp_path / "mirror.oni", [np.ascontiguousarray(depth[:, ::-1]) for depth in frames], mirrored=True)
    mirrored = tracked(flipped, model)
    assert mirrored.meta["mirrored_source"] == "file"
    np.testing.assert_allclose(639 - mirrored.x_px[:15], tracks.x_px[:15], atol=0.02)
    np.testing.assert_allclose(mirrored.x_mm[:15], tracks.x_mm[:15], atol=0.1)  # mm are those of the unmirrored scene


def test_what_nobody_states_is_marked(film: Path, tmp_path: Path, infant: Infant, model: Model) -> None:
    frames = films(infant)[:20]
    path = write(tmp_path / "plain.oni", frames, simulated=False)
    meta = tracked(path, model).meta
    assert meta["left_right_verified"] is False
    assert any("left/right unverified" in warning for warning in meta["warnings"])
    camera = Intrinsics(600.0, 600.0, 320.0, 240.0, "camera")
    tracks = tracked(path, model, head="down", mirrored=False, intrinsics=camera, depth_unit_mm=0.125)
    assert tracks.meta["left_right_verified"] is True
    assert tracks.meta["intrinsics"]["source"] == "camera"
    assert any("implausible for a crib" in warning for warning in tracks.meta["warnings"])


def test_a_model_that_crops_sees_a_far_infant_closer_whatever_the_batch(
    tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = make_infant(TEST_SEED, 3, np.arange(120) / 30.0, condition=Condition(occluded=False, distance_mm=900.0))
    path = write(tmp_path / "far.oni", films(far))

    whole_picture, crops = (
        replace(model, settings=replace(model.settings, crop_to_infant=crop)) for crop in (False, True)
    )
    whole, cropped = tracked(path, whole_picture), tracked(path, crops)
    assert whole.meta["crops"] == []
    assert [crop["from_s"] for crop in cropped.meta["crops"]] == pytest.approx([FIRST_S], abs=0.4)
    assert cropped.meta["crops"][0]["width_px"] < 400
    before, after = slice(0, 45), slice(75, 120)
    np.testing.assert_array_equal(cropped.x_px[before], whole.x_px[before])
    assert np.nanmedian(errors_px(cropped, far)[after]) < 0.9 * np.nanmedian(errors_px(whole, far)[after])
    monkeypatch.setitem(BATCH, "cpu", 3)
    np.testing.assert_array_equal(tracked(path, crops).x_px, cropped.x_px)


def test_six_hz_predicts_every_fifth_frame(film: Path, model: Model, tracks: Tracks) -> None:
    slow = tracked(film, model, rate="6")
    np.testing.assert_array_equal(slow.frame, np.arange(1, 91, 5))
    assert slow.meta["stride"] == 1
    assert slow.meta["fps_measured_hz"] == pytest.approx(6.0, abs=0.01)
    both = np.isfinite(slow.x_px) & np.isfinite(tracks.x_px[::5])
    assert np.median(np.abs(slow.x_px - tracks.x_px[::5])[both]) < 2.0


def test_a_still_infant_shows_no_line_of_the_clip_pattern(tmp_path: Path, model: Model) -> None:
    """Bias by position in the clip must not become movement: no line at 2 or 6 Hz 3 dB above its neighbourhood."""
    still = make_infant(TEST_SEED, 5, np.arange(900) / 30.0, moving=False, condition=BARE)
    path = write(tmp_path / "still.oni", films(still))
    tracks = tracked(path, model)
    powers = []
    for values in (*tracks.x_px.T, *tracks.y_px.T):
        if np.isfinite(values).mean() > 0.98:
            known = np.flatnonzero(np.isfinite(values))
            series = np.interp(np.arange(900), known, values[known])
            hz, power = scipy.signal.welch(series, 30.0, nperseg=300, detrend="constant")
            powers.append(power / power[(hz > 0.5) & (hz < 14)].mean())
    assert len(powers) >= 12
    mean = np.mean(powers, axis=0)
    for line_hz in (2.0, 6.0):
        line = mean[np.abs(hz - line_hz) < 0.051].max()
        beside = np.median(mean[(np.abs(hz - line_hz) > 0.25) & (np.abs(hz - line_hz) < 1.2)])
        assert 10 * np.log10(line / beside) < 3.0, line_hz


def test_bad_films_are_refused_in_a_sentence(tmp_path: Path, model: Model) -> None:
    for (height, width), mm, frames, rate, said in (
        ((480, 640), 0, 15, "full", r"bad\.oni: expected depth, found only zeros"),
        ((480, 640), 600, 7, "full", "at least three frames 1/6 s apart, found 7"),
        ((90, 120), 600, 30, "full", "at least 128x96 pixels, got 120x90"),
        ((480, 640), 600, 7, "7", "rate: expected full or 6, got '7'"),
    ):
        path = write(tmp_path / "bad.oni", [np.full((height, width), mm, np.uint16)] * frames)
        with pytest.raises(InputError, match=said):
            tracked(path, model, rate=rate)


@pytest.mark.parametrize(
    "name", ["kinect1_openni1_color_depth", "openni2_depth_only_finalised", "openni2_depth_only_unfinalised"]
)
def test_real_recordings_pass_through(name: str, model: Model) -> None:
    tracks = tracked(shared_data("openni_oni") / f"{name}.oni", model)
    assert len(tracks.frame) == 12
    assert tracks.meta["mirrored"] is True
    assert tracks.meta["simulated"] is False
    assert tracks.meta["left_right_verified"] is False
    assert any("cut off" in warning for warning in tracks.meta["warnings"]) == ("unfinalised" in name)


def test_a_real_recording_of_one_frame_is_refused(model: Model) -> None:
    with pytest.raises(InputError, match="at least three frames"):
        tracked(shared_data("azure_kinect_mkv") / "recording.mkv", model)
