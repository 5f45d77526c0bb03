"""Times of the stages of a recording (reading, networks, tables, ...): wall clock and processor time of the process."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class StageTimes:
    """Seconds of each stage; a stage that is entered several times has the sum."""

    def __init__(self) -> None:
        self._wall_s: dict[str, float] = {}
        self._cpu_s: dict[str, float] = {}
        self._gflop: dict[str, float] = {}

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Add the time of what runs inside to this stage; stages must not be nested."""
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self._wall_s[name] = self._wall_s.get(name, 0.0) + time.perf_counter() - wall_s
            self._cpu_s[name] = self._cpu_s.get(name, 0.0) + time.process_time() - cpu_s

    def add_gflop(self, name: str, gflop: float) -> None:
        """Add arithmetic to that which a stage has done, in 10^9 operations; a multiplication and a sum are two."""
        self._gflop[name] = self._gflop.get(name, 0.0) + gflop

    def facts(self) -> dict[str, dict[str, float]]:
        """Seconds and processor seconds of every stage, and its arithmetic where that is counted; for a manifest."""
        facts = {
            name: {"seconds": round(wall_s, 3), "cpu_s": round(self._cpu_s[name], 3)}
            for name, wall_s in self._wall_s.items()
        }
        for name, gflop in self._gflop.items():
            facts[name]["gflop"] = round(gflop, 1)
        return facts
