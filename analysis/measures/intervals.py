"""Intervals: which measures have earned one.

A measure's intervals are shown only if at least 90 % of them hold the long-run value (nominal: 95 %). The table was
filled by ``asyconv evaluate intervals`` on SIMULATED infants (interval_coverage.csv, beside this file); a real
infant's states may last longer, and its intervals then cover less.
"""

import csv
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

SHOWN_MIN_PCT: Final = 90.0
GIVEN_MIN: Final = 50  # fewer intervals than this prove nothing


@dataclass(frozen=True)
class Coverage:
    """How often the intervals of one measure covered: `covered` of `given`, of `values` stretches with a value."""

    measure: str
    values: int
    given: int
    covered: int

    @property
    def covered_pct(self) -> float:
        """Covering intervals in % of those given; NaN if none was given."""
        return 100 * self.covered / self.given if self.given else float("nan")

    @property
    def earned(self) -> bool:
        """Whether the measure's intervals may be shown."""
        return self.given >= GIVEN_MIN and self.covered_pct >= SHOWN_MIN_PCT


def _measured() -> tuple[Coverage, ...]:
    text = files("asyconv.analysis.measures").joinpath("interval_coverage.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple(Coverage(r["measure"], *(int(r[n]) for n in ("values", "intervals", "covering"))) for r in rows)


MEASURED: Final[tuple[Coverage, ...]] = _measured()
"""What the command found: the rows of the CSV file."""

WITH_INTERVALS: Final[frozenset[str]] = frozenset(coverage.measure for coverage in MEASURED if coverage.earned)
"""Measures whose intervals are shown."""
