"""How one simulated infant looks: thickness along trunk and limbs, face, hands, feet and clothes, always the same.

Lengths are mm. Trunk and head are rings along an axis from -1 to 1 with closed ends; limbs are rings along two bones,
0 at the root, 1 at elbow or knee, 2 at wrist or ankle. In every ring a quarter turn leads from the infant's right to
its front.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter

from asyconv.simulation.body import Anatomy, Array

TRUNK_RINGS: Final = np.sin(np.linspace(-np.pi / 2, np.pi / 2, 26))
TRUNK_AROUND: Final = 30
TRUNK_FROM, TRUNK_TO = -0.17, 1.14  # trunk lengths from the hips towards the shoulders
HEAD_RINGS: Final = np.r_[-1.0, -0.98, -0.92, -0.84:0.3:16j, 0.45, 0.6, 0.74, 0.85, 0.93, 0.98, 1.0]
HEAD_AROUND: Final = 44
LIMB_RINGS: Final = np.r_[-0.3, -0.27, -0.19, -0.08, 0.05:0.75:6j, 0.82:1.18:9j, 1.27:2.04:8j, 2.09, 2.1]
LIMB_CORNER: Final = 14  # the ring at elbow or knee
_ROOT: Final = np.sqrt(1.0 - (np.minimum(LIMB_RINGS, 0.0) / 0.3) ** 2)  # limbs end round inside the trunk
_ROOT[-2:] = (0.7, 0.02)
LIMB_AROUND: Final = 16
FOOT_RINGS: Final = np.array([0.0, 0.03, 0.1, 0.2, 0.32, 0.45, 0.58, 0.7, 0.8, 0.9, 0.97, 1.0])
PALM_RINGS: Final = np.array([-0.1, 0.0, 0.15, 0.35, 0.55, 0.75, 0.9, 1.0])
HAND_AROUND: Final = 14

# where, towards the head; angle in the ring, front 90; how far they reach; share of the radius
_FACE: Final = (
    (-0.20, 90, 0.12, 9, 0.21),  # tip of the nose
    (-0.02, 90, 0.14, 8, 0.08),  # its bridge
    (0.02, 64, 0.11, 11, -0.07),  # eyes
    (0.02, 116, 0.11, 11, -0.07),
    (-0.33, 58, 0.15, 15, 0.05),  # cheeks
    (-0.33, 122, 0.15, 15, 0.05),
    (-0.47, 90, 0.06, 14, 0.05),  # lips
    (-0.74, 90, 0.09, 14, 0.09),  # chin
    (0.45, 90, 0.28, 40, 0.03),  # forehead
    (-0.05, 4, 0.15, 8, 0.10),  # ears
    (-0.05, 176, 0.15, 8, 0.10),
)


@dataclass(frozen=True)
class Look:
    """Constant shape of an infant.

    Attributes
    ----------
    trunk_width, trunk_front : half-axes of the trunk's rings, [R]; `trunk_bulge` [R, A] makes the back flat.
    head_half : half-axes of the head to the right, headward, to the front; `head_bulge` [R, A] holds the face.
    arm_radius, leg_radius : [R], and `limb_bulge` [4, R, A] the folds of each limb.
    foot_width, foot_height : half-axes of the foot's rings, [R]; `foot_mm` its length.
    hand : size of the hands against an infant of 32 weeks.
    curl : of the fingers, 0 = open, 1 = a fist, right and left, and how far it changes.
    palm_turn_deg, wrist_bend_deg, foot_turn_deg, foot_bend_deg : right and left.
    head_nod, head_lean : of the head's axis to the front and to the right.
    curved_mm : how far the middle of the back bends backward.
    fingers, toes : seen, or hidden by mittens and socks.
    mask : a mask or prongs at the nose, with two tubes over the cheeks.
    """

    trunk_width: Array
    trunk_front: Array
    trunk_bulge: Array
    head_half: Array
    head_bulge: Array
    arm_radius: Array
    leg_radius: Array
    limb_bulge: Array
    foot_width: Array
    foot_height: Array
    foot_mm: float
    hand: float
    curl: Array
    palm_turn_deg: Array
    wrist_bend_deg: Array
    foot_turn_deg: Array
    foot_bend_deg: Array
    head_nod: float
    head_lean: float
    curved_mm: float
    fingers: bool
    toes: bool
    mask: bool


def sample_look(rng: np.random.Generator, anatomy: Anatomy) -> Look:
    """A thin or round infant, bare, in a diaper or dressed."""
    k = anatomy.scale
    fat = float(np.clip(rng.normal(1.0, 0.1), 0.76, 1.28)) * anatomy.plumpness
    diaper = rng.random() < 0.85
    dressed = rng.random() < 0.3
    width, front, bulge = _trunk(rng, anatomy, fat, diaper, dressed)
    limb_fat = k * fat * float(np.clip(rng.normal(1.0, 0.07), 0.82, 1.18))
    folds = np.stack([_folds(rng, LIMB_RINGS.size, LIMB_AROUND, 0.05 if dressed else 0.02) for _ in range(4)])
    arm = _radius((0, 16.5), (0.35, 14.3), (0.7, 12.3), (1.0, 12.0), (1.3, 12.2), (1.7, 9.7), (2.1, 8.2)) * limb_fat
    leg = _radius((0, 24.5), (0.3, 21.5), (0.7, 17.0), (1.0, 14.8), (1.35, 14.6), (1.7, 11.2), (2.1, 9.6)) * limb_fat
    creases = 0.035 * max(0.0, fat - 1.0) * 4.0 * np.cos(2 * np.pi * LIMB_RINGS / rng.uniform(0.4, 0.55))
    arm, leg = arm * (1.0 + creases) * _ROOT, leg * (1.0 + creases) * _ROOT
    if diaper:
        leg = leg + 3.0 * k * _ROOT / (1.0 + np.exp((LIMB_RINGS - rng.uniform(0.12, 0.35)) / 0.03))
    if dressed:
        thick = rng.uniform(1.0, 3.0)
        arm = arm + thick * _ROOT / (1.0 + np.exp((LIMB_RINGS - rng.uniform(0.4, 1.9)) / 0.03))
        leg = leg + thick * _ROOT / (1.0 + np.exp((LIMB_RINGS - rng.uniform(0.3, 2.2)) / 0.03))
    mittens, socks = rng.random() < 0.1, rng.random() < 0.2
    size = float(np.clip(rng.normal(1.0, 0.07), 0.85, 1.15)) * k
    thicker = 1.5 if socks else 0.0
    return Look(
        trunk_width=width,
        trunk_front=front,
        trunk_bulge=bulge,
        head_half=np.array([39.0, 46.0, 49.0]) * k * rng.normal(1.0, 0.035, 3).clip(0.9, 1.1),
        head_bulge=_head(rng, hat=rng.random() < 0.25),
        arm_radius=arm,
        leg_radius=leg,
        limb_bulge=folds,
        foot_width=np.array([1.0, 5.0, 8.0, 9.5, 9.3, 9.3, 10.3, 11.8, 12.3, 11.0, 7.5, 2.0]) * size + thicker,
        foot_height=np.array([1.0, 5.0, 9.0, 11.5, 12.0, 10.5, 9.0, 7.5, 6.3, 5.3, 3.8, 1.0]) * size + thicker,
        foot_mm=58.0 * size,
        hand=size * (1.25 if mittens else 1.0),
        curl=np.append(np.clip(rng.normal(0.6, 0.35, 2), 0.05, 1.0), rng.uniform(0.0, 0.35)),
        palm_turn_deg=rng.normal(0.0, 70.0, 2),
        wrist_bend_deg=rng.normal(15.0, 20.0, 2),
        foot_turn_deg=rng.normal(0.0, 18.0, 2),
        foot_bend_deg=rng.normal(15.0, 14.0, 2),
        head_nod=float(rng.normal(-0.02, 0.14)),
        head_lean=float(rng.normal(0.0, 0.12)),
        curved_mm=float(rng.normal(2.0, 5.0)) * k,
        fingers=not mittens,
        toes=not socks,
        mask=bool(rng.random() < 0.2),
    )


def _radius(*knots: tuple[float, float]) -> Array:
    return np.asarray(PchipInterpolator([at for at, _ in knots], [mm for _, mm in knots])(LIMB_RINGS.clip(0.0, 2.1)))


def _folds(rng: np.random.Generator, rings: int, around: int, size: float) -> Array:
    """Uneven surface, [rings, around]: 1 and a smooth noise of the standard deviation `size`."""
    noise = gaussian_filter(rng.standard_normal((rings, around)), (0.9, 1.3), mode=("nearest", "wrap"))
    return np.asarray(1.0 + size * noise / noise.std())


def _trunk(
    rng: np.random.Generator, anatomy: Anatomy, fat: float, diaper: bool, dressed: bool
) -> tuple[Array, Array, Array]:
    """Half-width, depth to the front, and bulge of the trunk's rings."""
    k, trunk = anatomy.scale, anatomy.trunk
    at = TRUNK_FROM + (TRUNK_RINGS + 1.0) / 2 * (TRUNK_TO - TRUNK_FROM)
    hips = float(np.clip(anatomy.hip_width / 2 + 0.09 * trunk, 0.24 * trunk, 0.41 * trunk))
    shoulders = float(np.clip(anatomy.shoulder_width / 2, 0.24 * trunk, 0.4 * trunk))
    belly = float(np.clip(rng.normal(1.0, 0.1), 0.75, 1.25)) * fat
    width = PchipInterpolator(
        [-0.2, 0.0, 0.3, 0.6, 0.9, 1.14],
        [0.8 * hips, hips, 0.29 * trunk * belly, 0.3 * trunk * np.sqrt(fat), 0.93 * shoulders, 0.55 * shoulders],
    )(at)
    front = PchipInterpolator(
        [-0.2, 0.0, 0.3, 0.55, 0.75, 0.98, 1.14],
        np.array([27.0, 32.0, 39.0 * belly / np.sqrt(fat), 37.0, 34.0, 24.0, 17.0]) * k * np.sqrt(fat),
    )(at)
    back = np.interp(at, [-0.2, 0.1, 0.5, 0.9, 1.14], [24.0, 30.0, 25.0, 26.0, 17.0]) * k
    square = rng.uniform(2.2, 2.9)
    bulge = _folds(rng, at.size, TRUNK_AROUND, 0.025 if dressed else 0.008)
    if diaper:
        end = rng.uniform(0.14, 0.3)
        cover = 1.0 / (1.0 + np.exp((at - end) / 0.018))
        thick = rng.uniform(2.0, 9.0) * k
        width, front = width + 0.6 * thick * cover, front + thick * cover
        bulge *= 1.0 + cover[:, None] * (_folds(rng, at.size, TRUNK_AROUND, 0.03) - 1.0)
    closed = np.sqrt(np.maximum(1.0 - TRUNK_RINGS**6, 0.0))
    angle = 2 * np.pi * np.arange(TRUNK_AROUND) / TRUNK_AROUND
    cos, sin = np.abs(np.cos(angle))[None], np.sin(angle)[None]
    depth = np.where(sin < 0.0, -sin * (front / back)[:, None], sin)
    return width * closed, front * closed, bulge * (cos**square + depth**square) ** (-1.0 / square)


def _head(rng: np.random.Generator, hat: bool) -> Array:
    """Bulge of the head's rings, closed ends and a narrow jaw included; the face is its relief."""
    along = HEAD_RINGS[:, None]
    angle = np.degrees(2 * np.pi * np.arange(HEAD_AROUND) / HEAD_AROUND)[None]
    bulge = 1.0 - 0.2 * np.maximum(0.0, -along) ** 1.3 * np.ones_like(angle)
    relief = rng.uniform(0.8, 1.4)
    for at, towards, tall, wide, size in _FACE:
        away = (angle - towards + 180.0) % 360.0 - 180.0
        bulge = bulge + relief * size * np.exp(-(((along - at) / tall) ** 2) / 2 - ((away / wide) ** 2) / 2)
    if hat:
        rim = rng.uniform(0.0, 0.3)
        cover = 1.0 / (1.0 + np.exp(-(along - rim) / 0.02))
        folds = _folds(rng, HEAD_RINGS.size, HEAD_AROUND, 0.02)
        bulge = (
            bulge * (1 - cover) + cover * folds * rng.uniform(1.04, 1.1) + 0.03 * np.exp(-(((along - rim) / 0.05) ** 2))
        )
    return np.asarray(bulge * np.sqrt(np.maximum(1.0 - along**2, 0.0)))
