"""Amount of movement: how much of the time, and how far, the limbs and the body move.

Amounts are per analysed minute: time that could not be seen leaves the denominator. Noise decides every amount, so
only samples above the speed floor count. Behavioural state is the largest confounder, and 180 s are short.
"""

from functools import partial
from typing import Final

import numpy as np

from asyconv.analysis.formulas.kinematics import path_steps, speed_rms_debiased
from asyconv.analysis.formulas.sampling import FAST_HZ
from asyconv.analysis.formulas.spatial import weighted_centre
from asyconv.analysis.formulas.statistics import (
    lost_pct,
    mean,
    part_pct,
    participation_ratio,
    per_minute,
    share_pct,
    standard_deviation,
)
from asyconv.analysis.measures.amount_errors import moving_error_pp, path_error_mm_per_min
from asyconv.analysis.measures.gates import AMOUNT, ANALYSED_MIN_S, COVERAGE_MIN_PCT, Gates, at_least
from asyconv.analysis.measures.measure import Arguments, Measure
from asyconv.analysis.series.floor import FLOOR_MAX_MM_S
from asyconv.analysis.series.limbs import moving_of, path_of
from asyconv.analysis.series.parts import BodyEpoch, Floats, LimbEpoch

HAYES: Final = "Hayes 1993, doi 10.1002/dev.420260505"
ADDE: Final = "after Adde 2009, PMID 19464127"
ADDE_CAUTION: Final = "a key point analogue of the General Movement Toolbox value, not equal to it"
IN_NOISE_MAX_PCT: Final = 5.0
"""Amounts of a limb with more of its path in noise are said not to be sure."""
QUICK_AMOUNT: Final = Gates(True, COVERAGE_MIN_PCT, ANALYSED_MIN_S, FLOOR_MAX_MM_S, fs_min_hz=FAST_HZ)
BOUNDED: Final = Gates(needs_scale=True, floor_max_mm_s=FLOOR_MAX_MM_S)
JOINTS_MIN_SHARE: Final = 0.7
NO_MOVEMENT: Final = "no movement above the threshold"


def path_mm(limb: LimbEpoch) -> Floats:
    """Path of each sample [N] while the limb moves, freed of the floor's share or, where that is more, of noise."""
    own = limb.series
    return path_of(own, own.moving, limb.epoch.fs_hz, own.floor_mm_s)


def _in_noise(limb: LimbEpoch) -> Arguments:
    """The path, and what is left of it where the floor follows the noise in time, in mask and path."""
    own, epoch = limb.series, limb.epoch
    floor_mm_s = own.floor_in_time_mm_s
    moving = moving_of(own, epoch.fs_hz, epoch.effective_hz, floor_mm_s)
    return path_mm(limb), path_of(own, moving, epoch.fs_hz, floor_mm_s), own.moving


def _of_all(limb: LimbEpoch) -> Arguments | str:
    """The limb's path and that of all four, while all are seen."""
    others = list(limb.others.values())
    seen = np.all([other.series.valid for other in others], axis=0)
    if not seen.any():
        return "the four limbs were never seen together"
    paths = [np.where(seen, path_mm(other), 0.0) for other in others]
    return np.where(seen, path_mm(limb), 0.0), np.sum(paths, axis=0), seen


def _quantity(body: BodyEpoch) -> Arguments:
    """Sum [N] of the joints' speeds while they move, in mm/s; NaN where a joint is not seen."""
    return (body.series.joint_moving_mm_s.sum(axis=1),)


def _centre(body: BodyEpoch, axis: int) -> Arguments:
    """Centre [N] of the movement along one axis of the body frame."""
    return (weighted_centre(body.series.joint_mm, body.series.joint_moving_mm_s)[:, axis],)


def _together(body: BodyEpoch) -> Arguments | str:
    """Speeds [N, 12] of the joints, if they were seen together for long enough."""
    speeds = body.series.joint_speed_mm_s
    if np.isfinite(speeds).all(axis=1).mean() < JOINTS_MIN_SHARE:
        return f"the twelve joints were seen together in less than {JOINTS_MIN_SHARE:.0%} of samples"
    return (speeds,)


def _not_at_rest(limb: LimbEpoch) -> Arguments | str:
    """Samples at which the limb may have moved, and the expected ones."""
    if at_least(limb):
        return "small movements may be lost, so that rest is not known"
    rests = (limb.series.valid & ~limb.series.moving) | limb.series.unseen_still
    return limb.epoch.counted & ~rests, limb.epoch.counted


# fmt: off
PATH: Final = Measure(
    name="path_active_mm_per_min", label="Path while moving", unit="mm/min", scope="limb", tier="core", gates=AMOUNT,
    formula="sum of sqrt(speed^2 - max(noise, floor)^2) x sample time over moving samples / analysed minutes; endpoint "
    "relative to its root; noise as the model's card states it", value=per_minute,
    of=lambda limb: (path_mm(limb), limb.series.valid, limb.epoch.fs_hz),
    n=lambda path, *_: int((path > 0).sum()), caution="a lower bound where marked", decimals=0, lower_bound=True,
    error_sd=path_error_mm_per_min)
MOVING: Final = Measure(
    name="moving_pct", label="Moving", unit="%", scope="limb", tier="core", gates=AMOUNT, source=HAYES,
    formula="100 x moving samples / analysed samples; moving by hysteresis where sqrt(speed^2 - noise^2) is above "
    "max(20 mm/s, 2.5 floors), kept while above max(10 mm/s, 1.6 floors), pauses up to 0.3 s merged", value=share_pct,
    of=lambda limb: (limb.series.moving, limb.series.valid), lower_bound=True, error_sd=moving_error_pp,
    caution="behavioural state changes it most; 180 s are short")
BOUNDS: Final = (
    Measure(
        name="moving_least_pct", label="Moving, at least", unit="%", scope="limb", gates=BOUNDED,
        formula="100 x moving samples / expected samples: as if the limb rested while it was not seen",
        value=share_pct, of=lambda limb: (limb.series.moving, limb.epoch.counted)),
    Measure(
        name="moving_most_pct", label="Moving, at most", unit="%", scope="limb", gates=BOUNDED,
        formula="100 x (moving samples + samples not seen, without those at which pictures show that nothing "
        "moves there) / expected samples", value=share_pct, of=_not_at_rest),
    Measure(
        name="path_least_mm_per_min", label="Path, at least", unit="mm/min", scope="limb", gates=BOUNDED,
        formula="path while moving / expected minutes: what was seen of it", value=per_minute, decimals=0,
        of=lambda limb: (path_mm(limb), limb.epoch.counted, limb.epoch.fs_hz)),
)
"""What holds whatever the limb did while it was not seen."""
SPEED_RMS: Final = Measure(
    name="speed_rms_debiased_mm_s", label="RMS speed less the floor", unit="mm/s", scope="limb", gates=QUICK_AMOUNT,
    formula="sqrt(max(0, mean of speed^2 - floor^2)) over analysed samples", value=speed_rms_debiased,
    of=lambda limb: (np.where(limb.series.valid, limb.series.speed_mm_s, np.nan), limb.series.floor_mm_s),
    caution="rest is in it")

MEASURES: Final[tuple[Measure, ...]] = (
    MOVING,
    PATH,
    *BOUNDS,
    Measure(name="path_in_noise_pct", label="Path in noise", unit="%", scope="limb", gates=QUICK_AMOUNT,
            formula="100 x (1 - path with the floor at each sample / path); there the floor is the limb's, or the "
            "white noise within 1 s to either side where that is higher",
            value=lambda path, left, _: lost_pct(path, left), of=_in_noise, otherwise=NO_MOVEMENT,
            caution="where it is high, path and moving share are not sure"),
    SPEED_RMS,
    Measure(name="limb_share_pct", label="Share of all movement", unit="%", scope="limb", gates=AMOUNT, decimals=0,
            formula="100 x path of the limb / path of all four, while all are seen",
            value=lambda own, whole, _: part_pct(own, whole), of=_of_all, otherwise="no movement of any limb",
            source="after Tsuji 2020, doi 10.1038/s41598-020-57580-z", caution="unequal floors shift it"),
    Measure(name="any_limb_pct", label="Any limb moving", unit="%", scope="body", gates=AMOUNT, lower_bound=True,
            formula="samples with at least one limb moving / samples with all four seen", value=share_pct,
            of=lambda body: (body.active_limbs >= 1, body.seen)),
    Measure(name="trunk_path_mm_per_min", label="Path of the trunk", unit="mm/min", scope="body", gates=AMOUNT,
            formula="sum of trunk speed x sample time while above its own floor / minutes seen", value=per_minute,
            of=lambda body: (path_steps(body.series.trunk_speed_mm_s, body.series.trunk_moving, body.epoch.fs_hz),
                             np.isfinite(body.series.trunk_speed_mm_s), body.epoch.fs_hz),
            otherwise="trunk never seen whole", caution="camera frame: being moved counts", decimals=0),
    *(Measure(name=f"qom_{kind}_mm_s", label=f"Quantity of motion, {words}", unit="mm/s", scope="body", gates=AMOUNT,
              formula=f"{words} of the sum of the twelve joints' speeds, each while it moves and freed of its floor",
              value=value, of=_quantity, otherwise="the twelve joints were never seen together", source=ADDE,
              caution=ADDE_CAUTION, decimals=0)
      for kind, words, value in (("mean", "mean", mean), ("sd", "SD", standard_deviation))),
    *(Measure(name=f"centroid_sd_{axis}_mm", label=f"Wandering of the centre of motion, {axis}", unit="mm",
              scope="body",
              formula=f"SD of the mean joint position along {axis} of the body frame, weighted with the joints' speeds "
              "while they move", gates=AMOUNT, value=standard_deviation, of=partial(_centre, axis=k),
              otherwise="no movement above the joints' floors", source=ADDE, caution=ADDE_CAUTION)
      for k, axis in enumerate("xy")),
    Measure(name="participation_ratio", label="Independent movements", unit="", scope="body", gates=AMOUNT, decimals=2,
            formula="(sum l)^2 / sum l^2 of the eigenvalues of the correlation of the twelve joints' speeds",
            value=participation_ratio, of=_together,
            otherwise="a joint without any change of speed", caution="noise makes joints independent"),
)
# fmt: on
