"""How the threads of OpenMP wait for each other; it is read once, when torch loads its library (libgomp)."""

from collections.abc import MutableMapping
from typing import Final

SPINS: Final = "1000"
"""Looks at the lock before a thread sleeps. libgomp's own 300,000 hold a core that another process needs."""


def wait_briefly(environment: MutableMapping[str, str]) -> None:
    """Let threads that wait sleep soon, in a process with this `environment`; what the user has set stands."""
    if "OMP_WAIT_POLICY" not in environment:
        environment.setdefault("GOMP_SPINCOUNT", SPINS)
