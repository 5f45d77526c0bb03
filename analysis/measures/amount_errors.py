"""Errors of amounts: how far path and moving share of a limb may lie from what the limb did in the epoch.

The SD of the error has three parts. The first is what errors of the speeds bring about (formulas/uncertainty.py): they
are as large as the speed floor in the mean, and at each sample in proportion to the SD that the estimator gives. The
second is the time in which the limb was not seen: the amount of the whole epoch lies between its bounds
(`moving_least_pct` to `moving_most_pct`). The third is what no recording can know of itself, errors of the model that
hold for long: `MODEL_SHARE` of a path and `MODEL_MM_PER_MIN`, and `MODEL_PP` points of time, set by hand.

Whether these parts have the right size is measured, not assumed: on simulated infants `asyconv evaluate movement`
counts how many such SDs hold 95 % of the true values. This factor stands in the model's card. The interval is the value
plus and minus the factor times the SD; without a factor there is none.
"""

from typing import Final

import numpy as np

from asyconv.analysis.cleaning.clean import CUTOFF_HZ
from asyconv.analysis.formulas.kinematics import derivative
from asyconv.analysis.formulas.statistics import rms
from asyconv.analysis.formulas.uncertainty import WITHIN, amounts_with_errors, spread
from asyconv.analysis.series.limbs import LimbSeries
from asyconv.analysis.series.parts import Floats, LimbEpoch

MODEL_SHARE: Final = 0.05
MODEL_MM_PER_MIN: Final = 10.0
MODEL_PP: Final = 1.0


def error_sds(limb: LimbEpoch) -> tuple[float, float]:
    """SD of the error of the moving share in points, and of the path per minute in mm, of a limb in an epoch."""
    own, epoch = limb.series, limb.epoch
    seen, counted = int(own.valid.sum()), epoch.expected
    moving, path = amounts_with_errors(
        derivative(own.position_mm, epoch.fs_hz), _speed_errors_mm_s(own), own.speed_noise_mm_s, own.valid,
        own.floor_mm_s, epoch.fs_hz, epoch.effective_hz, min(CUTOFF_HZ, epoch.effective_hz / 3),
    )  # fmt: skip
    hidden = int((epoch.counted & ~own.valid & ~own.unseen_still).sum()) / counted
    minutes = seen / epoch.fs_hz / 60
    per_min = path / minutes
    while_moving = per_min[0] * seen / moving[0] if moving[0] else 0.0  # mm in a minute of nothing but movement
    share = 100 * moving / seen
    return (
        float(np.sqrt(spread(share[1:], share[0]) ** 2 + (100 * hidden / WITHIN) ** 2 + MODEL_PP**2)),
        float(
            np.sqrt(
                spread(per_min[1:], per_min[0]) ** 2
                + (while_moving * hidden / WITHIN) ** 2
                + (MODEL_SHARE * per_min[0]) ** 2
                + MODEL_MM_PER_MIN**2
            )
        ),
    )


def _speed_errors_mm_s(own: LimbSeries) -> Floats:
    """SD [N] of the speed's error: the speed floor in the mean, spread over time as the estimator's SD is."""
    usual_mm_s = rms(np.where(own.valid, own.speed_sd_mm_s, np.nan))
    return own.speed_sd_mm_s * (own.floor_mm_s / usual_mm_s if usual_mm_s > 0 else 0.0)


def moving_error_pp(limb: LimbEpoch) -> float:
    """SD of the error of the moving share, in points."""
    return error_sds(limb)[0]


def path_error_mm_per_min(limb: LimbEpoch) -> float:
    """SD of the error of the path per minute."""
    return error_sds(limb)[1]
