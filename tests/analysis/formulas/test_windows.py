"""Windows: medians of what is present."""

import numpy as np

from asyconv.analysis.formulas.windows import rolling_median


def test_rolling_median_ignores_what_is_missing() -> None:
    values = np.array([1.0, np.nan, 3.0, 100.0, 5.0])[:, None, None]
    np.testing.assert_allclose(rolling_median(values, 3)[:, 0, 0], [1.0, 2.0, 51.5, 5.0, 52.5])
