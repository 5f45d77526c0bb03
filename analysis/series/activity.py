"""Activity on the time base: how much the depth of infant and limbs changes, and when something reaches in."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from asyconv.activity import Activity, hand_spans
from asyconv.analysis.cleaning.timebase import TimeBase
from asyconv.skeleton import LIMBS

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ActivitySeries:
    """Change of depth in mm over 0.2 s at N samples, of the infant and by limb; NaN = unknown.

    `hands` [N] are samples at which something reaches in over the infant. `noise_mm` is the change that noise alone
    gives, None where it could not be measured.
    """

    body_mm: Floats
    limb_mm: dict[str, Floats]
    hands: Bools
    noise_mm: float | None


def activity_series(activity: Activity | None, time: TimeBase) -> ActivitySeries | None:
    """`activity` of the frames on the samples of `time`; None where there is none."""
    if activity is None:
        return None
    hands = np.zeros(len(time.time_s), bool)
    for start_s, end_s in hand_spans(activity, time.source_s):
        hands |= (time.time_s >= start_s) & (time.time_s <= end_s)
    limb_mm = time.place(activity.limb_mm)
    noise_mm = activity.meta.get("noise_mm")
    return ActivitySeries(
        time.place(activity.body_mm[:, None])[:, 0],
        {limb: limb_mm[:, k] for k, limb in enumerate(LIMBS)},
        hands,
        float(noise_mm) if noise_mm else None,
    )
