"""Figures of a movement: limb strips, trajectory map and joint-angle ranges, each a PNG with its data as CSV."""

from pathlib import Path
from typing import TYPE_CHECKING

from asyconv.analysis.canvas import Picture
from asyconv.analysis.postures import angle_ranges, trajectory_map
from asyconv.analysis.strips import limb_strips
from asyconv.analysis.tables import write_csv

if TYPE_CHECKING:
    from asyconv.analysis.movement import Movement


def pictures(movement: "Movement") -> list[Picture]:
    """All figures of `movement`, in report order."""
    return [limb_strips(movement), trajectory_map(movement), angle_ranges(movement)]


def write_figures(movement: "Movement", folder: Path) -> list[Path]:
    """Write each figure into `folder` (made if absent) as PNG with its data as CSV beside it."""
    folder.mkdir(exist_ok=True)
    written = []
    for picture in pictures(movement):
        path = folder / f"{picture.name}.png"
        path.write_bytes(picture.png)
        written += [path, write_csv(picture.data, folder / f"{picture.name}.csv")]
    return written
