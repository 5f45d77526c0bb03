"""The formats that tracks are written in and joints are read from, by the name that a user types."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from asyconv.errors import InputError


@dataclass(frozen=True)
class Format:
    """A format: what it is, the endings of its files, and the module of this folder that knows it.

    `beside` are endings of further files that are written with the first one; they take the place of its own ending.
    """

    what: str
    endings: tuple[str, ...]
    module: str
    beside: tuple[str, ...] = ()
    writer: str = "write"

    def function(self, name: str) -> Callable[..., Any]:
        """A function of the format's module, which is imported now; a package that it lacks is named when called."""
        return _checked(getattr(importlib.import_module(f"asyconv.exchange.{self.module}"), name))

    def files(self, path: Path) -> tuple[Path, ...]:
        """All files that an export to `path` writes."""
        stem = path.name.removesuffix(path.suffix)
        return (path, *(path.with_name(stem.removesuffix("_motion") + ending) for ending in self.beside))


JSON: Final = (".json",)
"""A file with the facts that a format has no room for."""

EXPORTS: Final = {
    "tidy": Format("long table, a row for each joint of each frame", (".csv", ".parquet"), "tidy", JSON),
    "deeplabcut": Format("DeepLabCut table, pixels", (".csv", ".h5"), "deeplabcut", JSON),
    "anipose": Format("Anipose table, millimetres", (".csv",), "anipose", JSON),
    "trc": Format("markers for OpenSim, millimetres", (".trc",), "trc", JSON),
    "coco": Format("COCO key points, pixels", (".json",), "coco"),
    "motion-bids": Format(
        "Motion-BIDS, millimetres or pixels", (".tsv",), "motion_bids",
        ("_motion.json", "_channels.tsv", "_channels.json"),
    ),
    "sleap": Format("SLEAP analysis file, pixels", (".h5",), "sleap"),
    "sleap-labels": Format("SLEAP labels, pixels", (".slp",), "sleap_labels"),
    "movement": Format("netCDF of movement 0.17 and later, millimetres or pixels", (".nc",), "movement_netcdf"),
    "movement-legacy": Format(
        "netCDF of movement up to 0.16, millimetres or pixels", (".nc",), "movement_netcdf", writer="write_legacy"
    ),
    "c3d": Format("C3D markers, millimetres", (".c3d",), "c3d"),
    "nwb": Format("NWB with ndx-pose, millimetres or pixels", (".nwb",), "nwb"),
}  # fmt: skip
"""What `asyconv export --to` takes."""

IMPORTS: Final = {
    "deeplabcut": Format("DeepLabCut", (".csv", ".h5"), "deeplabcut"),
    "sleap": Format("SLEAP", (".h5", ".csv"), "sleap"),
    "anipose": Format("Anipose", (".csv",), "anipose"),
    "openpose": Format("OpenPose", ("",), "openpose"),
    "alphapose": Format("AlphaPose", (".json",), "alphapose"),
    "mediapipe": Format("MediaPipe", (".json",), "mediapipe"),
    "coco": Format("COCO key points", (".json",), "coco"),
    "nwb": Format("NWB with ndx-pose", (".nwb",), "nwb"),
}
"""What `asyconv import --from` takes."""


def _checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Say in a sentence which package a format needs and does not find."""

    def call(*arguments: Any, **named: Any) -> Any:
        try:
            return function(*arguments, **named)
        except ModuleNotFoundError as error:
            raise InputError(
                f"expected the package {error.name} for this format, found none; "
                "`pip install 'asyconv[exchange]'` installs what the formats need"
            ) from error

    return call
