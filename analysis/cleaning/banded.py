"""Banded least squares: the solution of symmetric banded equations, and the part of the inverse that lies in the band.

A symmetric matrix of n rows is kept as its lower band [n, p + 1]: row j, column k holds the element of row j + k and
column j.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from asyconv.jit import compiled

Floats = npt.NDArray[np.float64]


def solve(band: Floats, right: Floats) -> tuple[Floats, Floats]:
    """Solution [n] of the equations with lower band `band` and right-hand side [n], and the Cholesky factor's band."""
    factor = band.copy()
    return np.asarray(_solve(factor, right)), factor


def inverse_band(factor: Floats) -> Floats:
    """The lower band of the inverse of a matrix, from the band of its Cholesky factor (Takahashi's equations)."""
    return np.asarray(_inverse_band(factor))


def _solve_loops(band: Any, right: Any) -> Any:
    n, p = band.shape[0], band.shape[1] - 1
    for j in range(n):
        pivot = np.sqrt(band[j, 0])
        reach = min(p, n - 1 - j)
        for k in range(reach + 1):
            band[j, k] /= pivot
        for a in range(1, reach + 1):
            factor = band[j, a]
            if factor != 0.0:
                for b in range(a, reach + 1):
                    band[j + a, b - a] -= factor * band[j, b]
    x = right.copy()
    for j in range(n):
        x[j] /= band[j, 0]
        for k in range(1, min(p, n - 1 - j) + 1):
            x[j + k] -= band[j, k] * x[j]
    for j in range(n - 1, -1, -1):
        for k in range(1, min(p, n - 1 - j) + 1):
            x[j] -= band[j, k] * x[j + k]
        x[j] /= band[j, 0]
    return x


def _inverse_loops(factor: Any) -> Any:
    n, p = factor.shape[0], factor.shape[1] - 1
    out = np.zeros_like(factor)
    for j in range(n - 1, -1, -1):
        reach = min(p, n - 1 - j)
        for i in range(reach, -1, -1):
            total = 1.0 / factor[j, 0] if i == 0 else 0.0
            for k in range(1, reach + 1):
                total -= factor[j, k] * (out[j + k, i - k] if i >= k else out[j + i, k - i])
            out[j, i] = total / factor[j, 0]
    return out


_solve = compiled(_solve_loops)
_inverse_band = compiled(_inverse_loops)
