"""What infants do besides strokes: they writhe, fidget, kick, startle, stretch, bring hands to the face and cross legs.

Each infant does some of it, with a vigour of its own; between the strokes some lie almost still. All of it is a
function of time, so that frames can be made in any order.
"""

from typing import Final

import numpy as np

from asyconv.simulation.motion import QUIET, Array, Motion, MotionRange

# smallest and largest of the four angles of an arm or leg, degrees, where an infant brings it
_HAND_TO_FACE: Final = ((-20.0, 30.0), (35.0, 70.0), (150.0, 176.0), (15.0, 50.0))
_HAND_TO_MIDLINE: Final = ((0.0, 45.0), (20.0, 60.0), (-150.0, -80.0), (10.0, 50.0))
_ARM_STRETCHED: Final = ((60.0, 175.0), (0.0, 30.0), (-20.0, 30.0), (0.0, 30.0))
_LEG_STRETCHED: Final = ((-5.0, 30.0), (0.0, 25.0), (-25.0, 0.0), (-10.0, 15.0))
_LEGS_CROSSED: Final = ((-15.0, 20.0), (10.0, 50.0), (-70.0, -20.0), (-40.0, 0.0))
_KNEES_DRAWN_UP: Final = ((60.0, 190.0), (20.0, 75.0), (-180.0, -90.0), (-30.0, 30.0))
_FEET_UP: Final = ((155.0, 190.0), (15.0, 65.0), (-150.0, -10.0), (-20.0, 40.0))
_ARM_PLACES: Final = (_HAND_TO_FACE, _HAND_TO_MIDLINE, _ARM_STRETCHED)
_LEG_PLACES: Final = (_LEG_STRETCHED, _LEGS_CROSSED, _KNEES_DRAWN_UP)


def livelier(rng: np.random.Generator, motion: Motion, reach: MotionRange) -> Motion:
    """The same movement with an infant's own repertoire and vigour added to its strokes; angles keep the limits."""
    time_s = motion.time_s
    if not len(time_s):
        return motion
    span_s = float(time_s.max()) + 1.0
    vigour = float(np.exp(rng.normal(-0.1, 0.5)))
    share = float(rng.uniform(0.05, 0.4)) if reach is QUIET else 1.0
    angles = motion.angles_deg.copy()
    if rng.random() < 0.07:  # some lie with their feet up by the face
        place = np.array(_FEET_UP)
        goal = rng.uniform(place[:, 0], place[:, 1], size=(2, 4))
        angles[:, 2:] += 0.85 * (goal - angles[:, 2:])
    active = 0.2 + 0.8 * _slow_wave(rng, time_s)  # bursts and pauses, all limbs together
    if rng.random() < 0.6:
        angles += _writhing(rng, time_s) * (vigour * share * active)[:, None, None]
    if rng.random() < 0.5:
        angles += _fidgeting(rng, time_s) * (vigour * share)
    if rng.random() < 0.6:
        angles[:, 2:] += _kicking(rng, time_s, span_s) * share
    for _ in range(rng.poisson(span_s / rng.uniform(12.0, 60.0))):
        limbs = rng.choice(4, size=rng.choice([1, 2], p=[0.7, 0.3]), replace=False)
        angles = _brought(rng, angles, time_s, span_s, limbs.tolist())
    if rng.random() < 0.3:
        for _ in range(rng.poisson(share * span_s / 30.0)):
            angles += _startle(rng, time_s, span_s)
    low = np.stack([reach.arm_limits[:, 0]] * 2 + [reach.leg_limits[:, 0]] * 2)
    high = np.stack([reach.arm_limits[:, 1]] * 2 + [reach.leg_limits[:, 1]] * 2)
    sway = motion.sway * (vigour * share * rng.uniform(0.4, 1.8))
    right_against_left = angles[:, (0, 2), :2].sum(axis=(1, 2)) - angles[:, (1, 3), :2].sum(axis=(1, 2))
    sway[:, 5] -= rng.uniform(0.0, 0.05) * right_against_left  # the trunk rolls a little with the limbs
    return Motion(time_s, _within(angles, low, high), sway, motion.strokes)


def _within(angles: Array, low: Array, high: Array) -> Array:
    """Angles pressed into their limits without a corner: what goes beyond comes ever closer to 8 degrees more."""
    over, under = np.maximum(angles - high, 0.0), np.maximum(low - angles, 0.0)
    return np.asarray(np.clip(angles, low, high) + 8.0 * np.tanh(over / 8.0) - 8.0 * np.tanh(under / 8.0))


def _slow_wave(rng: np.random.Generator, time_s: Array) -> Array:
    """Between 0 and 1, up and down over some 5 to 40 s, longer at the ends than between."""
    period_s, phase = rng.uniform(5.0, 40.0, 3), rng.uniform(0.0, 2 * np.pi, 3)
    wave = np.sin(2 * np.pi * time_s[:, None] / period_s + phase).sum(axis=1)
    return np.asarray(0.5 + 0.5 * np.tanh(1.2 * wave + rng.normal(0.2, 0.8)))


def _sines(rng: np.random.Generator, time_s: Array, sizes: Array, low_hz: float, high_hz: float) -> Array:
    """Two sines for each angle of each limb, [N, 4, 4]; `sizes` [4] of the four angles."""
    out = np.zeros((len(time_s), 4, 4))
    for _ in range(2):
        hz, phase = rng.uniform(low_hz, high_hz, (4, 4)), rng.uniform(0.0, 2 * np.pi, (4, 4))
        out += np.sin(2 * np.pi * time_s[:, None, None] * hz + phase)
    return out * (sizes * rng.uniform(0.3, 1.0, (4, 1)))


def _writhing(rng: np.random.Generator, time_s: Array) -> Array:
    return _sines(rng, time_s, np.array([9.0, 6.0, 14.0, 8.0]), 0.12, 0.55)


def _fidgeting(rng: np.random.Generator, time_s: Array) -> Array:
    return _sines(rng, time_s, np.array([2.0, 1.5, 4.0, 2.5]), 0.8, 2.2) * _slow_wave(rng, time_s)[:, None, None]


def _envelope(time_s: Array, start_s: float, end_s: float, rise_s: float) -> Array:
    u = np.clip(np.minimum(time_s - start_s, end_s - time_s) / rise_s, 0.0, 1.0)
    return np.asarray(u * u * (3.0 - 2.0 * u))


def _kicking(rng: np.random.Generator, time_s: Array, span_s: float) -> Array:
    """Spells of bending and stretching both legs, in turn or together, [N, 2 legs, 4]."""
    out = np.zeros((len(time_s), 2, 4))
    hz, in_turn = rng.uniform(0.5, 2.0), rng.random() < 0.6
    size = rng.uniform(0.4, 1.2) * np.array([16.0, 14.0, 34.0, 14.0]) * np.array([1.0, 1.0, -1.0, 1.0])
    for _ in range(rng.poisson(span_s / rng.uniform(8.0, 25.0))):
        start_s = rng.uniform(-5.0, span_s)
        envelope = _envelope(time_s, start_s, start_s + rng.uniform(2.5, 10.0), 0.6)
        alone = rng.random() < 0.25
        for leg in range(2):
            if alone and leg == 0:
                continue
            phase = np.pi * leg * in_turn + rng.normal(0.0, 0.3)
            out[:, leg] += (envelope * np.sin(2 * np.pi * hz * (time_s - start_s) + phase))[:, None] * size
    return out


def _brought(rng: np.random.Generator, angles: Array, time_s: Array, span_s: float, limbs: list[int]) -> Array:
    """Angles with some limbs brought to a place (hand to the face, legs crossed, stretched) and back again."""
    start_s, rise_s = rng.uniform(-4.0, span_s), rng.uniform(0.4, 1.6)
    envelope = _envelope(time_s, start_s, start_s + 2 * rise_s + rng.exponential(4.0), rise_s)[:, None]
    out = angles.copy()
    for limb in limbs:
        places = _ARM_PLACES if limb < 2 else _LEG_PLACES
        place = np.array(places[rng.integers(len(places))])
        goal = rng.uniform(place[:, 0], place[:, 1])
        out[:, limb] += envelope * (goal - out[:, limb])
    return out


def _startle(rng: np.random.Generator, time_s: Array, span_s: float) -> Array:
    """All limbs thrown outward within 0.15 s, and back in a second, [N, 4, 4]."""
    since_s = time_s - rng.uniform(0.0, span_s)
    shape = np.where(since_s > 0.0, (1.0 - np.exp(-since_s.clip(0.0) / 0.06)) * np.exp(-since_s.clip(0.0) / 0.5), 0.0)
    sizes = np.array([[35.0, 12.0, -25.0, 10.0]] * 2 + [[15.0, 10.0, 35.0, 12.0]] * 2) * rng.uniform(0.5, 1.3)
    return np.asarray(shape[:, None, None] * sizes)
