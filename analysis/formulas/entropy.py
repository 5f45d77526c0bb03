"""Entropy: how little of a signal can be foretold from what came before it. Pieces are runs without a gap."""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]

TEMPLATE: Final = 2


ORDER: Final = 4


def sample_entropy(pieces: list[Floats], tolerance: float, m: int = TEMPLATE) -> float:
    """Sample entropy in nats: -ln(A / B), B the pairs of templates of `m` samples within `tolerance`, A those of m + 1.

    Chebyshev distance, no template matched with itself or across two `pieces` (Richman and Moorman 2000). NaN without
    a match.
    """
    long = np.concatenate(
        [np.lib.stride_tricks.sliding_window_view(p, m + 1) for p in pieces if len(p) > m] or [np.empty((0, m + 1))]
    )
    if len(long) < 2:
        return float("nan")
    matches = []
    for templates in (long[:, :m], long):
        tree = cKDTree(templates)
        matches.append(int(tree.count_neighbors(tree, tolerance, p=np.inf)) - len(templates))
    return float(np.log(matches[0] / matches[1])) if all(matches) else float("nan")


def permutation_entropy(pieces: list[Floats], delay: int = 1, order: int = ORDER) -> float:
    """Permutation entropy of `order` / its maximum (0 to 1; Bandt and Pompe 2002); equal values keep their order."""
    span = (order - 1) * delay + 1
    windows = [np.lib.stride_tricks.sliding_window_view(p, span)[:, ::delay] for p in pieces if len(p) >= span]
    if not windows:
        return float("nan")
    ranks = np.argsort(np.concatenate(windows), axis=1, kind="stable")
    counts = np.unique(ranks @ (order ** np.arange(order)), return_counts=True)[1]
    share = counts / counts.sum()
    possible = float(np.log([*range(2, order + 1)]).sum())
    return float(-(share * np.log(share)).sum() / possible)


def hjorth(pieces: list[Floats], fs_hz: float) -> tuple[float, float]:
    """Hjorth's mobility (1/s), sqrt(var x' / var x), and complexity (no unit), mobility of x' / mobility of x."""
    first = [np.gradient(p, 1 / fs_hz) for p in pieces if len(p) >= 3]
    second = [np.gradient(p, 1 / fs_hz) for p in first]
    if not first:
        return float("nan"), float("nan")
    power = [float(np.concatenate(parts).var()) for parts in ([p for p in pieces if len(p) >= 3], first, second)]
    if min(power) <= 0:
        return float("nan"), float("nan")
    mobility = np.sqrt(power[1] / power[0])
    return float(mobility), float(np.sqrt(power[2] / power[1]) / mobility)
