"""Motion evidence from depth: known displacements are found, noise is none, and no evidence is said to be none."""

import numpy as np
import pytest

from tests.helpers.moving_relief import JOINTS_PX, bumps, counts, evidence, picture

STEP_MM = np.array([0.45, -0.3, 0.5])
STILL = picture(bumps, np.zeros(3))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


@pytest.mark.parametrize("noise_mm", [0.0, 1.0])
def test_a_relief_that_moves_by_known_millimetres(rng: np.random.Generator, noise_mm: float) -> None:
    frames = [counts(picture(bumps, n * STEP_MM), rng, noise_mm) for n in range(12)]
    motion = evidence(frames)
    assert motion.meta["refused"] is None
    assert motion.displacement_mm.shape == (2, 12, 12, 3)
    for n, (lag, room_mm) in enumerate([(1, 0.1), (6, 0.3)]):
        error = motion.displacement_mm[n, :-lag] - lag * STEP_MM
        assert np.abs(np.median(error, axis=(0, 1))).max() < room_mm
        assert np.abs(error).max() < room_mm + 1.2 * noise_mm
        assert np.isnan(motion.displacement_mm[n, -lag:]).all()
        assert np.isnan(motion.share[n, -lag:]).all()
        assert motion.share[n, :-lag].min() > 0.9


def test_in_a_still_scene_displacements_are_within_the_noise_that_is_stated(rng: np.random.Generator) -> None:
    motion = evidence([counts(STILL, rng, noise_mm=1.5, around_noise_mm=1.5) for _ in range(30)])
    assert motion.meta["noise_mm"] == pytest.approx([1.5 / 2 * 2**0.5] * 2, rel=0.05)  # 4 px a cell, two pictures
    assert motion.meta["inflation"] == pytest.approx([1.0, 1.0], abs=0.2)  # this noise is independent
    for n, lag in enumerate((1, 6)):
        moved = motion.displacement_mm[n, :-lag].astype(float)
        assert np.median(np.linalg.norm(moved, axis=-1)) < 1.0
        distance = np.einsum("tja,tjab,tjb->tj", moved, motion.information[n, :-lag].astype(float), moved) / 3
        assert 0.1 < np.median(distance) < 1.2  # 0.79 if the stated noise is the true one; slopes err on the safe side


def test_along_a_ridge_without_features_there_is_no_information(rng: np.random.Generator) -> None:
    def ridges(x_mm: object, y_mm: object) -> object:
        return 600.0 + 6.0 * np.sin(np.asarray(x_mm) / 9.0)

    frames = [counts(picture(ridges, n * STEP_MM), rng) for n in range(8)]
    motion = evidence(frames)
    known = motion.information[0, 2:6, [0, 1, 5, 6, 7]]
    assert (known[..., 1, 1] < 0.02 * known[..., 0, 0]).all()
    error = motion.displacement_mm[0, 2:6] - STEP_MM
    assert np.abs(error[..., [0, 2]]).max() < 0.15


def test_a_surface_that_turns_about_a_joint_does_not_move_it(rng: np.random.Generator) -> None:
    frames = []
    wrist, elbow = JOINTS_PX[0], JOINTS_PX[1]
    centre = np.array([(wrist[0] - 319.5) / 575.8 * 600, (wrist[1] - 239.5) / 575.8 * 600])
    for n in range(8):
        turn = 0.02 * n

        def turned(x_mm: object, y_mm: object, turn: float = turn) -> object:
            x, y = np.asarray(x_mm) - centre[0], np.asarray(y_mm) - centre[1]
            return bumps(
                centre[0] + np.cos(turn) * x + np.sin(turn) * y, centre[1] - np.sin(turn) * x + np.cos(turn) * y
            )

        frames.append(counts(picture(turned, np.zeros(3)), rng))
    motion = evidence(frames)
    assert np.linalg.norm(motion.displacement_mm[0, 1:6, 0], axis=-1).max() < 0.2
    away_mm = np.linalg.norm(wrist - elbow) * 600 / 575.8
    assert np.linalg.norm(motion.displacement_mm[0, 1:6, 1], axis=-1) == pytest.approx(0.02 * away_mm, abs=0.25)


def test_copies_are_no_evidence(rng: np.random.Generator) -> None:
    taken = [counts(STILL, rng, noise_mm=1.0) for _ in range(12)]
    doubled = [frame for frame in taken for _ in range(2)]
    motion = evidence(doubled)
    assert motion.meta["refused"] is None
    assert np.isnan(motion.share[0, ::2]).all()
    assert np.isfinite(motion.share[0, 1:-1:2]).all()
    sometimes = taken[:6] + [taken[5]] + taken[6:]
    motion = evidence(sometimes)
    assert motion.meta["refused"] is None
    assert np.isnan(motion.displacement_mm[0, 5]).all()
    assert np.isfinite(motion.displacement_mm[0, [4, 6]]).all()
    motion = evidence([taken[0]] * 10)
    assert "compressed or copied" in motion.meta["refused"]
    for values in (motion.displacement_mm, motion.information, motion.share):
        assert np.isnan(values).all()


def test_depth_that_is_too_quiet_is_refused_and_the_reason_is_said(rng: np.random.Generator) -> None:
    motion = evidence([counts(STILL, rng, around_noise_mm=0.05) for _ in range(10)])
    assert "less than any depth camera" in motion.meta["refused"]
    assert np.isnan(motion.share).all()


def test_holes_take_pixels_away_and_nothing_else(rng: np.random.Generator) -> None:
    frames = [counts(picture(bumps, n * STEP_MM), rng) for n in range(8)]
    for frame in frames:
        frame[rng.random(frame.shape) < 0.1] = 0
        frame[140:165, 220:260] = 0  # over the right wrist
    motion = evidence(frames)
    assert np.isnan(motion.displacement_mm[0, 2, 0]).all() or motion.share[0, 2, 0] > 0.5
    assert np.abs(motion.displacement_mm[0, 1:6, 1:] - STEP_MM).max() < 0.3
    for frame in frames:
        frame[100:440, 180:460] = 0
    motion = evidence(frames)
    assert np.isnan(motion.share).all()


def test_frames_that_are_missing_have_no_displacement(rng: np.random.Generator) -> None:
    frames = [counts(picture(bumps, n * STEP_MM), rng) for n in range(16)]
    time_s = np.arange(16) / 30.0
    time_s[8:] += 1 / 30
    motion = evidence(frames, time_s=time_s)
    known = np.asarray(np.isfinite(motion.share).all(axis=-1))
    assert np.flatnonzero(~known[0]).tolist() == [7, 15]
    assert np.flatnonzero(known[1]).tolist() == [0, 1, 8, 9]


def test_in_a_mirrored_picture_x_points_the_other_way(rng: np.random.Generator) -> None:
    frames = [counts(picture(bumps, n * STEP_MM), rng) for n in range(8)]
    plain, mirrored = evidence(frames), evidence(frames, mirrored=True)
    np.testing.assert_allclose(mirrored.displacement_mm, plain.displacement_mm * [-1, 1, 1])
    signs = np.array([[1, -1, -1], [-1, 1, 1], [-1, 1, 1]])
    np.testing.assert_allclose(mirrored.information, plain.information * signs)


def test_a_joint_that_is_not_found_is_followed_by_its_surface(rng: np.random.Generator) -> None:
    frames = [counts(picture(bumps, n * STEP_MM), rng, noise_mm=0.5) for n in range(60)]
    found = np.ones((60, 12), bool)
    found[8:, 0] = False  # never again
    found[20:45, 5] = False
    moving = JOINTS_PX + np.arange(60)[:, None, None] * (STEP_MM[:2] * 575.8 / 600)
    motion = evidence(frames, moving, found=found)
    for joint in (0, 5):
        assert np.abs(motion.displacement_mm[0, 1:50, joint] - STEP_MM).max() < 0.8
        assert np.abs(np.mean(motion.displacement_mm[0, 1:50, joint], axis=0) - STEP_MM).max() < 0.1


def test_without_a_camera_there_is_no_evidence(rng: np.random.Generator) -> None:
    motion = evidence([counts(STILL, rng, noise_mm=1.0) for _ in range(9)], camera=None)
    assert "intrinsics" in motion.meta["refused"]
    assert motion.share.shape == (2, 9, 12)
    assert np.isnan(motion.share).all()


def test_a_joint_that_was_never_found_has_none(rng: np.random.Generator) -> None:
    found = np.ones((9, 12), bool)
    found[:, 4] = False
    motion = evidence([counts(STILL, rng, noise_mm=1.0) for _ in range(9)], found=found)
    assert np.isnan(motion.share[:, :, 4]).all()
    assert np.isfinite(motion.share[0, :-1, [0, 5, 6, 11]]).all()


def test_frames_before_any_depth_have_no_evidence_and_shift_nothing(rng: np.random.Generator) -> None:
    frames = [counts(picture(bumps, n * STEP_MM), rng) for n in range(24)]
    for frame in frames[:4]:
        frame[:] = 0
    motion = evidence(frames)
    present = np.asarray(np.isfinite(motion.share).all(axis=-1))
    assert np.flatnonzero(present[0]).tolist() == list(range(4, 23))
    assert np.flatnonzero(present[1]).tolist() == list(range(4, 18))
    assert np.abs(np.median(motion.displacement_mm[0, 4:23], axis=(0, 1)) - STEP_MM).max() < 0.1
