"""Tracks: the joints of one recording, frame by frame, the seam to the analysis."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.activity import Activity
from asyconv.motion_evidence import MotionEvidence

TRACKS_VERSION: Final = 5
"""Raised by hand, and only when the numbers of tracks change for the same recording and model."""

SCHEMA_VERSION: Final = 1
"""Of the tracks file."""

DEPTH_SOURCES: Final = ("null", "measured", "filled", "hole")
"""Where a joint's depth comes from, by code; code 0 is a null in the file."""

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Tracks:
    """Joints of one recording; NaN = missing.

    `frame` i32 [N] counts from 1, `time_s` f64 [N] starts at 0; the values are f32 [N, 12]: native pixels, depth in
    mm, camera-frame mm (x right, y down, z away, of the unmirrored picture) and the confidence as a calibrated
    probability; `depth_source` u8 [N, 12] indexes `DEPTH_SOURCES`; `meta` is the file's JSON metadata. Tracks of other
    tools lack `sigma_px` f32 [N, 12], how far the network spreads a joint over native pixels (one standard deviation),
    `motion` and `activity`, what the depth says about movement.
    """

    frame: npt.NDArray[np.int32]
    time_s: npt.NDArray[np.float64]
    x_px: Float32
    y_px: Float32
    depth_mm: Float32
    depth_source: npt.NDArray[np.uint8]
    x_mm: Float32
    y_mm: Float32
    z_mm: Float32
    confidence: Float32
    meta: dict[str, Any]
    sigma_px: Float32 | None = None
    motion: MotionEvidence | None = None
    activity: Activity | None = None
