"""Read depth from HDF5 files, as the recorders of wards write them with a RealSense camera.

Dataset ``depth`` holds uint16, ``(N, height, width)`` or flat ``(N, width * height)``; ``ts`` or ``ts_depth``, where
there is one, the times in milliseconds. The attributes ``depth_scale`` (m), ``width``, ``height`` and ``fps`` stand at
the file or at the dataset. h5py is imported when it is needed.
"""

import contextlib
import hashlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from asyconv.errors import InputError
from asyconv.recordings.clock import UNITS
from asyconv.recordings.stored import Depth, Stored, needed
from asyconv.recordings.stream import check_sides

_TIMES: Final = ("ts_depth", "ts")
_BLOCK_BYTES: Final = 64 * 2**20
_DAMAGE: Final = (OSError, RuntimeError, ValueError, KeyError, TypeError)  # what h5py raises


def holds_depth(path: Path) -> bool:
    """Whether the file has a dataset ``depth``; True for what cannot be told."""
    try:
        with _opened(path) as file:
            return "depth" in file
    except InputError:
        return True


def read_hdf5(path: Path) -> Stored:
    """Read what the file says of its frames, none of which is read."""
    with _opened(path) as file:
        try:
            depth = file.get("depth")
            if depth is None or not hasattr(depth, "shape"):
                found = ", ".join(sorted(map(str, file))[:5]) or "nothing"
                raise InputError(f"{path.name}: expected a dataset 'depth', found {found}")
            stated = {**dict(file.attrs), **dict(depth.attrs)}
            height_px, width_px = _size(path.name, depth, stated)
            stamps = _stamps(path.name, file, depth.shape[0])
        except _DAMAGE as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{path.name}: expected a whole HDF5 file, found a damaged one ({error})") from error
        count, others = int(depth.shape[0]), sorted(set(file) - {"depth", *_TIMES})
    scale_m = _number(stated, "depth_scale")
    given = np.zeros(0) if stamps is None else stamps[np.isfinite(stamps)]
    span = (float(given[0]), float(given[-1])) if len(given) else None
    serial = stated.get("serial")
    return Stored(
        path=path,
        format="hdf5",
        width_px=width_px,
        height_px=height_px,
        count=count,
        pictures=lambda: _pictures(path, count, height_px, width_px),
        stamps=None if stamps is None else lambda: stamps,
        ticks_per_s=UNITS["milliseconds"],
        span=lambda: span,
        nominal_hz=_number(stated, "fps"),
        unit_mm=None if scale_m is None else round(scale_m * 1000, 6),
        camera=None if serial is None else hashlib.sha256(str(serial).encode()).hexdigest(),
        beside=[f"dataset {name}" for name in others],
    )


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    h5py = needed("h5py", path.name)
    try:
        file = h5py.File(path, "r", locking=False)
    except _DAMAGE as error:
        raise InputError(f"{path.name}: expected a whole HDF5 file, found one that is cut off or damaged") from error
    with file:
        yield file


def _size(name: str, depth: Any, stated: dict[str, Any]) -> tuple[int, int]:
    """Height and width of a frame; refuses what is no series of 16-bit pictures."""
    shape = tuple(map(int, depth.shape))
    if depth.dtype.kind != "u" or depth.dtype.itemsize != 2 or len(shape) not in (2, 3) or 0 in shape:
        expected = "'depth' as uint16 (N, height, width) or (N, width * height)"
        raise InputError(f"{name}: expected {expected}, found {depth.dtype} {shape}")
    width, height = _number(stated, "width"), _number(stated, "height")
    if len(shape) == 3:
        height_px, width_px = shape[1:]
    elif width is None or height is None:
        raise InputError(f"{name}: expected attributes 'width' and 'height' of a flat dataset 'depth', found none")
    else:
        height_px, width_px = int(height), int(width)
    if height_px * width_px != math.prod(shape[1:]) or width not in (None, width_px) or height not in (None, height_px):
        sides = f"width {width or width_px:g} and height {height or height_px:g}"
        raise InputError(f"{name}: expected frames of {sides} as its attributes say, found 'depth' as {shape}")
    check_sides(name, width_px, height_px)
    return height_px, width_px


def _stamps(name: str, file: Any, count: int) -> Any:
    given = [key for key in _TIMES if key in file]
    if not given:
        return None
    stamps = np.asarray(file[given[0]][()])
    if stamps.dtype.kind not in "fiu" or stamps.size != count:
        raise InputError(
            f"{name}: expected a time for each of {count} frames in '{given[0]}', found {stamps.dtype} {stamps.shape}"
        )
    return stamps.astype(np.float64).reshape(-1)


def _number(stated: dict[str, Any], key: str) -> float | None:
    """Return an attribute that is one number above 0; None for anything else."""
    try:
        value = float(np.asarray(stated[key]).reshape(-1)[0])
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    return value if 0 < value < math.inf else None


def _pictures(path: Path, count: int, height_px: int, width_px: int) -> Iterator[Depth]:
    """Read as many frames at a time as share a compressed piece."""
    with _opened(path) as file:
        depth = file["depth"]
        together = depth.chunks[0] if depth.chunks else 1
        together = max(1, min(together, _BLOCK_BYTES // (2 * height_px * width_px)))
        for first in range(0, count, together):
            try:
                block = np.asarray(depth[first : first + together])
            except _DAMAGE as error:
                raise InputError(
                    f"{path.name}, frame {first + 1}: expected a whole frame, found a damaged one"
                ) from error
            yield from block.astype(np.uint16, copy=False).reshape(-1, height_px, width_px)
