"""The floor beside the jitter that is really there: known noise on known movement."""

import pytest

from asyconv.analysis import analyse
from asyconv.analysis.evaluation.jitter import Jitter, jitter_of, jitter_rows, jitter_text
from asyconv.analysis.formulas.noise import speed_of_white_noise
from asyconv.skeleton import LIMBS
from tests.helpers.closed_form import make_tracks, strokes

NOISE_MM = 0.5


def test_white_noise_on_a_limb_that_moves_now_and_then_is_found_as_jitter_and_as_floor() -> None:
    motion = {"right_wrist": strokes(120, 6)}
    true, noisy = (analyse(make_tracks(120, motion=motion, noise_mm=noise_mm)) for noise_mm in (0.0, NOISE_MM))
    found = jitter_of(true, noisy)["right_arm"]
    # three axes of the endpoint and two to three of the root, whose depth is settled by the trunk's
    axis_mm_s = NOISE_MM * speed_of_white_noise(30.0, noisy.clean.cutoff_hz)
    assert 5 < (found.at_rest_mm_s / axis_mm_s) ** 2 < 6
    assert 5 < (found.throughout_mm_s / axis_mm_s) ** 2 < 6
    assert found.is_near
    assert found.given
    assert jitter_of(true, true)["right_arm"].at_rest_mm_s == 0


@pytest.mark.parametrize(("floor", "near"), [(None, False), (10.0, True), (15.0, True), (15.1, False), (6.6, False)])
def test_near_is_within_one_and_a_half_times(floor: float | None, near: bool) -> None:
    assert Jitter(floor, 10.0, 30.0, True).is_near is near


def test_rows_and_text_say_what_could_not_be_had() -> None:
    one = dict.fromkeys(LIMBS, Jitter(12.0, 10.0, 30.0, True))
    none = dict.fromkeys(LIMBS, Jitter(None, 10.0, 20.0, False))
    unseen = dict.fromkeys(LIMBS, Jitter(None, float("nan"), float("nan"), False))
    assert [row["floor_mm_s"] for row in jitter_rows([one, none])] == 4 * [12.0] + 4 * [None]
    rows = [" ".join(jitter_text(found).splitlines()[1].split()) for found in ([one, none, unseen], [unseen])]
    assert rows == ["right_arm 12.0 10.0 25.0 1 of 1", "right_arm - - - 0 of 0"]
