"""Depth from video of 8 bits a pixel, for poses alone: its millimetres cannot be recovered.

One level stands for several millimetres, compression moves levels, and nothing in the file says which depths they are.
So the user states them, and everything in millimetres is withheld (see `asyconv.pose.tracking`).
"""

from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

UNIT_MM: Final = 0.1
NO_DEPTH_BELOW: Final = 4
"""Levels below this are no depth: compression leaves pixels of level 0 between 0 and 3."""

SAID: Final = "the video has 8 bits a pixel (--lossy): joints only, and everything in millimetres is withheld"


def counts_of(picture: Any, shape: tuple[int, int], window_mm: tuple[float, float]) -> npt.NDArray[np.uint16]:
    """Depth in tenths of a millimetre of one decoded picture; colours are taken by their brightness; 0 = none."""
    if picture.is_corrupt:
        raise ValueError("expected a whole picture, found a damaged one")
    level = cv2.cvtColor(picture.to_ndarray(format="rgb24"), cv2.COLOR_RGB2GRAY)
    if level.shape != shape:
        raise ValueError(f"expected {shape}, found {level.shape}")
    near_mm, far_mm = window_mm
    tenths = np.round((near_mm + level / 255.0 * (far_mm - near_mm)) / UNIT_MM)
    return np.where(level < NO_DEPTH_BELOW, 0, tenths).astype(np.uint16)
