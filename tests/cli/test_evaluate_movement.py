"""What `asyconv evaluate movement` keeps: tracks of simulated recordings, so that only the analysis is done again."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from asyconv.cli.evaluate_movement import amounts_by_condition, compare_amounts
from asyconv.pose.model_file import load_model
from asyconv.simulation.infant import Infant
from asyconv.simulation.other_hospital import other_hospital
from asyconv.simulation.scene import Condition, make_infant
from asyconv.simulation.truth import true_tracks, truth_of
from asyconv.tracks import TRACKS_VERSION, Tracks
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


def test_each_condition_has_its_line_and_true_joints_its_ceiling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def from_truth(model: object, infant: Infant, path: Path) -> Tracks:
        return true_tracks(truth_of(infant), infant)

    two = {"calm": Condition(), "a hand on the wrist": Condition(resting_on=0)}
    monkeypatch.setattr("asyconv.evaluation.conditions.MOVEMENT_CONDITIONS", two)
    monkeypatch.setattr("asyconv.cli.evaluate_movement._track_infant", from_truth)
    text = amounts_by_condition(load_model("compact"), 1, 70.0, 5, tmp_path)
    assert [line.split("  ")[0] for line in text.splitlines()[1:3]] == list(two)
    table = pl.read_csv(tmp_path / "movement_conditions.csv")
    assert table["condition"].to_list() == list(two)
    assert table["given"].to_list() == [4, 4]
    assert table["moving_near"].to_list() == [4, 4]
    assert table["jitter_p90_mm_s"].max() == 0.0
    assert {path.name for path in (tmp_path / "tracks").iterdir()} == {"calm", "a-hand-on-the-wrist"}
    text = amounts_by_condition(load_model("compact"), 1, 5.0, 5, tmp_path, other_hospital=True)
    assert text.splitlines()[1].startswith("another hospital ")
    assert pl.read_csv(tmp_path / "movement_conditions.csv")["condition"].to_list() == ["another hospital"]
    (kept,) = (tmp_path / "tracks" / "another-hospital").iterdir()
    there = make_infant(5, 0, np.arange(150) / 30, condition=other_hospital(5, 0))
    true = true_tracks(truth_of(there), there)
    np.testing.assert_allclose(read_tracks(kept).z_mm, true.z_mm, atol=0.01)
