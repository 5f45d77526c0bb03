"""Whole files of libraries that insist on the ending of a name."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from asyconv.whole_files import write_whole


def write_named(path: Path, fill: Callable[[Path], None]) -> None:
    """Let `fill` write a file of the same ending elsewhere, and put it at `path` when it is whole."""
    with tempfile.TemporaryDirectory() as folder:
        named = Path(folder) / f"export{path.suffix}"
        fill(named)
        write_whole(path, named.read_bytes())
