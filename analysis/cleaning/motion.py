"""Motion on the time base: what the depth pictures say of how each joint moved, and when it rested.

The evidence (`asyconv.motion_evidence`) has a displacement from each frame to the next and to the sixth next. Here it
becomes steps for the estimator:

* A joint rests while the mean of the displacements over 0.2 s that cover a sample is below `REST_MM`, for at least
  `REST_S`, and the steps from sample to sample about it are below `QUICK_MM`: at 5 Hz a limb is back after 0.2 s.
  Its position then stays the same to `REST_SD_MM` from sample to sample. Shoulders and hips rise and fall with
  the breath: their depth is left out. Arms pass over them, so that more may seem to move there, up to `ROOT_REST_MM`,
  and up to `TRUNK_REST_MM` while two of the four rest.
* Where the mean step from sample to sample is above `FAST_MM`, the band of the estimate is wider.
* Otherwise a displacement counts in full where finds are missing or the movement is slow, and little elsewhere: pixels
  of what lies beside a limb shorten its strokes, finds do not. Its SD is widened by `SHORT` of its length.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_opening

from asyconv.analysis.cleaning.depths import ROOTS
from asyconv.analysis.cleaning.estimator import Steps
from asyconv.analysis.cleaning.timebase import TimeBase
from asyconv.analysis.formulas.windows import means_between, sums_between
from asyconv.motion_evidence import MotionEvidence

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SHARE_MIN: Final = 0.5
REST_MM: Final = 0.6
ROOT_REST_MM: Final = 1.5
TRUNK_REST_MM: Final = 3.0
TRUNK_MIN: Final = 2
QUICK_MM: Final = 1.0
FAST_MM: Final = 3.0
REST_S: Final = 0.3
REST_SD_MM: Final = 0.03
ROOT_REST_SD_MM: Final = 0.05
SLOW_MM: Final = 3.0
SHORT: Final = 0.3
WHERE_SURE: Final = 0.02
"""Weight of a displacement of a quick joint that is found throughout."""
LEAST: Final = 1e-3


@dataclass(frozen=True)
class Motion:
    """Displacements [K, N, 12, 3] (mm) over `lags` samples from each sample on, and their information (0 = unknown).

    `known` [K, N, 12] marks where there are any; `rests` [N, 12] are the samples until whose next the joint rests, and
    the surface about it `moves` at others, not at all that are left; about the `quick` ones it moves fast.
    """

    lags: tuple[int, ...]
    displacement_mm: Floats
    information: Floats
    known: Bools
    rests: Bools
    moves: Bools
    quick: Bools

    def exchanged(self, apply: Callable[[Any], Any]) -> "Motion":
        """The same with samples given back to their sides by `apply`, which takes and gives arrays [N, 12, ...]."""
        by_lag = ("displacement_mm", "information", "known")
        given: dict[str, Any] = {name: np.stack([*map(apply, getattr(self, name))]) for name in by_lag}
        return replace(self, **given, **{name: apply(getattr(self, name)) for name in ("rests", "moves", "quick")})

    def steps(self, joint: int, found: Bools) -> tuple[Steps, ...]:
        """Steps of a joint, which was `found` [N] at some samples, for the estimator."""
        rests = self.rests[:, joint]
        root = joint in ROOTS
        still = Steps(1, np.zeros((len(rests), 3)), np.where(rests, 1.0, 0.0)[:, None, None] * np.eye(3))
        still = replace(still, information=still.information / (ROOT_REST_SD_MM if root else REST_SD_MM) ** 2)
        if root:
            return (still,)
        return (still, *self._displacements(joint, found))

    def _displacements(self, joint: int, found: Bools) -> list[Steps]:
        n, last = len(found), self.lags[-1]
        size = np.linalg.norm(self.displacement_mm[-1, :, joint], axis=-1)
        slow = _mean_about(size[:, None], self.known[-1, :, joint, None], last)[:, 0] < SLOW_MM
        missing = np.concatenate([[0], np.cumsum(~found)])
        out = []
        for k, lag in enumerate(self.lags):
            known = self.known[k, :, joint]
            stop = np.minimum(np.arange(n) + lag + 1, n)
            throughout = missing[stop] == missing[np.arange(n)]
            weight = np.where(throughout & ~slow, WHERE_SURE, 1.0)
            wide = (SHORT * np.linalg.norm(self.displacement_mm[k, :, joint], axis=-1)) ** 2 / (1 if lag == 1 else 2)
            information = np.zeros((n, 3, 3))
            at = np.flatnonzero(known)
            covariance = np.linalg.inv(self.information[k, at, joint] + LEAST * np.eye(3))
            covariance += wide[at, None, None] * np.eye(3)
            information[at] = weight[at, None, None] * np.linalg.inv(covariance)
            out.append(Steps(lag, np.where(known[:, None], self.displacement_mm[k, :, joint], 0.0), information))
        return out


def place_motion(evidence: MotionEvidence | None, time: TimeBase) -> Motion | None:
    """The evidence on the samples of `time`; None where there is none.

    A displacement whose frames are not `lag` samples apart, because one was dropped, is left out.
    """
    if evidence is None or evidence.meta.get("refused") or not np.isfinite(evidence.displacement_mm).any():
        return None
    n, frames = len(time.time_s), len(time.slot)
    shape = (len(evidence.lags), n, evidence.displacement_mm.shape[2])
    displacement_mm, information = np.zeros((*shape, 3)), np.zeros((*shape, 3, 3))
    known = np.zeros(shape, bool)
    for k, lag in enumerate(evidence.lags):
        first = np.arange(max(0, frames - lag))
        at = first[time.slot[first + lag] - time.slot[first] == lag]
        good = np.isfinite(evidence.displacement_mm[k, at]).all(-1) & np.isfinite(evidence.information[k, at]).all(
            (-2, -1)
        )
        good &= evidence.share[k, at] > SHARE_MIN
        known[k, time.slot[at]] = good
        displacement_mm[k, time.slot[at]] = np.where(good[..., None], evidence.displacement_mm[k, at], 0.0)
        information[k, time.slot[at]] = np.where(good[..., None, None], evidence.information[k, at], 0.0)
    step_mm = _mean_about(np.linalg.norm(displacement_mm[0], axis=-1), known[0], evidence.lags[-1])
    step_mm[:, ROOTS] = 0.0
    rests = _rests(displacement_mm[-1], known[-1], evidence.lags[-1], step_mm < QUICK_MM, time.fs_hz)
    quick = (step_mm >= FAST_MM) & np.isfinite(step_mm)
    size_mm = _mean_about(np.linalg.norm(displacement_mm[-1], axis=-1), known[-1], evidence.lags[-1])
    moves = (size_mm >= SLOW_MM) & np.isfinite(size_mm)
    return Motion(evidence.lags, displacement_mm, information, known, rests, moves & ~rests, quick)


def _rests(displacement_mm: Floats, known: Bools, lag: int, calm: Bools, fs_hz: float) -> Bools:
    """Samples [N, 12] until whose next the joint rests, from the displacements over `lag`, where steps are `calm`."""
    moved = displacement_mm.copy()
    moved[:, ROOTS, 2] = 0.0
    place = np.arange(len(known))
    first, stop = np.maximum(place - lag + 1, 0), place + 1
    count = sums_between(known.astype(float), first, stop)
    total = np.stack([sums_between(np.where(known, moved[..., a], 0.0), first, stop) for a in range(3)], axis=-1)
    mean = np.linalg.norm(total, axis=-1) / np.maximum(count, 1)

    def below(limit_mm: float) -> Bools:
        quiet = (count >= lag / 2) & (mean < limit_mm) & calm
        return np.asarray(binary_opening(quiet, np.ones((max(1, round(REST_S * fs_hz)), 1), bool)))

    out = below(REST_MM)
    roots = below(ROOT_REST_MM)[:, ROOTS]
    trunk_rests = roots.sum(axis=1) >= TRUNK_MIN
    out[:, ROOTS] = roots | (below(TRUNK_REST_MM)[:, ROOTS] & trunk_rests[:, None])
    return out


def _mean_about(values: Floats, known: Bools, reach: int) -> Floats:
    """Mean of the `known` values [N, J] that begin from two `reach` before each sample to one after; inf = none."""
    place = np.arange(len(values))
    first, stop = np.maximum(place - 2 * reach + 1, 0), np.minimum(place + reach, len(values))
    return np.nan_to_num(means_between(values, known, first, stop), nan=np.inf)
