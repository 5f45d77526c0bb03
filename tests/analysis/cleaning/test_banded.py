"""Banded equations against dense ones."""

import numpy as np

from asyconv.analysis.cleaning.banded import inverse_band, solve

N, P = 40, 7


def test_solution_and_band_of_the_inverse_are_those_of_the_dense_matrix() -> None:
    rng = np.random.default_rng(0)
    dense = 0.1 * np.eye(N)
    for k in range(4 * N):
        row = np.zeros(N)
        row[k % (N - P) : k % (N - P) + P + 1] = rng.normal(size=P + 1)
        dense += np.outer(row, row)
    band = np.zeros((N, P + 1))
    for k in range(P + 1):
        band[: N - k, k] = np.diag(dense, -k)
    right = rng.normal(size=N)
    solution, factor = solve(band, right)
    np.testing.assert_allclose(dense @ solution, right, atol=1e-10)
    inverse = inverse_band(factor)
    for k in range(P + 1):
        np.testing.assert_allclose(inverse[: N - k, k], np.diag(np.linalg.inv(dense), -k), atol=1e-12)
