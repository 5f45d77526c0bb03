"""Bootstrap: how precisely one recording fixes a value, from blocks of the recording itself.

A value is a formula of arrays over the same samples. Blocks of max(10 s, twice the integrated autocorrelation time) are
drawn with replacement from every place in the recording (moving blocks, Kuensch 1989), all arrays alike, and the SD of
the value over the resamples is its standard error. The interval is the value plus and minus Student's t, with the
number of blocks less one as degrees of freedom, times that error.

It says how far the same infant in the same way of moving may lie from the value. It is no interval between infants,
between days, or between states of sleep that the recording did not see.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

Floats = npt.NDArray[np.float64]
Formula = Callable[..., float]

BLOCK_MIN_S: Final = 10.0
BLOCKS_MIN: Final = 8
GROUP_S: Final = 1.0
"""The memory of a value is looked for in steps of this length."""
RESAMPLES: Final = 200
LEVEL: Final = 0.95
_WINDOW: Final = 5.0  # Sokal's: sum the autocorrelation up to this many times its own integral


def interval(formula: Formula, arguments: Sequence[Any], fs_hz: float, key: str) -> tuple[float, float] | None:
    """95 % interval of `formula` of `arguments`, or None where they hold fewer than 8 blocks.

    Every array among the arguments has one row for each sample and is resampled; what is no array stays as it is. `key`
    names the value (recording, epoch, part, measure): the same key gives the same resamples.
    """
    lengths = {len(a) for a in arguments if isinstance(a, np.ndarray)}
    if len(lengths) != 1:
        return None
    n = lengths.pop()
    value = formula(*arguments)
    group = max(1, round(GROUP_S * fs_hz))
    if not np.isfinite(value) or n / fs_hz < BLOCKS_MIN * BLOCK_MIN_S - 1e-9:
        return None
    memory_s = autocorrelation_time(influences(formula, arguments, n, group)) * group / fs_hz
    length = int(np.ceil(max(BLOCK_MIN_S, 2 * memory_s) * fs_hz - 1e-9))
    blocks = n / length
    if blocks < BLOCKS_MIN - 1e-9:
        return None
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "little"))
    starts = rng.integers(0, n - length + 1, (RESAMPLES, round(blocks)))
    values = np.array([formula(*_taken(arguments, _blocks(drawn, length))) for drawn in starts])
    values = values[np.isfinite(values)]
    if len(values) < RESAMPLES // 2:
        return None
    if not np.ptp(values):  # nothing that could vary was resampled
        return None
    half = float(student.ppf((1 + LEVEL) / 2, blocks - 1) * np.sqrt(blocks / (blocks - 1)) * values.std())
    return value - half, value + half


def influences(formula: Formula, arguments: Sequence[Any], n: int, group: int) -> Floats:
    """What each `group` of samples adds to the value: the value less that without them (jackknife); 0 where undefined.

    The memory of these influences is the memory of the value.
    """
    value = formula(*arguments)
    kept = np.ones(n, bool)
    out = []
    for start in range(0, n - group + 1, group):
        kept[start : start + group] = False
        out.append(value - formula(*_taken(arguments, kept)))
        kept[start : start + group] = True
    return np.asarray(np.nan_to_num(np.array(out, float)))


def autocorrelation_time(values: Floats) -> float:
    """Integrated autocorrelation time of `values` [N] in samples: 1 + 2 sum of the autocorrelation (white noise: 1).

    Summed up to the first lag that is at least 5 times the sum so far (Sokal 1997).
    """
    centred = values - values.mean()
    n = len(centred)
    spectrum = np.abs(np.fft.rfft(centred, 2 * n)) ** 2
    correlation = np.fft.irfft(spectrum)[:n]
    if correlation[0] <= 1e-12 * max(1e-300, float((values**2).sum())):
        return 1.0
    times = 2 * np.cumsum(correlation / correlation[0]) - 1
    enough = np.flatnonzero(np.arange(n) >= _WINDOW * times)
    return max(1.0, float(times[enough[0] if len(enough) else n - 1]))


def _blocks(starts: npt.NDArray[np.int64], length: int) -> npt.NDArray[np.int64]:
    return np.asarray((starts[:, None] + np.arange(length)).ravel())


def _taken(arguments: Sequence[Any], where: npt.NDArray[Any]) -> list[Any]:
    return [a[where] if isinstance(a, np.ndarray) else a for a in arguments]
