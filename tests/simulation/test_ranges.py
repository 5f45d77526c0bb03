"""Varied infants reach what aggregates of real ones show; its measures, on a figure that one can check by hand."""

import numpy as np
import pytest

from asyconv.simulation import ranges
from asyconv.simulation.infant import project
from asyconv.simulation.ranges import RangeRow, check_ranges, compare_ranges, movement_of, postures_of
from asyconv.simulation.scene import CALM_INFANT, VARIED_INFANT, Condition, make_infant
from tests.helpers.flat_infant import make_flat


def test_postures_of_a_flat_infant_are_those_drawn() -> None:
    flat = make_flat()[None]
    postures = {name: float(values[0]) for name, values in postures_of(flat).items()}
    assert postures["trunk axis, deg"] == pytest.approx(0.0)
    assert postures["shoulder line against hip line, deg"] == pytest.approx(0.0)
    assert postures["shoulder width, trunk lengths"] == pytest.approx(60 / 150)
    assert postures["hip width, trunk lengths"] == pytest.approx(40 / 150)
    assert postures["knee flexion, deg"] == pytest.approx(0.0)
    assert postures["thigh direction, deg"] == pytest.approx(0.0)
    flat[:, 7] = flat[:, 8] + [30.0, 30.0]  # right thigh outward and headward, the shank straight back to the feet
    flat[:, 6] = flat[:, 7] + [0.0, -40.0]
    bent = postures_of(flat)
    assert bent["thigh direction, deg"][0] == pytest.approx(135.0)
    assert bent["knee flexion, deg"][0] == pytest.approx(135.0)
    assert postures_of(flat + [40.0, 0.0])["thigh direction, deg"][0] == pytest.approx(135.0)


def test_movement_is_counted_in_trunk_lengths_a_second() -> None:
    xy = np.repeat(make_flat()[None], 61, axis=0)
    xy[:, 0, 0] += np.arange(61) * 0.4 * 150 / 6  # the right wrist at 0.4 trunk lengths a second
    moved = movement_of(xy)
    assert moved["wrist faster than 0.3, share of time"] == pytest.approx(0.5)
    assert moved["no limb faster than 0.3, share of time"] == 0.0
    assert moved["trunk speed, P95, trunk lengths/s"] == pytest.approx(0.0)
    assert movement_of(xy + np.arange(61)[:, None, None] * [0.0, 5.0])["trunk speed, P95, trunk lengths/s"] == (
        pytest.approx(5 * 6 / 150)
    )


def test_varied_infants_cover_what_real_ones_show() -> None:
    assert [row.name for row in compare_ranges(150) if not row.covered] == []


def test_calm_infants_lie_straight_and_their_trunks_hardly_move() -> None:
    time_s = np.arange(0.0, 10.0, 1 / 6)
    axis: list[float] = []
    speed: dict[Condition, list[float]] = {CALM_INFANT: [], VARIED_INFANT: []}
    for number in range(60):
        for condition, speeds in speed.items():
            infant = make_infant(77, number, time_s, condition=condition)
            xy = project(infant.to_camera(infant.joints_bed))
            speeds.append(movement_of(xy)["trunk speed, P95, trunk lengths/s"])
            axis += postures_of(xy)["trunk axis, deg"].tolist() if condition is CALM_INFANT else []
    assert np.ptp(np.percentile(axis, [1, 99])) < 40.0
    assert np.median(speed[VARIED_INFANT]) > 10 * np.median(speed[CALM_INFANT])


def test_a_range_that_is_not_covered_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [RangeRow("trunk axis, deg", -16.0, 15.0, -41.9, 20.0), RangeRow("knee", 0.0, 180.0, 7.4, 176.2)]
    monkeypatch.setattr(ranges, "compare_ranges", lambda infants, seed: rows)
    table, covered = check_ranges()
    assert not covered
    lines = table.splitlines()
    assert lines[2].endswith("NOT COVERED")
    assert lines[3].endswith(" covered")
