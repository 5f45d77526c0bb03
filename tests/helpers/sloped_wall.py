"""A recording of a sloped wall, which no joint stands out of."""

from pathlib import Path

import numpy as np

from asyconv.recordings.video import write_ffv1

WIDTH, HEIGHT = 640, 480


def wall(path: Path, frames: int, level: int = 700, fps_hz: float = 30.0) -> Path:
    """Write a recording of a slope with a hole at the left; nothing in it is black but the hole."""
    depth = np.tile(np.linspace(level, level + 200, WIDTH).astype(np.uint16), (HEIGHT, 1))
    depth[:40, :40] = 0
    write_ffv1(
        path,
        [np.where(depth > 0, depth + k, 0).astype(np.uint16) for k in range(frames)],
        fps_hz,
        simulated=True,
        depth_unit_mm=1.0,
        mirrored=False,
    )
    return path
