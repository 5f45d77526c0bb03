"""A figure of the cohort: PNG for the page, SVG for print, what it shows as a table, and every dot of it as data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from asyconv.analysis.canvas import DPI, STYLE, WIDTH_IN
from asyconv.analysis.tables import write_csv


@dataclass(frozen=True)
class Drawing:
    """A figure with its words.

    `shown` is the table that stands under the figure, `data` every single value behind it; None if `shown` is all.
    """

    name: str
    title: str
    png: bytes
    svg: bytes
    shown: pl.DataFrame
    summary: str
    data: pl.DataFrame | None = None


def drawn(draw: Callable[[Figure], None], height_in: float, width_in: float = WIDTH_IN) -> tuple[bytes, bytes]:
    """Draw on a figure of this size; PNG and SVG bytes, the same each time. Dollar signs in text stay what they are."""
    style: Any = {**STYLE, "text.parse_math": False}
    with rc_context(style):
        figure = Figure(figsize=(width_in, height_in), dpi=DPI)
        FigureCanvasAgg(figure)
        draw(figure)
        nothing: dict[str, dict[str, None]] = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}
        return _saved(figure, "png", nothing["png"]), _saved(figure, "svg", nothing["svg"])


def _saved(figure: Figure, form: str, metadata: dict[str, None]) -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, format=form, metadata=metadata)
    return buffer.getvalue()


def write_drawings(drawings: Sequence[Drawing], folder: Path) -> list[Path]:
    """Write every figure into the existing `folder`: PNG, SVG, its table as CSV and its values as `_values.csv`."""
    written = []
    for one in drawings:
        for suffix, content in (("png", one.png), ("svg", one.svg)):
            path = folder / f"{one.name}.{suffix}"
            path.write_bytes(content)
            written.append(path)
        written.append(write_csv(one.shown, folder / f"{one.name}.csv"))
        if one.data is not None:
            written.append(write_csv(one.data, folder / f"{one.name}_values.csv"))
    return written


def spread(n: int) -> list[float]:
    """`n` places in -0.5 to 0.5 that fill the width evenly from the first on (van der Corput): dots side by side."""
    return [int(f"{k:b}"[::-1], 2) / 2 ** k.bit_length() - 0.5 if k else 0.0 for k in range(n)]


def dots(ax: Any, x: Sequence[float], y: Sequence[float], colour: str, size: float = 7.0, marker: str = "o") -> None:
    """Scatter with see-through dots, so that many on one place look darker; a picture inside SVG, not 10000 circles."""
    ax.scatter(x, y, s=size, c=colour, marker=marker, alpha=0.4, linewidths=0, zorder=2, rasterized=True)
