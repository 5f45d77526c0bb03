"""Speed and acceleration of a limb's endpoint relative to its root, and of its joint angles, while the limb moves.

Only samples above the movement threshold of the limb count, so a higher speed floor raises every value. Kanemaru 2014
found no difference in mean velocity between infants with and without later cerebral palsy.
"""

from functools import partial
from typing import Any, Final

import numpy as np

from asyconv.analysis.formulas.statistics import coefficient_of_variation, excess_kurtosis, median, percentile, rms
from asyconv.analysis.measures.amount import NO_MOVEMENT, QUICK_AMOUNT
from asyconv.analysis.measures.gates import AMOUNT
from asyconv.analysis.measures.measure import Arguments, Measure
from asyconv.analysis.series.angles import BENDS, RAISES
from asyconv.analysis.series.parts import Floats, LimbEpoch

ACTIVE: Final = "holds while above the movement threshold; rises with the floor"


def _active(limb: LimbEpoch, x: Floats) -> Arguments:
    return (np.where(limb.series.moving, x, np.nan),)


def _speed(limb: LimbEpoch) -> Arguments:
    return _active(limb, limb.series.speed_mm_s)


def _acceleration(limb: LimbEpoch) -> Arguments:
    return _active(limb, limb.series.accel_mm_s2)


def _turning(limb: LimbEpoch, angle: str) -> Arguments:
    return _active(limb, limb.series.angles.speed_deg_s[angle])


# fmt: off
def _measure(**declared: Any) -> Measure:
    """A measure of a limb while it moves."""
    return Measure(**{"scope": "limb", "gates": AMOUNT, "otherwise": NO_MOVEMENT, "caution": ACTIVE, **declared})


MEASURES: Final[tuple[Measure, ...]] = (
    _measure(name="speed_median_mm_s", label="Median speed", unit="mm/s", tier="core", decimals=0,
             formula="median speed over moving samples", value=median, of=_speed),
    _measure(name="speed_p95_mm_s", label="P95 speed", unit="mm/s", decimals=0,
             formula="95th percentile of speed over moving samples", value=partial(percentile, level=95.0), of=_speed),
    _measure(name="speed_cv", label="Variation of speed", unit="", decimals=2,
             formula="SD / mean of speed over moving samples", value=coefficient_of_variation, of=_speed),
    *(_measure(name=f"{angle}_ang_speed_median_deg_s", label=f"{angle.replace('_', ' ').capitalize()}, median turning "
               "speed", unit="deg/s", formula=f"median of the speed of the {angle.replace('_', ' ')} angle over moving "
               "samples", value=median, of=partial(_turning, angle=angle), caution="noise of three joints is in it",
               decimals=0, parts=(kind,)) for kind in BENDS for angle in (BENDS[kind], RAISES[kind])),
    _measure(name="accel_rms_mm_s2", label="RMS acceleration", unit="mm/s^2", gates=QUICK_AMOUNT, decimals=0,
             formula="root mean square of the acceleration over moving samples, positions low-passed at 4 Hz",
             value=rms, of=_acceleration, caution="depends on the filter"),
    _measure(name="accel_kurtosis", label="Kurtosis of acceleration", unit="", gates=QUICK_AMOUNT, decimals=2,
             formula="fourth central moment / variance^2 - 3 of the acceleration over moving samples",
             value=excess_kurtosis, of=_acceleration, caution="depends on the filter",
             source="after Kanemaru 2014, doi 10.1016/j.earlhumdev.2014.05.004"),
)
# fmt: on
