"""Invented movement of a simulated infant: bouts of minimum-jerk strokes with rests, limb by limb.

A limb's posture is four angles, in degrees: azimuth and lift of the proximal segment, fold of the distal segment
against it (in azimuth), lift of the distal segment. A stroke carries all four to a new target along
10 u^3 - 15 u^4 + 6 u^5 (Flash and Hogan 1985). Bouts start together in several limbs more often than by chance, as in
the fetal series of Vasung et al.; active and quiet states set how long the rests are.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

LIMB_ORDER: Final = ("right_arm", "left_arm", "right_leg", "left_leg")

# mean, SD between infants, SD within an infant; azimuth 0 = towards the feet, 90 = outward, 180 = headward
_ARM: Final = np.array([[13.0, 28.0, 14.0], [30.0, 12.0, 8.0], [0.0, 0.0, 26.0], [16.0, 16.0, 16.0]])
_LEG: Final = np.array([[34.0, 15.0, 10.0], [51.0, 8.0, 7.0], [-63.0, 30.0, 14.0], [-40.0, 14.0, 13.0]])
_ARM_LIMITS: Final = np.array([[-15.0, 145.0], [-10.0, 68.0], [-150.0, 168.0], [-40.0, 70.0]])
_LEG_LIMITS: Final = np.array([[-5.0, 95.0], [15.0, 75.0], [-125.0, -5.0], [-75.0, 40.0]])
_SIDES_SHARE: Final = 0.4  # correlation of left and right postures between infants


@dataclass(frozen=True)
class Stroke:
    """One minimum-jerk stroke of one limb (index into `LIMB_ORDER`)."""

    limb: int
    start_s: float
    end_s: float
    bout: int


@dataclass(frozen=True)
class Motion:
    """Posture over time: `angles_deg` [N, 4 limbs, 4], trunk sway [N, 3] (x mm, y mm, turn deg), strokes."""

    time_s: Array
    angles_deg: Array
    sway: Array
    strokes: tuple[Stroke, ...]


def invent_motion(rng: np.random.Generator, time_s: Array, *, moving: bool = True) -> Motion:
    """Posture and strokes over `time_s` [N]; ``moving=False`` gives a still infant (for calibration and tests)."""
    base, spread, limits = _posture(rng)
    angles = np.repeat(base[None], len(time_s), axis=0)
    span_s = float(time_s[-1]) + 1.0 if len(time_s) else 0.0
    active_until, is_active = _states(rng, span_s)
    strokes: list[Stroke] = []
    if moving:
        current = base.copy()
        for stroke, change in _strokes(rng, span_s, active_until, is_active, base, spread, limits, current):
            angles[:, stroke.limb] += (
                _minimum_jerk((time_s - stroke.start_s) / (stroke.end_s - stroke.start_s))[:, None] * change
            )
            strokes.append(stroke)
    sway = _sway(rng, time_s) if moving else np.zeros((len(time_s), 3))
    return Motion(time_s, angles, sway, tuple(strokes))


def _minimum_jerk(u: Array) -> Array:
    u = np.clip(u, 0.0, 1.0)
    return u**3 * (10.0 + u * (6.0 * u - 15.0))


def _posture(rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Resting posture [4, 4], spread within the infant [4, 4] and limits [4, 4, 2]."""
    base, spread, limits = np.empty((4, 4)), np.empty((4, 4)), np.empty((4, 4, 2))
    for pair, (table, bounds) in enumerate(((_ARM, _ARM_LIMITS), (_LEG, _LEG_LIMITS))):
        common = rng.standard_normal(4)
        fold_up = rng.random() < 0.55
        for side in range(2):
            limb = 2 * pair + side
            own = np.sqrt(_SIDES_SHARE) * common + np.sqrt(1 - _SIDES_SHARE) * rng.standard_normal(4)
            base[limb] = table[:, 0] + table[:, 1] * own
            if pair == 0:  # the hand lies headward and outward, or folded inward over the belly
                up = fold_up if rng.random() < 0.6 else rng.random() < 0.5
                base[limb, 2] = rng.uniform(20.0, 165.0) if up else -rng.uniform(8.0, 140.0)
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
) -> list[tuple[Stroke, Array]]:
    """Strokes in time order with the change of the four angles each brings."""
    vigour = rng.uniform(0.6, 1.3)
    out: list[tuple[Stroke, Array]] = []
    free_at = np.zeros(4)
    time_s, bout = float(rng.exponential(1.5)), 0
    while time_s < span_s:
        active = bool(is_active[min(int(np.searchsorted(active_until, time_s, side="right")), len(is_active) - 1)])
        together = rng.random(4) < (0.45 if active else 0.25)
        together[rng.integers(4)] = True
        for limb in np.flatnonzero(together):
            at_s = max(time_s + rng.uniform(0.0, 0.5), free_at[limb])
            for _ in range(int(rng.geometric(0.42 if active else 0.6))):
                aim = base[limb] + spread[limb] * rng.standard_normal(4)
                change = rng.uniform(0.4, 1.0) * vigour * (np.clip(aim, *limits[limb].T) - current[limb])
                largest_deg = float(np.abs(change).max())
                length_s = float(np.clip(rng.uniform(0.7, 1.4) * (0.22 + largest_deg / 75.0), 0.25, 1.4))
                out.append((Stroke(int(limb), at_s, at_s + length_s, bout), change))
                current[limb] = current[limb] + change
                at_s += length_s + max(0.0, rng.uniform(-0.15, 0.25))
            free_at[limb] = at_s + 0.35  # a rest that no analysis may merge away
            bout += 1
        time_s += float(rng.exponential(2.2 if active else 9.0)) + 0.2
    return out


def _sway(rng: np.random.Generator, time_s: Array) -> Array:
    """Slow wandering of the trunk: x and y in mm, turn in degrees, [N, 3]; a few slow sines each."""
    out = np.zeros((len(time_s), 3))
    for axis, size in enumerate((2.6, 2.9, 1.9)):
        period_s = rng.uniform(25.0, 160.0, size=4)
        phase = rng.uniform(0.0, 2 * np.pi, size=4)
        out[:, axis] = size * np.sin(2 * np.pi * time_s[:, None] / period_s + phase).sum(axis=1) / np.sqrt(2.0)
    return out
