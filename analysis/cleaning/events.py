"""Events: stretches of a recording that somebody stated, with a reason."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Event:
    """A stretch of time with a reason; `handling` and `exclude` leave every denominator, `state` does not."""

    start_s: float
    end_s: float
    kind: str
    reason: str = ""


def excluded_by(events: Sequence[Event] | None, time_s: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Samples at `time_s` [N] that lie inside an event of kind `handling` or `exclude`."""
    excluded = np.zeros(len(time_s), bool)
    for event in events or ():
        if event.kind in ("handling", "exclude"):
            excluded |= (time_s >= event.start_s) & (time_s < event.end_s)
    return excluded
