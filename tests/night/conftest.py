"""The recording that the tests of one recording work on."""

from pathlib import Path

import pytest

from tests.helpers.made_work import SECRET


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A small file."""
    folder = tmp_path / SECRET
    folder.mkdir()
    path = folder / f"{SECRET} 0.txt"
    path.write_text("recording 0")
    return path
