"""Figures of a movement, in report order, each as PNG and SVG with its data as CSV beside it."""

from pathlib import Path
from typing import TYPE_CHECKING

from asyconv.analysis.report.canvas import Drawing
from asyconv.analysis.report.height_strips import height_strips
from asyconv.analysis.report.pair_plots import coordination_matrix, symmetry_bars
from asyconv.analysis.report.postures import trajectory_map
from asyconv.analysis.report.ranges import angle_ranges
from asyconv.analysis.report.strips import limb_strips
from asyconv.analysis.tables.files import write_csv

if TYPE_CHECKING:
    from asyconv.analysis.tables.movement import Movement


def pictures(movement: "Movement") -> list[Drawing]:
    """All figures that `movement` has data for, in report order."""
    made = (
        limb_strips(movement),
        height_strips(movement),
        trajectory_map(movement),
        angle_ranges(movement),
        symmetry_bars(movement),
        coordination_matrix(movement),
    )
    return [picture for picture in made if picture is not None]


def write_figures(movement: "Movement", folder: Path) -> list[Path]:
    """Write each figure into `folder` (made if absent) as PNG and SVG with its data as CSV beside them."""
    folder.mkdir(exist_ok=True)
    written = []
    for picture in pictures(movement):
        for kind, content in (("png", picture.png()), ("svg", picture.svg())):
            path = folder / f"{picture.name}.{kind}"
            path.write_bytes(content)
            written.append(path)
        written.append(write_csv(picture.data, folder / f"{picture.name}.csv"))
    return written
