"""Smoothness: the published values of known strokes, and movement units where strokes are."""

import numpy as np
import numpy.typing as npt
import pytest

from asyconv.analysis.formulas.smoothness import log_dimensionless_jerk, movement_units, rise_times_s, sparc

Floats = npt.NDArray[np.float64]


def gaussian() -> Floats:
    return np.asarray(np.exp(-5 * np.arange(-1, 1, 0.01) ** 2))


def minimum_jerk_speed(duration_s: float, fs_hz: float) -> Floats:
    """Speed of one minimum-jerk stroke of 30 mm, 30 u^2 (1 - u)^2 L/T."""
    u = np.arange(round(duration_s * fs_hz) + 1) / (duration_s * fs_hz)
    return np.asarray(30 * u**2 * (1 - u) ** 2 * 30 / duration_s)


def test_published_values_of_a_gaussian_speed() -> None:
    # the example of the authors' own program (siva82kb/smoothness)
    assert sparc(gaussian(), 100.0) == pytest.approx(-1.41403, abs=5e-6)
    assert log_dimensionless_jerk(gaussian(), 100.0) == pytest.approx(-5.81636, abs=5e-6)
    assert -np.exp(-log_dimensionless_jerk(gaussian(), 100.0)) == pytest.approx(-335.74684, abs=5e-5)


@pytest.mark.parametrize("fs_hz", [100.0, 30.0])
@pytest.mark.parametrize("duration_s", [0.3, 0.6, 0.9, 1.2])
def test_one_ideal_stroke(fs_hz: float, duration_s: float) -> None:
    speed = minimum_jerk_speed(duration_s, fs_hz)
    assert sparc(speed, fs_hz) == pytest.approx(-1.40, abs=0.01)
    low, high = (-5.31, -5.25) if fs_hz == 100 else (-5.26, -5.10)
    assert low - 0.005 <= log_dimensionless_jerk(speed, fs_hz) <= high + 0.005


def test_ldlj_of_a_stroke_tends_to_its_integral() -> None:
    # T^3/v^2 times the integral of (d2v/dt2)^2 for 30 u^2 (1-u)^2: 720 / 1.875^2 = 204.8
    assert log_dimensionless_jerk(minimum_jerk_speed(1.0, 2000.0), 2000.0) == pytest.approx(-np.log(204.8), abs=2e-3)


def test_closer_to_zero_is_smoother() -> None:
    smooth = minimum_jerk_speed(1.0, 100.0)
    halting = smooth * (1 - 0.6 * np.exp(-(((np.arange(len(smooth)) - 50) / 8) ** 2)))
    assert sparc(halting, 100.0) < sparc(smooth, 100.0) < 0
    assert log_dimensionless_jerk(halting, 100.0) < log_dimensionless_jerk(smooth, 100.0) < 0


def test_scale_changes_nothing() -> None:
    speed = minimum_jerk_speed(0.8, 100.0)
    assert sparc(3 * speed, 100.0) == pytest.approx(sparc(speed, 100.0), rel=1e-12)
    assert log_dimensionless_jerk(3 * speed, 100.0) == pytest.approx(log_dimensionless_jerk(speed, 100.0), rel=1e-12)


def test_nothing_to_measure_is_no_number() -> None:
    assert np.isnan(sparc(np.zeros(20), 100.0))
    assert np.isnan(log_dimensionless_jerk(np.zeros(20), 100.0))
    assert np.isnan(log_dimensionless_jerk(np.ones(2), 100.0))


def strokes_at(starts_s: list[float], duration_s: float, fs_hz: float, total_s: float) -> Floats:
    speed = np.zeros(round(total_s * fs_hz))
    one = minimum_jerk_speed(duration_s, fs_hz)
    for start in starts_s:
        at = round(start * fs_hz)
        speed[at : at + len(one)] += one
    return speed


def test_every_stroke_is_one_unit_with_its_own_edges() -> None:
    starts = [1.0, 3.0, 3.6, 6.0]  # the second and third touch
    units = movement_units(strokes_at(starts, 0.6, 30.0, 8.0), 0.0)
    assert [u.peak / 30 for u in units] == pytest.approx([s + 0.3 for s in starts])
    for unit, start in zip(units, starts, strict=True):
        assert unit.start / 30 == pytest.approx(start, abs=0.1)
        assert unit.stop / 30 == pytest.approx(start + 0.6, abs=0.1)


def test_units_are_neither_small_nor_across_gaps() -> None:
    speed = strokes_at([1.0, 3.0], 0.6, 30.0, 6.0)
    assert len(movement_units(speed, 40.0)) == 0  # 94 mm/s does not stand out by three floors
    assert len(movement_units(0.1 * speed, 0.0)) == 0  # under 10 mm/s
    speed[39] = np.nan  # on the flank before the first peak's top
    units = movement_units(speed, 0.0)
    assert all(not (u.start <= 39 < u.stop) for u in units)
    assert movement_units(np.full(50, np.nan), 0.0) == []


def test_rise_of_an_ideal_stroke() -> None:
    # 30 u^2 (1-u)^2 has 10 and 90 % of its peak at u (1 - u) = sqrt(0.1) / 4 and sqrt(0.9) / 4
    speed = strokes_at([1.0, 3.0], 0.6, 300.0, 5.0)
    low, high = ((1 - np.sqrt(1 - np.sqrt(level))) / 2 for level in (0.1, 0.9))
    found = rise_times_s(speed, 300.0, movement_units(speed, 0.0))
    np.testing.assert_allclose(found, 0.6 * (high - low), atol=0.002)
    merged = strokes_at([1.0, 1.25], 0.6, 300.0, 3.0)
    second = rise_times_s(merged, 300.0, movement_units(merged, 0.0))[1:]
    assert np.isnan(second).all()  # it rose out of the first
