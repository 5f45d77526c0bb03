"""Damaged recordings of every format: each refused by name or read with a word of warning; no crash, no hang."""

from pathlib import Path

import pytest

from tests.helpers.commands import python

MOST_KIB = 2**20


@pytest.mark.parametrize("kind", ["oni", "png", "video", "hdf5", "npz", "bag", "db3", "mcap"])
@pytest.mark.parametrize(
    ("first", "count"), [(0, 100), *(pytest.param(100 + n * 1112, 1112, marks=pytest.mark.fuzz) for n in range(3))]
)
@pytest.mark.timeout(3600)
def test_chance_damage(kind: str, first: int, count: int, tmp_path: Path) -> None:
    done = python("-m", "tests.helpers.mutations", kind, first, count, tmp_path)
    last = done.stdout.splitlines()[-1:]
    assert done.returncode == 0, f"exit code {done.returncode} at seed {last}: {done.stderr[-2000:]}"
    found = dict(part.split("=") for part in last[0].split())
    peak_kib = int(found.pop("peak_kib"))
    assert sum(map(int, found.values())) == count
    assert int(found.get("refused", 0)) > 0
    assert peak_kib < MOST_KIB
