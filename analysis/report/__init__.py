"""The report of one infant: page, trust, methods, figures and player."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyconv.analysis.tables.movement import Movement

__all__ = ["write_report"]


def write_report(movements: Sequence[Movement] | Movement, path: Path | str) -> Path:
    """Write the report of one recording, or of several recordings of one infant, to `path`."""
    from asyconv.analysis.report.page import write_report as write_now

    return write_now(movements, Path(path))
