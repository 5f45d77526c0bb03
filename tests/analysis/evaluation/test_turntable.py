"""A still infant on a turntable: its endpoints have 3.491 r in the camera's frame and none in the trunk's."""

import pytest

from asyconv.analysis.evaluation.turntable import TURN_RAD_S, turned, turntable_text
from tests.helpers.closed_form import make_tracks


def test_endpoints_turn_with_the_infant_and_do_not_move_against_its_trunk() -> None:
    assert pytest.approx(3.491, abs=5e-4) == TURN_RAD_S
    found = turned(make_tracks(20))
    assert len(found) == 4
    for limb in found:
        assert limb.radius_mm > 30
        assert limb.camera_mm_s == pytest.approx(TURN_RAD_S * limb.radius_mm, rel=0.01)
        assert limb.body_mm_s < 0.01 * limb.camera_mm_s
    assert "mm/s in the trunk's" in turntable_text(found)
