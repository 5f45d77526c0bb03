"""Parts of the infant in one epoch: a joint, a limb, a pair of limbs and the body, as the measures see them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning.clean import CleanTracks
from asyconv.analysis.formulas.bouts import bouts
from asyconv.analysis.formulas.kinematics import derivative
from asyconv.analysis.formulas.spectra import Spectrum, power_spectrum
from asyconv.analysis.formulas.statistics import share_pct
from asyconv.analysis.series.activity import ActivitySeries
from asyconv.analysis.series.body import BodySeries, JointSeries, body_series, joint_series
from asyconv.analysis.series.cuts import cut
from asyconv.analysis.series.epochs import Epoch
from asyconv.analysis.series.limbs import LimbSeries, moving_of

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

PAIRS: Final = (
    ("right_arm", "left_arm"),
    ("right_leg", "left_leg"),
    ("left_arm", "left_leg"),
    ("right_arm", "right_leg"),
    ("left_arm", "right_leg"),
    ("right_arm", "left_leg"),
)
"""Pairs of limbs in table order."""


@dataclass(frozen=True)
class JointEpoch:
    """One joint in one epoch."""

    epoch: Epoch
    series: JointSeries
    kind: str = "joint"
    limbs: tuple["LimbEpoch", ...] = ()
    """A joint passes no limb's gates."""

    @property
    def part(self) -> str:
        """Name of the joint."""
        return self.series.joint

    @property
    def analysed_s(self) -> float:
        """Seconds in which the joint was seen."""
        return self.epoch.seconds(self.series.seen)


@dataclass(frozen=True)
class LimbEpoch:
    """One limb in one epoch; `others` holds the four limbs of the epoch by name, this one among them."""

    epoch: Epoch
    series: LimbSeries
    activity: ActivitySeries | None = None
    others: dict[str, "LimbEpoch"] = field(default_factory=dict, repr=False)

    @property
    def part(self) -> str:
        """Name of the limb."""
        return self.series.limb

    @property
    def kind(self) -> str:
        """Arm or leg."""
        return self.series.kind

    @property
    def limbs(self) -> tuple["LimbEpoch", ...]:
        """The limbs that must pass the gates: this one."""
        return (self,)

    @property
    def analysed_s(self) -> float:
        """Seconds with a speed in mm/s."""
        return self.epoch.seconds(self.series.valid)

    @property
    def analysed_px_s(self) -> float:
        """Seconds with a speed in the picture."""
        return self.epoch.seconds(np.isfinite(self.series.speed_px_s))

    @property
    def coverage_used_pct(self) -> float:
        """Samples with a speed in mm/s, in % of the expected ones; 0 where none was expected."""
        return float(np.nan_to_num(share_pct(self.series.valid, self.epoch.counted)))

    @property
    def coverage_px_pct(self) -> float:
        """Samples with a speed in the picture, in % of the expected ones; 0 where none was expected."""
        return float(np.nan_to_num(share_pct(np.isfinite(self.series.speed_px_s), self.epoch.counted)))

    @cached_property
    def velocity_spectrum(self) -> Spectrum:
        """Power of the endpoint's velocity."""
        velocity_mm_s = np.where(self.series.valid[:, None], self.series.quick_velocity_mm_s, np.nan)
        return power_spectrum(velocity_mm_s, self.epoch.fs_hz)

    @cached_property
    def turning_spectrum(self) -> Spectrum:
        """Power of the turning of elbow or knee."""
        fs_hz = self.epoch.fs_hz
        return power_spectrum(derivative(self.series.angles.quick_bend_deg[:, None], fs_hz), fs_hz)


@dataclass(frozen=True)
class PairEpoch:
    """Two limbs in one epoch; `limbs` as they are, `common` (left before right) masked with the larger floor."""

    epoch: Epoch
    limbs: tuple[LimbEpoch, LimbEpoch]
    common: tuple[LimbEpoch, LimbEpoch]
    kind: str = "pair"

    @property
    def part(self) -> str:
        """Names of both limbs."""
        return "-".join(limb.part for limb in self.limbs)

    @property
    def both_valid(self) -> Bools:
        """Samples in which both limbs have a speed."""
        return self.limbs[0].series.valid & self.limbs[1].series.valid

    @property
    def analysed_s(self) -> float:
        """Seconds in which both limbs have a speed."""
        return self.epoch.seconds(self.both_valid)


@dataclass(frozen=True)
class BodyEpoch:
    """The whole infant in one epoch."""

    epoch: Epoch
    limbs: tuple[LimbEpoch, ...]
    series: BodySeries
    activity: ActivitySeries | None = None
    part: str = "body"
    kind: str = "body"

    @property
    def seen(self) -> Bools:
        """Samples in which all four limbs have a speed."""
        return np.asarray(np.all([limb.series.valid for limb in self.limbs], axis=0))

    @property
    def active_limbs(self) -> npt.NDArray[np.int64]:
        """Number of moving limbs at each sample; known where all four are `seen`."""
        return np.asarray(np.sum([limb.series.moving for limb in self.limbs], axis=0))

    @property
    def analysed_s(self) -> float:
        """Seconds in which all four limbs have a speed."""
        return self.epoch.seconds(self.seen)


@dataclass(frozen=True)
class Series:
    """Everything that was derived from the cleaned tracks of a recording, over all its samples."""

    limbs: dict[str, LimbSeries]
    joints: list[JointSeries]
    body: BodySeries
    activity: ActivitySeries | None = None


def series_of(tracks: CleanTracks, limbs: dict[str, LimbSeries], activity: ActivitySeries | None = None) -> Series:
    """Series of joints and body beside those of the `limbs` and the `activity`."""
    joints = joint_series(tracks)
    return Series(limbs, joints, body_series(tracks, joints), activity)


def parts_of(series: Series, epoch: Epoch) -> dict[str, list[Any]]:
    """Every part of the infant in `epoch`, by scope: limbs, pairs, body and joints."""
    activity = None if series.activity is None else cut(series.activity, epoch.first, epoch.stop)
    limbs = limb_epochs(series.limbs, epoch, activity)
    body = BodyEpoch(epoch, tuple(limbs.values()), cut(series.body, epoch.first, epoch.stop), activity)
    joints = [JointEpoch(epoch, cut(joint, epoch.first, epoch.stop)) for joint in series.joints]
    return {"limb": [*limbs.values()], "pair": [*_pairs(limbs)], "body": [body], "joint": joints}


def limb_epochs(
    limbs: dict[str, LimbSeries], epoch: Epoch, activity: ActivitySeries | None = None
) -> dict[str, LimbEpoch]:
    """The four `limbs` cut to `epoch`, each knowing the others; `activity` is that of the epoch."""
    epochs = {name: LimbEpoch(epoch, cut(limb, epoch.first, epoch.stop), activity) for name, limb in limbs.items()}
    return {name: replace(limb, others=epochs) for name, limb in epochs.items()}


def _pairs(limbs: dict[str, LimbEpoch]) -> Iterator[PairEpoch]:
    """Yield the six pairs of limbs of one epoch."""
    for first, second in PAIRS:
        pair = (limbs[first], limbs[second])
        left, right = sorted(pair, key=lambda limb: limb.part.startswith("right"))
        floor_mm_s = max(limb.series.floor_mm_s for limb in pair)
        yield PairEpoch(pair[0].epoch, pair, (_with_floor(left, floor_mm_s), _with_floor(right, floor_mm_s)))


def _with_floor(limb: LimbEpoch, floor_mm_s: float) -> LimbEpoch:
    """`limb` with its mask drawn again for another floor."""
    own, epoch = limb.series, limb.epoch
    moving = moving_of(own, epoch.fs_hz, epoch.effective_hz, floor_mm_s)
    return replace(limb, series=replace(own, moving=moving, bouts=bouts(moving, own.valid)))
