"""Minutes of a long recording: a value a minute in tables and report, and none for a short one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from asyconv.activity import Activity
from asyconv.analysis import analyse
from asyconv.analysis.cleaning.events import Event
from asyconv.analysis.report.minute_strips import minute_strips
from asyconv.analysis.report.page import render
from asyconv.analysis.tables.files import write_tables
from asyconv.analysis.tables.movement import Movement
from asyconv.analysis.tables.trunk_lengths import in_trunk_lengths
from asyconv.skeleton import LIMBS
from tests.helpers.closed_form import hide, make_tracks
from tests.helpers.html_page import Page

FS_HZ = 6.0


@pytest.fixture(scope="module")
def movement() -> Movement:
    """12.6 minutes at 6 Hz: the right wrist swings by 30 mm in every second minute, the left is hidden in the fifth."""

    def swings(time_s: np.ndarray) -> np.ndarray:
        on = (time_s // 60).astype(int) % 2 == 1
        return np.stack([np.where(on, 30 * np.sin(2 * np.pi * 0.5 * time_s), 0.0), *(0 * time_s,) * 2], axis=1)

    tracks = hide(make_tracks(756, FS_HZ, motion={"right_wrist": swings}), "left_wrist", 4 * 360 + 60, 5 * 360)
    n = len(tracks.time_s)
    hands = np.where((tracks.time_s >= 120) & (tracks.time_s < 150), 0.2, 0.0).astype(np.float32)
    activity = Activity(np.full(n, 2.0, np.float32), np.full((n, 4), 1.0, np.float32), hands, {"noise_mm": 0.5})
    return analyse(replace(tracks, activity=activity), [Event(600.0, 620.0, "exclude", "")])


def test_each_minute_has_its_value(movement: Movement) -> None:
    minutes = movement.minutes
    assert minutes is not None
    assert minutes.height == 13 * 5  # the last 36 s are one, too
    arm = minutes.filter(pl.col("part") == "right_arm")
    assert arm["minute_start_s"].to_list() == [60.0 * k for k in range(13)]
    moving = arm["moving_pct"].to_numpy()
    assert moving[[1, 3, 5, 7, 9, 11]] == pytest.approx(np.full(6, 100.0), abs=2)
    assert moving[[0, 2, 4, 6, 8]] == pytest.approx(np.zeros(5), abs=2)
    path = arm["path_active_mm_per_min"].to_numpy()
    assert path[3] == pytest.approx(120 * 30, rel=0.1)  # there and back, 30 times
    hidden = minutes.filter((pl.col("part") == "left_arm") & (pl.col("minute_start_s") == 240)).row(0, named=True)
    assert hidden["coverage_used_pct"] == pytest.approx(100 / 6, abs=2)
    assert hidden["moving_pct"] is None
    body = minutes.filter(pl.col("part") == "body")
    assert body["hands_pct"][2] == pytest.approx(50, abs=1)
    assert body["activity_mm"].to_list() == [2.0] * 13
    assert body["moving_pct"][3] == pytest.approx(100, abs=2)


def test_they_stand_in_files_and_report_of_a_long_recording_only(movement: Movement, tmp_path: Path) -> None:
    write_tables(movement, tmp_path)
    assert pl.read_csv(tmp_path / "minutes.csv").height == 65
    assert pl.read_parquet(tmp_path / "minutes.parquet").columns[:2] == ["recording_id", "infant_id"]
    drawing = minute_strips(movement)
    assert drawing is not None
    assert drawing.png().startswith(b"\x89PNG")
    assert drawing.table is not None
    assert drawing.table.height == 13 * 5
    assert "given for 51 of 52 minutes of limbs" in drawing.summary
    assert "Minute by minute" in Page(render([movement])).text
    in_trunks = minute_strips(in_trunk_lengths(movement))
    assert in_trunks is not None
    assert in_trunks.png().startswith(b"\x89PNG")
    assert "path (TL/min)" in in_trunks.table.columns if in_trunks.table is not None else False
    short = analyse(make_tracks(90))
    assert short.minutes is None
    assert minute_strips(short) is None
    assert set(movement.limbs) == set(LIMBS)
