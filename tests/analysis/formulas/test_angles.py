"""Angles by construction."""

import numpy as np
import pytest

from asyconv.analysis.formulas.angles import included_angle


@pytest.mark.parametrize("degrees", [0.0, 30.0, 90.0, 150.0, 180.0])
def test_included_angle_by_construction(degrees: float) -> None:
    corner = np.array([[1.0, 2.0, 3.0]])
    angle = np.radians(degrees)
    first, second = corner + [10.0, 0, 0], corner + 7 * np.array([np.cos(angle), np.sin(angle), 0])
    assert included_angle(corner, first, second)[0] == pytest.approx(degrees, abs=1e-6)
    assert included_angle(corner[:, :2], first[:, :2], second[:, :2])[0] == pytest.approx(degrees, abs=1e-5)
