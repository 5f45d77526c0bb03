"""Published programs as oracles; each is skipped where it is not installed, since they bring much with them."""

import numpy as np
import pytest

from asyconv.analysis.formulas.kinematics import derivative, speed
from asyconv.analysis.formulas.smoothness import log_dimensionless_jerk, sparc


def test_smoothness_against_monalysa() -> None:
    measures = pytest.importorskip("monalysa.quality.smoothness")
    rng = np.random.default_rng(3)
    t = np.arange(0, 1, 0.01)
    for _ in range(5):
        speed_mm_s = np.abs(np.sin(np.pi * t) * (1 + 0.5 * rng.standard_normal() * np.sin(6 * np.pi * t)))
        found = measures.sparc(speed_mm_s, fs=100.0, padlevel=4, fc=10.0, amp_th=0.05)
        assert sparc(speed_mm_s, 100.0) == pytest.approx(found[0], rel=1e-9)
        assert log_dimensionless_jerk(speed_mm_s, 100.0) == pytest.approx(
            measures.log_dimensionless_jerk(speed_mm_s, 100.0), rel=1e-9
        )


@pytest.mark.filterwarnings("default")
def test_speed_against_movement() -> None:
    kinematics = pytest.importorskip("movement.kinematics")
    xarray = pytest.importorskip("xarray")
    rng = np.random.default_rng(4)
    position = np.cumsum(rng.standard_normal((300, 2)), axis=0)
    data = xarray.DataArray(
        position[..., None, None],
        dims=("time", "space", "keypoints", "individuals"),
        coords={"time": np.arange(300) / 30, "space": ["x", "y"], "keypoints": ["wrist"], "individuals": ["infant"]},
    )
    theirs = kinematics.compute_speed(data).values[:, 0, 0]
    np.testing.assert_allclose(speed(position, 30.0)[1:-1], theirs[1:-1], rtol=1e-9)
    velocity = kinematics.compute_velocity(data).values[..., 0, 0]
    np.testing.assert_allclose(derivative(position, 30.0)[1:-1], velocity[1:-1], rtol=1e-9)
