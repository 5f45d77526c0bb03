"""Activity: how much the depth changes, which needs no joints and is what a recording gives where the pose fails."""

from typing import Any, Final

import numpy as np

from asyconv.analysis.formulas.statistics import mean, share_pct
from asyconv.analysis.measures.measure import Arguments, Measure
from asyconv.analysis.series.parts import BodyEpoch, LimbEpoch

NO_ACTIVITY: Final = "no activity beside the tracks: it is measured in the depth pictures"
NO_NOISE: Final = "the noise of the depth could not be measured"
UNKNOWN: Final = "the depth could not be compared at any time"
CHANGE: Final = "mean over the epoch of the RMS change of depth over 0.2 s"


def _change(part: LimbEpoch | BodyEpoch) -> Arguments | str:
    """Change [N] of the depth about the part, in mm."""
    if part.activity is None:
        return NO_ACTIVITY
    change_mm = part.activity.body_mm if isinstance(part, BodyEpoch) else part.activity.limb_mm[part.part]
    return (np.where(part.epoch.counted, change_mm, np.nan),)


def _in_noise_units(part: LimbEpoch | BodyEpoch) -> Arguments | str:
    """The same over what noise alone gives."""
    change_mm = _change(part)
    if isinstance(change_mm, str):
        return change_mm
    if part.activity is None or part.activity.noise_mm is None:
        return NO_NOISE
    return (change_mm[0] / part.activity.noise_mm,)


def _hands(body: BodyEpoch) -> Arguments | str:
    return NO_ACTIVITY if body.activity is None else (body.activity.hands, body.epoch.counted)


# fmt: off
def _activity(**declared: Any) -> Measure:
    return Measure(value=mean, otherwise=UNKNOWN, decimals=2, **declared)


MEASURES: Final[tuple[Measure, ...]] = (
    _activity(name="limb_activity_mm", label="Activity about the limb", unit="mm", scope="limb", of=_change,
              formula=f"{CHANGE} within 25 mm of the limb's bones",
              caution="valid where joints are hidden; what passes over the limb counts, too"),
    _activity(name="limb_activity_noise", label="Activity about the limb, in noise", unit="", scope="limb",
              of=_in_noise_units, formula="limb_activity_mm / the change that noise alone gives"),
    _activity(name="activity_mm", label="Activity", unit="mm", scope="body", of=_change,
              formula=f"{CHANGE} over the infant's box", caution="hands and cloths that move count, too"),
    _activity(name="activity_noise", label="Activity, in noise", unit="", scope="body",
              of=_in_noise_units, formula="activity_mm / the change that noise alone gives"),
    Measure(name="hands_pct", label="Something reaches in", unit="%", scope="body", value=share_pct, of=_hands,
            formula="samples at which an object reaches in over the infant from the border / expected samples",
            caution="nothing is left out for it unless events say so"),
)
# fmt: on
