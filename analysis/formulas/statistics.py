"""Statistics of arrays in which NaN means that nothing was seen: shares, rates, percentiles and what is made of them.

What was not seen counts in no numerator and in no denominator. Where nothing was seen the result is NaN.
"""

import numpy as np
import numpy.typing as npt
from scipy.stats import kurtosis
from scipy.stats import variation as sd_over_mean

from asyconv.analysis.formulas.gaps import seen

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
SAMPLES_MIN = 30
"""Fewer samples than this give no spread of a length."""


def share_pct(inside: Bools, among: Bools) -> float:
    """100 x samples `inside` [N] / samples `among` [N], in %; NaN where there are none among which to count."""
    counted = among.sum()
    return float(100 * (inside & among).sum() / counted) if counted else float("nan")


def per_minute(amounts: Floats, looked_at: Bools, fs_hz: float) -> float:
    """Sum of `amounts` [N] / minutes that were `looked_at` [N], in the unit of the amounts per minute.

    A missing amount counts as none. Time that was not looked at leaves the denominator, so the rate is that of the time
    that was seen; it says nothing of the rest.
    """
    minutes = looked_at.sum() / fs_hz / 60
    return float(np.nansum(amounts) / minutes) if minutes else float("nan")


def part_pct(part: Floats, whole: Floats) -> float:
    """100 x sum of `part` [N] / sum of `whole` [N], in %; missing samples count as none. NaN where the whole is 0."""
    total = np.nansum(whole)
    return float(100 * np.nansum(part) / total) if total > 0 else float("nan")


def lost_pct(whole: Floats, left: Floats) -> float:
    """100 x (1 - sum of `left` [N] / sum of `whole` [N]), in %; NaN where the whole is 0."""
    return 100 - part_pct(left, whole)


def percentile(x: Floats, level: float) -> float:
    """The `level`-th percentile of the values of `x` [N] that were seen, on straight lines between them."""
    values = seen(x)
    return float(np.percentile(values, level)) if len(values) else float("nan")


def median(x: Floats) -> float:
    """Median of the values of `x` [N] that were seen."""
    values = seen(x)
    return float(np.median(values)) if len(values) else float("nan")


def interquartile_range(x: Floats) -> float:
    """P75 - P25 of the values of `x` [N] that were seen."""
    return percentile(x, 75.0) - percentile(x, 25.0)


def rms(x: Floats) -> float:
    """Root mean square of the values of `x` [N] that were seen."""
    values = seen(x)
    return float(np.sqrt(np.mean(values**2))) if len(values) else float("nan")


def mean(x: Floats) -> float:
    """Mean of the values of `x` [N] that were seen."""
    values = seen(x)
    return float(values.mean()) if len(values) else float("nan")


def standard_deviation(x: Floats) -> float:
    """SD (divisor N) of the values of `x` [N] that were seen."""
    values = seen(x)
    return float(values.std()) if len(values) > 1 else float("nan")


def coefficient_of_variation(x: Floats) -> float:
    """SD / mean of the values of `x` [N] that were seen (no unit)."""
    values = seen(x)
    return float(sd_over_mean(values)) if len(values) and values.any() else float("nan")


def excess_kurtosis(x: Floats) -> float:
    """Fourth central moment / variance^2 - 3 of the values of `x` [N] that were seen (no unit; Gaussian: 0).

    A few extreme values decide it.
    """
    values = seen(x)
    return float(kurtosis(values)) if len(values) > 1 and np.ptp(values) else float("nan")


def robust_cv_pct(length: Floats) -> float:
    """100 x 1.4826 MAD / median of `length` [N], in %: a spread that single outliers do not change.

    NaN below 30 values. A bone keeps its length, so the spread of its length is error of the pose.
    """
    values = seen(length)
    if len(values) < SAMPLES_MIN:
        return float("nan")
    middle = np.median(values)
    return float(100 * 1.4826 * np.median(np.abs(values - middle)) / middle)


def ratio_of_medians(a: Floats, b: Floats) -> float:
    """Median of `a` [N] / median of `b` [M] (no unit); NaN below 30 values of either."""
    return median(a) / median(b) if min(len(seen(a)), len(seen(b))) >= SAMPLES_MIN else float("nan")


def lateralisation_pct(right: float, left: float) -> float:
    """100 (R - L) / (R + L) of a value of both sides, in %: positive where there is more on the infant's right.

    NaN where both are zero. The index says nothing of a cause: lying on one side, or a line in one arm, makes one.
    """
    return 100 * (right - left) / (right + left) if right + left > 0 else float("nan")


def pearson(a: Floats, b: Floats) -> float:
    """Pearson's r of `a` and `b` [N] over the samples that both have (no unit); NaN where either does not vary.

    Two signals that follow the same slow state correlate without having to do with each other.
    """
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < 2:
        return float("nan")
    x, y = a[both] - a[both].mean(), b[both] - b[both].mean()
    size = np.sqrt((x**2).sum() * (y**2).sum())
    return float((x * y).sum() / size) if size > 0 else float("nan")


def participation_ratio(signals: Floats) -> float:
    """(sum l)^2 / sum l^2 of the eigenvalues l of the correlation matrix of `signals` [N, K] (1 to K; no unit).

    1: all signals move as one; K: all independently, which noise does, too. Samples in which a signal is missing do not
    count. It is no count of synergies. NaN where a signal does not vary.
    """
    values = signals[np.isfinite(signals).all(axis=1)]
    if len(values) < 2 or not (values.std(axis=0) > 1e-9).all():
        return float("nan")
    correlation = np.corrcoef(values.T)
    return float(np.trace(correlation) ** 2 / (correlation**2).sum())
