"""Formulas: one function per measure, from what is seen of a limb, a pair or the body to a value and its count.

Amounts are per analysed minute: time that could not be seen leaves the denominator. Every function assumes that the
gates of its measure were passed.
"""

from collections.abc import Callable

import numpy as np

from asyconv.analysis.epochs import BodyEpoch, LimbEpoch, PairEpoch
from asyconv.analysis.gates import COVERAGE_MIN_PCT, Value


def path_active_mm_per_min(limb: LimbEpoch) -> Value:
    """Sum of speed x sample time over moving samples / analysed minutes (mm/min).

    A path along the endpoint relative to its root; with noise it is longer than the true path. Not an effort.
    """
    length_mm = float(limb.speed_mm_s[limb.moving].sum() / limb.fs_hz)
    return Value(60 * length_mm / limb.analysed_s, int(limb.moving.sum()))


def moving_pct(limb: LimbEpoch) -> Value:
    """Share of analysed samples inside a bout (%); not a share of the time outside the picture."""
    return Value(100 * float(limb.moving[limb.valid].mean()), int(limb.valid.sum()))


def bouts_per_min(limb: LimbEpoch) -> Value:
    """Bouts that begin in the epoch / analysed minutes (1/min); a bout cut by a gap counts as two."""
    return Value(60 * len(limb.bouts) / limb.analysed_s, len(limb.bouts))


def bout_dur_median_s(limb: LimbEpoch) -> Value:
    """Median duration of bouts seen whole (s); bouts that touch a gap or an end are left out."""
    whole = [
        (stop - start) / limb.fs_hz for (start, stop), cut in zip(limb.bouts, limb.censored, strict=True) if not cut
    ]
    return Value(float(np.median(whole)), len(whole)) if whole else Value(None, 0, "no bout seen whole")


def censored_bouts(limb: LimbEpoch) -> Value:
    """Bouts that touch a gap or an end of the recording (count)."""
    return Value(float(sum(limb.censored)), len(limb.bouts))


def _active_percentile(limb: LimbEpoch, percentile: float) -> Value:
    active = limb.speed_mm_s[limb.moving]
    if not len(active):
        return Value(None, 0, "no movement above the threshold")
    return Value(float(np.percentile(active, percentile)), len(active))


def speed_median_mm_s(limb: LimbEpoch) -> Value:
    """Median speed over moving samples (mm/s), that is while above the threshold of movement."""
    return _active_percentile(limb, 50)


def speed_p95_mm_s(limb: LimbEpoch) -> Value:
    """95th percentile of speed over moving samples (mm/s); at 6 Hz about a tenth too low."""
    return _active_percentile(limb, 95)


def _speed_px(limb: LimbEpoch, percentile: float) -> Value:
    seen = limb.speed_px_s[np.isfinite(limb.speed_px_s)]
    return Value(float(np.percentile(seen, percentile)), len(seen))


def speed_px_median_px_s(limb: LimbEpoch) -> Value:
    """Median speed in the picture over all seen samples (px/s); no floor is taken off, depth motion is not in it."""
    return _speed_px(limb, 50)


def speed_px_p95_px_s(limb: LimbEpoch) -> Value:
    """95th percentile of speed in the picture over all seen samples (px/s); as above."""
    return _speed_px(limb, 95)


def rom_of(angle: str) -> Callable[[LimbEpoch], Value]:
    """Range of one joint angle, P95 - P5 (deg); noise at rest widens it."""

    def rom(limb: LimbEpoch) -> Value:
        seen = limb.angles_deg[angle]
        seen = seen[np.isfinite(seen)]
        coverage = 100 * len(seen) / max(1, limb.expected)
        if coverage < COVERAGE_MIN_PCT:
            return Value(None, len(seen), f"angle seen in {coverage:.0f} % of samples, needs {COVERAGE_MIN_PCT:g} %")
        low, high = np.percentile(seen, [5, 95])
        return Value(float(high - low), len(seen), "" if limb.angles_3d else "in the picture plane, not in 3-D")

    return rom


def lift_p95_mm(limb: LimbEpoch) -> Value:
    """95th percentile of the endpoint's height above the mattress, above its own 5th percentile (mm)."""
    seen = limb.lift_mm[np.isfinite(limb.lift_mm)]
    if not len(seen):
        return Value(None, 0, "no mattress plane in the tracks")
    return Value(float(np.percentile(seen, 95)), len(seen))


def quality_of(name: str) -> Callable[[LimbEpoch], Value]:
    """Quality figure of a limb that the epoch holds already, over all expected samples."""
    return lambda limb: Value(getattr(limb, name), limb.expected)


def speed_floor_mm_s(limb: LimbEpoch) -> Value:
    """Level (mm/s) below which movement and noise look alike; not a property of the infant."""
    reason = "" if limb.floor.value is not None else limb.mm_reason or "no run of 1 s seen"
    return Value(limb.floor.value, limb.expected, reason)


# pair


def _index(left: float, right: float, n: int) -> Value:
    if left + right <= 0:
        return Value(None, n, "no movement on either side")
    return Value(100 * (right - left) / (right + left), n)


def lateralisation_path_pct(pair: PairEpoch) -> Value:
    """100 (R - L) / (R + L) of the active path under the common floor (%); positive: more on the infant's right."""
    left, right = (path_active_mm_per_min(limb).value or 0.0 for limb in pair.common)
    return _index(left, right, int(sum(limb.moving.sum() for limb in pair.common)))


def lateralisation_moving_pct(pair: PairEpoch) -> Value:
    """100 (R - L) / (R + L) of the moving share under the common floor (%); positive: more on the infant's right."""
    left, right = (moving_pct(limb).value or 0.0 for limb in pair.common)
    return _index(left, right, int(sum(limb.moving.sum() for limb in pair.common)))


def co_moving_pct(pair: PairEpoch) -> Value:
    """Share of the samples in which either moves that both move in, where both are seen (%; Jaccard)."""
    first, second = pair.common
    both_seen = first.valid & second.valid
    either = int(((first.moving | second.moving) & both_seen).sum())
    if not either:
        return Value(None, 0, "no movement of either limb")
    return Value(100 * int((first.moving & second.moving & both_seen).sum()) / either, either)


# body


def any_limb_pct(body: BodyEpoch) -> Value:
    """Share of samples with at least one limb moving, of those in which all four are seen (%)."""
    return Value(100 * float((body.active_limbs >= 1).mean()), len(body.active_limbs))


def all_four_pct(body: BodyEpoch) -> Value:
    """Share of samples with all four limbs moving, of those in which all four are seen (%)."""
    return Value(100 * float((body.active_limbs == 4).mean()), len(body.active_limbs))


def n_active_limbs_mean(body: BodyEpoch) -> Value:
    """Mean number of moving limbs over samples in which all four are seen."""
    return Value(float(body.active_limbs.mean()), len(body.active_limbs))


def trunk_length_mm(body: BodyEpoch) -> Value:
    """Median distance mid-shoulder to mid-hip (mm), on the skin as the camera sees it; not a growth measure."""
    seen = body.trunk_mm[np.isfinite(body.trunk_mm)]
    return Value(float(np.median(seen)), len(seen)) if len(seen) else Value(None, 0, "trunk never seen whole")


def time_of(name: str) -> Callable[[BodyEpoch], Value]:
    """Figure of the recording's time base, over all samples."""
    return lambda body: Value(getattr(body, name), body.samples)
