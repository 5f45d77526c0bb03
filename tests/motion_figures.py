"""Figures of motion evidence on simulated infants: ``python -m tests.motion_figures motion SEED INFANTS SECONDS``.

With `tracked` in place of `motion` the joints are those of `compact`; otherwise they are the true ones where they are
seen, with noise. Nothing else of the truth goes in. With `hands` it looks for hands that reach in, 5 times a second.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from asyconv.activity import LEAST_SHARE, Activity
from asyconv.motion_evidence import MotionEvidence
from asyconv.pose.depth_cells import samples_of
from asyconv.pose.joint_depths import joint_depths
from asyconv.pose.model_file import load_model
from asyconv.pose.motion import MotionCollector
from asyconv.pose.reaching import ReachingObject
from asyconv.pose.tracking import track
from asyconv.recordings.opening import open_recording
from asyconv.recordings.stream import Intrinsics
from asyconv.simulation.body import PART
from asyconv.simulation.infant import FOCAL_PX, FPS_HZ, HEIGHT_PX, WIDTH_PX, Infant, project
from asyconv.simulation.scene import make_infant, sensed_depth, true_depth
from asyconv.simulation.simulate import write_recording
from asyconv.simulation.truth import Truth, truth_of
from asyconv.simulation.visible import visible_joints

Array = npt.NDArray[np.float64]
CAMERA = Intrinsics(FOCAL_PX, FOCAL_PX, (WIDTH_PX - 1) / 2, (HEIGHT_PX - 1) / 2, "file")
JITTER_PX = 1.5
EVERY = 6  # frames, when looking for hands
GROUPS = {"wrists and ankles": [0, 5, 6, 11], "elbows and knees": [1, 4, 7, 10], "shoulders and hips": [2, 3, 8, 9]}


def mean_around(values: Array) -> Array:
    """Mean of what is finite within 4 frames on either side."""
    weights, finite = np.ones(9), np.isfinite(values)
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


def of_true_joints(infant: Infant, truth: Truth) -> tuple[MotionEvidence, Activity, npt.NDArray[np.bool_]]:
    """Evidence and activity with the true joints where they are seen, with noise; and where they are seen."""
    time_s = truth.time_s
    rng = np.random.default_rng([infant.seed, infant.number])
    collector = MotionCollector(CAMERA, False, 1.0, FPS_HZ)
    visible, cpu_s, frames = np.zeros((len(time_s), 12), bool), 0.0, 0
    for row in range(len(time_s)):
        z_mm, part = true_depth(infant, row)
        depth = sensed_depth(infant, row, z_mm)
        visible[row] = visible_joints(infant, row, z_mm, part)
        xy_px = np.where(visible[row, :, None], truth.xy_px[row] + JITTER_PX * rng.standard_normal((12, 2)), np.nan)
        depth_mm, _ = joint_depths(depth, xy_px, 8)
        began = time.thread_time()
        collector.push(float(time_s[row]), depth)
        collector.place(xy_px, depth_mm, np.ones(12))
        if row > 60:  # what runs first is compiled
            cpu_s, frames = cpu_s + time.thread_time() - began, frames + 1
    motion = collector.finish()
    print(f"infant {infant.number}: {1e3 * cpu_s / max(frames, 1):.2f} ms a frame", flush=True)
    return motion, collector.activity.finish(len(time_s), motion), visible


def of_tracks(infant: Infant) -> tuple[MotionEvidence, Activity, npt.NDArray[np.bool_]]:
    """Evidence and activity of a recording that is tracked with `compact`; and where its joints are seen."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "simulated.oni"
        visible = write_recording(infant, path, lambda done: None)
        with open_recording(path) as recording:
            tracks = track(recording, load_model("compact"))
    assert tracks.motion is not None
    assert tracks.activity is not None
    return tracks.motion, tracks.activity, visible


def movement(seed: int, infants: int, seconds: float, *, tracked: bool) -> None:
    """Compare what is collected with the true joints as finds, or with those of `compact`, with the truth; print."""
    time_s = np.arange(round(seconds * FPS_HZ)) / FPS_HZ
    body, moving, limbs, moving_limbs = [], [], [], []
    errors: dict[str, list[Array]] = {name: [] for name in GROUPS}
    for number in range(infants):
        infant = make_infant(seed, number, time_s)
        truth = truth_of(infant, np.ones((len(time_s), 12), bool))
        motion, activity, visible = of_tracks(infant) if tracked else of_true_joints(infant, truth)
        free = np.ones(len(time_s), bool)
        for visit in infant.visits:
            free &= (time_s < visit.start_s) | (time_s >= visit.end_s)
        body.append(mean_around(activity.body_mm.astype(float))[free])
        moving.append(np.asarray(truth.moving.any(axis=1))[free])
        limbs += [mean_around(activity.limb_mm[:, n].astype(float))[free] for n in range(4)]
        moving_limbs += [truth.moving[free, n] for n in range(4)]
        true_mm = truth.camera_mm[6:] - truth.camera_mm[:-6]
        speed = np.linalg.norm(np.gradient(truth.camera_mm, time_s, axis=0), axis=-1)
        resting = rests(motion.displacement_mm[1].astype(float))
        for name, joints in GROUPS.items():
            off = motion.displacement_mm[1, :-6][:, joints] - true_mm[:, joints]
            stated = np.einsum("nja,njab,njb->nj", off, motion.information[1, :-6][:, joints], off) / 3
            error = np.linalg.norm(off, axis=-1)
            use = visible[:-6][:, joints] & visible[6:][:, joints] & free[:-6, None] & free[6:, None]
            rows = np.stack([speed[:-6][:, joints], error, resting[:-6][:, joints], stated], axis=-1)[use]
            errors[name].append(rows)
        print(f"infant {number}: {motion.meta}", flush=True)
    print(f"seed {seed}, {infants} simulated infants of {seconds:g} s")
    for name, groups in errors.items():
        speed, error, rest, stated = np.concatenate(groups).T
        still = speed < 2.0
        parts = [f"{name}: evidence {np.isfinite(error).mean():.3f}, rest recalled {rest[still].mean():.3f}"]
        parts.append(f"squared error at rest / covariance {np.nanmedian(stated[still]):.2f} (exact: 0.79)")
        for low, high in ((10.0, 20.0), (20.0, 1e9)):
            these = (speed >= low) & (speed < high)
            if these.any():
                parts.append(f"called rest from {low:g} mm/s on {rest[these].mean():.4f} of {these.sum()}")
        for low, high in ((0.0, 2.0), (10.0, 50.0), (50.0, 1e9)):
            these = (speed >= low) & (speed < high) & np.isfinite(error)
            if these.any():
                spread = np.percentile(error[these], [50, 90])
                parts.append(f"error in 0.2 s from {low:g} mm/s on {spread[0]:.2f} / {spread[1]:.2f} mm")
        print("; ".join(parts))
    areas = [area_under_curve(score, truth) for score, truth in zip(limbs, moving_limbs, strict=True) if truth.any()]
    whole = area_under_curve(np.concatenate(body), np.concatenate(moving))
    print(
        f"activity: area under the curve {whole:.4f} of the body, {np.median(areas):.4f} median of {len(areas)} limbs"
    )


def hands(seed: int, infants: int, seconds: float) -> None:
    """Compare hands that are seen with those that truly cover as much of the box of the joints."""
    time_s = np.arange(round(seconds * FPS_HZ)) / FPS_HZ
    true_share, seen_share, visits, visits_seen = [], [], 0, 0
    for number in range(infants):
        infant = make_infant(seed, number, time_s)
        watched = ReachingObject(1.0, FPS_HZ / EVERY)
        joints_px = project(infant.to_camera(infant.joints_bed))
        true, seen = [], []
        for row in range(0, len(time_s), EVERY):
            z_mm, part = true_depth(infant, row)
            low, high = joints_px[row].min(axis=0) - 60, joints_px[row].max(axis=0) + 60
            left, top = np.maximum(low, 0).astype(int)
            right, bottom = np.minimum(high, (WIDTH_PX, HEIGHT_PX)).astype(int)
            true.append((part[top:bottom, left:right] == PART["operator"]).mean())
            samples = samples_of(sensed_depth(infant, row, z_mm))
            seen.append(watched.share(samples, np.array([top, left, bottom, right])))
        for visit in infant.visits:
            during = (time_s[::EVERY] >= visit.start_s) & (time_s[::EVERY] < visit.end_s)
            if (np.array(true)[during] >= LEAST_SHARE).any():
                visits += 1
                visits_seen += bool((np.array(seen)[during] >= LEAST_SHARE).any())
        true_share += true
        seen_share += seen
    truth, sight = np.array(true_share) >= LEAST_SHARE, np.array(seen_share) >= LEAST_SHARE
    both = (truth & sight).sum()
    print(
        f"seed {seed}, {infants} simulated infants of {seconds:g} s: "
        f"hands in {truth.mean():.3f} of {len(truth)} frames, precision {both / max(sight.sum(), 1):.3f}, "
        f"recall {both / max(truth.sum(), 1):.3f}; {visits_seen} of {visits} visits seen"
    )


if __name__ == "__main__":
    what, numbers = sys.argv[1], (int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
    if what == "hands":
        hands(*numbers)
    else:
        movement(*numbers, tracked=what == "tracked")
