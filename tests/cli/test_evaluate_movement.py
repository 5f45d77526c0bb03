"""What `asyconv evaluate movement` keeps: tracks of simulated recordings, so that only the analysis is done again."""

from pathlib import Path

import pytest

from asyconv.cli.evaluate_movement import compare_amounts
from asyconv.pose.model_file import load_model
from asyconv.tracks import TRACKS_VERSION
from asyconv.tracks_file import read_tracks


def test_kept_tracks_are_analysed_again_without_the_networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_model("compact")
    text = compare_amounts(model, 1, 4.0, 5, tmp_path)
    (kept,) = (tmp_path / "tracks").glob(f"*-{TRACKS_VERSION}.parquet")
    assert read_tracks(kept).meta["weights_hash"] == model.weights_hash
    assert model.weights_hash[:12] in kept.name

    def no_networks(*args: object) -> None:
        raise AssertionError("tracked again")

    monkeypatch.setattr("asyconv.cli.evaluate_movement._track_infant", no_networks)
    assert compare_amounts(model, 1, 4.0, 5, tmp_path) == text
    with pytest.raises(AssertionError, match="tracked again"):
        compare_amounts(model, 1, 5.0, 5, tmp_path)
    written = {"movement.csv", "movement.png", "floors.csv", "intervals.csv"}
    assert {path.name for path in tmp_path.iterdir()} == {*written, "tracks"}
