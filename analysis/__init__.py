"""Movement analysis: from tracks to cleaned series, measures that state their own limits, tables and reports.

Everything here runs without torch and knows nothing of how a joint was found. Importing the package loads nothing
heavy; `analyse` loads polars and scipy when called.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from asyconv.analysis.version import ANALYSIS_VERSION

if TYPE_CHECKING:
    from asyconv.analysis.cleaning.events import Event
    from asyconv.analysis.tables.movement import Movement
    from asyconv.tracks import Tracks

__all__ = ["ANALYSIS_VERSION", "analyse"]


def analyse(
    tracks: "Tracks", events: "Sequence[Event] | None" = None, sheet: "Mapping[str, Any] | None" = None
) -> "Movement":
    """Clean `tracks`, derive the limb series and compute every measure; see `asyconv.analysis.pipeline`."""
    from asyconv.analysis.pipeline import analyse as analyse_now

    return analyse_now(tracks, events, sheet)
