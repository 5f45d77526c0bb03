"""What other thresholds would miss and invent, counted by hand."""

import numpy as np
import pytest

from asyconv.evaluation.predictions import Predictions
from asyconv.evaluation.presence_trade import SHIFTS, trade_rows


def test_thresholds_moved_together_miss_and_invent_what_they_should() -> None:
    shape = (1, 3, 12)
    presence, visible, known = np.full(shape, 0.9), np.ones(shape, bool), np.ones(shape, bool)
    presence[0, 0, :4] = 0.4, 0.6, 0.6, 0.75
    visible[0, 0, 2] = visible[0, 0, 3] = False
    visible[0, 0, 5] = known[0, 0, 5] = False  # its place is not known: never counted
    xy_map = np.zeros((*shape, 2))
    xy_map[0, 0, 4] = np.nan  # no peak at all
    rows = trade_rows(Predictions(xy_map, presence, presence), visible, known, np.full(12, 0.5))
    at = {row["shift"]: (row["missed_pct"], row["invented_pct"]) for row in rows}
    assert set(at) == set(SHIFTS)
    assert at[0.0] == pytest.approx((100 * 2 / 33, 100 * 2 / 33))  # 0.5: misses 0.4 and the one without a peak
    assert at[1.0] == pytest.approx((100 * 3 / 33, 100 * 1 / 31))  # 0.73
    assert at[-1.0] == pytest.approx((100 * 1 / 33, 100 * 2 / 34))  # 0.27
    assert [row["missed_pct"] for row in rows] == sorted(row["missed_pct"] for row in rows)
