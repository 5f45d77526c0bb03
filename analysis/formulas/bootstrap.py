"""Bootstrap: how precisely one recording fixes a value, from blocks of the recording itself.

A value is made of sums over samples or of quantiles of samples. Blocks of max(10 s, twice the integrated
autocorrelation time) are drawn with replacement from every place in the recording (moving blocks, Künsch 1989), and the
SD of the value over the resamples is its standard error. The interval is the value plus and minus Student's t, with
the number of blocks less one as degrees of freedom, times that error.

It says how far the same infant in the same way of moving may lie from the value. It is no interval between infants,
between days, or between states of sleep that the recording did not see.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

Floats = npt.NDArray[np.float64]

BLOCK_MIN_S: Final = 10.0
BLOCKS_MIN: Final = 8
THIN_HZ: Final = 10.0  # limbs are slow: more samples cost time and tell nothing
RESAMPLES: Final = 200
LEVEL: Final = 0.95
_WINDOW: Final = 5.0  # Sokal's: sum the autocorrelation up to this many times its own integral


@dataclass(frozen=True)
class Sums:
    """A value made of sums over samples: `combine` of the row sums of `rows` [M, N], for example of a ratio's parts.

    `combine` takes [..., M] and must not change when all sums are multiplied by one number.
    """

    rows: Floats
    combine: Callable[[Floats], Floats]

    def value(self) -> float:
        """The value over all samples; NaN where it is not defined."""
        return float(_quiet(self.combine, self.rows.sum(axis=1)))

    def thinned(self, step: int) -> "Sums":
        """The same sums over groups of `step` samples."""
        return replace(self, rows=np.add.reduceat(self.rows, np.arange(0, self.rows.shape[1], step), axis=1))

    def influences(self) -> Floats:
        """What each sample adds to the value, to first order [1, N]; its memory is the value's memory."""
        sums = self.rows.sum(axis=1)
        step = 1e-6 * np.maximum(np.abs(sums), 1e-9)
        slopes = [
            (_quiet(self.combine, sums + h) - _quiet(self.combine, sums - h)) / (2 * h.sum()) for h in np.diag(step)
        ]
        return np.nan_to_num(np.array(slopes) @ self.rows)[None]

    def resampled(self, starts: npt.NDArray[np.int64], length: int) -> Floats:
        """The value of every resample; `starts` [R, K] are the first samples of its blocks."""
        sums = np.concatenate([np.zeros((len(self.rows), 1)), np.cumsum(self.rows, axis=1)], axis=1)
        return _quiet(self.combine, (sums[:, starts + length] - sums[:, starts]).sum(axis=-1).T)


@dataclass(frozen=True)
class Quantiles:
    """A value made of quantiles, in percent, of `values` [N] (NaN = not among them): `combine` takes [..., M]."""

    values: Floats
    levels: tuple[float, ...]
    combine: Callable[[Floats], Floats] = lambda quantiles: quantiles[..., 0]

    def value(self) -> float:
        """The value over all samples; NaN where there are none."""
        present = self.values[np.isfinite(self.values)]
        return float(_quiet(self.combine, np.percentile(present, self.levels))) if len(present) else float("nan")

    def thinned(self, step: int) -> "Quantiles":
        """The first value present of every group of `step` samples."""
        groups = np.pad(self.values, (0, -len(self.values) % step), constant_values=np.nan).reshape(-1, step)
        return replace(self, values=groups[np.arange(len(groups)), np.isfinite(groups).argmax(axis=1)])

    def influences(self) -> Floats:
        """Which samples lie below each quantile [M, N], centred; zero where there is no sample."""
        present = np.isfinite(self.values)
        cuts = np.percentile(self.values[present], self.levels)
        with np.errstate(invalid="ignore"):
            below = (self.values[None] <= cuts[:, None]).astype(float)
        return np.where(present, below - np.array(self.levels)[:, None] / 100, 0.0)

    def resampled(self, starts: npt.NDArray[np.int64], length: int) -> Floats:
        """The value of every resample, by counting how often each of the sorted samples was drawn."""
        order = np.argsort(self.values)[: int(np.isfinite(self.values).sum())]
        drawn = np.cumsum(_times_drawn(starts, length, len(self.values))[:, order], axis=1)
        total = drawn[:, -1:]
        wanted = np.ceil(np.array(self.levels) / 100 * total)
        row = np.arange(len(starts))[:, None] * (total.max() + 1)  # makes all rows one ascending line to look up in
        at = np.searchsorted((drawn + row).ravel(), np.maximum(wanted, 1) + row) - row // (total.max() + 1) * len(order)
        quantiles = np.where(total > 0, self.values[order][np.clip(at, 0, len(order) - 1)], np.nan)
        return _quiet(self.combine, quantiles)


Sample = Sums | Quantiles


def _times_drawn(starts: npt.NDArray[np.int64], length: int, n: int) -> npt.NDArray[np.int32]:
    """How often each of `n` samples is in the blocks of each resample [R, N]."""
    line = np.arange(len(starts))[:, None] * (n + 1)
    cells = len(starts) * (n + 1)
    steps = np.bincount((line + starts).ravel(), minlength=cells) - np.bincount(
        (line + starts + length).ravel(), minlength=cells
    )
    return np.cumsum(steps.reshape(len(starts), n + 1)[:, :n], axis=1, dtype=np.int32)


def scaled(sample: Sample, factor: float) -> Sample:
    """`sample` whose value is multiplied by `factor`."""
    combine = sample.combine
    return replace(sample, combine=lambda parts: factor * combine(parts))


def interval(sample: Sample, fs_hz: float, key: str) -> tuple[float, float] | None:
    """95 % interval of the value of `sample`, or None where the recording holds fewer than 8 blocks.

    `key` names the value (recording, epoch, part, measure): the same key gives the same resamples.
    """
    value = sample.value()
    step = max(1, int(fs_hz / THIN_HZ + 1e-9))
    sample, fs_hz = sample.thinned(step), fs_hz / step
    influences = sample.influences()
    n = influences.shape[1]
    memory_s = max(autocorrelation_time(row) for row in influences) / fs_hz
    length = int(np.ceil(max(BLOCK_MIN_S, 2 * memory_s) * fs_hz))
    blocks = n / length
    if blocks < BLOCKS_MIN or not np.isfinite(value):
        return None
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "little"))
    values = sample.resampled(rng.integers(0, n - length + 1, (RESAMPLES, round(blocks))), length)
    values = values[np.isfinite(values)]
    if len(values) < RESAMPLES // 2:
        return None
    half = float(student.ppf((1 + LEVEL) / 2, blocks - 1) * np.sqrt(blocks / (blocks - 1)) * values.std())
    return value - half, value + half


def autocorrelation_time(values: Floats) -> float:
    """Integrated autocorrelation time of `values` [N] in samples: 1 + 2 sum of the autocorrelation (white noise: 1).

    Summed up to the first lag that is at least 5 times the sum so far (Sokal 1997).
    """
    centred = values - values.mean()
    n = len(centred)
    spectrum = np.abs(np.fft.rfft(centred, 2 * n)) ** 2
    correlation = np.fft.irfft(spectrum)[:n]
    if correlation[0] <= 1e-12 * max(1.0, float((values**2).sum())):
        return 1.0
    times = 2 * np.cumsum(correlation / correlation[0]) - 1
    enough = np.flatnonzero(np.arange(n) >= _WINDOW * times)
    return max(1.0, float(times[enough[0] if len(enough) else n - 1]))


def _quiet(combine: Callable[[Floats], Floats], parts: Floats) -> Floats:
    """Combine `parts`; what is not defined becomes NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        out = np.asarray(combine(parts), float)
    return np.where(np.isfinite(out), out, np.nan)
