"""Gaps: where an array has values, and which short gaps may be bridged. NaN means that nothing was seen."""

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

FILL_MAX_S: Final = 0.2


def runs(mask: Bools) -> list[tuple[int, int]]:
    """Half-open ranges (start, stop) in which `mask` [N] is true."""
    edges = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return list(zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True))


def whole(points: Floats) -> Bools:
    """Mark points of [..., D] that have all their coordinates."""
    return np.asarray(np.isfinite(points).all(axis=-1))


def seen(x: Floats) -> Floats:
    """The values of `x` [N] that are present."""
    return x[np.isfinite(x)]


def gap_free(x: Floats, fs_hz: float, shortest_s: float, to_hz: float) -> list[Floats]:
    """Runs of `x` [N] that last at least `shortest_s`, brought to `to_hz` on straight lines between the samples.

    What is faster than half of `to_hz` folds into the result: bring to a lower rate only what was low-passed below it.
    """
    out = []
    for start, stop in runs(np.isfinite(x)):
        if stop - start >= shortest_s * fs_hz - 1e-6:
            at = np.arange(0, (stop - start - 1) / fs_hz + 1e-9, 1 / to_hz)
            out.append(np.interp(at, np.arange(stop - start) / fs_hz, x[start:stop]))
    return out


def longest_gap_s(seen: Bools, expected: Bools, fs_hz: float) -> float:
    """Longest run of samples `expected` [N] but not `seen` [N], in s; 0 where there is none."""
    return max((stop - start for start, stop in runs(expected & ~seen)), default=0) / fs_hz


def fill_gaps(values: Floats, fs_hz: float, step_max: float, barred: Bools | None = None) -> Floats:
    """Fill gaps of at most 0.2 s inside `values` [N, J, D] by straight lines; longer ones stay missing.

    A gap is left open when bridging it takes more than `step_max` per sample, and where `barred` [N] is true.
    """
    out = values.copy()
    longest = int(np.floor(FILL_MAX_S * fs_hz + 1e-6))
    for j in range(values.shape[1]):
        missing = ~whole(values[:, j])
        for start, stop in runs(missing):
            if start == 0 or stop == len(missing) or stop - start > longest:
                continue
            if barred is not None and barred[start:stop].any():
                continue
            before, after = values[start - 1, j], values[stop, j]
            if np.linalg.norm(after - before) > step_max * (stop - start + 1):
                continue
            share = np.arange(1, stop - start + 1)[:, None] / (stop - start + 1)
            out[start:stop, j] = before + share * (after - before)
    return out
