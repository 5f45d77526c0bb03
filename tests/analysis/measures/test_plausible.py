"""What is no infant gives no amounts; infants of every size and posture that labels show are let through."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from asyconv.analysis import analyse
from asyconv.analysis.cleaning.clean import clean
from asyconv.analysis.cleaning.events import Event
from asyconv.analysis.measures.gates import AMOUNT, NO_GATE
from asyconv.analysis.measures.plausible import lengths, why_implausible
from asyconv.analysis.tables.movement import Movement
from asyconv.pose.model_file import Model, load_model
from asyconv.pose.tracking import track
from asyconv.recordings.opening import open_recording
from asyconv.recordings.stream import Intrinsics
from asyconv.simulation.frames import frames_of
from asyconv.simulation.infant import FOCAL_PX
from asyconv.simulation.scene import BARE, make_infant, sensed_depth
from asyconv.simulation.seeds import TEST_SEED
from asyconv.simulation.truth import true_tracks, truth_of
from asyconv.skeleton import JOINTS
from asyconv.tracks import Tracks
from asyconv.tracks_file import VALUES
from tests.helpers.closed_form import from_mm, hide, make_tracks, still, without_mm
from tests.helpers.real_data import shared_data

CAMERA = Intrinsics(FOCAL_PX, FOCAL_PX, 319.5, 239.5, "camera")
WHY = "not plausible as an infant: "
LABELS_TL = {  # outward and headward in trunk lengths: mean, SD between and within infants (paper.md 13.3)
    "shoulder": ((0.29, 0.04, 0.02), (0.0, 0.03, 0.03), "hip"),
    "elbow": ((0.43, 0.07, 0.06), (-0.28, 0.18, 0.08), "shoulder"),
    "wrist": ((0.38, 0.15, 0.12), (-0.25, 0.39, 0.21), "shoulder"),
    "hip": ((0.22, 0.05, 0.02), (0.0, 0.02, 0.03), "hip"),
    "knee": ((0.41, 0.13, 0.07), (-0.21, 0.12, 0.10), "hip"),
    "ankle": ((0.22, 0.14, 0.10), (-0.51, 0.13, 0.10), "hip"),
}
BONES = {"upper arm": (28, 72), "forearm": (31, 76), "thigh": (30, 67), "shank": (29, 86)}.items()
"""P5 to P95 of the labels' bones in the picture, px or about mm (paper.md 13.4)."""


def reason(tracks: Tracks) -> str:
    cleaned = clean(tracks)
    return why_implausible(tracks, cleaned, 0, len(cleaned.time.time_s))


def assert_withheld(movement: Movement, said: str) -> None:
    """Every measure with a gate is null, with this reason; every recording is graded D."""
    gated = [r for r in movement.results if r.measure.gates != NO_GATE]
    assert gated
    assert {r.value for r in gated} == {None}
    assert all(r.reason.startswith(WHY) and said in r.reason for r in gated), gated[0].reason
    assert set(movement.quality.values()) == {"D"}


def repeated(tracks: Tracks, seconds: float = 90.0) -> Tracks:
    """Play a few frames again and again at 30 Hz, so that only what they show can be the reason to withhold."""
    times = int(np.ceil(seconds * 30 / len(tracks.frame)))
    n = times * len(tracks.frame)
    changed: dict[str, Any] = {name: np.tile(getattr(tracks, name), (times, 1)) for name in (*VALUES, "depth_source")}
    changed |= dict.fromkeys(("sigma_px", "motion", "activity"))  # of the frames in their own order
    return replace(tracks, frame=np.arange(1, n + 1, dtype=np.int32), time_s=np.arange(n) / 30, **changed)


def scaled(factor: float, z_mm: float = 400.0, **meta: Any) -> Tracks:
    """Return the still body, larger or smaller, at a distance."""
    body = still(70 * 30) * [factor, factor, 0] + [0, 0, z_mm]
    plane = [0.0, 0.0, -1.0, z_mm + 20.0]
    return from_mm(np.arange(70 * 30) / 30, body, **{"mattress_plane": plane, **meta})


def test_lengths_of_the_still_body_are_those_it_was_made_with() -> None:
    found = lengths(still(10))
    expected = {"shoulder width": 120, "hip width": 80, "upper arm": 50, "forearm": 50, "thigh": 60, "shank": 60}
    assert found == pytest.approx({"trunk": np.hypot(20, 120), **expected}, abs=1e-9)
    assert lengths(np.full((4, 12, 3), 1.0)) == {}  # fewer than 10 sightings, both sides together, tell no length


@pytest.mark.parametrize(
    ("tracks", "said"),
    [
        (scaled(3.5, 1200.0), "trunk 426 mm, expected 52 to 265 mm"),
        (scaled(3.5, 2200.0), "the joints lie 2200 mm away, expected 250 to 1600 mm"),
        (scaled(0.3), "trunk 36 mm, expected 52 to 265 mm"),
        (scaled(1.0, head="down"), "the trunk points 180 deg away from where the head was stated to lie (down"),
        (scaled(1.0, head="left", head_source="assumed"), "points 90 deg away from where the head was assumed to lie"),
        (make_tracks(70, fs_hz=1.0), "1 frames a second, expected 4.5 to 250"),
    ],
)
def test_what_is_no_infant_lying_as_stated_has_every_amount_withheld(tracks: Tracks, said: str) -> None:
    assert_withheld(analyse(tracks), said)


def test_without_millimetres_proportions_and_distance_still_tell() -> None:
    adult = without_mm(scaled(3.5, 2200.0))
    assert "2200 mm away" in reason(adult)
    good = without_mm(make_tracks(70))
    assert reason(good) == ""
    ankle = np.array([joint.endswith("ankle") for joint in JOINTS])
    stretched = replace(good, x_px=np.where(ankle, good.x_px + 500, good.x_px).astype(np.float32))
    assert "shank more than 1.2 times the trunk's length" in reason(stretched)


def without(*joints: str) -> Tracks:
    """Return the still body of which these joints are never seen."""
    tracks = make_tracks(70)
    for joint in joints:
        tracks = hide(tracks, joint, 0, 70 * 30)
    return tracks


def test_a_joint_here_and_there_is_no_infant() -> None:
    lone = without(*(joint for joint in JOINTS if joint != "right_wrist"))
    assert_withheld(analyse(lone), "a bone was seen in 0 % of the samples, needs 20 %")


def test_arms_that_stick_out_of_a_blanket_are_let_through() -> None:
    covered = without(*(joint for joint in JOINTS if joint.split("_")[1] in ("hip", "knee", "ankle")))
    assert reason(covered) == ""
    given = {r.part: r.value for r in analyse(covered).results if r.measure.name == "moving_pct"}
    assert given == {"right_arm": 0.0, "left_arm": 0.0, "right_leg": None, "left_leg": None}


def test_one_arm_and_the_leg_of_the_other_side_are_let_through_but_not_arms_and_legs_by_turns() -> None:
    crossed = by_turns = make_tracks(70)
    for joint in JOINTS:
        arm = joint.split("_")[1] in ("shoulder", "elbow", "wrist")
        if joint.startswith("left") != arm:
            crossed = hide(crossed, joint, 0, 70 * 30)
        by_turns = hide(by_turns, joint, *((0, 35 * 30) if arm else (35 * 30, 70 * 30)))
    assert reason(crossed) == ""
    assert "the trunk points 1" in reason(replace(crossed, meta=crossed.meta | {"head": "down"}))
    assert "a shoulder or elbow together with a hip or knee in 0 % of the samples" in reason(by_turns)


def test_an_infant_whose_shoulders_lie_under_a_cloth_is_let_through_and_its_direction_is_checked() -> None:
    covered = without("right_shoulder", "left_shoulder")
    assert reason(covered) == ""
    assert "away from where the head" in reason(replace(covered, meta=covered.meta | {"head": "down"}))


def test_a_mirrored_picture_and_every_stated_head_are_understood() -> None:
    for head, turn_deg in (("up", 0), ("right", 90), ("down", 180), ("left", 270)):
        turn = np.radians(turn_deg)
        x, y, z = np.moveaxis(still(60), -1, 0)
        turned = [x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn), z]
        tracks = from_mm(np.arange(60) / 30, np.stack(turned, axis=-1), head=head)
        assert reason(tracks) == "", head
        assert reason(replace(tracks, x_px=639 - tracks.x_px, meta={**tracks.meta, "mirrored": True})) == "", head


def test_only_the_epoch_without_an_infant_is_withheld() -> None:
    body = still(360 * 30)
    body[180 * 30 :, :, :2] *= 3.5
    movement = analyse(from_mm(np.arange(360 * 30) / 30, body))
    moving = {(r.epoch_start_s, r.part): r.value for r in movement.results if r.measure.name == "moving_pct"}
    assert all((value is None) == (start_s == 180.0) for (start_s, _), value in moving.items())
    assert {quality for (start_s, _), quality in movement.quality.items() if start_s == 0.0} == {"A"}


def test_excluded_time_says_nothing_of_the_infant() -> None:
    body = still(150 * 30)
    body[: 80 * 30, :, :2] *= 3.5  # a nurse takes the infant's place and the ward says so
    tracks = from_mm(np.arange(150 * 30) / 30, body)
    assert_withheld(analyse(tracks), "trunk")
    amounts = [r for r in analyse(tracks, [Event(0, 80, "handling")]).results if r.measure.name == "moving_pct"]
    assert {r.value for r in amounts} == {0.0}


@pytest.mark.parametrize("number", range(8))
def test_simulated_infants_are_let_through(number: int) -> None:
    infant = make_infant(TEST_SEED, number, np.arange(20 * 30) / 30)
    truth = truth_of(infant, np.ones((20 * 30, 12), bool))
    tracks = true_tracks(truth, infant)
    assert reason(replace(tracks, meta={**tracks.meta, "head": "down"})) == ""
    upside_down = replace(tracks, meta={**tracks.meta, "head": "up"})
    assert "away from where the head was stated to lie (up" in reason(upside_down)


def test_geometry_of_real_labels_is_let_through() -> None:
    rng = np.random.default_rng(7)
    drawn = (labelled(rng) for _ in range(1000))
    fitting = [tracks for tracks in drawn if all(low <= lengths(mm(tracks))[b] <= high for b, (low, high) in BONES)]
    assert len(fitting) > 20
    for tracks in fitting[:20]:
        assert reason(tracks) == ""
        assert reason(without_mm(tracks)) == ""


def mm(tracks: Tracks) -> npt.NDArray[np.float64]:
    return np.stack([tracks.x_mm, tracks.y_mm, tracks.z_mm], axis=-1).astype(np.float64)


def labelled(rng: np.random.Generator, n: int = 60) -> Tracks:
    """An infant drawn from the labels' published means and spreads, flat, about 1 px per mm, head down.

    Joints are drawn one by one; who keeps only those with bones as published gets infants as the labels show them.
    """
    trunk_mm, tilt = rng.normal(132, 14), np.radians(rng.normal(-2, 7))
    points = np.zeros((n, 12, 3))
    for k, joint in enumerate(JOINTS):
        side, part = joint.split("_")
        out, along, root = LABELS_TL[part]
        outward = rng.normal(out[0], out[1]) + rng.normal(0, out[2], n)
        headward = rng.normal(along[0], along[1]) + rng.normal(0, along[2], n)
        base = 0.5 if root == "shoulder" or part == "shoulder" else -0.5
        across, up = outward * (1 if side == "right" else -1), headward + base
        points[:, k, 0] = trunk_mm * (across * np.cos(tilt) + up * np.sin(tilt))
        points[:, k, 1] = trunk_mm * (up * np.cos(tilt) - across * np.sin(tilt))
    points[..., 2] = 570.0
    return from_mm(np.arange(n) / 30, points, head="down")


def film(pictures: Iterable[npt.NDArray[np.uint16]], folder: Path) -> Path:
    """Write pictures that are 1/6 s apart at 30 fps, the spacing that the networks know."""
    folder.mkdir()
    for k, picture in enumerate(pictures):
        cv2.imwrite(str(folder / f"{5 * k}.png"), picture)
    return folder


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model("compact")


def tracked(source: Path, model: Model, camera: Intrinsics | None = None, unit_mm: float | None = None) -> Tracks:
    fps_hz = 30.0 if source.is_dir() else None  # numbers of pictures are no times
    with open_recording(source, depth_unit_mm=unit_mm, fps_hz=fps_hz) as recording:
        return track(recording, model, intrinsics=camera)


def test_an_empty_crib_is_no_infant(tmp_path: Path, model: Model) -> None:
    infant = make_infant(TEST_SEED, 1, np.arange(6) / 6)
    crib = film((sensed_depth(infant, k, infant.background_mm) for k in range(6)), tmp_path / "crib")
    assert_withheld(analyse(repeated(tracked(crib, model))), "")


@pytest.mark.parametrize("number", [1, 2, 3, 4, 6])
def test_an_infant_upside_down_gets_no_amounts(number: int, tmp_path: Path, model: Model) -> None:
    """The networks know heads that lie down in the picture; of others they find single limbs but no trunk."""
    infant = make_infant(TEST_SEED, number, np.arange(6) / 6, condition=BARE)
    pictures = [depth for _, depth, _ in frames_of(infant)]
    for name, shown, given in (("right", pictures, True), ("wrong", [p[::-1, ::-1] for p in pictures], False)):
        movement = analyse(repeated(tracked(film(shown, tmp_path / name), model, CAMERA)))
        amounts = [r for r in movement.results if r.measure.gates == AMOUNT]
        assert amounts
        assert any(r.value is not None for r in amounts) is given
        assert all((r.value is None) == bool(r.reason) for r in amounts)


def test_the_real_adult_is_no_infant(model: Model) -> None:
    recording = shared_data("openni_oni") / "kinect1_openni1_color_depth.oni"
    assert_withheld(analyse(repeated(tracked(recording, model))), "")


@pytest.mark.parametrize("unit_mm", [0.125, None])
def test_real_hands_are_no_infant(unit_mm: float | None, tmp_path: Path, model: Model) -> None:
    source = shared_data("sr305_depth_png") / "datasets" / "custom" / "20210326-230536"
    pictures = sorted(source.glob("*.png"), key=lambda path: int(path.stem))
    hands = film(
        (np.asarray(cv2.imread(str(p), cv2.IMREAD_UNCHANGED), np.uint16) for p in pictures), tmp_path / "hands"
    )
    camera = Intrinsics(476.007, 476.007, 313.683, 242.755, "camera")
    assert_withheld(analyse(repeated(tracked(hands, model, camera, unit_mm))), "")
