"""Dots of the cohort's figures: one for each recording or infant, side by side."""

from collections.abc import Sequence
from typing import Any


def spread(n: int) -> list[float]:
    """`n` places in -0.5 to 0.5 that fill the width evenly from the first on (van der Corput): dots side by side."""
    return [int(f"{k:b}"[::-1], 2) / 2 ** k.bit_length() - 0.5 if k else 0.0 for k in range(n)]


def dots(ax: Any, x: Sequence[float], y: Sequence[float], colour: str, size: float) -> None:
    """Scatter with see-through dots, so that many on one place look darker; a picture inside SVG, not 10000 circles."""
    ax.scatter(x, y, s=size, c=colour, alpha=0.4, linewidths=0, zorder=2, rasterized=True)
