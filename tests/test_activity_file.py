"""Activity beside the tracks: there and back, anything else refused in a sentence, suggested events as events."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from asyconv.activity import Activity
from asyconv.activity_file import COLUMNS, METADATA_KEY, write_suggested_events
from asyconv.errors import InputError
from asyconv.night.sheet import read_events
from asyconv.tracks import Tracks
from asyconv.tracks_file import read_tracks, write_tracks
from tests.helpers.closed_form import make_tracks


def example(n: int = 9) -> Tracks:
    rng = np.random.default_rng(1)
    body, limbs, hands = rng.random(n, np.float32), rng.random((n, 4), np.float32), np.zeros(n, np.float32)
    body[:3] = limbs[:3] = np.nan
    return replace(make_tracks(n / 30), activity=Activity(body, limbs, hands, {"noise_mm": 0.8}))


def test_there_and_back(tmp_path: Path) -> None:
    tracks = example()
    write_tracks(tracks, tmp_path / "tracks.parquet")
    again = read_tracks(tmp_path / "tracks.parquet")
    assert again.activity is not None
    assert tracks.activity is not None
    for name in ("body_mm", "limb_mm", "hand_share"):
        np.testing.assert_array_equal(getattr(again.activity, name), getattr(tracks.activity, name))
    assert again.activity.meta == {"noise_mm": 0.8}
    table = pl.read_parquet(tmp_path / "activity.parquet")
    limbs = ["right_arm_mm", "left_arm_mm", "right_leg_mm", "left_leg_mm"]
    assert table.columns == ["frame", "body_mm", *limbs, "hand_share"]
    assert table.height == 9


def test_other_files_are_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "tracks.parquet"
    write_tracks(example(), path)
    beside = tmp_path / "activity.parquet"
    table, meta = pl.read_parquet(beside), pl.read_parquet_metadata(beside)[METADATA_KEY]
    for changed, text, sentence in (
        (table.drop(COLUMNS[0]), meta, "body_mm is missing"),
        (table, meta.replace('"schema_version": 1', '"schema_version": 9'), "expected schema 1"),
        (table[:-1], meta, "that of others"),
        (table.with_columns(body_mm=pl.lit("a")), meta, "expected numbers in the column body_mm"),
        (table.with_columns(hand_share=pl.col("hand_share") + 2), meta, "frame 1: expected changes"),
        (table.with_columns(body_mm=-pl.col("body_mm")), meta, "frame 4: expected changes"),
    ):
        changed.write_parquet(beside, metadata={METADATA_KEY: text})
        with pytest.raises(InputError, match=sentence):
            read_tracks(path)


def test_suggested_events_can_be_stated_as_events(tmp_path: Path) -> None:
    hands = np.zeros(300, np.float32)
    hands[30:90] = 0.2
    activity = Activity(np.zeros(300, np.float32), np.zeros((300, 4), np.float32), hands, {})
    write_suggested_events(activity, np.arange(300) / 30.0, "rec-1", tmp_path / "suggested_events.csv")
    event = read_events(tmp_path / "suggested_events.csv")["rec-1"][0]
    assert (event.start_s, event.end_s, event.kind) == (1.0, 2.97, "handling")
