"""Nights of simulated recordings."""

import os
import sys
from pathlib import Path

from asyconv.night import audit, claims, results
from tests.helpers.commands import invoke

PROCESS = [sys.executable, "-m", "asyconv.cli.main", "process"]


def simulated(folder: Path, infants: int, seed: int, seconds: float = 0.5) -> list[Path]:
    result = invoke("simulate", folder, "--infants", infants, "--seconds", seconds, "--seed", seed)
    assert result.exit_code == 0, result.output
    return sorted(folder.glob("*.oni"))


def all_done_once(out: Path, count: int) -> None:
    """Assert that every recording was published once and that nothing of the killed runs is left."""
    assert len(results.manifests(out)) == count
    assert list(audit.verify(out)) == []
    noted = [e for path in (out / audit.AUDIT).glob("*.jsonl") for e in audit.entries(path)[0]]
    made = [entry["recording_id"] for entry in noted if entry["event"] == "made"]
    assert len(made) == len(set(made))
    assert not (out / results.SUPERSEDED).exists()  # where a second result would have sent the first
    assert not list((out / claims.CLAIMS).iterdir())
    assert not list(out.glob(".tmp-*"))
    for part in out.glob(".*.part"):  # a kill in the middle of index.csv; a later run removes it
        os.utime(part, (0, 0))
    results.clean_up(out)
    assert not list(out.glob(".*.part"))
