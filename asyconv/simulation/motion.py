"""Invented movement of a simulated infant: bouts of minimum-jerk strokes with rests, limb by limb.

A limb's posture is four angles, in degrees: azimuth and lift of the proximal segment, fold of the distal segment
against it (in azimuth), lift of the distal segment. A stroke carries all four to a new target along
10 u^3 - 15 u^4 + 6 u^5 (Flash and Hogan 1985). Bouts start together in several limbs more often than by chance, as in
the fetal series of Vasung et al.; active and quiet states set how long the rests are.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_SIDES_SHARE: Final = 0.4  # correlation of left and right postures between infants
TRUNK_AXES: Final = 8


@dataclass(frozen=True)
class MotionRange:
    """How far postures and movement of simulated infants reach.

    Attributes
    ----------
    arm, leg : mean, SD between infants and SD within an infant of the four angles, degrees [4, 3]. Azimuth 0 = towards
        the feet, 90 = outward, 180 = headward.
    arm_limits, leg_limits : smallest and largest angle, degrees [4, 2].
    rare_share : share of limbs whose resting azimuth and fold are drawn evenly between their limits.
    moving_together : chance that a limb joins a bout in an active state.
    shortest_rest : rests are shortened by a factor drawn for each infant between this and 1.
    degrees_per_s : speed that sets how long a stroke takes.
    trunk_size : amplitude of the trunk's movement: x, y mm, turn deg, shoulder tilt, hip tilt, roll, hip roll deg,
        lift of the hips mm, [8]; slow sines, then quick ones.
    trunk_period_s : shortest and longest period of the slow sines, then of the quick ones.
    """

    arm: Array
    leg: Array
    arm_limits: Array
    leg_limits: Array
    rare_share: float
    moving_together: float
    shortest_rest: float
    degrees_per_s: float
    trunk_size: tuple[tuple[float, ...], ...]
    trunk_period_s: tuple[tuple[float, float], ...]


CALM: Final = MotionRange(
    arm=np.array([[13.0, 28.0, 14.0], [30.0, 12.0, 8.0], [0.0, 0.0, 26.0], [16.0, 16.0, 16.0]]),
    leg=np.array([[34.0, 15.0, 10.0], [51.0, 8.0, 7.0], [-63.0, 30.0, 14.0], [-40.0, 14.0, 13.0]]),
    arm_limits=np.array([[-15.0, 145.0], [-10.0, 68.0], [-150.0, 168.0], [-40.0, 70.0]]),
    leg_limits=np.array([[-5.0, 95.0], [15.0, 75.0], [-125.0, -5.0], [-75.0, 40.0]]),
    rare_share=0.0,
    moving_together=0.45,
    shortest_rest=1.0,
    degrees_per_s=75.0,
    trunk_size=((2.6, 2.9, 1.9),),
    trunk_period_s=((25.0, 160.0),),
)
"""Infants that lie still and straight between strokes, as most babyPose infants do."""

VARIED: Final = MotionRange(
    arm=np.array([[30.0, 46.0, 26.0], [26.0, 20.0, 14.0], [0.0, 0.0, 45.0], [14.0, 24.0, 22.0]]),
    leg=np.array([[48.0, 36.0, 22.0], [42.0, 20.0, 14.0], [-76.0, 54.0, 30.0], [-30.0, 26.0, 20.0]]),
    arm_limits=np.array([[-75.0, 195.0], [-20.0, 78.0], [-172.0, 172.0], [-60.0, 78.0]]),
    leg_limits=np.array([[-60.0, 186.0], [-5.0, 82.0], [-180.0, 110.0], [-80.0, 60.0]]),
    rare_share=0.3,
    moving_together=0.6,
    shortest_rest=0.15,
    degrees_per_s=120.0,
    trunk_size=((7.0, 7.0, 4.5, 6.0, 6.0, 7.0, 6.0, 16.0), (4.0, 4.0, 2.5, 2.5, 2.5, 3.0, 3.0, 8.0)),
    trunk_period_s=((8.0, 80.0), (1.2, 6.0)),
)
"""Postures and movement over the ranges of real labels (MINI-RGBD and babyPose, P1 to P99)."""

QUIET: Final = replace(
    VARIED,
    arm=VARIED.arm * [1.0, 1.0, 0.3],
    leg=VARIED.leg * [1.0, 1.0, 0.3],
    moving_together=0.3,
    shortest_rest=1.0,
    degrees_per_s=75.0,
)
"""Postures as wide apart, of infants that move little."""

QUIET_SHARE: Final = 0.15
"""Of varied infants."""


@dataclass(frozen=True)
class Stroke:
    """One minimum-jerk stroke of one limb (by its place in `LIMBS`)."""

    limb: int
    start_s: float
    end_s: float
    bout: int


@dataclass(frozen=True)
class Motion:
    """Posture over time: `angles_deg` [N, 4 limbs, 4], movement of the trunk `sway` [N, 8], strokes.

    The trunk's columns are x and y in mm, turn, shoulder tilt, hip tilt, roll and roll of the hips in degrees, and the
    lift of the hips in mm.
    """

    time_s: Array
    angles_deg: Array
    sway: Array
    strokes: tuple[Stroke, ...]


def invent_motion(rng: np.random.Generator, time_s: Array, *, moving: bool = True, reach: MotionRange = CALM) -> Motion:
    """Posture and strokes over `time_s` [N]; ``moving=False`` gives a still infant (for calibration and tests)."""
    base, spread, limits = _posture(rng, reach)
    angles = np.repeat(base[None], len(time_s), axis=0)
    span_s = float(time_s[-1]) + 1.0 if len(time_s) else 0.0
    active_until, is_active = _states(rng, span_s)
    strokes: list[Stroke] = []
    if moving:
        current = base.copy()
        for stroke, change in _strokes(rng, span_s, active_until, is_active, base, spread, limits, current, reach):
            angles[:, stroke.limb] += (
                _minimum_jerk((time_s - stroke.start_s) / (stroke.end_s - stroke.start_s))[:, None] * change
            )
            strokes.append(stroke)
    sway = _sway(rng, time_s, reach) if moving else np.zeros((len(time_s), TRUNK_AXES))
    return Motion(time_s, angles, sway, tuple(strokes))


def _minimum_jerk(u: Array) -> Array:
    u = np.clip(u, 0.0, 1.0)
    return u**3 * (10.0 + u * (6.0 * u - 15.0))


def _posture(rng: np.random.Generator, reach: MotionRange) -> tuple[Array, Array, Array]:
    """Resting posture [4, 4], spread within the infant [4, 4] and limits [4, 4, 2]."""
    base, spread, limits = np.empty((4, 4)), np.empty((4, 4)), np.empty((4, 4, 2))
    for pair, (table, bounds) in enumerate(((reach.arm, reach.arm_limits), (reach.leg, reach.leg_limits))):
        common = rng.standard_normal(4)
        fold_up = rng.random() < 0.55
        for side in range(2):
            limb = 2 * pair + side
            own = np.sqrt(_SIDES_SHARE) * common + np.sqrt(1 - _SIDES_SHARE) * rng.standard_normal(4)
            base[limb] = table[:, 0] + table[:, 1] * own
            if pair == 0:  # the hand lies headward and outward, or folded inward over the belly
                up = fold_up if rng.random() < 0.6 else rng.random() < 0.5
                base[limb, 2] = rng.uniform(20.0, 165.0) if up else -rng.uniform(8.0, 140.0)
            if reach.rare_share and rng.random() < reach.rare_share:  # arms overhead, legs crossed or drawn up
                base[limb, 0], base[limb, 2] = rng.uniform(*bounds[0]), rng.uniform(*bounds[2])
            base[limb] = np.clip(base[limb], bounds[:, 0], bounds[:, 1])
            spread[limb] = table[:, 2]
            limits[limb] = bounds
    return base, spread, limits


def _states(rng: np.random.Generator, span_s: float) -> tuple[Array, npt.NDArray[np.bool_]]:
    """End times of alternating active and quiet states, and which of them are active."""
    lengths = rng.exponential(45.0, size=max(2, int(span_s / 10) + 2)) + 8.0
    first = rng.random() < 0.6
    return np.cumsum(lengths), (np.arange(len(lengths)) % 2 == 0) == first


def _strokes(
    rng: np.random.Generator,
    span_s: float,
    active_until: Array,
    is_active: npt.NDArray[np.bool_],
    base: Array,
    spread: Array,
    limits: Array,
    current: Array,
    reach: MotionRange,
) -> list[tuple[Stroke, Array]]:
    """Strokes in time order with the change of the four angles each brings."""
    vigour = rng.uniform(0.6, 1.3)
    rests = rng.uniform(reach.shortest_rest, 1.0) if reach.shortest_rest < 1.0 else 1.0
    out: list[tuple[Stroke, Array]] = []
    free_at = np.zeros(4)
    time_s, bout = float(rng.exponential(1.5)), 0
    while time_s < span_s:
        active = bool(is_active[min(int(np.searchsorted(active_until, time_s, side="right")), len(is_active) - 1)])
        together = rng.random(4) < (reach.moving_together if active else 0.25)
        together[rng.integers(4)] = True
        for limb in np.flatnonzero(together):
            at_s = max(time_s + rng.uniform(0.0, 0.5), free_at[limb])
            for _ in range(int(rng.geometric(0.42 if active else 0.6))):
                aim = base[limb] + spread[limb] * rng.standard_normal(4)
                change = rng.uniform(0.4, 1.0) * vigour * (np.clip(aim, *limits[limb].T) - current[limb])
                largest_deg = float(np.abs(change).max())
                length_s = rng.uniform(0.7, 1.4) * (0.22 + largest_deg / reach.degrees_per_s)
                length_s = float(np.clip(length_s, 0.25, 1.4))
                out.append((Stroke(int(limb), at_s, at_s + length_s, bout), change))
                current[limb] = current[limb] + change
                at_s += length_s + max(0.0, rng.uniform(-0.15, 0.25))
            free_at[limb] = at_s + 0.35 * rests  # a rest that no analysis may merge away
            bout += 1
        time_s += rests * (float(rng.exponential(2.2 if active else 9.0)) + 0.2)
    return out


def _sway(rng: np.random.Generator, time_s: Array, reach: MotionRange) -> Array:
    """Movement of the trunk [N, 8], a few sines for each axis."""
    out = np.zeros((len(time_s), TRUNK_AXES))
    for sizes, periods in zip(reach.trunk_size, reach.trunk_period_s, strict=True):
        for axis, size in enumerate(sizes):
            period_s = rng.uniform(*periods, size=4)
            phase = rng.uniform(0.0, 2 * np.pi, size=4)
            out[:, axis] += size * np.sin(2 * np.pi * time_s[:, None] / period_s + phase).sum(axis=1) / np.sqrt(2.0)
    return out
