"""Simulated infants that follow given joints: the picture's joints are kept, bodies fit, what is unknown stays so."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from asyconv.errors import InputError
from asyconv.labels.label_sheets import cells_of, write_label_sheet
from asyconv.simulation.driven import JointMotion, driven_body, on_the_bed, read_joint_motion
from asyconv.simulation.infant import project
from asyconv.simulation.scene import VARIED_INFANT, make_infant, true_depth
from asyconv.simulation.simulate import simulate
from asyconv.simulation.visible import visible_joints
from asyconv.skeleton import JOINTS
from tests.helpers.flat_infant import make_flat
from tests.helpers.real_data import shared_data

TIME_S = np.arange(0.0, 20.0, 1 / 6)


@pytest.fixture(scope="module")
def labelled() -> JointMotion:
    """Joints in the picture of a varied simulated infant: their true body is known."""
    infant = make_infant(3, 1, TIME_S, condition=VARIED_INFANT)
    return JointMotion("pz1", TIME_S, project(infant.to_camera(infant.joints_bed)))


def test_points_of_the_bed_are_seen_where_they_were_asked_for() -> None:
    rng = np.random.default_rng(0)
    infant = make_infant(1, 2, np.zeros(1))
    xy_px, height_mm = rng.uniform(50.0, 400.0, (20, 2)), rng.uniform(0.0, 150.0, 20)
    bed = on_the_bed(xy_px, height_mm, infant.turn_camera, infant.distance_mm)
    np.testing.assert_allclose(bed[:, 2], height_mm)
    np.testing.assert_allclose(project(infant.to_camera(bed)), xy_px, atol=1e-9)


def test_a_driven_infant_has_its_joints_where_they_were_given_and_its_own_camera(labelled: JointMotion) -> None:
    at_s = TIME_S[7:60:5]
    infant = make_infant(8, 0, at_s, body=partial(driven_body, labelled, at_s))
    np.testing.assert_allclose(project(infant.to_camera(infant.joints_bed)), labelled.xy_px[7:60:5], atol=1e-6)
    assert infant.joints_bed[..., 2].min() > 0.0
    assert infant.distance_mm == make_infant(8, 0, at_s).distance_mm


def test_lengths_are_those_of_the_body_that_was_seen() -> None:
    # an infant stretched flat in the bed: every bone is as long as it looks
    flat = np.array([[0, 0], [40, 0], [80, 0], [140, 0], [180, 0], [220, 0], [90, 300], [90, 240], [90, 180],
                     [130, 180], [130, 240], [130, 300]], float) + [200.0, 90.0]  # fmt: skip
    motion = JointMotion("flat", np.arange(4.0), np.repeat(flat[None], 4, axis=0))
    anatomy, bed = driven_body(motion, motion.time_s, np.eye(3), 600.0)
    mm_per_px = (600.0 - 30.0 * anatomy.scale) / 575.8
    assert anatomy.upper_arm == pytest.approx(40 * mm_per_px, rel=0.02)
    assert anatomy.shank == pytest.approx(60 * mm_per_px, rel=0.02)
    assert anatomy.trunk == pytest.approx(180 * mm_per_px, rel=0.02)
    assert anatomy.hip_width == pytest.approx(40 * mm_per_px, rel=0.02)
    assert np.ptp(bed[..., 2]) < 25.0  # nothing is lifted but elbows that lie on the trunk's edge


def test_a_bone_that_looks_half_as_long_rises() -> None:
    motion_px = np.repeat(make_flat()[None], 40, axis=0)
    motion_px[20:, 1] = motion_px[20:, 2] + (motion_px[20:, 1] - motion_px[20:, 2]) / 2  # elbow towards the shoulder
    motion_px[20:, 0] = motion_px[20:, 1] + [-40.0, 0.0]
    motion = JointMotion("raised", np.arange(40) / 6, motion_px)
    anatomy, bed = driven_body(motion, motion.time_s, np.eye(3), 600.0)
    assert bed[-1, 1, 2] - bed[0, 1, 2] == pytest.approx(anatomy.upper_arm * np.sqrt(0.75), rel=0.1)


def test_what_was_not_given_is_unknown_and_what_was_never_given_is_not_drawn(labelled: JointMotion) -> None:
    xy_px = labelled.xy_px.copy()
    xy_px[30:50, 0] = np.nan
    xy_px[:, JOINTS.index("left_ankle")] = np.nan
    motion = JointMotion("gaps", TIME_S, xy_px)
    known = motion.is_given(TIME_S)
    assert not known[30:50, 0].any()
    assert known[:30, 0].all()
    assert known[50:, 0].all()
    assert not known[:, JOINTS.index("left_ankle")].any()
    infant = make_infant(8, 0, TIME_S, body=partial(driven_body, motion, TIME_S))
    assert np.isnan(infant.joints_bed[:, JOINTS.index("left_ankle")]).all()
    assert np.isfinite(infant.joints_bed[:, 0]).all()
    assert not visible_joints(infant, 3, *true_depth(infant, 3))[JOINTS.index("left_ankle")]


def test_sheets_count_frames_at_30_hz_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    flat = make_flat()
    rows = [(f"{number}_8bit.png", cells_of(flat + number)) for number in (10, 0, 5)]
    write_label_sheet(tmp_path / "result_pz9.csv", rows)
    motion = read_joint_motion(tmp_path / "result_pz9.csv")
    np.testing.assert_allclose(motion.time_s, [0.0, 1 / 6, 1 / 3])
    np.testing.assert_allclose(motion.xy_px[:, 3], flat[3] + [[0], [5], [10]])


def test_files_without_hips_and_simulations_longer_than_the_joints_are_refused(tmp_path: Path) -> None:
    flat = make_flat()
    flat[[8, 9]] = np.nan
    write_label_sheet(tmp_path / "result_pz1.csv", [("0_8bit.png", cells_of(flat))])
    with pytest.raises(InputError, match="result_pz1.csv: expected shoulders and hips .* right_hip, left_hip"):
        read_joint_motion(tmp_path / "result_pz1.csv")
    rows = [(f"{number}_8bit.png", cells_of(make_flat())) for number in range(0, 31, 5)]
    write_label_sheet(tmp_path / "result_pz2.csv", rows)
    with pytest.raises(InputError, match="expected joints for 1.96667 s, found 1 s"):
        simulate(tmp_path / "out", 1, 2.0, 1, motion=tmp_path / "result_pz2.csv")


def test_real_sheets_move_infants_whose_bodies_are_plausible() -> None:
    files = sorted(shared_data("real_motion").glob("result_*.csv"))
    assert len(files) == 15
    for path in files:
        motion = read_joint_motion(path)
        anatomy, bed = driven_body(motion, motion.time_s, np.eye(3), 588.0)
        assert 90.0 < anatomy.trunk < 190.0  # mm, 27 weeks to three months
        assert 0.15 < anatomy.hip_width / anatomy.trunk < 0.8
        drawn = np.isfinite(bed).all(axis=(0, 2))
        assert drawn.sum() >= 10
        assert bed[:, drawn, 2].min() > 0.0


@pytest.mark.parametrize("head", ["down", "right"])
def test_tracks_in_millimetres_keep_the_body_whatever_camera_saw_it(tmp_path: Path, head: str) -> None:
    from asyconv.pose.geometry import MapGeometry
    from asyconv.simulation.scene import VARIED_INFANT
    from asyconv.tracks import Tracks
    from asyconv.tracks_file import write_tracks

    at_s = np.arange(30) / 30.0
    infant = make_infant(5, 2, at_s, condition=VARIED_INFANT)
    camera = infant.to_camera(infant.joints_bed)
    plane = infant.mattress_plane
    xy = project(camera)
    if head == "right":  # the same infant in a picture that lies on its side: head-down x, y are native -y, x
        turn = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
        camera, plane = camera @ turn.T, np.append(turn @ plane[:3], plane[3])
        xy = MapGeometry(480, 640, head).to_px(MapGeometry(640, 480).to_map(xy))
    meta = {"schema_version": 1, "head": head, "mattress_plane": plane.tolist(),
            "width_px": 480 if head == "right" else 640, "height_px": 640 if head == "right" else 480}  # fmt: skip
    x_px, y_px, z_mm = (part.astype(np.float32) for part in (xy[..., 0], xy[..., 1], camera[..., 2]))
    x_mm, y_mm = (camera[..., axis].astype(np.float32) for axis in range(2))
    ones, source = np.ones((30, 12), np.float32), np.ones((30, 12), np.uint8)
    frame = np.arange(1, 31, dtype=np.int32)
    tracks = Tracks(frame, at_s, x_px, y_px, z_mm, source, x_mm, y_mm, z_mm, ones, meta)
    write_tracks(tracks, tmp_path / "tracks.parquet")
    motion = read_joint_motion(tmp_path / "tracks.parquet")
    np.testing.assert_allclose(motion.xy_px, project(infant.to_camera(infant.joints_bed)), atol=0.01)
    anatomy, bed = driven_body(motion, at_s, np.eye(3), 700.0)
    for joint in range(12):  # heights and distances are those of the true body
        np.testing.assert_allclose(bed[:, joint, 2], infant.joints_bed[:, joint, 2], atol=0.05)
        apart, truly = (np.linalg.norm(b[:, joint] - b[:, 2], axis=-1) for b in (bed, infant.joints_bed))
        np.testing.assert_allclose(apart, truly, atol=0.05)
    assert anatomy.forearm == pytest.approx(infant.anatomy.forearm, rel=1e-3)
    right = bed[0, 2] - bed[0, 3], infant.joints_bed[0, 2] - infant.joints_bed[0, 3]
    np.testing.assert_allclose(right[0], right[1], atol=2.0)  # and it lies the same way round; tilts differ by a degree
