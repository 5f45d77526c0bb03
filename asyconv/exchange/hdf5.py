"""Whole HDF5 files: filled in memory, as HDF5 may end the process where a disk becomes full under an open file."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from asyconv.whole_files import write_whole


@contextmanager
def whole_hdf5(path: Path) -> Iterator[Any]:
    """Give an open `h5py.File` to fill; it is written to `path` when all went well."""
    import h5py

    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        yield file
    write_whole(path, content.getvalue())
