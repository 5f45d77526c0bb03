"""One depth picture as an 8-bit PNG that a person can look at."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from asyconv.whole_files import write_whole


def write_picture(path: Path, depth: npt.NDArray[np.uint16]) -> None:
    """Write `depth` in gray: near is white, far is dark, holes are black; 1 % of the pixels lie beyond each end."""
    seen = depth[depth > 0]
    near, far = np.percentile(seen, [1, 99]) if len(seen) else (0, 1)
    gray = 255 - 215 * np.clip((depth.astype(np.float64) - near) / max(far - near, 1), 0, 1)
    done, data = cv2.imencode(".png", np.where(depth > 0, gray, 0).astype(np.uint8))
    assert done
    write_whole(path, data.tobytes())
