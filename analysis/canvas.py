"""The look that all figures share, and how one becomes PNG bytes: no global state, the same bytes each time.

Colours after Okabe and Ito, darkened for text; lines and hatches keep their meaning in grey.
"""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]

BINS_MAX: Final = 1500
WIDTH_IN: Final = 7.4
HALF_IN: Final = 4.2
DPI: Final = 160
INK, MUTED, GRID = "#1c2733", "#5b6773", "#d9dee3"
BOUT, FLOOR, EVENT = "#0072b2", "#d55e00", "#e9e2f0"
UNSEEN, UNSEEN_HATCH, POSTURE = "#f1f3f5", "#8b949e", "#c3cad2"
LIMB_COLOURS: Final = {"right_arm": "#0072b2", "left_arm": "#b84e00", "right_leg": "#00745a", "left_leg": "#9c3f77"}
STYLE: Final[dict[str, Any]] = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "hatch.linewidth": 0.5,
    "svg.hashsalt": "asyconv",
}


@dataclass(frozen=True)
class Picture:
    """A figure as PNG bytes with the data it shows and a sentence that says what is to be seen."""

    name: str
    title: str
    png: bytes
    data: pl.DataFrame
    summary: str


def limb_name(limb: str) -> str:
    """`right_arm` as `right arm`."""
    return limb.replace("_", " ")


def draw_png(draw: Callable[[Figure], None], height_in: float, width_in: float = WIDTH_IN) -> bytes:
    """Draw on a figure of this size and return it as PNG bytes."""
    with rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(width_in, height_in), dpi=DPI)
        FigureCanvasAgg(figure)
        draw(figure)
        buffer = BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
