"""Figures of motion evidence on simulated infants: ``python -m tests.motion_figures SEED INFANTS SECONDS``.

Joints are the true ones where they are seen, with noise; nothing else of the truth goes in.
"""

import sys
import time

import numpy as np
import numpy.typing as npt

from asyconv.activity import LEAST_SHARE
from asyconv.pose.joint_depths import joint_depths
from asyconv.pose.motion import MotionCollector
from asyconv.recordings.stream import Intrinsics
from asyconv.simulation.body import PART
from asyconv.simulation.infant import FOCAL_PX, FPS_HZ, HEIGHT_PX, WIDTH_PX
from asyconv.simulation.scene import make_infant, sensed_depth, true_depth, visible_joints
from asyconv.simulation.truth import truth_of

Array = npt.NDArray[np.float64]
CAMERA = Intrinsics(FOCAL_PX, FOCAL_PX, (WIDTH_PX - 1) / 2, (HEIGHT_PX - 1) / 2, "file")
JITTER_PX = 1.5
HAND_SHARE = 0.01  # of the picture: less of a hand is not yet in it
GROUPS = {"wrists and ankles": [0, 5, 6, 11], "elbows and knees": [1, 4, 7, 10], "shoulders and hips": [2, 3, 8, 9]}


def mean_around(values: Array, reach: int = 4) -> Array:
    """Mean of what is finite within `reach` frames on either side."""
    weights, finite = np.ones(2 * reach + 1), np.isfinite(values)
    total = np.convolve(np.where(finite, values, 0.0), weights, "same")
    return np.asarray(total / np.maximum(np.convolve(finite, weights, "same"), 1e-9))


def area_under_curve(score: Array, truth: npt.NDArray[np.bool_]) -> float:
    """The chance that a frame with movement scores above one without."""
    rank = np.argsort(np.argsort(score)) + 1.0
    n = int(truth.sum())
    return float((rank[truth].sum() - n * (n + 1) / 2) / max(n * (len(truth) - n), 1))


def rests(moved_mm: Array) -> npt.NDArray[np.bool_]:
    """Whether the displacements [N, J, 3] over six frames that cover a frame's step say that nothing moved."""
    n = len(moved_mm)
    out = np.zeros(moved_mm.shape[:2], bool)
    for row in range(n):
        near = moved_mm[max(0, row - 5) : row + 1]
        size = np.linalg.norm(near, axis=-1)
        finite = np.isfinite(size)
        count = finite.sum(axis=0)
        mean = np.linalg.norm(np.where(finite[..., None], near, 0.0).sum(axis=0), axis=-1) / np.maximum(count, 1)
        quiet = (np.where(finite, size, np.inf) < 3.0).sum(axis=0) >= 0.8 * count
        out[row] = (count >= 3) & quiet & (mean < 0.8)
    return out


def main(seed: int, infants: int, seconds: float) -> None:
    """Simulate, collect, compare, print."""
    time_s = np.arange(round(seconds * FPS_HZ)) / FPS_HZ
    hands, seen_hands, body, moving, limbs, moving_limbs = [], [], [], [], [], []
    errors: dict[str, list[Array]] = {name: [] for name in GROUPS}
    cpu_s, frames = 0.0, 0
    for number in range(infants):
        infant = make_infant(seed, number, time_s)
        rng = np.random.default_rng([seed, number])
        collector = MotionCollector(CAMERA, False, 1.0, FPS_HZ)
        truth = truth_of(infant, np.ones((len(time_s), 12), bool))
        visible, hand = np.zeros((len(time_s), 12), bool), np.zeros(len(time_s))
        for row in range(len(time_s)):
            z_mm, part = true_depth(infant, row)
            depth = sensed_depth(infant, row, z_mm)
            visible[row], hand[row] = visible_joints(infant, row, z_mm, part), (part == PART["operator"]).mean()
            xy_px = np.where(visible[row, :, None], truth.xy_px[row] + JITTER_PX * rng.standard_normal((12, 2)), np.nan)
            depth_mm, _ = joint_depths(depth, xy_px, 8)
            began = time.thread_time()
            collector.push(float(time_s[row]), depth)
            collector.place(xy_px, depth_mm, np.ones(12))
            if row > 60:  # what runs first is compiled
                cpu_s, frames = cpu_s + time.thread_time() - began, frames + 1
        motion = collector.finish()
        activity = collector.activity.finish(len(time_s), motion)
        free = np.asarray(hand == 0, np.bool_)
        hands.append(hand > HAND_SHARE)
        seen_hands.append(activity.hand_share >= LEAST_SHARE)
        body.append(mean_around(activity.body_mm.astype(float))[free])
        moving.append(np.asarray(truth.moving.any(axis=1))[free])
        limbs += [mean_around(activity.limb_mm[:, n].astype(float))[free] for n in range(4)]
        moving_limbs += [truth.moving[free, n] for n in range(4)]
        true_mm = truth.camera_mm[6:] - truth.camera_mm[:-6]
        speed = np.linalg.norm(np.gradient(truth.camera_mm, time_s, axis=0), axis=-1)
        resting = rests(motion.displacement_mm[1].astype(float))
        for name, joints in GROUPS.items():
            error = np.linalg.norm(motion.displacement_mm[1, :-6][:, joints] - true_mm[:, joints], axis=-1)
            use = visible[:-6][:, joints] & visible[6:][:, joints] & free[:-6, None] & free[6:, None]
            rows = np.stack([speed[:-6][:, joints], error, resting[:-6][:, joints]], axis=-1)[use]
            errors[name].append(rows)
        print(f"infant {number}: {motion.meta}", flush=True)
    print(f"seed {seed}, {infants} simulated infants of {seconds:g} s; {1e3 * cpu_s / frames:.2f} ms a frame")
    for name, groups in errors.items():
        speed, error, rest = np.concatenate(groups).T
        still = speed < 2.0
        parts = [f"{name}: evidence {np.isfinite(error).mean():.3f}, rest recalled {rest[still].mean():.3f}"]
        for low, high in ((10.0, 20.0), (20.0, 1e9)):
            these = (speed >= low) & (speed < high)
            parts.append(f"called rest from {low:g} mm/s on {rest[these].mean():.4f} of {these.sum()}")
        for low, high in ((0.0, 2.0), (10.0, 50.0), (50.0, 1e9)):
            these = (speed >= low) & (speed < high) & np.isfinite(error)
            spread = np.percentile(error[these], [50, 90]) if these.any() else [np.nan, np.nan]
            parts.append(f"error in 0.2 s from {low:g} mm/s on {spread[0]:.2f} / {spread[1]:.2f} mm")
        print("; ".join(parts))
    areas = [area_under_curve(score, truth) for score, truth in zip(limbs, moving_limbs, strict=True) if truth.any()]
    whole = area_under_curve(np.concatenate(body), np.concatenate(moving))
    print(
        f"activity: area under the curve {whole:.4f} of the body, {np.median(areas):.4f} median of {len(areas)} limbs"
    )
    true_hand, seen_hand = np.concatenate(hands), np.concatenate(seen_hands)
    both = (true_hand & seen_hand).sum()
    print(
        f"hands: in {true_hand.mean():.3f} of the frames, precision {both / max(seen_hand.sum(), 1):.3f}, "
        f"recall {both / max(true_hand.sum(), 1):.3f}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
