"""What the differences of the useful preset gain, at the smallest: every one is trained and measured."""

import csv
from pathlib import Path

from asyconv.evaluation.ablations import ABLATIONS, measure_ablations
from asyconv.simulation.clips import make_clips
from asyconv.training.loop import make_networks
from asyconv.training.recipe import PAPER, changed, make_recipe

SMALL = make_recipe("useful", "compact", ["width=0.0625", "detection.batch=2", "regression.batch=2"])


def test_what_is_put_back_is_the_papers() -> None:
    for _, network, changes in ABLATIONS:
        for change in changes:
            name = change.partition("=")[0].rpartition(".")[2]
            whole, paper = changed(SMALL, change), PAPER
            if change.startswith(network):
                assert getattr(whole.stage(network), name) == getattr(paper.stage(network), name), change
            else:
                assert getattr(whole, name) == getattr(paper, name), change


def test_each_is_trained_and_tabulated(tmp_path: Path) -> None:
    clips, tuning = make_clips(SMALL.seed, 0, 4), make_clips(SMALL.seed + 1, 0, 1)
    detection = make_networks(SMALL)[0].eval()
    gains = measure_ablations(tmp_path, SMALL, clips, tuning, detection, 1, 0)
    assert [gain.put_back for gain in gains] == [name for name, _, _ in ABLATIONS]
    assert {gain.steps for gain in gains} == {1}
    assert all(0 <= gain.found_pct <= 100 for gain in gains)
    with (tmp_path / "differences.csv").open(newline="") as file:
        assert [row["put_back"] for row in csv.DictReader(file)] == [gain.put_back for gain in gains]
