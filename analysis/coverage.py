"""Coverage: which measures have earned an interval, by simulated recordings whose long-run value is known."""

from typing import Final

SHOWN: Final[frozenset[str]] = frozenset()
