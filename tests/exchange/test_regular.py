"""Tracks on even steps, as formats that hold only a rate need them."""

from dataclasses import replace

import numpy as np

from asyconv.exchange.regular import regular
from tests.helpers.exported import example


def test_frames_at_six_a_second_are_written_at_six_a_second() -> None:
    full = example()
    rows = np.arange(0, 15, 5)
    few = {name: getattr(full, name)[rows] for name in ("frame", "time_s", "x_px", "y_px", "depth_mm", "depth_source")}
    few |= {name: getattr(full, name)[rows] for name in ("x_mm", "y_mm", "z_mm", "confidence")}
    even, rate_hz = regular(replace(full, **few))
    assert rate_hz == 6.0
    np.testing.assert_array_equal(even.x_px, full.x_px[rows])
