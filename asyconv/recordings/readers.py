"""Which reader opens a file whose frames a library reads."""

from pathlib import Path
from typing import Final

from asyconv.recordings.stored import Stored

STORED: Final = ("hdf5", "npy", "npz", "tiff", "bag", "db3", "mcap")
"""Formats whose frames a library reads; each reader is imported when it is used."""


def read_stored(path: Path, name: str, stream: str | None = None) -> Stored:
    """Read what a file of format `name` says of its frames. Errors as `open_recording`."""
    match name:
        case "hdf5":
            from asyconv.recordings.hdf5 import read_hdf5

            return read_hdf5(path)
        case "npy":
            from asyconv.recordings.arrays import read_npy

            return read_npy(path)
        case "npz":
            from asyconv.recordings.arrays import read_npz

            return read_npz(path, stream)
        case "tiff":
            from asyconv.recordings.tiff import read_tiff

            return read_tiff(path)
    from asyconv.recordings.ros_bag import read_bag

    return read_bag(path, name, stream)
