"""Windows: medians of what is present."""

import numpy as np

from asyconv.analysis.formulas.windows import rolling_median, slow_median


def test_rolling_median_ignores_what_is_missing() -> None:
    values = np.array([1.0, np.nan, 3.0, 100.0, 5.0])[:, None, None]
    np.testing.assert_allclose(rolling_median(values, 3)[:, 0, 0], [1.0, 2.0, 51.5, 5.0, 52.5])


def test_slow_median_follows_a_line_and_skips_what_is_missing() -> None:
    line = np.arange(900, dtype=float)[:, None]
    line[400:420] = np.nan
    out = slow_median(line, 30.0)
    assert np.isfinite(out).all()
    np.testing.assert_allclose(out[100:300, 0], line[100:300, 0], atol=1e-9)
    assert np.isnan(slow_median(np.full((30, 1), np.nan), 30.0)).all()
