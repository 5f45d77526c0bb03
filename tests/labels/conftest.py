"""The annotated data set that several test files read."""

from pathlib import Path

import pytest

from tests.helpers.written_labels import cells, write_pictures, write_sheet


@pytest.fixture
def data_set(tmp_path: Path) -> Path:
    """One infant, five frames of which 16 is not there, rows in string order."""
    frames = [1, 6, 11, 21]
    write_pictures(tmp_path / "data" / "pz7", frames)
    write_sheet(tmp_path / "data" / "result_pz7.csv", [cells(frame) for frame in (1, 11, 21, 6)])
    return tmp_path / "data"
