"""Reliability: how well one recording tells infants apart, from separate recordings of the same infants.

Halves of one recording share one sleep state and say nothing of this; they are never used.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import f as f_distribution

INFANTS_MIN: Final = 10
APART_MAX_DAYS: Final = 7
TARGET: Final = 0.8
LEVEL: Final = 0.95
GROUP: Final = ("stratum", "floor_band_mm_s", "scope", "part", "feature", "unit")


@dataclass(frozen=True)
class Icc:
    """Intraclass correlation of single recordings with its interval; None and a reason where there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str = ""


def icc_1_1(ratings: npt.NDArray[np.float64]) -> Icc:
    """ICC(1,1) of `ratings` [infants, recordings] with its 95 % interval (Shrout and Fleiss 1979).

    (BMS - WMS) / (BMS + (k - 1) WMS) of a one-way analysis of variance; the interval from F = BMS / WMS with n - 1 and
    n (k - 1) degrees of freedom. Negative where infants differ less than recordings of one infant.
    """
    n, k = ratings.shape
    means = ratings.mean(axis=1)
    between = k * float(((means - means.mean()) ** 2).sum()) / (n - 1)
    within = float(((ratings - means[:, None]) ** 2).sum()) / (n * (k - 1))
    if within <= 1e-12 * max(between, 1e-300):
        return Icc(None, reason="the recordings of an infant do not differ")
    ratio, share = between / within, (1 + LEVEL) / 2
    low = ratio / float(f_distribution.ppf(share, n - 1, n * (k - 1)))
    high = ratio * float(f_distribution.ppf(share, n * (k - 1), n - 1))
    return Icc(*((r - 1) / (r + k - 1) for r in (ratio, low, high)))


def recordings_needed(icc: float) -> float | None:
    """How many such recordings must be averaged for a reliability of 0.8 (Spearman-Brown); None if not by any."""
    return TARGET * (1 - icc) / (icc * (1 - TARGET)) if icc > 0 else None


def pairs_of(values: pl.DataFrame) -> pl.DataFrame:
    """Two recordings of each infant: the first two in order of age that lie at most 7 days apart.

    `values` has the columns of `GROUP`, infant_id, pma_days, recording_id, value and analysed_s, no nulls but in the
    floor band. Same age: by recording_id.
    """
    of_infant = [*GROUP, "infant_id"]
    ordered = values.sort(*of_infant, "pma_days", "recording_id", nulls_last=True)
    both = ordered.with_columns(pl.col("value", "analysed_s", "pma_days").shift(-1).over(of_infant).name.suffix("_2"))
    close = both.filter(pl.col("pma_days_2") - pl.col("pma_days") <= APART_MAX_DAYS)
    return close.unique(of_infant, keep="first", maintain_order=True)


def reliability_table(values: pl.DataFrame) -> pl.DataFrame:
    """One row per stratum, floor band, part and measure: ICC(1,1), its interval, minutes for a reliability of 0.8."""
    rows = []
    pairs = pairs_of(values)
    for key, group in pairs.group_by(GROUP, maintain_order=True):
        n = group.height
        enough = n >= INFANTS_MIN
        icc = icc_1_1(group.select("value", "value_2").to_numpy()) if enough else Icc(None, reason=_too_few(n))
        minutes = float((group["analysed_s"] + group["analysed_s_2"]).to_numpy().mean()) / 120
        needed = [None if v is None else recordings_needed(v) for v in (icc.value, icc.high, icc.low)]
        rows.append(
            dict(zip(GROUP, key, strict=True))
            | {"infants": n, "icc_1_1": icc.value, "icc_ci_lo": icc.low, "icc_ci_hi": icc.high}
            | {"recordings_needed": None if needed[0] is None else math.ceil(needed[0] - 1e-9), "minutes_each": minutes}
            | {f"minutes_needed{end}": None if v is None else v * minutes for end, v in zip(_ENDS, needed, strict=True)}
            | {"reason": icc.reason or _why_no_minutes(needed) or None}
        )
    schema: dict[str, pl.DataType | type[pl.DataType]] = dict.fromkeys(GROUP, pl.String)
    schema |= {"infants": pl.Int64, "icc_1_1": pl.Float64, "icc_ci_lo": pl.Float64, "icc_ci_hi": pl.Float64}
    schema |= {"recordings_needed": pl.Int64, "minutes_each": pl.Float64}
    schema |= {**{f"minutes_needed{end}": pl.Float64 for end in _ENDS}, "reason": pl.String}
    single = values.select(GROUP).unique().join(pairs, on=GROUP, how="anti", nulls_equal=True)
    none = single.with_columns(infants=pl.lit(0, pl.Int64), reason=pl.lit(_too_few(0)))
    return pl.concat([pl.DataFrame(rows, schema=schema), none], how="diagonal").sort(GROUP, nulls_last=True)


def _too_few(n: int) -> str:
    return f"{n} infants with two recordings at most {APART_MAX_DAYS} days apart, needs {INFANTS_MIN}"


_ENDS: Final = ("", "_lo", "_hi")


def _why_no_minutes(needed: list[float | None]) -> str:
    if needed[0] is None:
        return "ICC not above 0: no number of recordings would do"
    return "" if needed[2] is not None else "the interval of the ICC reaches 0: no upper bound of the minutes"
