"""Sets of clips as memory-mapped files in a folder of their own, which appears under its name only when whole."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.labels.clip_set import ClipSet
from asyconv.pose.clips import CLIP_FRAMES
from asyconv.pose.geometry import MAP_HEIGHT, MAP_WIDTH
from asyconv.skeleton import N_JOINTS

_AREA: Final = "area_map.npy"
_ARRAYS: Final[dict[str, tuple[tuple[int, ...], Any]]] = {
    "depth": ((CLIP_FRAMES, MAP_HEIGHT, MAP_WIDTH), np.uint16),
    "xy_map": ((CLIP_FRAMES, N_JOINTS, 2), np.float32),
    "visible": ((CLIP_FRAMES, N_JOINTS), np.bool_),
}


def write_clip_files(
    folder: Path,
    sizes: Sequence[int],
    infants: Iterable[ClipSet],
    facts: dict[str, Any],
    area_map: npt.NDArray[np.float64] | None = None,
) -> None:
    """Write the clips of one infant after another, of which there are `sizes`; only one is in memory at a time.

    `area_map` are areas of the infants, map px squared, [n, 3], where the labels state them.
    """
    part = folder.with_name(f".{folder.name}.part")
    part.mkdir(parents=True, exist_ok=True)
    arrays = {
        name: np.lib.format.open_memmap(part / f"{name}.npy", "w+", dtype=dtype, shape=(sum(sizes), *shape))
        for name, (shape, dtype) in _ARRAYS.items()
    }
    start = 0
    for size, clips in zip(sizes, infants, strict=True):
        for name in arrays:
            arrays[name][start : start + size] = getattr(clips, name)
        start += size
    while arrays:
        arrays.popitem()[1].flush()  # and unmapped: Windows moves no folder that holds a mapped file
    np.save(part / "infant.npy", np.repeat(np.arange(len(sizes)), sizes))
    if area_map is not None:
        np.save(part / _AREA, area_map)
    (part / "facts.json").write_text(json.dumps({"infants": len(sizes), **facts}), encoding="utf8")
    part.rename(folder)


def read_clip_files(folder: Path) -> ClipSet:
    """The clips in `folder`, memory-mapped."""
    return ClipSet(**{name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in _ARRAYS})


def read_areas(folder: Path) -> npt.NDArray[np.float64] | None:
    """The areas of the infants, map px squared, [n, 3], NaN = not stated; None where the clips have none."""
    path = folder / _AREA
    return np.load(path) if path.is_file() else None


def read_infants(folder: Path) -> tuple[npt.NDArray[np.int64], dict[str, Any]]:
    """The number of each clip's infant, [n], and the facts that were stored with the clips."""
    return np.load(folder / "infant.npy"), json.loads((folder / "facts.json").read_text(encoding="utf8"))
