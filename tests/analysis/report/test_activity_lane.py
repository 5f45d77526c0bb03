"""Activity and hands on the first page, in strips and tables; nothing is left out for them without the user's word."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from asyconv.activity import Activity
from asyconv.analysis import analyse
from asyconv.analysis.cleaning.events import Event
from asyconv.analysis.report.drawings import drawings
from asyconv.analysis.report.first_page import doubts
from asyconv.analysis.report.page import render
from asyconv.analysis.tables.movement import Movement
from asyconv.tracks import Tracks
from tests.helpers.closed_form import from_mm, make_tracks
from tests.helpers.html_page import Page


def with_activity(tracks: Tracks) -> Tracks:
    """2 mm over the infant, 3 mm about the left leg, 0.5 mm of noise; a hand from 30 to 45 s."""
    n = len(tracks.time_s)
    body, limbs = np.full(n, 2.0, np.float32), np.full((n, 4), 1.0, np.float32)
    limbs[:, 3] = 3.0
    body[:10] = limbs[:10] = np.nan
    hands = np.where((tracks.time_s >= 30) & (tracks.time_s < 45), 0.2, 0.0).astype(np.float32)
    return replace(tracks, activity=Activity(body, limbs, hands, {"noise_mm": 0.5}))


@pytest.fixture(scope="module")
def movement() -> Movement:
    return analyse(with_activity(make_tracks(120)))


@pytest.fixture(scope="module")
def without() -> Movement:
    return analyse(make_tracks(120))


def test_tables_hold_activity_in_mm_and_in_noise_and_the_share_of_hands(movement: Movement, without: Movement) -> None:
    body, limbs = movement.body_summary.row(0, named=True), movement.limb_summary
    assert (body["activity_mm"], body["activity_noise"]) == (2.0, 4.0)
    assert body["hands_pct"] == pytest.approx(12.5, abs=0.05)
    assert limbs["limb_activity_mm"].to_list() == [1.0, 1.0, 1.0, 3.0]
    assert limbs["limb_activity_noise"].to_list() == [2.0, 2.0, 2.0, 6.0]
    none = without.body_summary.row(0, named=True)
    assert none["hands_pct"] is None
    assert "hands_pct: no activity beside the tracks" in none["withheld"]


def test_hands_are_said_and_hatched_and_count_until_an_event_says_otherwise(
    movement: Movement, without: Movement
) -> None:
    said = "Something reaches in over the infant once, from 30 s on, for 15 s in all. This time is counted"
    assert any(sentence.startswith(said) for sentence in doubts(movement))
    assert not movement.clean.excluded.any()
    strips = drawings(movement)[0]
    lane = strips.data.filter(pl.col("limb") == "activity")
    assert lane["hands_share"].mean() == pytest.approx(0.125, abs=0.001)
    assert lane["activity_max_mm"].max() == 2.0
    assert "Slanted lines mark time in which something reaches in" in strips.summary
    assert strips.svg() != drawings(without)[0].svg()
    cared = analyse(with_activity(make_tracks(120)), [Event(29.0, 46.0, "handling", "care")])
    assert not any("reaches in" in sentence for sentence in doubts(cared))
    assert cared.body_summary["hands_pct"].item() == 0.0


def test_a_recording_without_joints_still_shows_its_activity() -> None:
    empty = make_tracks(120)
    lost = replace(
        from_mm(empty.time_s, np.full((len(empty.time_s), 12, 3), np.nan)),
        depth_source=np.zeros_like(empty.depth_source),
    )
    movement = analyse(with_activity(lost))
    assert movement.body_summary["activity_mm"].item() == 2.0
    page = Page(render([movement]))
    assert "Every measure that needs joints is withheld." in page.text
    assert "Movement strips" in page.text
    assert "nothing was seen" not in page.text
