"""Speed noise: how much the speeds of moving limbs err across their movement, in the SDs that the analysis states.

Errors along a movement make a speed larger or smaller. Errors across it only make it larger, and paths longer: by
sqrt(speed^2 + error^2). How large they are is known of simulated infants. The median of error / SD over the samples
at which limbs truly move stands in the model's card, and the analysis takes so much off. It is the
median, because the largest errors are those of joints that were found in a wrong place, which is no noise.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from asyconv.analysis.formulas.kinematics import derivative
from asyconv.analysis.series.limbs import LimbSeries
from asyconv.skeleton import LIMBS

Floats = npt.NDArray[np.float64]
Limbs = Mapping[str, LimbSeries]


def errors_across(true: LimbSeries, predicted: LimbSeries, fs_hz: float) -> Floats:
    """Errors of the velocity across the true one, in SDs, at the samples at which the limb truly moves [K]."""
    velocity, measured = derivative(true.position_mm, fs_hz), derivative(predicted.position_mm, fs_hz)
    at = np.flatnonzero(true.moving & predicted.valid)
    along = velocity[at] / np.linalg.norm(velocity[at], axis=1, keepdims=True)
    error = measured[at] - velocity[at]
    across = error - (error * along).sum(axis=1, keepdims=True) * along
    return np.asarray(np.linalg.norm(across, axis=1) / predicted.speed_sd_mm_s[at])


def speed_noise_sds(pairs: Sequence[tuple[Limbs, Limbs]], fs_hz: float) -> float | None:
    """Median error across the movement, in SDs, of `pairs` of true and predicted limbs; None where none moves."""
    every = [errors_across(true[limb], predicted[limb], fs_hz) for true, predicted in pairs for limb in LIMBS]
    errors = np.concatenate(every) if every else np.empty(0)
    errors = errors[np.isfinite(errors)]
    return round(float(np.median(errors)), 2) if len(errors) else None
