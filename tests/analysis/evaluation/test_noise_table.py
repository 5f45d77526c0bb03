"""The noise table on two simulated infants: the floor is near the jitter, and no plain value is far off."""

import numpy as np
import pytest

from asyconv.analysis.evaluation import agreement
from asyconv.analysis.evaluation.noise_table import Known, decimated, noise_rows, noise_text, with_noise
from asyconv.simulation.scene import make_infant
from asyconv.simulation.truth import true_tracks, truth_of

TIME_S = np.arange(2700) / 30.0


@pytest.fixture(scope="module")
def known() -> list[Known]:
    out = []
    for number in range(2):
        infant = make_infant(50, number, TIME_S)
        truth = truth_of(infant, np.ones((len(TIME_S), 12), bool))
        amounts = agreement.true_amounts(truth.speed_mm_s, truth.moving, TIME_S)
        out.append(Known(true_tracks(truth, infant), amounts, truth.speed_mm_s, truth.moving))
    return out


def test_noise_has_the_size_and_the_memory_that_is_said(known: list[Known]) -> None:
    quiet = known[0].tracks
    for kind, memory in (("white", 0.0), ("correlated", np.exp(-1 / 15))):
        noise = with_noise(quiet, kind, 2.0, 1).y_mm - quiet.y_mm
        assert noise.std() == pytest.approx(2.0, rel=0.1)
        assert np.corrcoef(noise[:-1].ravel(), noise[1:].ravel())[0, 1] == pytest.approx(memory, abs=0.02)
    noisy = with_noise(quiet, "white", 2.0, 1)
    np.testing.assert_allclose(  # pixels and millimetres stay one place
        (noisy.x_px - 319.5) / 575.8 * noisy.z_mm, noisy.x_mm, atol=0.02
    )


def test_decimated_tracks_are_said_to_be(known: list[Known]) -> None:
    few = decimated(known[0].tracks)
    assert few.meta["rate"] == "6"
    np.testing.assert_allclose(np.diff(few.time_s), 1 / 6)


def test_what_is_given_plainly_is_near_and_the_floor_is_the_jitter(known: list[Known]) -> None:
    rows = list(noise_rows(known))
    kinds = [(row.rate, row.noise, row.sigma_mm) for row in rows[:4]]
    assert kinds == [*(("full", "white", size_mm) for size_mm in (1.0, 2.0, 3.0)), ("full", "correlated", 1.0)]
    for row in rows:
        assert 1 / 1.5 < row.floor_to_jitter < 1.5, row
        assert row.plain_outside == 0, row
        assert row.plain + row.at_least + row.withheld == 8
    assert all(row.plain == 0 for row in rows if row.rate == "6")
    assert "SIMULATED" in noise_text(rows, 2)
