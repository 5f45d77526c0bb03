"""What the tests of nights share: the recording that one of them works on, and children that can import tests."""

from pathlib import Path

import pytest

from tests.helpers.made_work import SECRET
from tests.helpers.real_data import ROOT


@pytest.fixture(autouse=True)
def children_can_import_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let child processes find the work that they are asked for."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A small file."""
    folder = tmp_path / SECRET
    folder.mkdir()
    path = folder / f"{SECRET} 0.txt"
    path.write_text("recording 0")
    return path
