"""Gaps: where an array has values. NaN means that nothing was seen."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


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
