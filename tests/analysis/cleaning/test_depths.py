"""Depths: a surface that comes over a resting joint is no movement, a stroke towards the camera is one."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from asyconv.analysis.cleaning import clean as c
from asyconv.analysis.cleaning import flags as f
from asyconv.analysis.cleaning.bones import BONES, Bone
from asyconv.analysis.cleaning.depths import ROOTS, beneath_skin, flickers, with_stiff_trunk
from asyconv.analysis.series.limbs import limb_series
from asyconv.skeleton import JOINTS
from asyconv.tracks import DEPTH_SOURCES
from tests.helpers.closed_form import META, STILL_MM, from_mm, make_tracks, still

HIP, KNEE, ANKLE = (JOINTS.index(f"right_{name}") for name in ("hip", "knee", "ankle"))
SHANK_MM = float(np.linalg.norm(np.subtract(STILL_MM["right_ankle"], STILL_MM["right_knee"])))


def test_a_thigh_over_the_hip_is_no_movement_of_the_leg() -> None:
    points = still(3600)
    for start in range(300, 3600, 300):  # 1.5 s in every 10 s, 40 mm nearer along the ray
        points[start : start + 45, HIP] *= (points[0, HIP, 2] - 40) / points[0, HIP, 2]
    cleaned = c.clean(from_mm(np.arange(3600) / 30, points))
    leg = limb_series(cleaned, META)["right_leg"]
    assert np.nanmax(leg.speed_mm_s) < 1e-3
    assert (cleaned.flags[300:345, HIP] & f.TRUNK_DEPTH > 0).all()
    np.testing.assert_allclose(cleaned.gated_mm[310, HIP], still(1)[0, HIP], atol=1e-3)


def test_the_whole_trunk_may_rise_and_the_limbs_with_it() -> None:
    points = still(600)
    points[..., 2] -= 30 * np.sin(2 * np.pi * 0.5 * np.arange(600) / 30)[:, None]
    np.testing.assert_allclose(with_stiff_trunk(points, 30.0), points, atol=1e-9)


def test_a_slow_turn_of_the_trunk_is_kept() -> None:
    points = still(1800)
    turn = 20 * np.sin(2 * np.pi * np.arange(1800) / 1800)
    points[:, ROOTS[0], 2] += turn
    points[:, ROOTS[2], 2] += turn
    points[:, ROOTS[1], 2] -= turn
    points[:, ROOTS[3], 2] -= turn
    away = np.abs(with_stiff_trunk(points, 30.0) - points)[..., 2]
    assert away[75:-75].max() < 0.5
    assert away.max() < 2 * np.pi * 20 / 60 * 1.25 + 0.5  # at the ends half a window: its middle is 1.25 s away


def test_a_flicker_is_rejected_and_a_stroke_towards_the_camera_is_not() -> None:
    points = still(300)
    points[50:55, ANKLE, 2] -= 25  # 5 frames on another surface
    assert np.flatnonzero(flickers(points, 30.0)[:, ANKLE]).tolist() == list(range(50, 55))
    u = np.clip((np.arange(300) - 100) / 9, 0, 1)  # 60 mm in 0.3 s
    points = still(300)
    points[:, ANKLE, 2] -= 60 * (10 * u**3 - 15 * u**4 + 6 * u**5)
    assert not flickers(points, 30.0).any()
    slow = c.clean(make_tracks(20, fs_hz=6.0))
    assert [step.ran for step in slow.steps if step.name == "depth flicker"] == [False]


def test_depths_off_the_mattress_are_rejected() -> None:
    tracks = make_tracks(20, mattress_plane=[0.0, 0.0, -1.0, 420.0])
    tracks.z_mm[:, ANKLE] = 445.0
    cleaned = c.clean(tracks)
    assert np.isnan(cleaned.gated_mm[:, ANKLE]).all()
    log = {step.name: step for step in cleaned.steps}
    assert "above the mattress" in log["depth sanity"].parameters
    assert log["depth sanity"].changed == 600
    assert log["depth sanity"].total == pytest.approx(7200)


def kicking(steep_deg: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Joints, and the skin before them, of a shank that points at the camera so steeply; its radius is 0.18 of it."""
    joints = still(len(steep_deg))
    ray = joints[0, KNEE] / np.linalg.norm(joints[0, KNEE])
    across = np.cross(ray, [1.0, 0.0, 0.0])
    across /= np.linalg.norm(across)
    steep = np.deg2rad(steep_deg)[:, None]
    joints[:, ANKLE] = joints[0, KNEE] + SHANK_MM * (np.cos(steep) * across - np.sin(steep) * ray)
    far = np.linalg.norm(joints[:, ANKLE], axis=1, keepdims=True)
    along = ((joints[:, ANKLE] - joints[:, KNEE]) * joints[:, ANKLE] / far).sum(axis=1, keepdims=True) / SHANK_MM
    skin = joints.copy()
    skin[:, ANKLE] *= 1 - 0.18 * SHANK_MM * (1 / np.sqrt(1 - along**2) - 1) / far
    return joints, skin


def test_an_ankle_lies_deeper_beneath_the_skin_the_more_its_shank_points_at_the_camera() -> None:
    joints, skin = kicking(np.array([0.0, 30.0, 45.0, 60.0]).repeat(30))
    bones = [Bone(SHANK_MM, 15.0, SHANK_MM) if outer == ANKLE else None for _, outer in BONES]
    deep = beneath_skin(skin, bones, 30.0)
    assert np.abs(skin - joints)[-30:, ANKLE].max() > 7
    np.testing.assert_allclose(deep, joints, atol=0.7)
    assert beneath_skin(skin, [None] * len(BONES), 30.0) == pytest.approx(skin)
    hidden = skin.copy()
    hidden[40:50, KNEE] = np.nan  # taken to look as long as before and after
    np.testing.assert_allclose(beneath_skin(hidden, bones, 30.0)[:, ANKLE], deep[:, ANKLE], atol=1e-9)


def test_a_kick_seen_from_its_skin_has_the_path_of_the_joint() -> None:
    joints, skin = kicking(25 - 25 * np.cos(2 * np.pi * np.arange(1800) / 60))
    on_joints, on_skin = from_mm(np.arange(1800) / 30, joints), from_mm(np.arange(1800) / 30, skin)
    seen = replace(on_skin, depth_source=np.full_like(on_skin.depth_source, DEPTH_SOURCES.index("measured")))
    true, wrong, right = (
        np.nanmean(limb_series(c.clean(tracks), META)["right_leg"].speed_mm_s) for tracks in (on_joints, on_skin, seen)
    )
    assert abs(wrong / true - 1) > 0.05
    assert right == pytest.approx(true, rel=0.03)
