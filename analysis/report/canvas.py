"""The style that all figures share, and how a figure becomes PNG and SVG: no global state, the same bytes each time.

Colours after Okabe and Ito, darkened for text; lines and hatches keep their meaning in grey.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from asyconv.analysis.tables.files import write_csv

Floats = npt.NDArray[np.float64]
PATH: Final = re.compile(rb' d="[^"]*"')
LONG: Final = re.compile(rb"(\.\d)\d+|\s*\n\s*")

BINS_MAX: Final = 750  # two points each: 1500 a lane, more than the page has pixels
WIDTH_IN: Final = 7.4
HALF_IN: Final = 4.2
DPI: Final = 160
INK, MUTED, GRID = "#1c2733", "#5b6773", "#d9dee3"
BOUT, FLOOR, EVENT, EVENT_HATCH = "#0072b2", "#d55e00", "#e9e2f0", "#7d6b91"
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
class Drawing:
    """A figure that is drawn when it is asked for, the data it shows, and a sentence that says what is to be seen.

    `data` is what is drawn, point by point; `table` (None: `data` itself) is short enough to be read.
    """

    name: str
    title: str
    draw: Callable[[Figure], None]
    data: pl.DataFrame
    summary: str
    height_in: float
    width_in: float = WIDTH_IN
    table: pl.DataFrame | None = None

    def png(self) -> bytes:
        """The figure as PNG."""
        return draw_png(self.draw, self.height_in, self.width_in)

    def svg(self) -> bytes:
        """The figure as SVG, coordinates to a tenth of a point."""
        return self.pictures("svg")["svg"]

    def pictures(self, *kinds: str) -> dict[str, bytes]:
        """The figure as each of `kinds`, png and svg, drawn once for all."""
        return _pictures(self.draw, self.height_in, self.width_in, *kinds)


def write_drawings(drawings: Sequence[Drawing], folder: Path, *, tables: bool = False) -> list[Path]:
    """Write each figure into `folder` (made if absent) as PNG and SVG, its data as CSV and, if asked, its table."""
    folder.mkdir(exist_ok=True)
    written = []
    for drawing in drawings:
        for suffix, content in drawing.pictures("png", "svg").items():
            path = folder / f"{drawing.name}.{suffix}"
            path.write_bytes(content)
            written.append(path)
        written.append(write_csv(drawing.data, folder / f"{drawing.name}.csv"))
        if tables and drawing.table is not None:
            written.append(write_csv(drawing.table, folder / f"{drawing.name}_table.csv"))
    return written


def limb_name(limb: str) -> str:
    """`right_arm` as `right arm`."""
    return limb.replace("_", " ")


def pair_name(pair: str) -> str:
    """`right_arm-left_arm` as `right arm – left arm`."""
    return limb_name(pair).replace("-", " \N{EN DASH} ")


def binned(time_s: Floats, values: Floats) -> tuple[Floats, Floats, Floats]:
    """Time [M], minimum and maximum [M] of `values` [N] in at most `BINS_MAX` bins; NaN where a bin has none."""
    n = len(values)
    edges = bin_edges(n)
    finite = np.isfinite(values)
    low = np.minimum.reduceat(np.where(finite, values, np.inf), edges)
    high = np.maximum.reduceat(np.where(finite, values, -np.inf), edges)
    return time_s[edges], np.where(np.isfinite(low), low, np.nan), np.where(np.isfinite(high), high, np.nan)


def bin_edges(n: int, bins_max: int = BINS_MAX) -> npt.NDArray[np.int64]:
    """First sample of each of at most `bins_max` even bins over `n` samples."""
    return np.unique(np.linspace(0, n, min(n, bins_max) + 1).round().astype(np.int64))[:-1]


def lane_data(name: str, columns: dict[str, Floats]) -> pl.DataFrame:
    """Numbers drawn of one limb, or of another lane, as a table with its name; what is missing is null."""
    table = pl.DataFrame(columns).with_columns(pl.all().fill_nan(None))
    return table.select(pl.lit(name).alias("limb"), pl.all())


def draw_png(draw: Callable[[Figure], None], height_in: float, width_in: float = WIDTH_IN) -> bytes:
    """Draw on a figure of this size and return it as PNG bytes."""
    return _pictures(draw, height_in, width_in, "png")["png"]


def _pictures(draw: Callable[[Figure], None], height_in: float, width_in: float, *kinds: str) -> dict[str, bytes]:
    with rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(width_in, height_in), dpi=DPI)
        FigureCanvasAgg(figure)
        draw(figure)
        return {kind: _saved(figure, kind) for kind in kinds}


def _saved(figure: Figure, kind: str) -> bytes:
    buffer = BytesIO()
    if kind == "png":
        figure.savefig(buffer, format=kind, metadata={"Software": None})
        return buffer.getvalue()
    figure.savefig(buffer, format=kind, metadata={"Date": None, "Creator": None})
    return PATH.sub(lambda path: LONG.sub(rb"\1", path[0]), buffer.getvalue())
