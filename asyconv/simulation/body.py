"""A simulated infant's body: bone lengths by age, joints from posture, and the rounded solids a camera would see.

Lengths follow straight lines on gestational age (fetal series of Vasung et al., aggregates: slope per week, value at
32 weeks); one size factor of SD 5 % and an own factor of SD 4 % for each bone, the same left and right.
Bed frame, mm: X right in the picture, Y down in the picture (headward for a head-down infant), Z up from the mattress.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.simulation.motion import Motion
from asyconv.skeleton import LIMBS

Array = npt.NDArray[np.float64]

# mm at 32 weeks, mm per week
_LENGTHS: Final = {
    "upper_arm": (64.0, 1.6),
    "forearm": (59.0, 1.5),
    "thigh": (70.0, 2.0),  # labels show 0.75 px per mm of the joints' 76 mm: part of it is flesh beside the hip
    "shank": (71.0, 1.8),
    "shoulder_width": (78.0, 3.0),
    "hip_width": (52.0, 1.8),  # labels lie on the outer hip: 0.42 trunk lengths instead of the joints' 0.37
    "trunk": (128.0, 2.8),
}

# solids carry the part they belong to; the parts a joint may be seen on
PARTS: Final = ("none", "trunk", "head", "right_arm", "left_arm", "right_leg", "left_leg", "cover", "tube", "operator")
PART: Final = {name: index for index, name in enumerate(PARTS)}


@dataclass(frozen=True)
class Anatomy:
    """Lengths in mm of one infant, and the radius scale that follows from its trunk."""

    age_weeks: float
    upper_arm: float
    forearm: float
    thigh: float
    shank: float
    shoulder_width: float
    hip_width: float
    trunk: float
    plumpness: float

    @property
    def scale(self) -> float:
        """Size against an infant of 32 weeks."""
        return self.trunk / 128.0


def sample_anatomy(rng: np.random.Generator) -> Anatomy:
    """An infant of 27 to 37 weeks."""
    age_weeks = float(rng.uniform(27.0, 37.0))
    size = 1.0 + 0.05 * float(np.clip(rng.standard_normal(), -2.5, 2.5))
    own = {name: 1.0 + 0.04 * float(np.clip(rng.standard_normal(), -2.5, 2.5)) for name in _LENGTHS}
    lengths = {
        name: (middle + slope * (age_weeks - 32.0)) * size * own[name] for name, (middle, slope) in _LENGTHS.items()
    }
    return Anatomy(age_weeks=age_weeks, plumpness=float(rng.uniform(0.88, 1.12)), **lengths)


def varied_anatomy(rng: np.random.Generator, anatomy: Anatomy) -> Anatomy:
    """The same infant at any age from 25 weeks to three months after term, its proportions as wide apart as real ones.

    Widths and bones reach what real labels show (P1 to P99, in trunk lengths).
    """
    age_weeks = float(rng.uniform(25.0, 42.0) if rng.random() < 0.75 else rng.uniform(42.0, 53.0))
    grown = (128.0 + 2.8 * (age_weeks - 32.0)) / (128.0 + 2.8 * (anatomy.age_weeks - 32.0))
    lengths = {name: getattr(anatomy, name) * grown for name in ("upper_arm", "forearm", "thigh", "shank", "trunk")}
    anatomy = replace(anatomy, age_weeks=age_weeks, **lengths)

    def factor(mean: float, sd: float, low: float, high: float) -> float:
        return float(np.clip(rng.normal(mean, sd), low, high))

    arm, leg = factor(1.0, 0.07, 0.8, 1.2), factor(1.0, 0.07, 0.8, 1.2)
    return replace(
        anatomy,
        upper_arm=anatomy.upper_arm * arm * factor(0.94, 0.13, 0.62, 1.3),
        forearm=anatomy.forearm * arm * factor(0.94, 0.13, 0.62, 1.3),
        thigh=anatomy.thigh * leg * factor(0.94, 0.13, 0.62, 1.3),
        shank=anatomy.shank * leg * factor(0.94, 0.13, 0.62, 1.3),
        shoulder_width=anatomy.trunk * factor(0.6, 0.15, 0.2, 1.0),
        hip_width=anatomy.trunk * float(min(0.17 + rng.gamma(2.0, 0.12), 1.0)),
        plumpness=float(rng.uniform(0.8, 1.2)) * (1.0 + 0.006 * max(0.0, age_weeks - 36.0)),
    )


def with_limbs(anatomy: Anatomy, factor: float) -> Anatomy:
    """The same infant with limbs so many times as long."""
    names = ("upper_arm", "forearm", "thigh", "shank")
    return replace(anatomy, **{name: getattr(anatomy, name) * factor for name in names})


@dataclass(frozen=True)
class Placement:
    """Where the body lies in the bed frame: trunk centre in mm, turn of the trunk axis in degrees, roll in degrees.

    Shoulder and hip line are tilted in the picture, the hips rolled against the shoulders and lifted off the bed. Of a
    body on its side, the limbs above sink by `droop` (0 to 1), and all are bent forward by `curl_deg` more.
    """

    x_mm: float
    y_mm: float
    turn_deg: float
    roll_deg: float
    shoulder_tilt_deg: float = 0.0
    hip_tilt_deg: float = 0.0
    hip_roll_deg: float = 0.0
    hip_lift_mm: float = 0.0
    droop: float = 0.0
    curl_deg: float = 0.0


def joints_of(anatomy: Anatomy, placement: Placement, motion: Motion) -> Array:
    """Joint centres in the bed frame, mm, [N, 12, 3]; bones keep their lengths, nothing sinks into bed or trunk."""
    turn = np.radians(placement.turn_deg + motion.sway[:, 2])
    headward = np.stack([np.sin(turn), np.cos(turn), np.zeros_like(turn)], axis=-1)
    right = np.stack([np.cos(turn), -np.sin(turn), np.zeros_like(turn)], axis=-1)
    up = np.array([0.0, 0.0, 1.0])
    centre = np.array([placement.x_mm, placement.y_mm, 0.0]) + np.pad(motion.sway[:, :2], ((0, 0), (0, 1)))
    shoulder_tilt, hip_tilt, roll, hip_roll = np.radians(motion.sway[:, 3:7].T)
    shoulder_tilt = shoulder_tilt + np.radians(placement.shoulder_tilt_deg)
    hip_tilt = hip_tilt + np.radians(placement.hip_tilt_deg)
    roll = roll + np.radians(placement.roll_deg)
    hip_roll = roll + hip_roll + np.radians(placement.hip_roll_deg)
    hip_lift = np.clip(placement.hip_lift_mm + np.abs(motion.sway[:, 7]), 0.0, 0.55 * anatomy.trunk)
    flat_trunk = np.sqrt(anatomy.trunk**2 - hip_lift**2)
    joints = np.empty((len(motion.time_s), 12, 3))
    for limb, (name, (root, middle, end)) in enumerate(LIMBS.items()):
        arm = name.endswith("arm")
        outward = right if name.startswith("right") else -right
        side = 1.0 if name.startswith("right") else -1.0
        half_width = (anatomy.shoulder_width if arm else anatomy.hip_width) / 2
        along = headward * (flat_trunk / 2 * (1.0 if arm else -1.0))[:, None]
        rolled, tilted = (roll, shoulder_tilt) if arm else (hip_roll, hip_tilt)
        rise = half_width * np.sin(rolled) * (1.0 if arm else 0.6)  # of the right side; the left sinks as much
        middle_height = np.maximum(30.0 * anatomy.scale, 11.0 * anatomy.scale + np.abs(rise))
        height = middle_height + side * rise + (0.0 if arm else hip_lift)
        line = outward * np.cos(tilted)[:, None] + side * headward * np.sin(tilted)[:, None]
        joints[:, root] = centre + along + line * (half_width * np.cos(rolled))[:, None] + up * height[:, None]
        azimuth, lift, fold, far_lift = np.moveaxis(motion.angles_deg[:, limb], -1, 0)
        lengths = (anatomy.upper_arm, anatomy.forearm) if arm else (anatomy.thigh, anatomy.shank)
        radii = (12.0, 9.5) if arm else (16.0, 10.5)
        angles = ((azimuth, lift), (azimuth + fold, far_lift))
        start = root
        for reached, length, radius, (turned, raised) in zip((middle, end), lengths, radii, angles, strict=True):
            turned, raised = np.radians(turned), np.radians(raised)
            flat = -headward * np.cos(turned)[:, None] + outward * np.sin(turned)[:, None]
            rise = length * np.sin(raised)
            for _ in range(2):  # the floor under the end depends on where the end comes to lie
                reach = np.sqrt(length**2 - rise**2)
                spot = joints[:, start] + flat * reach[:, None]
                floor = radius * anatomy.scale + trunk_top(spot - centre, headward, right, anatomy)
                wanted = smooth_max(length * np.sin(raised), floor - joints[:, start, 2])
                rise = np.clip(wanted, -0.98 * length, 0.98 * length)
            reach = np.sqrt(length**2 - rise**2)
            joints[:, reached] = joints[:, start] + flat * reach[:, None] + up * rise[:, None]
            start = reached
    return joints


def smooth_max(a: Array, b: Array) -> Array:
    """The larger of two, rounded over about 3 mm where they cross."""
    return np.asarray((a + b + np.sqrt((a - b) ** 2 + 3.0**2)) / 2)


def trunk_top(offset: Array, headward: Array, right: Array, anatomy: Anatomy) -> Array:
    """Height in mm of trunk and head above the mattress at `offset` [N, 3] from the trunk centre."""
    along = (offset * headward).sum(-1) / anatomy.trunk
    across = (offset * right).sum(-1) / anatomy.trunk
    top = np.zeros(len(offset))
    for centre, half_length, half_width, height in ((0.0, 0.62, 0.33, 66.0), (0.95, 0.42, 0.32, 84.0)):
        inside = 1.0 - ((along - centre) / half_length) ** 2 - (across / half_width) ** 2
        top = np.maximum(top, height * anatomy.scale * np.sqrt(np.maximum(inside, 0.0)))
    return top


@dataclass(frozen=True)
class Solids:
    """Rounded cones [n, 8] (two centres, two radii) and ellipsoids [m, 12] (centre, unit-sphere matrix), with parts."""

    cones: Array
    cone_parts: npt.NDArray[np.uint8]
    ellipsoids: Array
    ellipsoid_parts: npt.NDArray[np.uint8]


def solids_of(joints: Array, up: Array, anatomy: Anatomy, head_turn_deg: float, breath: float) -> Solids:
    """Solids of one frame from joint centres [12, 3] in any orthonormal frame whose bed normal is `up`.

    `breath` is the chest's rise in mm; `head_turn_deg` turns the face to the infant's right. What hangs on a joint that
    is NaN is left out.
    """
    s = anatomy.scale * anatomy.plumpness
    shoulders, hips = joints[[2, 3]].mean(0), joints[[8, 9]].mean(0)
    headward = _unit(shoulders - hips)
    right = _unit((joints[2] - joints[3]) - headward * float((joints[2] - joints[3]) @ headward))
    forward = _unit(up - headward * float(up @ headward) - right * float(up @ right))
    trunk = anatomy.trunk
    frame = np.stack([right, headward, forward])
    face = np.radians(head_turn_deg)
    head_frame = np.stack(
        [np.cos(face) * right - np.sin(face) * forward, headward, np.sin(face) * right + np.cos(face) * forward]
    )
    k = anatomy.scale
    ellipsoids = [
        _ellipsoid(
            hips + headward * 0.68 * trunk + forward * (2 + breath),
            frame,
            (0.33 * trunk, 0.38 * trunk, 34 * k + breath),
        ),
        _ellipsoid(
            hips + headward * 0.28 * trunk + forward * 4,
            frame,
            (0.33 * trunk * anatomy.plumpness, 0.36 * trunk, 37 * s),
        ),
        _ellipsoid(hips - headward * 0.04 * trunk + forward * 2, frame, (0.32 * trunk, 0.23 * trunk, 35 * s)),
        _ellipsoid(shoulders + headward * 0.49 * trunk + forward * 14 * k, head_frame, (39 * k, 47 * k, 50 * k)),
        _ellipsoid(
            shoulders + headward * 0.40 * trunk + head_frame[2] * 42 * k + forward * 10 * k,
            head_frame,
            (17 * k, 20 * k, 16 * k),
        ),
    ]
    parts = [PART["trunk"]] * 3 + [PART["head"]] * 2
    cones = [_cone(shoulders - headward * 5, shoulders + headward * 0.3 * trunk, 20 * s, 19 * s)]
    cone_parts = [PART["trunk"]]
    for name, (root, middle, end) in LIMBS.items():
        part = PART[name]
        far = _unit(joints[end] - joints[middle])
        if name.endswith("arm"):
            radii = (16.5, 12.5, 11.0, 8.5)
            palm = joints[end] + far * 17 * k
            extra = [_cone(joints[end] + far * 6 * k, palm, 9.5 * s, 11.5 * s)]
        else:
            radii = (23.0, 16.0, 14.0, 9.5)
            sole = _unit(0.75 * forward - 0.45 * headward + 0.35 * far)
            extra = [
                _cone(joints[end] - sole * 5 * k, joints[end] + sole * 33 * k, 9.5 * s, 7.5 * s),
                _cone(joints[end] + sole * 26 * k, joints[end] + sole * 36 * k + right * 4 * k, 8.0 * s, 6.5 * s),
            ]
        limb = [
            _cone(joints[root], joints[middle], radii[0] * s, radii[1] * s),
            _cone(joints[middle], joints[end], radii[2] * s, radii[3] * s),
            *extra,
        ]
        cones += limb
        cone_parts += [part] * len(limb)
    drawn = np.isfinite(np.array(cones)).all(axis=1)  # not what hangs on a joint that is nowhere
    return Solids(
        np.array(cones)[drawn], np.array(cone_parts, np.uint8)[drawn], np.array(ellipsoids), np.array(parts, np.uint8)
    )


def _unit(v: Array) -> Array:
    return v / max(float(np.sqrt(v @ v)), 1e-9)


def _cone(a: Array, b: Array, radius_a: float, radius_b: float) -> list[float]:
    return [*a, *b, radius_a, radius_b]


def _ellipsoid(centre: Array, frame: Array, half_axes: tuple[float, float, float]) -> Array:
    return np.concatenate([centre, (frame / np.array(half_axes)[:, None]).ravel()])
