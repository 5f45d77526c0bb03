"""The picture of the first page: a lane for each limb, tall where it moved, low at rest, hatched where not measured.

The page itself draws the lanes, with lengths in per cent: they fill any width, and the words beside them stay text.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from asyconv.analysis.report.canvas import bin_edges
from asyconv.analysis.series.limbs import LimbSeries

if TYPE_CHECKING:
    from asyconv.analysis.tables.movement import Movement

BARS_MAX: Final = 400
REST_PCT: Final = 8.0
"""Height of rest, in per cent of the lane."""

TICKS_MAX: Final = 7
TICK_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200)
KINDS: Final = ("event", "unseen", "rest", "moving")


@dataclass(frozen=True)
class Span:
    """A part of a lane: its kind, and its place and height in per cent of the lane."""

    kind: str
    left: float
    width: float
    height: float


def lanes(movement: "Movement") -> dict[str, list[Span]]:
    """The lane of each limb."""
    return {name: _spans(movement, limb) for name, limb in movement.limbs.items()}


def bar_s(movement: "Movement") -> float:
    """Seconds that one bar of a lane stands for."""
    time = movement.clean.time
    return max(1.0, len(time.time_s) / BARS_MAX) / time.fs_hz


def ticks(movement: "Movement") -> list[tuple[float, str]]:
    """Place (per cent) and label of each tick of the time axis, the last with its unit."""
    time = movement.clean.time
    length_s = len(time.time_s) / time.fs_hz
    step_s = next((s for s in TICK_S if length_s < s * TICKS_MAX), TICK_S[-1])
    unit, unit_s = ("s", 1) if length_s <= 600 else ("min", 60) if length_s <= 36000 else ("h", 3600)
    at_s = [k * step_s for k in range(TICKS_MAX) if k * step_s < 0.985 * length_s]
    return [(100 * s / length_s, f"{s / unit_s:g}" + (f" {unit}" if s == at_s[-1] else "")) for s in at_s]


def _spans(movement: "Movement", limb: LimbSeries) -> list[Span]:
    """Bars of even time; those that show the same side by side are one span."""
    excluded = movement.clean.excluded
    seen = limb.valid if limb.valid.any() else np.isfinite(limb.speed_px_s) & ~excluded
    edges = bin_edges(len(seen), BARS_MAX)
    left = 100 * np.append(edges, len(seen)) / len(seen)
    shares = [np.add.reduceat(mask.astype(float), edges) for mask in (np.ones(len(seen)), excluded, seen, limb.moving)]
    size, out, measured, moved = shares
    height = np.where(2 * measured < size, 100.0, REST_PCT + (100 - REST_PCT) * moved / np.maximum(measured, 1)).round()
    kind = np.where(2 * out >= size, 0, np.where(2 * measured < size, 1, np.where(height <= REST_PCT, 2, 3)))
    starts = np.flatnonzero(np.append(True, (np.diff(kind) != 0) | (np.diff(height) != 0)))
    stops = np.append(starts[1:], len(edges))
    return [
        Span(KINDS[kind[a]], float(left[a]), float(left[b] - left[a]), float(height[a]))
        for a, b in zip(starts, stops, strict=True)
    ]
