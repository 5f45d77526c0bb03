"""Results that the tests of several commands read."""

import shutil
import stat
from pathlib import Path

import pytest

from asyconv.notice import NOTICE
from tests.helpers.commands import invoke


@pytest.fixture(scope="session")
def results(recordings: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Process both recordings as one infant's; tests must not write here, nor into the copy `untouched` beside it."""
    folder = tmp_path_factory.mktemp("processed")
    out = folder / "results"
    names = folder / "names.csv"
    result = invoke("process", recordings, "-o", out, "--model", model, "--infant", "baby-1", "--names", names)
    assert result.exit_code == 0, result.output
    assert sorted(result.stdout.splitlines()) == sorted(str(path) for path in out.glob("*/report.html"))
    assert "2 recordings: 2 made" in result.stderr
    assert NOTICE in result.stderr
    assert stat.S_IMODE(names.stat().st_mode) == 0o600
    assert len(names.read_text().splitlines()) == 3
    shutil.copytree(out, folder / "untouched")
    return out


@pytest.fixture
def ward(recordings: Path, tmp_path: Path) -> Path:
    """Copy the two recordings to a folder of their own."""
    folder = tmp_path / "ward"
    folder.mkdir()
    for path in recordings.glob("*.oni"):
        shutil.copy2(path, folder)
    return folder
