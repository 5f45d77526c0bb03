"""One simulated infant in its bed, as it is drawn, and frames of depth of it.

Everything random is keyed by (seed, infant) for what stays and by (seed, infant, frame) for sensor noise, so frames can
be made in any order. Placement, size and occlusion follow the aggregates of real babyPose labels (paper.md 13).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from asyconv.simulation.body import (
    PART,
    Anatomy,
    Array,
    Placement,
    joints_of,
    sample_anatomy,
    solids_of,
    varied_anatomy,
    with_limbs,
)
from asyconv.simulation.cameras import Sensor, picture, sample_sensor
from asyconv.simulation.infant import (
    BASELINE_MM,
    FOCAL_PX,
    NEAR_MM,
    SENSOR_HOLE_RATE,
    SENSOR_NOISE_PX,
    Infant,
    cones_in_the_bed,
    draw,
)
from asyconv.simulation.looks import sample_look
from asyconv.simulation.lying import rolled_joints_of
from asyconv.simulation.motion import CALM, QUIET, QUIET_SHARE, VARIED, invent_motion
from asyconv.simulation.occluders import (
    bed_depth,
    drape,
    operator_solids,
    resting_hand,
    sample_cloth,
    sample_cloths,
    sample_tubes,
    sample_visit,
    sample_visits,
)
from asyconv.simulation.render import sense
from asyconv.simulation.repertoire import livelier
from asyconv.simulation.skin import skin_of
from asyconv.simulation.surfaces import draw_tubes
from asyconv.simulation.things import draw_overhead, sample_overhead, sample_resting_hand, sample_wrap, uneven, wrapped
from asyconv.simulation.varied import head_turn, sample_lying, varied_placement, varied_view


@dataclass(frozen=True)
class Condition:
    """What is set for an infant; None = as of calm infants, where it is drawn at random for each infant.

    Attributes
    ----------
    roll_deg : of the body round its own axis.
    tilt_deg : of the camera round the picture's x axis.
    distance_mm : from the camera to the mattress.
    covered : joints under a cloth of their own, all the time, by index.
    hand : an operator's hand over the body all the time.
    resting_on : a joint on which an operator's hand lies all the time, by index.
    cloth_sway_mm : how far waves lift the cloths.
    occluded : whether there are cloths and visits, drawn at random, or none.
    noise, holes : how many times the noise and the rate of holes of the sensor.
    varied : bodies with hands, feet and clothes, in postures and with movement over the ranges of real labels, instead
        of a calm supine infant of capsules and balls. Only these have what follows.
    lying : one of `varied.LYING`.
    turn_deg : of the trunk in the picture.
    camera : one of `cameras.CAMERAS`.
    swaddled : wrapped from the neck to the feet.
    limbs : how many times as long the limbs are.
    floor_mm : how far below the floor lies on both sides of a narrow mattress; 0 = a mattress as it is drawn at random.
    """

    roll_deg: float | None = None
    tilt_deg: float | None = None
    distance_mm: float | None = None
    covered: tuple[int, ...] = ()
    hand: bool = False
    resting_on: int | None = None
    cloth_sway_mm: float = 0.0
    occluded: bool = True
    noise: float = 1.0
    holes: float = 1.0
    varied: bool = False
    lying: str | None = None
    turn_deg: float | None = None
    camera: str | None = None
    swaddled: bool = False
    limbs: float = 1.0
    floor_mm: float = 0.0


CALM_INFANT: Final = Condition()
"""Nothing is set: all is drawn at random."""
BARE: Final = Condition(occluded=False)
"""Neither cloths nor hands."""
VARIED_INFANT: Final = Condition(varied=True)
Conditions = Callable[[int], Condition]
"""Gives the condition of an infant by its number."""

ON_THE_BACK: Final = Condition(varied=True, lying="supine")
"""As all annotated infants of babyPose lie."""
DRIVEN_INFANT: Final = Condition(varied=True, lying="supine", camera="astra", distance_mm=588.0, tilt_deg=0.0)
"""Of infants that are moved by given joints: bodies with hands, feet and clothes, under the camera of the paper."""


LOOSE_CLOTHS_SHARE: Final = 0.6
"""Of varied infants have the cloths that a calm infant would have: wraps, arms and the body itself hide joints too."""

Body = Callable[[Array, float], tuple[Anatomy, Array]]
"""Gives anatomy and joints in the bed frame [N, 12, 3] for a camera: its turn [3, 3] and its distance in mm."""


def make_infant(
    seed: int,
    number: int,
    time_s: Array,
    *,
    body: Body | None = None,
    moving: bool = True,
    condition: Condition | Conditions = CALM_INFANT,
) -> Infant:
    """Infant `number` of `seed` at the times `time_s` [N]; a `body` replaces the invented anatomy and movement.

    A `condition` changes what it names and nothing else of the infant.
    """
    if callable(condition):
        condition = condition(number)
    rng, more = _random(seed, number), _random(seed, number, 21)  # `more` is drawn from for varied infants alone
    lying = condition.lying or sample_lying(more)
    anatomy, placement = _anatomy_and_placement(rng, more, condition, lying)
    reach, wrap = CALM, "nothing"
    if condition.varied:
        wrap = "swaddle" if condition.swaddled else sample_wrap(more) if condition.occluded else "nothing"
        reach = QUIET if more.random() < QUIET_SHARE or wrap == "swaddle" else VARIED
    sensor = sample_sensor(more, condition.camera, condition.noise, condition.holes) if condition.varied else None
    motion = invent_motion(rng, time_s, moving=moving, reach=reach)
    if condition.varied and moving and wrap != "swaddle":
        motion = livelier(more, motion, reach)
    turn, distance_mm, (x_mm, y_mm) = _view(rng, more, condition, anatomy.scale, sensor)
    placement = replace(placement, x_mm=placement.x_mm + x_mm, y_mm=placement.y_mm + y_mm)
    if body is None:
        joints = (rolled_joints_of if condition.varied else joints_of)(anatomy, placement, motion)
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
        sensor=sensor,
    )
    span_s = float(time_s[-1]) if len(time_s) else 0.0
    infant = replace(
        bare,
        background_mm=bed_depth(rng, bare, anatomy.scale if condition.varied else 1.0),
        tubes=sample_tubes(rng, anatomy),
        cloths=sample_cloths(rng, bare, span_s) if condition.occluded else (),
        visits=sample_visits(rng, bare, span_s) if condition.occluded else (),
    )
    if condition.varied:
        infant = replace(infant, head_turn_deg=head_turn(more, lying, time_s))
        infant = _varied(more, infant, wrap if condition.occluded else None, span_s, condition.floor_mm)
    return _as_asked(infant, condition, span_s)


def _random(*key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(key))


def _anatomy_and_placement(
    rng: np.random.Generator, more: np.random.Generator, condition: Condition, lying: str
) -> tuple[Anatomy, Placement]:
    """The invented body, and how it lies in the bed before the camera is placed."""
    anatomy = sample_anatomy(rng)
    placement = Placement(
        x_mm=float(np.clip(rng.normal(0.0, 37.0), -75, 75)),
        y_mm=float(np.clip(rng.normal(-4.0, 38.0), -48, 90)),
        turn_deg=float(np.clip(rng.normal(-2.0, 6.5), -16, 14)),
        roll_deg=_stated(condition.roll_deg, float(rng.normal(0.0, 6.0))),
    )
    if condition.varied:
        anatomy = with_limbs(varied_anatomy(more, anatomy), condition.limbs)
        placement = varied_placement(more, lying, condition.turn_deg, condition.roll_deg)
    return anatomy, placement


def _view(
    rng: np.random.Generator, more: np.random.Generator, condition: Condition, scale: float, sensor: Sensor | None
) -> tuple[Array, float, tuple[float, float]]:
    """Turn and distance of the camera, and how far the body is moved for it in the bed, mm."""
    tilt, moved_mm = np.radians(rng.normal(0.0, 2.0, size=2)), (0.0, 0.0)
    tilt[0] = tilt[0] if condition.tilt_deg is None else np.radians(condition.tilt_deg)
    distance_mm = _stated(condition.distance_mm, float(np.clip(rng.normal(588.0, 26.0), 525.0, 655.0)))
    if sensor is not None:
        tilt, distance_mm, moved_mm = varied_view(
            more, scale, sensor.camera.near_mm, condition.tilt_deg, condition.distance_mm
        )
    turn = np.asarray(cv2.Rodrigues(np.array([tilt[0], tilt[1], 0.0]))[0], np.float64)
    return turn, distance_mm, moved_mm


def _varied(more: np.random.Generator, infant: Infant, wrap: str | None, span_s: float, floor_mm: float) -> Infant:
    """An infant with hands, feet and clothes in an uneven bed; `wrap` is None where nothing may lie on or over it."""
    look = sample_look(_random(infant.seed, infant.number, 22), infant.anatomy)
    infant = replace(infant, look=look, background_mm=uneven(more, infant, infant.background_mm, floor_mm))
    if wrap is None:
        return infant
    cloths = infant.cloths if more.random() < LOOSE_CLOTHS_SHARE else ()
    return replace(
        infant,
        cloths=cloths + wrapped(more, infant, wrap, span_s),
        visits=infant.visits + sample_resting_hand(more, infant, span_s),
        overhead=sample_overhead(more, infant),
    )


def _as_asked(infant: Infant, condition: Condition, span_s: float) -> Infant:
    """The infant with the cloths and hands of a condition; they are drawn apart, so that all else stays as it was."""
    rng = _random(infant.seed, infant.number, 5)
    cloths = tuple(sample_cloth(rng, infant, joint, span_s, share_cut=0.0) for joint in condition.covered)
    visits = [sample_visit(rng, infant, -10.0, span_s + 20.0)] if condition.hand else []
    if condition.resting_on is not None:
        visits.append(resting_hand(rng, infant, condition.resting_on, span_s))
    cloths = infant.cloths + cloths
    if condition.cloth_sway_mm:
        cloths = tuple(replace(cloth, sway_mm=condition.cloth_sway_mm) for cloth in cloths)
    return replace(infant, cloths=cloths, visits=(*infant.visits, *visits))


def _placement_of(joints_bed: Array) -> Placement:
    """Where a body lies whose joints [N, 12, 3] are given."""
    shoulders, hips = (joints_bed[:, pair, :2].mean(1) for pair in ([2, 3], [8, 9]))
    x_mm, y_mm = np.median((shoulders + hips) / 2, axis=0)
    axis = np.median(shoulders - hips, axis=0)
    return Placement(float(x_mm), float(y_mm), float(np.degrees(np.arctan2(axis[0], axis[1]))), 0.0)


def true_depth(infant: Infant, index: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Noise-free depth f32 [H, W] in mm and the part (index into `body.PARTS`) each pixel shows, u8 [H, W]."""
    z_mm = infant.background_mm.copy()
    part = np.zeros(z_mm.shape, np.uint8)
    time_s = float(infant.motion.time_s[index])
    joints = infant.to_camera(infant.joints_bed[index])
    up = -infant.turn_camera[:, 2]
    breath_mm = 1.5 * float(np.sin(2 * np.pi * infant.breath_hz * time_s))
    turned_deg = float(infant.head_turn_deg[index])
    if infant.look is None:
        draw(solids_of(joints, up, infant.anatomy, turned_deg, breath_mm), z_mm, part)
    else:
        bed = infant.joints_bed[index]
        tubes, cones, cone_parts = skin_of(bed, infant.anatomy, infant.look, turned_deg, breath_mm, time_s)
        draw_tubes(tubes, infant.turn_camera, infant.distance_mm, FOCAL_PX, z_mm, part)
        draw(replace(cones_in_the_bed(infant, cones, 0), cone_parts=cone_parts), z_mm, part)
    for cloth in infant.cloths:
        if cloth.start_s <= time_s < cloth.end_s:
            drape(cloth, z_mm, part, time_s)
    shoulders = infant.joints_bed[index, [2, 3]].mean(0)
    tubes = infant.tubes + np.concatenate([shoulders, shoulders, [0.0, 0.0]])
    draw(cones_in_the_bed(infant, tubes, PART["tube"]), z_mm, part)
    for visit in infant.visits:
        if visit.start_s <= time_s < visit.end_s:
            draw(operator_solids(infant, visit, time_s), z_mm, part)
    draw_overhead(infant, z_mm, part)
    return z_mm, part


def sensed_depth(infant: Infant, index: int, z_mm: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]:
    """What the sensor reports of `z_mm`, whole mm, u16 [H, W]; noise is keyed by (seed, infant, frame)."""
    key = np.random.SeedSequence([infant.seed, infant.number, index]).generate_state(1, np.uint64)[0]
    if infant.sensor is not None:
        return picture(infant.sensor, z_mm, key, FOCAL_PX)
    out = np.empty(z_mm.shape, np.uint16)
    sense(z_mm, key, FOCAL_PX * BASELINE_MM, infant.noise_px, infant.hole_rate, NEAR_MM, out)
    return out


def _stated(stated: float | None, drawn: float) -> float:
    return drawn if stated is None else stated
