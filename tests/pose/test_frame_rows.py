"""Rows of frames: they keep what is written to them, across blocks."""

import numpy as np

from asyconv.pose.frame_rows import BLOCK, FrameRows


def test_rows_keep_what_is_written_to_them() -> None:
    rows = FrameRows(np.array((0, np.nan), [("number", np.int32), ("xy_px", float, 2)]))
    assert rows.all().shape == (0,)
    count = 2 * BLOCK + 3
    for number in range(count):
        assert np.isnan(rows.append()["xy_px"]).all()
        rows[number]["number"] = number
    rows[BLOCK]["xy_px"] = 1.0, 2.0
    assert len(rows) == count
    np.testing.assert_array_equal(rows.all()["number"], np.arange(count))
    assert np.argwhere(np.isfinite(rows.all()["xy_px"])).tolist() == [[BLOCK, 0], [BLOCK, 1]]


def test_rows_of_arrays() -> None:
    rows = FrameRows(np.zeros(3, np.float32))
    rows.append()[1] = 5.0
    rows.append()
    np.testing.assert_array_equal(rows.all(), [[0, 5, 0], [0, 0, 0]])
