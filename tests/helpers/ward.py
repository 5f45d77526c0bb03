"""What the recorder of a ward writes: ``<infant>/<date>/Depth/<hour>/<date_time>.h5``, a file a minute."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

Depth = npt.NDArray[np.uint16]

EPOCH_MS = 1.7e12
SERIAL = "f0220417"


def relief(seed: int, count: int, shape: tuple[int, int] = (12, 16)) -> Depth:
    """A slope with noise and a hole, [count, height, width]."""
    noise = np.random.default_rng(seed).integers(0, 9, (count, *shape))
    depth = (3000 + np.add.outer(np.arange(shape[0]), np.arange(shape[1])) + noise).astype(np.uint16)
    depth[:, 2:4, 5:8] = 0
    return depth


def write_h5(
    path: Path,
    depth: Depth,
    times_ms: npt.NDArray[Any],
    *,
    flat: bool = False,
    ts: str = "ts",
    chunks: tuple[int, ...] | None = None,
    **attributes: Any,
) -> Path:
    """Write one file; an attribute None is left out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    n, height, width = depth.shape
    stated = {"depth_scale": 0.00025, "width": width, "height": height, "fps": 30, "serial": SERIAL} | attributes
    with h5py.File(path, "w") as file:
        file.create_dataset("depth", data=depth.reshape(n, -1) if flat else depth, chunks=chunks, compression="lzf")
        file.create_dataset(ts, data=times_ms)
        file.attrs.update({name: value for name, value in stated.items() if value is not None})
    return path


def damage_frames(path: Path, first: int = 0) -> int:
    """Overwrite the compressed piece with the frame of index `first`; returns the number of frames in a piece."""
    with h5py.File(path) as file:
        depth = file["depth"]
        chunk = depth.id.get_chunk_info_by_coord((first, *[0] * (depth.ndim - 1)))
        together = int(depth.chunks[0])
    data = bytearray(path.read_bytes())
    data[chunk.byte_offset : chunk.byte_offset + chunk.size] = b"\xff" * chunk.size
    path.write_bytes(data)
    return together


def write_tree(
    root: Path, *, seconds: float = 60.0, shape: tuple[int, int] = (12, 16), infant: str = "baby7"
) -> list[Path]:
    """Write three files in a row, over the end of an hour, and infra-red and colour videos beside them."""
    count, day = round(30 * seconds), root / infant / "20240102"
    files = []
    for place, (hour, minute) in enumerate(((9, 59), (10, 0), (10, 1))):
        name = f"20240102_{hour:02d}{minute:02d}00"
        times_ms = EPOCH_MS + (place * count + np.arange(count)) * 1000 / 30
        file = day / "Depth" / f"{hour:02d}" / f"{name}.h5"
        files.append(write_h5(file, relief(place, count, shape), times_ms, flat=place == 1))
        for kind in ("IR", "RGB"):
            video = day / kind / f"{hour:02d}" / f"{name}.mp4"
            video.parent.mkdir(parents=True, exist_ok=True)
            video.write_bytes(b"\0\0\0\x0cftypisom\0\0\0\x08mdat")
    return files
