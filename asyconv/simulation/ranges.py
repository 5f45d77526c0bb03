"""Whether varied infants reach what real ones do: postures from P1 to P99, and how much they move.

The real figures are aggregates of 12 MINI-RGBD sequences and 18 babyPose infants, the joints' places in the picture at
6 Hz. Both sets lie on their backs, so that the simulated infants of the comparison do so too.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from asyconv.simulation.body import Array
from asyconv.simulation.infant import project
from asyconv.simulation.scene import Condition, make_infant
from asyconv.simulation.seeds import TUNE_SEED
from asyconv.words import counted

RATE_HZ: Final = 6.0
SECONDS: Final = 20.0
FAST: Final = 0.3  # trunk lengths in a second
_LEGS: Final = ((8, 7, 6, 1.0), (9, 10, 11, -1.0))

# lowest P1 and highest P99 of the two real sets, degrees and trunk lengths
_POSTURES: Final = {
    "trunk axis, deg": (-41.9, 20.0),
    "shoulder line against hip line, deg": (-23.1, 33.1),
    "shoulder width, trunk lengths": (0.34, 0.83),
    "hip width, trunk lengths": (0.175, 0.755),
    "knee flexion, deg": (7.4, 176.2),
    "thigh direction, deg": (-41.5, 167.7),
}
# figures of the two real sets, each over all infants; between single simulated infants they must lie
_MOVEMENT: Final = {
    "trunk speed, P95, trunk lengths/s": (0.29, 0.31),
    "wrist faster than 0.3, share of time": (0.44, 0.51),
    "no limb faster than 0.3, share of time": (0.18, 0.18),
}


@dataclass(frozen=True)
class RangeRow:
    """Simulated P1 and P99, over frames or over infants, and what of real infants must lie between them."""

    name: str
    low: float
    high: float
    real_low: float
    real_high: float

    @property
    def covered(self) -> bool:
        """Whether the simulated range holds the real one."""
        return bool(self.low <= self.real_low and self.high >= self.real_high)


def compare_ranges(infants: int, seed: int = TUNE_SEED) -> list[RangeRow]:
    """Rows of postures over all frames, and of movement over the infants."""
    time_s = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    postures: dict[str, list[Array]] = {name: [] for name in _POSTURES}
    movement: dict[str, list[float]] = {name: [] for name in _MOVEMENT}
    for number in range(infants):
        infant = make_infant(seed, number, time_s, condition=Condition(varied=True, occluded=False, lying="supine"))
        xy = project(infant.to_camera(infant.joints_bed))
        for name, values in postures_of(xy).items():
            postures[name].append(values)
        for name, value in movement_of(xy).items():
            movement[name].append(value)
    together: dict[str, Array] = {name: np.concatenate(values) for name, values in postures.items()}
    together |= {name: np.array(values) for name, values in movement.items()}
    bounds = _POSTURES | _MOVEMENT
    return [
        RangeRow(name, float(np.percentile(values, 1)), float(np.percentile(values, 99)), *bounds[name])
        for name, values in together.items()
    ]


def postures_of(xy: Array) -> dict[str, Array]:
    """Posture of joints [N, 12, 2] px, head at large y; a thigh at 0 points to the feet, 90 out, 180 headward."""
    axis = xy[:, [2, 3]].mean(1) - xy[:, [8, 9]].mean(1)
    length = np.linalg.norm(axis, axis=-1, keepdims=True)
    trunk = float(np.median(length))
    head = axis / length
    right = np.stack([head[:, 1], -head[:, 0]], axis=-1)
    shoulders, hips = (xy[:, a] - xy[:, b] for a, b in ((2, 3), (8, 9)))
    knees, thighs = [], []
    for root, middle, end, side in _LEGS:
        thigh, shank = xy[:, middle] - xy[:, root], xy[:, end] - xy[:, middle]
        knees.append(np.abs(_wrapped(_direction(shank) - _direction(thigh))))
        thighs.append(np.degrees(np.arctan2(side * (thigh * right).sum(-1), -(thigh * head).sum(-1))))
    return {
        "trunk axis, deg": np.degrees(np.arctan2(axis[:, 0], axis[:, 1])),
        "shoulder line against hip line, deg": _wrapped(_direction(shoulders) - _direction(hips)),
        "shoulder width, trunk lengths": np.linalg.norm(shoulders, axis=-1) / trunk,
        "hip width, trunk lengths": np.linalg.norm(hips, axis=-1) / trunk,
        "knee flexion, deg": np.concatenate(knees),
        "thigh direction, deg": np.concatenate(thighs),
    }


def movement_of(xy: Array) -> dict[str, float]:
    """How much joints [N, 12, 2] move, 6 of them in a second."""
    trunk = float(np.median(np.linalg.norm(xy[:, [2, 3]].mean(1) - xy[:, [8, 9]].mean(1), axis=-1)))
    speed = np.linalg.norm(np.diff(xy, axis=0), axis=-1) * RATE_HZ / trunk
    centre = xy[:, [2, 3, 8, 9]].mean(axis=1)
    trunk_speed = np.linalg.norm(np.diff(centre, axis=0), axis=-1) * RATE_HZ / trunk
    return {
        "trunk speed, P95, trunk lengths/s": float(np.percentile(trunk_speed, 95)),
        "wrist faster than 0.3, share of time": float((speed[:, [0, 5]] > FAST).mean()),
        "no limb faster than 0.3, share of time": float((speed[:, [0, 5, 6, 11]] < FAST).all(axis=1).mean()),
    }


def check_ranges(infants: int = 200, seed: int = TUNE_SEED) -> tuple[str, bool]:
    """The comparison as a printed table, and whether every real range is covered."""
    rows = compare_ranges(infants, seed)
    who = counted(infants, "varied SIMULATED infant")
    lines = [f"{who} of seed {seed}, on the back, beside aggregates of real infants"]
    lines.append(f"{'statistic':44} {'simulated P1 to P99':>22} {'real':>19}")
    for row in rows:
        simulated, real = f"{row.low:.2f} to {row.high:.2f}", f"{row.real_low:g} to {row.real_high:g}"
        lines.append(f"{row.name:44} {simulated:>22} {real:>19} {'covered' if row.covered else 'NOT COVERED'}")
    lines.append("postures: real P1 to P99, simulated over all frames; movement: two real sets, simulated over infants")
    return "\n".join(lines), all(row.covered for row in rows)


def _direction(v: Array) -> Array:
    return np.asarray(np.degrees(np.arctan2(v[..., 1], v[..., 0])))


def _wrapped(angle_deg: Array) -> Array:
    return np.asarray((angle_deg + 180.0) % 360.0 - 180.0)
