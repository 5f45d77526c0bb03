"""Joints of an infant that lies in any way: on its back, half-turned, on its side or on its belly.

Limbs are posed in the frame of the shoulders or of the hips, which roll with the body, and kept off the trunk's front;
then nothing may sink into the mattress, so that a limb under the body is pushed out or lies flat beneath it.
"""

import numpy as np

from asyconv.simulation.body import Anatomy, Array, Placement, smooth_max, trunk_top
from asyconv.simulation.motion import Motion
from asyconv.skeleton import LIMBS

_BACK_MM = 30.0  # from the joints of the trunk to the back, at 32 weeks
_SIDE_MM = 11.0  # from a shoulder to the bed under it


def rolled_joints_of(anatomy: Anatomy, placement: Placement, motion: Motion) -> Array:
    """Joint centres in the bed frame, mm, [N, 12, 3]; bones keep their lengths, nothing sinks into the bed."""
    k = anatomy.scale
    turn = np.radians(placement.turn_deg + motion.sway[:, 2])
    flat_headward = np.stack([np.sin(turn), np.cos(turn), np.zeros_like(turn)], axis=-1)
    flat_right = np.stack([np.cos(turn), -np.sin(turn), np.zeros_like(turn)], axis=-1)
    up = np.array([0.0, 0.0, 1.0])
    roll = np.radians(placement.roll_deg + motion.sway[:, 5])
    rolls = (roll, roll + np.radians(placement.hip_roll_deg + motion.sway[:, 6]))
    tilts = np.radians([placement.shoulder_tilt_deg, placement.hip_tilt_deg])[:, None] + np.radians(
        motion.sway[:, 3:5].T
    )
    hip_lift = np.clip(placement.hip_lift_mm + np.abs(motion.sway[:, 7]), 0.0, 0.55 * anatomy.trunk)
    centre = np.array([placement.x_mm, placement.y_mm, 0.0]) + np.pad(motion.sway[:, :2], ((0, 0), (0, 1)))
    along = flat_headward * (np.sqrt(anatomy.trunk**2 - hip_lift**2) / 2)[:, None]
    joints = np.empty((len(turn), 12, 3))
    on_side = np.abs(np.sin(rolls[0]))[:, None]
    for name, (root, middle, end) in LIMBS.items():
        arm, side = name.endswith("arm"), 1.0 if name.startswith("right") else -1.0
        roll, tilt = (rolls[0], tilts[0]) if arm else (rolls[1], tilts[1])
        half = (anatomy.shoulder_width if arm else anatomy.hip_width) / 2
        cos, sin = np.cos(roll)[:, None], np.sin(roll)[:, None]
        right, front = flat_right * cos + up * sin, up * cos - flat_right * sin
        line = right * np.cos(tilt)[:, None] + flat_headward * np.sin(tilt)[:, None]
        resting = np.maximum(_BACK_MM * k, _SIDE_MM * k + half * np.abs(line[:, 2]))
        girdle = centre + (along if arm else -along) + up * (resting + (0.0 if arm else hip_lift))[:, None]
        joints[:, root] = girdle + line * (side * half)
        # what hangs above a body that lies on its side sinks to its front, towards the bed
        drooping = np.maximum(side * np.sin(roll), 0.0)[:, None] * placement.droop
        lengths = (anatomy.upper_arm, anatomy.forearm) if arm else (anatomy.thigh, anatomy.shank)
        radii = (12.0, 9.5) if arm else (16.0, 10.5)
        azimuth, lift, fold, far_lift = np.moveaxis(motion.angles_deg[:, list(LIMBS).index(name)], -1, 0)
        more_lift = placement.curl_deg * on_side[:, 0]
        start = joints[:, root]
        for reached, length, radius, turned, raised in (
            (middle, lengths[0], radii[0] * k, azimuth, lift + more_lift),
            (end, lengths[1], radii[1] * k, azimuth + fold, far_lift + 0.5 * more_lift),
        ):
            turned, raised = np.radians(turned), np.radians(raised)[:, None]
            flat = -flat_headward * np.cos(turned)[:, None] + right * (side * np.sin(turned))[:, None]
            flat = flat - right * (side * drooping * np.maximum(np.sin(turned), 0.0)[:, None])
            flat /= np.maximum(np.linalg.norm(flat, axis=-1, keepdims=True), 1e-6)
            rise = length * np.sin(raised)
            spot = start + flat * np.sqrt(length**2 - rise**2) - girdle
            top = trunk_top(spot + (along if arm else -along), flat_headward, right, anatomy)
            least = radius + top - _BACK_MM * k - ((start - girdle) * front).sum(-1)
            face_up = np.where(np.cos(roll) > -0.3, 1.0, 0.0)  # on its belly, a limb may lie at the level of the trunk
            least = np.where((face_up > 0) | (top <= 0), least, -length)
            rise = np.clip(smooth_max(rise[:, 0], least), -0.98 * length, 0.98 * length)
            arm_mm = flat * np.sqrt(length**2 - rise**2)[:, None] + front * rise[:, None]
            joints[:, reached] = start + _off_the_bed(arm_mm, start[:, 2], radius, length)
            start = joints[:, reached]
    return joints


def _off_the_bed(bone: Array, start_z: Array, radius: float, length: float) -> Array:
    """The bone [N, 3], as long as before, turned up where its end would be lower than `radius`."""
    rise = np.clip(smooth_max(bone[:, 2], radius - start_z), -0.98 * length, 0.98 * length)
    flat = bone[:, :2] / np.maximum(np.linalg.norm(bone[:, :2], axis=-1, keepdims=True), 1e-6)
    return np.concatenate([flat * np.sqrt(length**2 - rise**2)[:, None], rise[:, None]], axis=-1)
