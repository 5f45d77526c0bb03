"""Lost time is said: bounds in the place of withheld amounts, and what pictures show while a limb is not seen."""

import numpy as np
import pytest

from asyconv.analysis import analyse
from asyconv.analysis.report.first_page import first_page
from asyconv.analysis.report.number_tables import key_table
from asyconv.analysis.tables.movement import Movement
from asyconv.skeleton import LIMBS
from tests.helpers.closed_form import hide, make_tracks, shake
from tests.helpers.evidence import seen_with_evidence
from tests.helpers.found_results import find, value


@pytest.fixture(scope="module")
def half_seen() -> Movement:
    """The right wrist moves half of the time and is hidden for the last half."""
    return analyse(hide(make_tracks(120, motion={"right_wrist": shake(20, 1.0)}), "right_wrist", 1800, 3600))


def test_bounds_stand_where_an_amount_is_withheld(half_seen: Movement) -> None:
    share, coverage = 50.0, 0.5
    assert find(half_seen, "moving_pct", "right_arm").value is None
    least, most = (value(half_seen, f"moving_{name}_pct", "right_arm") for name in ("least", "most"))
    assert least == pytest.approx(share * coverage, abs=1)
    assert most == pytest.approx(share * coverage + 100 * (1 - coverage), abs=1)
    assert value(half_seen, "path_least_mm_per_min", "right_arm") == pytest.approx(4 * 20 * 60 / 4, rel=0.02)
    row = {r["limb"]: r for r in half_seen.limb_summary.iter_rows(named=True)}["right_arm"]
    assert row["moving_least_pct"] == least
    assert row["moving_pct"] is None


def test_the_report_shows_them_with_the_reason(half_seen: Movement) -> None:
    table = key_table(half_seen.results, list(LIMBS))
    rows = {row.label: row.cells[0] for row in table.rows}
    bounds = [f"{value(half_seen, f'moving_{name}_pct', 'right_arm'):.1f}" for name in ("least", "most")]
    assert rows["Moving"].text == " to ".join(bounds)
    assert rows["Path while moving"].text.startswith("at least ")
    assert table.notes[int(rows["Moving"].note) - 1].startswith("coverage 50 %")


def test_what_is_hidden_at_rest_is_known_to_be_still() -> None:
    tracks = seen_with_evidence({"right_wrist": shake(20, 1.0)}, seconds=90)
    movement = analyse(hide(hide(tracks, "right_wrist", 300, 900), "left_ankle", 300, 1500))
    assert value(movement, "unseen_still_pct", "left_leg") == pytest.approx(100 * 1200 / 2700, abs=0.5)
    assert value(movement, "moving_most_pct", "left_leg") == 0.0
    still, moving = (value(movement, f"unseen_{name}_pct", "right_arm") for name in ("still", "moving"))
    assert still == pytest.approx(100 * 300 / 2700, abs=1.5)
    assert moving == pytest.approx(100 * 300 / 2700, abs=1.5)
    assert value(movement, "coverage_used_pct", "right_arm") + still + moving == pytest.approx(100, abs=0.5)
    arm = movement.limbs["right_arm"]
    assert not (arm.unseen_still & arm.unseen_moving).any()
    assert not (arm.valid & (arm.unseen_still | arm.unseen_moving)).any()


def test_every_speed_has_its_sd(half_seen: Movement) -> None:
    series = half_seen.limb_series
    assert (series["speed_sd_mm_s"].is_null() == series["speed_mm_s"].is_null()).all()
    assert np.isfinite(half_seen.limbs["left_arm"].speed_sd_mm_s).all()


def test_where_noise_hides_small_movements_there_is_no_upper_bound() -> None:
    noisy = make_tracks(120, motion={"right_wrist": shake(40, 1.0)}, noise_mm=1.5)
    movement = analyse(hide(noisy, "right_wrist", 1800, 3600))
    assert movement.limbs["right_arm"].floor_mm_s > 12.0
    least = value(movement, "moving_least_pct", "right_arm")
    most = find(movement, "moving_most_pct", "right_arm")
    assert most.value is None
    assert "small movements" in most.reason
    row = next(row for row in key_table(movement.results, list(LIMBS)).rows if row.label == "Moving")
    assert row.cells[0].text == f"at least {least:.1f}"
    assert first_page(movement)["moved"][-1].startswith(f"The right arm moved at least {least:.0f}")
