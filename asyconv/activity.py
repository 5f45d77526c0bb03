"""Activity without pose: how much the depth of the infant and of each limb's region changes, and what reaches in.

It is valid where joints are hidden, and is what a recording gives when the pose fails.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.motion_evidence import Float32

LEAST_SHARE: Final = 0.03  # of the infant's box: less is an edge, a cable or a foot at the border; set by hand
JOINED_S: Final = 1.0  # a hand out of sight for less is one visit
SHORTEST_S: Final = 0.3


@dataclass(frozen=True)
class Activity:
    """Change of depth over 0.2 s (six frames at 30 Hz, centred), and objects that reach in, by frame.

    Attributes
    ----------
    body_mm : f32 [N], the root mean square of the change of depth over the infant's box, or over the whole picture
        where no joint has been found yet; NaN = unknown: at the ends, beside missing frames, in copied frames.
    limb_mm : f32 [N, 4], the same within 25 mm of each limb's bones, in the order of `LIMBS`.
    hand_share : f32 [N], the share of the infant's box under an object that reaches in over the picture's border.
    meta : `noise_mm`, the change that noise alone gives; a change divided by it is in units of the noise.
    """

    body_mm: Float32
    limb_mm: Float32
    hand_share: Float32
    meta: dict[str, Any]


def hand_spans(activity: Activity, time_s: npt.NDArray[np.float64]) -> list[tuple[float, float]]:
    """From when to when, in s, something reaches in over the infant: what may be handling, for the user to decide."""
    at_s = time_s[np.nan_to_num(activity.hand_share) >= LEAST_SHARE]
    if not len(at_s):
        return []
    cuts = np.flatnonzero(np.diff(at_s) > JOINED_S)
    starts, ends = at_s[np.concatenate([[0], cuts + 1])], at_s[np.concatenate([cuts, [len(at_s) - 1]])]
    return [(float(a), float(b)) for a, b in zip(starts, ends, strict=True) if b - a >= SHORTEST_S]
