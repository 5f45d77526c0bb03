"""What the cohort's figures share: dots that lie side by side, and the files of a figure."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from asyconv.analysis.report.canvas import Drawing
from asyconv.analysis.tables.files import write_csv


def write_drawings(drawings: Sequence[Drawing], pngs: Mapping[str, bytes], folder: Path) -> list[Path]:
    """Write every figure into the existing `folder`: its PNG of `pngs`, SVG, data and, where there is one, table."""
    written = []
    for drawing in drawings:
        for suffix, content in (("png", pngs[drawing.name]), ("svg", drawing.svg())):
            path = folder / f"{drawing.name}.{suffix}"
            path.write_bytes(content)
            written.append(path)
        written.append(write_csv(drawing.data, folder / f"{drawing.name}.csv"))
        if drawing.table is not None:
            written.append(write_csv(drawing.table, folder / f"{drawing.name}_table.csv"))
    return written


def spread(n: int) -> list[float]:
    """`n` places in -0.5 to 0.5 that fill the width evenly from the first on (van der Corput): dots side by side."""
    return [int(f"{k:b}"[::-1], 2) / 2 ** k.bit_length() - 0.5 if k else 0.0 for k in range(n)]


def dots(ax: Any, x: Sequence[float], y: Sequence[float], colour: str, size: float = 7.0, marker: str = "o") -> None:
    """Scatter with see-through dots, so that many on one place look darker; a picture inside SVG, not 10000 circles."""
    ax.scatter(x, y, s=size, c=colour, marker=marker, alpha=0.4, linewidths=0, zorder=2, rasterized=True)
