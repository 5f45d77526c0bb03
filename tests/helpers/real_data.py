"""Where the real recordings lie: beside the repository, never in it."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def shared_data(name: str) -> Path:
    """Folder or file of the real recordings, e.g. ``"openni_oni"``; the test is skipped when it is absent."""
    path = ROOT.parent / "shared" / "data" / name
    if not path.exists():
        pytest.skip(f"real recordings not present: ../shared/data/{name}")
    return path
