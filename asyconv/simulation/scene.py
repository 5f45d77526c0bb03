"""One simulated infant in its bed: camera, mattress, nest, rails, cloths, tubes, operator hands, and frames of depth.

Everything random is keyed by (seed, infant) for what stays and by (seed, infant, frame) for sensor noise, so frames can
be made in any order. Placement, size and occlusion follow the aggregates of real babyPose labels (paper.md 13).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from asyconv.simulation.body import (
    PART,
    Anatomy,
    Array,
    Placement,
    Solids,
    joints_of,
    sample_anatomy,
    solids_of,
    varied_anatomy,
)
from asyconv.simulation.motion import CALM, VARIED, Motion, invent_motion
from asyconv.simulation.render import draw_solids, sense
from asyconv.skeleton import JOINTS

WIDTH_PX: Final = 640
HEIGHT_PX: Final = 480
FPS_HZ: Final = 30.0
FOCAL_PX: Final = 575.8
HFOV_RAD: Final = 2 * float(np.arctan(WIDTH_PX / 2 / FOCAL_PX))
VFOV_RAD: Final = 2 * float(np.arctan(HEIGHT_PX / 2 / FOCAL_PX))
BASELINE_MM: Final = 75.0
NEAR_MM: Final = 300.0
SENSOR_NOISE_PX: Final = 0.085
SENSOR_HOLE_RATE: Final = 0.003

_CLOTH_GRID: Final = 4  # cloth hangs over the scene on a grid four times coarser than the picture


@dataclass(frozen=True)
class Cloth:
    """A cloth: which pixels it may cover (u8 [H, W]), its wrinkles on the coarse grid, when it lies there, seconds."""

    mask: npt.NDArray[np.uint8]
    wrinkles_mm: npt.NDArray[np.float32]
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Visit:
    """An operator's hand over the bed: when, from which side (degrees), where to and how high (bed frame, mm)."""

    start_s: float
    end_s: float
    from_deg: float
    goal: Array
    sway: Array


@dataclass(frozen=True)
class Infant:
    """One simulated infant: all that does not change from frame to frame, and its joints over time."""

    seed: int
    number: int
    anatomy: Anatomy
    placement: Placement
    motion: Motion
    joints_bed: Array  # [N, 12, 3] mm
    turn_camera: Array  # [3, 3], bed frame (with Z as depth) -> camera
    distance_mm: float
    background_mm: npt.NDArray[np.float32]
    cloths: tuple[Cloth, ...]
    tubes: Array  # cones in the bed frame, relative to the head
    visits: tuple[Visit, ...]
    head_turn_deg: Array  # [N]
    breath_hz: float
    noise_px: float  # of the sensor's disparity
    hole_rate: float

    def to_camera(self, bed: Array) -> Array:
        """Camera-frame points, mm [..., 3] (x right, y down, z away), of bed-frame points."""
        flipped = np.concatenate([bed[..., :2], self.distance_mm - bed[..., 2:]], axis=-1)
        return np.asarray(flipped @ self.turn_camera.T)

    @property
    def mattress_plane(self) -> Array:
        """Unit normal towards the camera and offset d, mm: height above the mattress = n.p + d."""
        normal = -self.turn_camera[:, 2]
        return np.append(normal, self.distance_mm)


@dataclass(frozen=True)
class Condition:
    """What is forced upon an infant; None = as drawn for it.

    Attributes
    ----------
    roll_deg : of the body round its own axis.
    tilt_deg : of the camera round the picture's x axis.
    distance_mm : from the camera to the mattress.
    covered : joints under a cloth of their own, all the time, by index.
    hand : an operator's hand over the body all the time.
    occluded : cloths and visits as drawn, or none.
    noise, holes : how many times the noise and the rate of holes of the sensor.
    varied : proportions, postures and movement over the ranges of real labels instead of a calm supine infant.
    """

    roll_deg: float | None = None
    tilt_deg: float | None = None
    distance_mm: float | None = None
    covered: tuple[int, ...] = ()
    hand: bool = False
    occluded: bool = True
    noise: float = 1.0
    holes: float = 1.0
    varied: bool = False


AS_DRAWN: Final = Condition()
BARE: Final = Condition(occluded=False)
"""Neither cloths nor hands."""
VARIED_INFANT: Final = Condition(varied=True)


Body = Callable[[Array, float], tuple[Anatomy, Array]]
"""Gives anatomy and joints in the bed frame [N, 12, 3] for a camera: its turn [3, 3] and its distance in mm."""


def project(camera: Array) -> Array:
    """Native pixel coordinates [..., 2] of camera-frame points [..., 3]."""
    middle = np.array([(WIDTH_PX - 1) / 2, (HEIGHT_PX - 1) / 2])
    return np.asarray(camera[..., :2] / camera[..., 2:] * FOCAL_PX + middle)


def make_infant(
    seed: int,
    number: int,
    time_s: Array,
    *,
    body: Body | None = None,
    moving: bool = True,
    condition: Condition = AS_DRAWN,
) -> Infant:
    """Infant `number` of `seed` at the times `time_s` [N]; a `body` replaces the invented anatomy and movement.

    A `condition` changes what it names and nothing else of the infant.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, number]))
    anatomy = sample_anatomy(rng)
    placement = Placement(
        x_mm=float(np.clip(rng.normal(0.0, 37.0), -75, 75)),
        y_mm=float(np.clip(rng.normal(-4.0, 38.0), -48, 90)),
        turn_deg=float(np.clip(rng.normal(-2.0, 6.5), -16, 14)),
        roll_deg=_stated(condition.roll_deg, float(rng.normal(0.0, 6.0))),
    )
    if condition.varied:
        more = np.random.default_rng(np.random.SeedSequence([seed, number, 21]))  # the draws around it stay as they are
        anatomy, placement = varied_anatomy(more, anatomy), _varied_placement(more, condition)
    motion = invent_motion(rng, time_s, moving=moving, reach=VARIED if condition.varied else CALM)
    tilt = np.radians(rng.normal(0.0, 2.0, size=2))
    tilt[0] = tilt[0] if condition.tilt_deg is None else np.radians(condition.tilt_deg)
    distance_mm = float(np.clip(rng.normal(588.0, 26.0), 525.0, 655.0))
    distance_mm = _stated(condition.distance_mm, float(more.uniform(500.0, 740.0)) if condition.varied else distance_mm)
    turn = np.asarray(cv2.Rodrigues(np.array([tilt[0], tilt[1], 0.0]))[0], np.float64)
    if body is None:
        joints = joints_of(anatomy, placement, motion)
    else:
        anatomy, joints = body(turn, distance_mm)
        placement = _placement_of(joints)
    bare = Infant(
        seed=seed,
        number=number,
        anatomy=anatomy,
        placement=placement,
        motion=motion,
        joints_bed=joints,
        turn_camera=turn,
        distance_mm=distance_mm,
        background_mm=np.empty((0, 0), np.float32),
        cloths=(),
        tubes=np.empty((0, 8)),
        visits=(),
        head_turn_deg=rng.uniform(-50, 50) + 15 * np.sin(2 * np.pi * time_s / rng.uniform(20, 60) + rng.uniform(0, 6)),
        breath_hz=float(rng.uniform(0.6, 1.1)),
        noise_px=SENSOR_NOISE_PX * condition.noise,
        hole_rate=SENSOR_HOLE_RATE * condition.holes,
    )
    span_s = float(time_s[-1]) if len(time_s) else 0.0
    extra: dict[str, Any] = {"background_mm": _background(rng, bare), "tubes": _tubes(rng, anatomy)}
    if condition.occluded:
        extra |= {"cloths": _cloths(rng, bare, span_s), "visits": _visits(rng, bare, span_s)}
    if condition.covered or condition.hand:
        rng = np.random.default_rng(np.random.SeedSequence([seed, number, 5]))  # what was drawn above stays as it was
        over = tuple(_cloth(rng, bare, joint, span_s, share_cut=0.0) for joint in condition.covered)
        always = (_visit(rng, bare, -10.0, span_s + 20.0),) if condition.hand else ()
        extra |= {"cloths": extra.get("cloths", ()) + over, "visits": extra.get("visits", ()) + always}
    return Infant(**{**bare.__dict__, **extra})


def _placement_of(joints_bed: Array) -> Placement:
    """Where a body lies whose joints [N, 12, 3] are given."""
    shoulders, hips = (joints_bed[:, pair, :2].mean(1) for pair in ([2, 3], [8, 9]))
    x_mm, y_mm = np.median((shoulders + hips) / 2, axis=0)
    axis = np.median(shoulders - hips, axis=0)
    return Placement(float(x_mm), float(y_mm), float(np.degrees(np.arctan2(axis[0], axis[1]))), 0.0)


def _varied_placement(rng: np.random.Generator, condition: Condition) -> Placement:
    """Turned up to 60 degrees, mostly supine, a seventh half-turned to a side."""
    lying = rng.random()
    roll_sd_deg = 8.0 if lying < 0.6 else 20.0
    roll_deg = rng.normal(0.0, roll_sd_deg) if lying < 0.85 else rng.uniform(-70.0, 70.0)
    return Placement(
        x_mm=float(np.clip(rng.normal(0.0, 45.0), -95, 95)),
        y_mm=float(np.clip(rng.normal(-4.0, 45.0), -65, 95)),
        turn_deg=float(rng.uniform(-60.0, 60.0)),
        roll_deg=_stated(condition.roll_deg, float(roll_deg)),
        shoulder_tilt_deg=float(rng.normal(0.0, 7.0)),
        hip_tilt_deg=float(rng.normal(0.0, 6.0)),
        hip_roll_deg=float(rng.normal(0.0, 12.0)),
        hip_lift_mm=float(abs(rng.normal(0.0, 18.0))),
    )


def true_depth(infant: Infant, index: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Noise-free depth f32 [H, W] in mm and the part (index into `body.PARTS`) each pixel shows, u8 [H, W]."""
    z_mm = infant.background_mm.copy()
    part = np.zeros(z_mm.shape, np.uint8)
    time_s = float(infant.motion.time_s[index])
    joints = infant.to_camera(infant.joints_bed[index])
    up = -infant.turn_camera[:, 2]
    breath_mm = 1.5 * float(np.sin(2 * np.pi * infant.breath_hz * time_s))
    _draw(solids_of(joints, up, infant.anatomy, float(infant.head_turn_deg[index]), breath_mm), z_mm, part)
    for cloth in infant.cloths:
        if cloth.start_s <= time_s < cloth.end_s:
            _drape(cloth, z_mm, part)
    shoulders = infant.joints_bed[index, [2, 3]].mean(0)
    tubes = infant.tubes + np.concatenate([shoulders, shoulders, [0.0, 0.0]])
    _draw(_cones_only(infant, tubes, PART["tube"]), z_mm, part)
    for visit in infant.visits:
        if visit.start_s <= time_s < visit.end_s:
            _draw(_operator(infant, visit, time_s), z_mm, part)
    return z_mm, part


def sensed_depth(infant: Infant, index: int, z_mm: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]:
    """What the sensor reports of `z_mm`, whole mm, u16 [H, W]; noise is keyed by (seed, infant, frame)."""
    key = np.random.SeedSequence([infant.seed, infant.number, index]).generate_state(1, np.uint64)[0]
    out = np.empty(z_mm.shape, np.uint16)
    sense(z_mm, key, FOCAL_PX * BASELINE_MM, infant.noise_px, infant.hole_rate, NEAR_MM, out)
    return out


_SEEN_ON: Final = [
    {PART["trunk"] if "shoulder" in name or "hip" in name else -1, PART[f"{name.split('_')[0]}_{limb}"]}
    for name in JOINTS
    for limb in ["arm" if name.split("_")[1] in ("wrist", "elbow", "shoulder") else "leg"]
]
_SEEN_RADIUS_MM: Final = [9.0 if "wrist" in name or "ankle" in name else 13.0 for name in JOINTS]
SEEN_SHARE: Final = 0.5


def visible_joints(infant: Infant, index: int, part: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Whether each joint is seen, [12]: at least half of a disc round it shows its own limb (or trunk, at the root)."""
    camera = infant.to_camera(infant.joints_bed[index])
    xy = project(camera)
    seen = np.zeros(len(JOINTS), bool)
    for joint in range(len(JOINTS)):
        if not np.isfinite(xy[joint]).all():
            continue
        radius = max(3, round(_SEEN_RADIUS_MM[joint] * infant.anatomy.scale * FOCAL_PX / camera[joint, 2]))
        x, y = int(round(xy[joint, 0])), int(round(xy[joint, 1]))
        if not (radius <= x < WIDTH_PX - 8 - radius and radius <= y < HEIGHT_PX - radius):
            continue
        patch = part[y - radius : y + radius + 1, x - radius : x + radius + 1]
        grid = np.hypot(*np.mgrid[-radius : radius + 1, -radius : radius + 1]) <= radius
        own = np.isin(patch[grid], list(_SEEN_ON[joint]))
        bare = patch[grid] == PART["none"]  # bed beside a thin limb hides nothing
        seen[joint] = own.sum() >= SEEN_SHARE * max(1, (~bare).sum()) and own.sum() >= 0.25 * grid.sum()
    return seen


def _draw(solids: Solids, z_mm: npt.NDArray[np.float32], part: npt.NDArray[np.uint8]) -> None:
    draw_solids(solids.cones, solids.cone_parts, solids.ellipsoids, solids.ellipsoid_parts, FOCAL_PX, z_mm, part)


def _cones_only(infant: Infant, cones_bed: Array, part: int) -> Solids:
    cones = cones_bed.copy()
    cones[:, :3], cones[:, 3:6] = infant.to_camera(cones_bed[:, :3]), infant.to_camera(cones_bed[:, 3:6])
    return Solids(cones, np.full(len(cones), part, np.uint8), np.empty((0, 12)), np.empty(0, np.uint8))


def _smooth_noise(rng: np.random.Generator, rows: int, columns: int, cell: float) -> npt.NDArray[np.float32]:
    coarse = rng.standard_normal((int(rows / cell) + 3, int(columns / cell) + 3)).astype(np.float32)
    wide = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC)
    return np.asarray(wide, np.float32)


def _background(rng: np.random.Generator, infant: Infant) -> npt.NDArray[np.float32]:
    """Depth of the bed without the infant: wrinkled mattress, nest of rolled cloth, rails at the sides."""
    columns, rows = np.meshgrid(np.arange(WIDTH_PX), np.arange(HEIGHT_PX))
    rays = np.stack(
        [(columns - (WIDTH_PX - 1) / 2) / FOCAL_PX, (rows - (HEIGHT_PX - 1) / 2) / FOCAL_PX, np.ones(columns.shape)], -1
    )
    plane = infant.mattress_plane
    z_mm: npt.NDArray[np.float32] = np.asarray(-plane[3] / (rays @ plane[:3]), np.float32)
    z_mm -= 1.6 * _smooth_noise(rng, HEIGHT_PX, WIDTH_PX, 60) + 0.8 * _smooth_noise(rng, HEIGHT_PX, WIDTH_PX, 22)
    cones = []
    if rng.random() < 0.75:  # a nest round the body, open or closed at the feet
        along, across = rng.uniform(190, 235), rng.uniform(118, 150)
        first = 0.0 if rng.random() < 0.5 else rng.uniform(0.2, 0.6)
        angles = np.linspace(-np.pi / 2 + first, 1.5 * np.pi - first, 22)
        wobble = 1 + 0.05 * np.sin(3 * angles + rng.uniform(0, 6))
        ring = np.stack([across * wobble * np.cos(angles), along * wobble * np.sin(angles)], -1)
        turn = np.radians(infant.placement.turn_deg)
        if abs(infant.placement.turn_deg) > 16.0:  # a nest turns with a body that lies turned
            ring = ring @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        centre = np.array([infant.placement.x_mm, infant.placement.y_mm])
        radius = rng.uniform(18, 27)
        points = np.concatenate([ring + centre, np.full((len(ring), 1), radius * 0.7)], -1)
        cones += [[*a, *b, radius, radius] for a, b in zip(points[:-1], points[1:], strict=True)]
    for side in (-1.0, 1.0):
        if rng.random() < 0.6:
            x, tall = side * rng.uniform(265, 330), rng.uniform(40, 110)
            cones.append([x, -400.0, tall, x + rng.uniform(-15, 15), 400.0, tall, 16.0, 16.0])
    if cones:
        part = np.zeros(z_mm.shape, np.uint8)
        _draw(_cones_only(infant, np.array(cones), 0), z_mm, part)
    return z_mm


def _tubes(rng: np.random.Generator, anatomy: Anatomy) -> Array:
    """Feeding tube, airway tubes and leads as thin cones, relative to the mid-shoulder point (bed frame)."""
    cones: list[list[float]] = []
    for _ in range(int(rng.integers(0, 4))):
        at_face = rng.random() < 0.6
        start = (
            np.array([rng.normal(0, 12), 0.45 * anatomy.trunk, 62.0])
            if at_face
            else np.array([rng.normal(0, 30), -0.4 * anatomy.trunk, 45.0])
        )
        heading = rng.uniform(0, 2 * np.pi)
        radius = float(rng.uniform(1.2, 3.2))
        point = start * np.array([1, 1, 1])
        for step in range(9):
            heading += rng.normal(0, 0.35)
            reach = 32.0
            following = point + np.array([reach * np.cos(heading), reach * np.sin(heading), 0.0])
            following[2] = max(radius - 30.0, start[2] * (1 - (step + 1) / 4)) if step < 4 else radius - 30.0
            cones.append([*point, *following, radius, radius])
            point = following
    return np.array(cones).reshape(-1, 8)


def _cloths(rng: np.random.Generator, infant: Infant, span_s: float) -> tuple[Cloth, ...]:
    """Zero to two cloths over some joints; most lie for the whole recording, some come or go."""
    cloths = []
    for _ in range(int(rng.choice([0, 1, 2], p=[0.3, 0.4, 0.3]))):
        # legs low, knees rarely: shares of missing labels, paper.md 13.1
        weights = np.array([21, 19, 18, 18, 19, 21, 6, 6, 13, 13, 6, 5], float)
        joint = int(rng.choice(12, p=weights / weights.sum()))
        cloths.append(_cloth(rng, infant, joint, span_s, share_cut=0.5))
    return tuple(cloths)


def _cloth(rng: np.random.Generator, infant: Infant, joint: int, span_s: float, share_cut: float) -> Cloth:
    """A cloth over a joint's usual place, with a wavy border; with a chance of `share_cut` it comes or goes."""
    centre = np.median(infant.joints_bed[:, joint], axis=0)
    centre[:2] += rng.normal(0, 22, size=2)
    half = np.array([rng.uniform(28, 80), rng.uniform(28, 65)])
    centre[2] = 35.0
    x, y = project(infant.to_camera(centre))
    turn = rng.uniform(0, np.pi)
    columns, rows = np.meshgrid(np.arange(WIDTH_PX) - x, np.arange(HEIGHT_PX) - y)
    u = (columns * np.cos(turn) + rows * np.sin(turn)) / half[0]
    v = (-columns * np.sin(turn) + rows * np.cos(turn)) / half[1]
    edge = (np.abs(u) ** 6 + np.abs(v) ** 6) ** (1 / 6) + 0.06 * _smooth_noise(rng, HEIGHT_PX, WIDTH_PX, 28)
    start_s, end_s = -1.0, span_s + 1.0
    if rng.random() < share_cut:
        cut_s = rng.uniform(0.2, 0.8) * span_s
        start_s, end_s = (cut_s, end_s) if rng.random() < 0.5 else (start_s, cut_s)
    grid = _smooth_noise(rng, HEIGHT_PX // _CLOTH_GRID, WIDTH_PX // _CLOTH_GRID, 7)
    return Cloth((edge < 1).astype(np.uint8), (2.0 * grid).astype(np.float32), start_s, end_s)


def _drape(cloth: Cloth, z_mm: npt.NDArray[np.float32], part: npt.NDArray[np.uint8]) -> None:
    """Lay a cloth over what is there: the nearest depth round each point, smoothed, a few mm thick."""
    coarse = cv2.resize(z_mm, None, fx=1 / _CLOTH_GRID, fy=1 / _CLOTH_GRID, interpolation=cv2.INTER_NEAREST)
    hung = cv2.GaussianBlur(cv2.erode(coarse, np.ones((9, 9), np.uint8)), (0, 0), 2.5) - 3.0 + cloth.wrinkles_mm
    x, y, w, h = cv2.boundingRect(cloth.mask)
    full = cv2.resize(hung.astype(np.float32), (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_LINEAR)
    region = (slice(y, y + h), slice(x, x + w))
    on_top = (cloth.mask[region] > 0) & (full[region] < z_mm[region])
    z_mm[region][on_top] = full[region][on_top]
    part[region][on_top] = PART["cover"]


def _visits(rng: np.random.Generator, infant: Infant, span_s: float) -> tuple[Visit, ...]:
    visits = []
    for _ in range(int(rng.poisson(1.2 * span_s / 60.0))):
        visits.append(_visit(rng, infant, float(rng.uniform(-2.0, span_s))))
    return tuple(visits)


def _visit(rng: np.random.Generator, infant: Infant, start_s: float, end_s: float | None = None) -> Visit:
    """An operator's hand somewhere over the body, for a few seconds unless its end is stated."""
    middle = np.array([infant.placement.x_mm, infant.placement.y_mm, 0.0])
    goal = middle + np.array([rng.normal(0, 45), rng.normal(0, 75), rng.uniform(70, 115)])
    lasting_s, from_deg = float(rng.uniform(1.8, 6.0)), float(rng.uniform(0, 360))
    return Visit(start_s, _stated(end_s, start_s + lasting_s), from_deg, goal, rng.uniform(0.3, 1.0, size=3))


def _stated(stated: float | None, drawn: float) -> float:
    return drawn if stated is None else stated


def _operator(infant: Infant, visit: Visit, time_s: float) -> Solids:
    """Forearm, hand and fingers of an operator, gliding in to the goal and out again."""
    since, until = time_s - visit.start_s, visit.end_s - time_s
    away = 1.0 - min(1.0, since / 0.8, until / 0.8)
    outward = np.array([np.cos(np.radians(visit.from_deg)), np.sin(np.radians(visit.from_deg)), 0.25])
    across = np.array([-outward[1], outward[0], 0.0])
    wobble = 14.0 * np.sin(2 * np.pi * visit.sway * time_s)
    wrist = visit.goal + wobble + outward * (62.0 + 420.0 * away)
    palm = visit.goal + wobble + outward * (15.0 + 420.0 * away)
    cones = [
        [*(wrist + outward * 420.0), *wrist, 40.0, 27.0],
        [*wrist, *(palm + across * 18), 24.0, 17.0],
        [*wrist, *(palm - across * 18), 24.0, 17.0],
    ]
    for finger in (-30.0, -10.0, 10.0, 30.0):
        knuckle = palm + across * finger
        cones.append([*knuckle, *(knuckle - outward * 58.0 - np.array([0, 0, 26.0])), 9.5, 7.5])
    thumb = palm + outward * 20 + across * 34
    cones.append([*thumb, *(thumb - outward * 40 + across * 18), 10.5, 8.5])
    return _cones_only(infant, np.array(cones), PART["operator"])
