"""The figures of a movement, in the order of the report."""

from typing import TYPE_CHECKING

from asyconv.analysis.report.canvas import Drawing
from asyconv.analysis.report.height_strips import height_strips
from asyconv.analysis.report.minute_strips import minute_strips
from asyconv.analysis.report.pair_plots import coordination_matrix, symmetry_bars
from asyconv.analysis.report.postures import trajectory_map
from asyconv.analysis.report.ranges import angle_ranges
from asyconv.analysis.report.strips import limb_strips

if TYPE_CHECKING:
    from asyconv.analysis.tables.movement import Movement


def drawings(movement: "Movement") -> list[Drawing]:
    """All figures that `movement` has data for, in report order."""
    made = (
        limb_strips(movement),
        minute_strips(movement),
        height_strips(movement),
        trajectory_map(movement),
        angle_ranges(movement),
        symmetry_bars(movement),
        coordination_matrix(movement),
    )
    return [drawing for drawing in made if drawing is not None]
