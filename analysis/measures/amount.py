"""Amount of movement: how much of the time, and how far, the limbs and the body move.

Amounts are per analysed minute: time that could not be seen leaves the denominator. Noise decides every amount, so
only samples above the speed floor count. Behavioural state is the largest confounder, and 180 s are short.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.formulas.bootstrap import Sums
from asyconv.analysis.formulas.bouts import moving_mask
from asyconv.analysis.formulas.sampling import FAST_HZ
from asyconv.analysis.measures.definition import Measure, Value, value_of
from asyconv.analysis.measures.gates import AMOUNT, ANALYSED_MIN_S, COVERAGE_MIN_PCT, Gates
from asyconv.analysis.series.epochs import BodyEpoch, LimbEpoch
from asyconv.analysis.series.floor import FLOOR_MAX_MM_S

Floats = npt.NDArray[np.float64]

HAYES: Final = "Hayes 1993, doi 10.1002/dev.420260505"
ADDE: Final = "after Adde 2009, PMID 19464127"
ADDE_CAUTION: Final = "a key point analogue of the General Movement Toolbox value, not equal to it"
IN_NOISE_MAX_PCT: Final = 5.0
"""Amounts of a limb with more of its path in noise are said not to be sure."""
QUICK_AMOUNT: Final = Gates(True, COVERAGE_MIN_PCT, ANALYSED_MIN_S, FLOOR_MAX_MM_S, fs_min_hz=FAST_HZ)


def ratio(top: Floats, bottom: Floats, factor: float = 1.0) -> Sums:
    """`factor` x sum of `top` [N] / sum of `bottom` [N]; missing samples count in neither."""
    return Sums(np.nan_to_num(np.stack([top, bottom])), lambda s: factor * s[..., 0] / s[..., 1])


def path_parts(limb: LimbEpoch) -> tuple[Floats, Floats]:
    """Path while moving (mm), freed of the floor's share, and analysed time (min) of each sample."""
    return _path(limb, limb.moving, limb.floor.value or 0.0), limb.valid / limb.fs_hz / 60


def _path(limb: LimbEpoch, moving: npt.NDArray[np.bool_], floor_mm_s: float | Floats) -> Floats:
    """Path (mm) of each sample [N] of `limb` while `moving` [N], freed of the floor's share."""
    freed_mm_s = np.sqrt(np.maximum(0.0, limb.speed_mm_s**2 - floor_mm_s**2))
    return np.where(moving, freed_mm_s, 0.0) / limb.fs_hz


def path_active_mm_per_min(limb: LimbEpoch) -> Value:
    """Sum of sqrt(speed^2 - floor^2) x sample time over moving samples / analysed minutes (mm/min).

    A path along the endpoint relative to its root. Noise adds to speeds in square; the floor's square is taken off
    again, or the path would be longer than the true one by what the joints jitter. Not an effort.
    """
    return value_of(ratio(*path_parts(limb)), int(limb.moving.sum()))


def path_in_noise_pct(limb: LimbEpoch) -> Value:
    """Share of the path (%) that is lost when the floor follows the noise in time, in mask and path; 0: none.

    Joints jitter most when something passes over them. What a limb then seems to move may be noise, or movement that
    noise hides: a high share says that path and moving share are not sure, not by how much, nor in which direction.
    """
    path_mm = float(path_parts(limb)[0].sum())
    if path_mm == 0:
        return Value(None, 0, "no movement above the threshold")
    floor_mm_s = limb.floor_in_time_mm_s
    moving = moving_mask(limb.speed_mm_s, limb.valid, limb.fs_hz, limb.effective_hz, floor_mm_s)
    return Value(100 * (1 - float(_path(limb, moving, floor_mm_s).sum()) / path_mm), int(limb.moving.sum()))


def moving_pct(limb: LimbEpoch) -> Value:
    """Share of analysed samples inside a bout (%); not a share of the time outside the picture (Hayes 1993)."""
    return value_of(ratio(limb.moving.astype(float), limb.valid.astype(float), 100), int(limb.valid.sum()))


def speed_rms_debiased_mm_s(limb: LimbEpoch) -> Value:
    """sqrt(max(0, mean of speed^2 - floor^2)) over all analysed samples (mm/s), rest included.

    The floor's own power is taken off, not that of a movement hidden below it. Not a speed while moving.
    """
    floor = limb.floor.value or 0.0
    power = np.where(limb.valid, limb.speed_mm_s, 0.0) ** 2
    rows = np.stack([power, limb.valid.astype(float)])
    sample = Sums(rows, lambda s: np.sqrt(np.maximum(0.0, s[..., 0] / s[..., 1] - floor**2)))
    return value_of(sample, int(limb.valid.sum()))


def limb_share_pct(limb: LimbEpoch) -> Value:
    """100 x path of this limb / path of all four (%), paths while moving over the samples in which all are seen.

    A limb with a higher floor loses more of its path. Says how movement is spread, not how much there is.
    """
    others = list(limb.all_limbs.values())
    seen = np.all([other.valid for other in others], axis=0)
    if not seen.any():
        return Value(None, 0, "the four limbs were never seen together")
    paths = [np.where(seen, path_parts(other)[0], 0.0) for other in others]
    own = np.where(seen, path_parts(limb)[0], 0.0)
    if not any(path.any() for path in paths):
        return Value(None, int(seen.sum()), "no movement of any limb")
    return value_of(ratio(own, np.sum(paths, axis=0), 100), int(seen.sum()))


def active_of(fewest: int, most: int) -> Callable[[BodyEpoch], Value]:
    """Share (%) of the samples seen whole in which between `fewest` and `most` limbs move."""

    def active(body: BodyEpoch) -> Value:
        """Share of samples in which so many limbs move, of those in which all four are seen (%); not a limb's share."""
        inside = (body.active_limbs >= fewest) & (body.active_limbs <= most) & body.seen
        return value_of(ratio(inside.astype(float), body.seen.astype(float), 100), int(body.seen.sum()))

    return active


def n_active_limbs_mean(body: BodyEpoch) -> Value:
    """Mean number of moving limbs over samples in which all four are seen (no unit)."""
    return value_of(ratio(np.where(body.seen, body.active_limbs, 0.0), body.seen.astype(float)), int(body.seen.sum()))


def trunk_path_mm_per_min(body: BodyEpoch) -> Value:
    """Sum of trunk speed x sample time while the trunk moves / minutes it was seen (mm/min), in the camera frame.

    The middle of the trunk, above the trunk's own floor: being rolled or lifted counts, breathing hardly does.
    """
    speed, moving = body.motion.trunk_speed_mm_s, body.motion.trunk_moving
    seen = np.isfinite(speed)
    if not seen.any():
        return Value(None, 0, "trunk never seen whole")
    path = np.where(moving & seen, speed, 0.0) / body.fs_hz
    return value_of(ratio(path, seen / body.fs_hz / 60), int(seen.sum()))


def _quantity(body: BodyEpoch) -> Floats:
    """Quantity of motion q [N] (mm/s): sum of the twelve joints' speeds; NaN where one is not seen."""
    return np.asarray(body.motion.joint_speed_mm_s.sum(axis=1))


def qom_of(kind: str) -> Callable[[BodyEpoch], Value]:
    """Mean, SD or maximum of the quantity of motion (mm/s)."""

    def qom(body: BodyEpoch) -> Value:
        """Mean, SD or maximum of q = sum of the speeds of all 12 joints (mm/s), over samples in which all are seen.

        The key point analogue of Adde's quantity of motion, not equal to it; noise of twelve joints is in it.
        """
        q = _quantity(body)
        seen = np.isfinite(q)
        if not seen.any():
            return Value(None, 0, "the twelve joints were never seen together")
        if kind == "max":
            return Value(float(q[seen].max()), int(seen.sum()))
        rows = np.nan_to_num(np.stack([q, q**2, seen.astype(float)]))
        if kind == "mean":
            return value_of(Sums(rows, lambda s: s[..., 0] / s[..., 2]), int(seen.sum()))
        spread = Sums(rows, lambda s: np.sqrt(np.maximum(0, s[..., 1] / s[..., 2] - (s[..., 0] / s[..., 2]) ** 2)))
        return value_of(spread, int(seen.sum()))

    return qom


def centroid_sd_of(axis: int) -> Callable[[BodyEpoch], Value]:
    """SD (mm) of the centroid of motion along one axis of the body frame."""

    def centroid_sd(body: BodyEpoch) -> Value:
        """SD (mm) of C = sum of speed x position / sum of speeds over the joints, while q is above its floor.

        The key point analogue of Adde's C-SD in the body frame, not equal to it. Large where movement wanders between
        limbs, not where it is strong.
        """
        q = _quantity(body)
        floor = float(body.motion.joint_floor_mm_s.sum())
        with np.errstate(invalid="ignore"):
            active = np.isfinite(body.motion.joint_mm).all(axis=(1, 2)) & (q > floor)
        if int(active.sum()) < 2:
            return Value(None, int(active.sum()), "no movement above the joints' floors")
        weights = body.motion.joint_speed_mm_s[active]
        centre = np.zeros(len(q))
        centre[active] = (weights * body.motion.joint_mm[active][:, :, axis]).sum(axis=1) / weights.sum(axis=1)
        rows = np.stack([centre, centre**2, active.astype(float)])
        spread = Sums(rows, lambda s: np.sqrt(np.maximum(0, s[..., 1] / s[..., 2] - (s[..., 0] / s[..., 2]) ** 2)))
        return value_of(spread, int(active.sum()))

    return centroid_sd


# fmt: off
MEASURES: Final[tuple[Measure, ...]] = (
    Measure("path_active_mm_per_min", "Path while moving", "mm/min", "limb", "sum of sqrt(speed^2 - floor^2) x "
            "sample time over moving samples / analysed minutes; endpoint relative to its root",
            path_active_mm_per_min, AMOUNT, caution="a lower bound where marked", decimals=0, bounds=True,
            trunk=True),
    Measure("path_in_noise_pct", "Path in noise", "%", "limb", "100 x (1 - path with the floor at each sample / path); "
            "there the floor is the limb's, or the white noise within 1 s to either side where that is higher",
            path_in_noise_pct, QUICK_AMOUNT, caution="where it is high, path and moving share are not sure"),
    Measure("moving_pct", "Moving", "%", "limb", "100 x moving samples / analysed samples; moving by hysteresis above "
            "max(20 mm/s, 2.5 floors), kept while above max(10 mm/s, 1.6 floors), pauses up to 0.3 s merged",
            moving_pct, AMOUNT, HAYES, "behavioural state changes it most; 180 s are short", bounds=True),
    Measure("speed_rms_debiased_mm_s", "RMS speed less the floor", "mm/s", "limb", "sqrt(max(0, mean of speed^2 - "
            "floor^2)) over analysed samples", speed_rms_debiased_mm_s, QUICK_AMOUNT, caution="rest is in it",
            trunk=True),
    Measure("limb_share_pct", "Share of all movement", "%", "limb", "100 x path of the limb / path of all four, while "
            "all are seen", limb_share_pct, AMOUNT, "after Tsuji 2020, doi 10.1038/s41598-020-57580-z",
            "unequal floors shift it", decimals=0),
    Measure("any_limb_pct", "Any limb moving", "%", "body", "samples with at least one limb moving / samples with all "
            "four seen", active_of(1, 4), AMOUNT, bounds=True),
    Measure("all_four_pct", "All four moving", "%", "body", "samples with all four limbs moving / samples with all "
            "four seen", active_of(4, 4), AMOUNT, bounds=True),
    Measure("n_active_limbs_mean", "Mean limbs moving", "", "body", "mean number of moving limbs over samples with all "
            "four seen", n_active_limbs_mean, AMOUNT, decimals=2, bounds=True),
    Measure("trunk_path_mm_per_min", "Path of the trunk", "mm/min", "body", "sum of trunk speed x sample time while "
            "above its own floor / minutes seen", trunk_path_mm_per_min, AMOUNT, caution="camera frame: being moved "
            "counts", decimals=0, trunk=True),
    *(Measure(f"qom_{kind}_mm_s", f"Quantity of motion, {words}", "mm/s", "body", f"{words} of the sum of the twelve "
              "joints' speeds", qom_of(kind), AMOUNT, ADDE, ADDE_CAUTION, decimals=0, trunk=True)
      for kind, words in (("mean", "mean"), ("sd", "SD"), ("max", "maximum"))),
    *(Measure(f"centroid_sd_{axis}_mm", f"Wandering of the centre of motion, {axis}", "mm", "body", "SD of the "
              f"speed-weighted mean joint position along {axis} of the body frame, while the sum of speeds is above "
              "the sum of floors", centroid_sd_of(k), AMOUNT, ADDE, ADDE_CAUTION, trunk=True)
      for k, axis in enumerate("xy")),
)
# fmt: on
