"""Motion evidence: what the depth pictures say about how each joint moved, whatever a network found.

The surface at a joint is laid onto itself in a later picture; the displacement that fits best, and how sure it is, are
kept. No pixel is kept.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

LAGS: Final = (1, 6)
"""How many frames later the second picture is, for each of the two displacements."""

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class MotionEvidence:
    """How the surface at each joint moves from each frame to the next and to the sixth next; NaN = no evidence.

    Attributes
    ----------
    displacement_mm : f32 [2, N, 12, 3], in the camera's frame, from frame t to frame t + lag. It is NaN where the joint
        or its depth is unknown, where a frame is missing in between and at the end of the recording.
    information : f32 [2, N, 12, 3, 3], the inverse of the displacement's covariance in mm^-2, with any rotation of the
        surface allowed for. It is small along directions in which the surface has no features; NaN = no evidence.
    share : f32 [2, N, 12], the share of the surface's pixels that fit the displacement, 0 to 1; NaN = no evidence.
    meta : `refused`, why there is no evidence in the whole recording (None where there is); `noise_mm` and `inflation`
        by lag, the noise that was found; `copied_share`, the share of pairs of frames that are copies and therefore no
        evidence (see docs/motion-evidence.md).
    """

    lags: ClassVar[tuple[int, ...]] = LAGS

    displacement_mm: Float32
    information: Float32
    share: Float32
    meta: dict[str, Any]
