"""Entropy: how little of a signal can be foretold from what came before it.

Signals are given as pieces: runs without a gap (`gaps.gap_free`). Nothing is counted from one piece to the next. The
values depend on the rate, the smoothing and the length: the same signal has 0.75 at 30 Hz and 2.21 at 6 Hz. A still,
noisy signal has the highest entropy of all, so each value is read beside the noise and the share of movement.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]

TEMPLATE: Final = 2
TOLERANCE_SD: Final = 0.2
SCALES: Final = (1, 2, 3, 4, 5)
ORDER: Final = 4


def sample_entropy(pieces: list[Floats], tolerance: float | None = None) -> float:
    """Sample entropy in nats: -ln(A / B), B the pairs of templates of 2 samples within `tolerance`, A those of 3.

    The tolerance is 0.2 SD of all pieces where none is given. Chebyshev distance, no template matched with itself
    (Richman and Moorman 2000). NaN without a match. High for noise, not for skill.
    """
    if tolerance is None:
        tolerance = TOLERANCE_SD * float(np.concatenate(pieces).std())
    windows = [np.lib.stride_tricks.sliding_window_view(p, TEMPLATE + 1) for p in pieces if len(p) > TEMPLATE]
    if sum(map(len, windows)) < 2:
        return float("nan")
    long = np.concatenate(windows)
    matches = []
    for templates in (long[:, :TEMPLATE], long):
        tree = cKDTree(templates)
        matches.append(int(tree.count_neighbors(tree, tolerance, p=np.inf)) - len(templates))
    return float(np.log(matches[0] / matches[1])) if all(matches) else float("nan")


def multiscale_entropy(pieces: list[Floats]) -> float:
    """Mean over scales 1 to 5 of the sample entropy (nats) of means of so many samples (Costa 2002).

    The tolerance is 0.2 SD of scale 1 at every scale.
    """
    tolerance = TOLERANCE_SD * float(np.concatenate(pieces).std())
    coarse = [[p[: len(p) // k * k].reshape(-1, k).mean(axis=1) for p in pieces if len(p) >= k] for k in SCALES]
    return float(np.mean([sample_entropy(scale, tolerance) for scale in coarse]))


def permutation_entropy(pieces: list[Floats], delay: int = 1, order: int = ORDER) -> float:
    """Permutation entropy of `order` / its maximum (0 to 1; Bandt and Pompe 2002); equal values keep their order.

    Noise is near 1.
    """
    span = (order - 1) * delay + 1
    windows = [np.lib.stride_tricks.sliding_window_view(p, span)[:, ::delay] for p in pieces if len(p) >= span]
    if not windows:
        return float("nan")
    ranks = np.argsort(np.concatenate(windows), axis=1, kind="stable")
    counts = np.unique(ranks @ (order ** np.arange(order)), return_counts=True)[1]
    share = counts / counts.sum()
    possible = float(np.log([*range(2, order + 1)]).sum())
    return float(-(share * np.log(share)).sum() / possible)


def hjorth_mobility(pieces: list[Floats], fs_hz: float) -> float:
    """sqrt(var x' / var x) of `pieces`, x' by forward differences (1/s; Hjorth 1970).

    Of a sine it is the angular frequency. Give the samples at their own rate: at a lower one the differences miss what
    is quick. Noise raises it.
    """
    power = _hjorth_powers(pieces, fs_hz)
    return float(np.sqrt(power[1] / power[0])) if min(power) > 0 else float("nan")


def hjorth_complexity(pieces: list[Floats], fs_hz: float) -> float:
    """Mobility of x' / mobility of x (no unit; a sine 1; Hjorth 1970). Noise raises it."""
    power = _hjorth_powers(pieces, fs_hz)
    return float(np.sqrt(power[2] / power[1] / (power[1] / power[0]))) if min(power) > 0 else float("nan")


def _hjorth_powers(pieces: list[Floats], fs_hz: float) -> list[float]:
    """Variances of the pieces, of their first and of their second differences per second."""
    long = [p for p in pieces if len(p) >= 3]
    if not long:
        return [0.0]
    return [float(np.concatenate([np.diff(p, k) * fs_hz**k for p in long]).var()) for k in range(3)]
