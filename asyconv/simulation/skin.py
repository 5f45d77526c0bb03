"""The surface of one simulated infant in one frame: tubes through its joints, and fingers and toes.

Trunk and neck follow a spine that leaves the hips and reaches the shoulders at right angles, and twist as they do.
Everything is in the bed frame, mm; in its coordinates right x headward points to the front.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.simulation.body import PART, Anatomy, Array
from asyconv.simulation.looks import (
    FOOT_RINGS,
    HAND_AROUND,
    HEAD_RINGS,
    LIMB_CORNER,
    LIMB_RINGS,
    PALM_RINGS,
    TRUNK_FROM,
    TRUNK_RINGS,
    TRUNK_TO,
    Look,
)
from asyconv.simulation.surfaces import Tube
from asyconv.skeleton import LIMBS

UP: Final = np.array([0.0, 0.0, 1.0])
_PLAIN_LIMB: Final = np.ones((1, HAND_AROUND))
_NECK_RINGS: Final = np.linspace(0.0, 1.0, 5)[:, None]


def skin_of(
    joints: Array, anatomy: Anatomy, look: Look, head_turn_deg: float, breath_mm: float, time_s: float
) -> tuple[list[Tube], Array, npt.NDArray[np.uint8]]:
    """Tubes, and fingers and toes as cones [n, 8] with their parts, of joints [12, 3] of the bed frame.

    What hangs on a joint that is NaN is left out.
    """
    hips, shoulders = (joints[8] + joints[9]) / 2, (joints[2] + joints[3]) / 2
    axis = _unit(shoulders - hips)
    right_hips, right_shoulders = (_across(joints[a] - joints[b], axis) for a, b in ((8, 9), (2, 3)))
    tubes = [_trunk(hips, shoulders, joints, right_hips, right_shoulders, look, breath_mm)]
    head, neck, cones = _head_and_neck(shoulders, axis, right_shoulders, anatomy, look, head_turn_deg)
    tubes += [neck, head]
    parts = [PART["tube"]] * len(cones)
    for limb, (name, (root, middle, end)) in enumerate(LIMBS.items()):
        if not np.isfinite(joints[[root, middle, end]]).all():
            continue
        arm, part = name.endswith("arm"), PART[name]
        radius = look.arm_radius if arm else look.leg_radius
        near, far = _unit(joints[middle] - joints[root]), _unit(joints[end] - joints[middle])
        tubes.append(_limb(joints[root], joints[middle], joints[end], near, far, radius, look.limb_bulge[limb], part))
        side = limb % 2
        if arm:
            palm, more = _hand(joints[end], far, axis, look, side, part, time_s)
        else:
            front = np.cross(right_hips, axis)
            palm, more = _foot(joints[end], near, far, front, right_hips, look, side, part)
        tubes.append(palm)
        cones += more
        parts += [part] * len(more)
    return tubes, np.array(cones).reshape(-1, 8), np.array(parts, np.uint8)


def _trunk(
    hips: Array, shoulders: Array, joints: Array, right_hips: Array, right_shoulders: Array,
    look: Look, breath_mm: float,
) -> Tube:  # fmt: skip
    length = float(np.sqrt((shoulders - hips) @ (shoulders - hips)))
    start, stop = (_unit(_across(shoulders - hips, _unit(joints[a] - joints[b]))) * length for a, b in ((8, 9), (2, 3)))
    at = (TRUNK_FROM + (TRUNK_RINGS + 1.0) / 2 * (TRUNK_TO - TRUNK_FROM))[:, None]
    t = at.clip(0.0, 1.0)
    rest = 1.0 - t
    spine = hips * (rest * rest * (1 + 2 * t)) + shoulders * (t * t * (3 - 2 * t)) + start * (t * rest * rest)
    spine += stop * (at - t) * (at > 1.0) + start * (at - t) * (at < 0.0) - stop * (t * t * rest)
    along = start * (rest * (1 - 3 * t)) + stop * (t * (3 * t - 2)) + (shoulders - hips) * (6 * t * rest)
    along /= np.sqrt((along * along).sum(-1, keepdims=True))
    smooth = t * t * (3 - 2 * t)
    right = right_hips * (1 - smooth) + right_shoulders * smooth
    right = right - along * (right * along).sum(-1, keepdims=True)
    right /= np.sqrt((right * right).sum(-1, keepdims=True))
    front = np.cross(right, along)
    spine -= front * (look.curved_mm * 4 * t * rest)
    chest = breath_mm * np.exp(-(((at[:, 0] - 0.6) / 0.3) ** 2))
    return Tube(
        spine, right * look.trunk_width[:, None], front * (look.trunk_front + chest)[:, None],
        look.trunk_bulge, PART["trunk"], 8.0,
    )  # fmt: skip


def _head_and_neck(
    shoulders: Array, axis: Array, right: Array, anatomy: Anatomy, look: Look, head_turn_deg: float
) -> tuple[Tube, Tube, list[list[float]]]:
    k = anatomy.scale
    front = np.cross(right, axis)
    up_head = _unit(axis + look.head_nod * front + look.head_lean * right)
    face = np.radians(head_turn_deg)
    front_head = _across(np.cos(face) * front + np.sin(face) * right, up_head)
    right_head = np.cross(up_head, front_head)
    centre = shoulders + axis * (0.47 * anatomy.trunk) + front * (12.0 * k)
    frame = np.stack([right_head, up_head, front_head])
    resting = float(np.sqrt((((frame @ UP) * look.head_half) ** 2).sum()))  # it lies on the mattress
    centre[2] = max(0.97 * resting, centre[2] - 22.0 * k)
    half = look.head_half
    head = Tube(
        centre + up_head * (HEAD_RINGS * half[1])[:, None], np.repeat(right_head[None] * half[0], HEAD_RINGS.size, 0),
        np.repeat(front_head[None] * half[2], HEAD_RINGS.size, 0), look.head_bulge, PART["head"], 5.0,
    )  # fmt: skip
    start, stop = shoulders - axis * (8.0 * k) + front * (3.0 * k), centre - up_head * (0.35 * half[1])
    along = _unit(stop - start)
    around = _across(right, along)
    thick = 20.0 * k * np.array([1.25, 1.05, 0.95, 0.95, 1.0])[:, None]
    neck = Tube(
        start + (stop - start) * _NECK_RINGS, around * thick, np.cross(around, along) * thick,
        np.ones((5, HAND_AROUND)), PART["trunk"], 12.0,
    )  # fmt: skip
    if not look.mask:
        return head, neck, []
    nose = centre + front_head * (1.13 * half[2]) - up_head * (0.2 * half[1])
    cones = [[*(nose - right_head * 9 * k), *(nose + right_head * 9 * k), 7.0 * k, 7.0 * k]]
    for side in (-1.0, 1.0):
        cheek = centre + front_head * (0.62 * half[2]) + right_head * (0.85 * side * half[0])
        top = centre + up_head * (1.04 * half[1]) + right_head * (0.3 * side * half[0])
        brow = centre + (cheek - centre + top - centre) * 0.72
        for a, b in ((nose + right_head * side * 9 * k, cheek), (cheek, brow), (brow, top)):
            cones.append([*a, *b, 3.4 * k, 3.4 * k])
    return head, neck, cones


def _limb(
    root: Array, middle: Array, end: Array, near: Array, far: Array, radius: Array, bulge: Array, part: int
) -> Tube:
    """Rings along two bones; the corner between them is rounded by a parabola as wide as the limb is thick."""
    lengths = np.sqrt(np.array([(middle - root) @ (middle - root), (end - middle) @ (end - middle)]))
    at = (LIMB_RINGS - 1.0) * np.where(LIMB_RINGS < 1.0, lengths[0], lengths[1])  # mm from the corner
    wide = max(1.0, float(min(0.9 * radius[LIMB_CORNER], 0.4 * lengths.min())))
    turned = ((at + wide) / (2 * wide)).clip(0.0, 1.0)[:, None]
    along = near * (1.0 - turned) + far * turned
    size = np.sqrt((along * along).sum(-1, keepdims=True))
    corner = near * (-wide * (1.0 - turned) ** 2) + far * (wide * turned**2)
    inside = np.abs(at) < wide
    centres = middle + np.where(inside[:, None], corner, np.where(at[:, None] < 0, near, far) * at[:, None])
    plane = np.cross(near, far) + 0.03 * _across(np.array([0.3, 0.5, 0.8]), near)
    plane = plane / np.sqrt(plane @ plane)
    u = plane - along * ((along @ plane)[:, None] / np.maximum(size * size, 1e-6))
    u /= np.maximum(np.sqrt((u * u).sum(-1, keepdims=True)), 1e-6)
    v = np.cross(along / np.maximum(size, 1e-6), u)
    return Tube(centres, u * radius[:, None], v * radius[:, None], bulge, part, 9.0)


def _hand(
    wrist: Array, far: Array, axis: Array, look: Look, side: int, part: int, time_s: float
) -> tuple[Tube, list[list[float]]]:
    """A palm between open and a fist, and fingers that bend as it closes."""
    k = look.hand
    curl = look.curl[side] + look.curl[2] * np.sin(0.9 * time_s + 3.0 * side)
    curl = min(max(float(curl), 0.0), 1.0)
    above = _across(UP + 0.3 * axis, far)
    turn = np.radians(look.palm_turn_deg[side])
    palm = np.cos(turn) * above + np.sin(turn) * np.cross(far, above)
    bend = np.radians(look.wrist_bend_deg[side])
    along, palm = np.cos(bend) * far + np.sin(bend) * palm, np.cos(bend) * palm - np.sin(bend) * far
    across = np.cross(along, palm) * (1.0 if side else -1.0)
    full = np.sqrt(np.maximum(1.0 - (2 * PALM_RINGS.clip(0, 1) - 1.0) ** 6, 0.02))
    full[:2] = 0.75
    wide, thick = (11.0 + 1.2 * curl) * k * full, (6.5 + 4.2 * curl) * k * full
    tube = Tube(
        wrist + along * (PALM_RINGS * (23.0 + 3.0 * curl) * k)[:, None], across * wide[:, None], palm * thick[:, None],
        np.repeat(_PLAIN_LIMB, PALM_RINGS.size, 0), part, 4.0,
    )  # fmt: skip
    if not look.fingers:
        return tube, []
    cones = []
    first, second = np.radians(80.0 * curl), np.radians(165.0 * curl)
    for finger in range(4):
        knuckle = wrist + along * (21.5 * k) + across * ((finger - 1.5) * 5.2 * k)
        spread = across * (0.14 * (finger - 1.5) * (1.0 - curl))
        mid = knuckle + (np.cos(first) * along + np.sin(first) * palm + spread) * (9.0 * k)
        tip = mid + (np.cos(second) * along + np.sin(second) * palm + spread) * (8.0 * k)
        cones += [[*knuckle, *mid, 3.9 * k, 3.5 * k], [*mid, *tip, 3.5 * k, 2.9 * k]]
    base = wrist + along * (8.0 * k) - across * (9.0 * k)
    mid = base + (0.75 * along - (0.6 - 0.9 * curl) * across + 0.35 * palm) * (8.0 * k)
    tip = mid + (0.8 * along + (1.1 * curl - 0.3) * across + 0.5 * palm * curl) * (7.0 * k)
    return tube, [*cones, [*base, *mid, 4.6 * k, 4.0 * k], [*mid, *tip, 4.0 * k, 3.1 * k]]


def _foot(
    ankle: Array, near: Array, far: Array, front: Array, right: Array, look: Look, side: int, part: int
) -> tuple[Tube, list[list[float]]]:
    """A foot with a heel behind the ankle and a flat sole; the toes point where the knee does."""
    towards = _across(near - far + 0.35 * front, far)
    turn, bend = np.radians(look.foot_turn_deg[side]), np.radians(look.foot_bend_deg[side])
    towards = np.cos(turn) * towards + np.sin(turn) * np.cross(far, towards) * (1.0 if side else -1.0)
    toes, below = np.cos(bend) * towards + np.sin(bend) * far, np.cos(bend) * far - np.sin(bend) * towards
    across = np.cross(toes, below)
    heel = ankle + below * (0.09 * look.foot_mm) - toes * (0.24 * look.foot_mm)
    angle = 2 * np.pi * np.arange(HAND_AROUND) / HAND_AROUND
    cos, sin = np.abs(np.cos(angle))[None], np.sin(angle)[None]
    sole = np.where(sin > 0, sin * (look.foot_height / (0.62 * look.foot_height.max()))[:, None], -sin)
    bulge = (cos**2.5 + sole**2.5) ** (-1 / 2.5)
    tube = Tube(
        heel + toes * (FOOT_RINGS * look.foot_mm)[:, None], across * look.foot_width[:, None],
        below * look.foot_height[:, None], bulge, part, 6.0,
    )  # fmt: skip
    if not look.toes:
        return tube, []
    cones, size = [], look.foot_mm / 58.0
    big = 1.0 if float(across @ right) * (1.0 if side else -1.0) > 0 else -1.0  # the big toe lies inside
    for toe in range(5):
        start = heel + toes * ((52.5 - 1.6 * toe) * size) + across * (big * (8.2 - 4.1 * toe) * size) + below * size
        thick = (4.3 if toe == 0 else 3.0) * size
        cones.append([*start, *(start + toes * ((8.0 - 0.8 * toe) * size)), thick, 0.85 * thick])
    return tube, cones


def _unit(v: Array) -> Array:
    return np.asarray(v / max(float(np.sqrt(v @ v)), 1e-9))


def _across(v: Array, axis: Array) -> Array:
    """Unit vector of what of `v` is at right angles to the unit vector `axis`."""
    return _unit(v - axis * float(v @ axis))
