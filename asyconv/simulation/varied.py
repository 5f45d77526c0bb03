"""How varied infants lie under their cameras: on back, side or belly, turned, near and far, seen from a slant."""

from typing import Final

import numpy as np

from asyconv.simulation.body import Array, Placement

LYING: Final = {"supine": 0.52, "half-turned": 0.16, "side": 0.2, "prone": 0.12}
"""Share of the infants. In care infants lie on their side 44 % of the time, most of them half-turned."""

_ROLL_DEG: Final = {"supine": (0.0, 11.0), "half-turned": (45.0, 13.0), "side": (90.0, 12.0), "prone": (180.0, 14.0)}
MOST_TILT_DEG: Final = 40.0
HIGHEST_MM: Final = 110.0
"""Of a body over the mattress, nearly always: nobody hangs a camera so low that it sees no more of it."""


def sample_lying(rng: np.random.Generator) -> str:
    """One of `LYING`."""
    return str(rng.choice(list(LYING), p=list(LYING.values())))


def varied_placement(rng: np.random.Generator, lying: str, turn_deg: float | None, roll_deg: float | None) -> Placement:
    """A body that lies in the stated way, its trunk turned up to 60 degrees in the picture unless stated."""
    mean_deg, sd_deg = _ROLL_DEG[lying]
    rolled_deg = float((1.0 if rng.random() < 0.5 else -1.0) * rng.normal(mean_deg, sd_deg))
    turned_deg = float(rng.uniform(-60.0, 60.0))
    far_off = rng.random() < 0.12  # a part of the infant lies outside the picture
    x_mm, y_mm = rng.normal([0.0, -4.0], [110.0, 90.0] if far_off else [42.0, 42.0])
    return Placement(
        x_mm=float(x_mm),
        y_mm=float(y_mm),
        turn_deg=turned_deg if turn_deg is None else turn_deg,
        roll_deg=rolled_deg if roll_deg is None else roll_deg,
        shoulder_tilt_deg=float(rng.normal(0.0, 7.0)),
        hip_tilt_deg=float(rng.normal(0.0, 6.0)),
        hip_roll_deg=float(rng.normal(0.0, 12.0)),
        hip_lift_mm=float(abs(rng.normal(0.0, 18.0))),
        droop=float(rng.uniform(0.5, 1.5)),
        curl_deg=float(rng.normal(25.0, 15.0)),
    )


def head_turn(rng: np.random.Generator, lying: str, time_s: Array) -> Array:
    """Turn of the face to the infant's right over time, degrees; on its belly an infant lies on a cheek."""
    middle_deg = {"supine": rng.uniform(-80, 80), "half-turned": rng.normal(0, 35), "side": rng.normal(0, 25)}.get(
        lying, rng.choice([-1.0, 1.0]) * rng.uniform(60.0, 95.0)
    )
    period_s, phase = rng.uniform(15.0, 60.0), rng.uniform(0.0, 2 * np.pi)
    return np.asarray(middle_deg + rng.uniform(2.0, 15.0) * np.sin(2 * np.pi * time_s / period_s + phase))


def varied_view(
    rng: np.random.Generator, scale: float, near_mm: float, tilt_deg: float | None, distance_mm: float | None
) -> tuple[Array, float, tuple[float, float]]:
    """Tilt of a camera about the picture's x and y axis, radians; its distance; and how far the bed moves, mm.

    No camera hangs so low that the body is nearer than the `near_mm` from which it sees. The bed moves so that what a
    level camera would have in the middle stays there.
    """
    slant_deg = abs(rng.normal(0.0, 2.5)) if rng.random() < 0.5 else MOST_TILT_DEG * rng.uniform() ** 1.5
    away = rng.uniform(0.0, 2 * np.pi)
    tilt = np.radians(slant_deg * np.array([np.cos(away), np.sin(away)]))
    if tilt_deg is not None:
        tilt = np.radians([tilt_deg, rng.normal(0.0, 2.0)])
    slant = float(np.sqrt(tilt @ tilt))
    reach_mm = float(rng.uniform(300.0, 1200.0) if rng.random() < 0.15 else 600.0 * np.exp(rng.normal(0.0, 0.16)))
    reach_mm *= scale**0.7  # for a larger infant the camera hangs higher
    reach_mm = float(np.clip(reach_mm, near_mm + HIGHEST_MM, 1200.0)) if distance_mm is None else distance_mm
    if slant < 1e-9:
        return tilt, reach_mm, (0.0, 0.0)
    # the bed point in the picture's middle: the camera's axis turned back into the bed frame
    side = np.tan(slant) * reach_mm * np.cos(slant) / slant
    return tilt, reach_mm * float(np.cos(slant)), (float(-tilt[1] * side), float(tilt[0] * side))
