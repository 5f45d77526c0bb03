"""The paper's training on an annotated data set, as a user runs it: killed, resumed, exported."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import safetensors

from asyconv.errors import InputError
from asyconv.labels.annotations import read_annotated
from asyconv.simulation.annotated import simulate_annotated
from asyconv.training.data import chosen_split, clips_of
from asyconv.training.recipe import make_recipe
from tests.helpers.commands import invoke

CHANGES = (
    "width=0.0625", "detection.batch=4", "regression.batch=4", "detection.epochs=2", "regression.epochs=2",
)  # fmt: skip


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("annotated")
    simulate_annotated(folder, 2, 3.0, 7)
    return folder


def _train(out: Path, dataset: Path) -> "subprocess.Popen[bytes]":
    changes = [f"--set={change}" for change in CHANGES]
    command = ["train", str(out), "--preset", "paper", "--model", "paper", "--data", str(dataset), "--workers", "0"]
    return subprocess.Popen(
        [sys.executable, "-m", "asyconv.cli.main", *command, *changes],
        stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def _stored(path: Path) -> tuple[dict[str, bytes], dict[str, str]]:
    """Every tensor's bytes, bit for bit, and the facts in the header, whose order in the file is by chance."""
    with safetensors.safe_open(path, framework="np") as file:
        return {key: file.get_tensor(key).tobytes() for key in file.keys()}, file.metadata()  # noqa: SIM118


def test_killed_twice_and_resumed_it_ends_with_the_same_weights(tmp_path: Path, dataset: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert _train(whole, dataset).wait(400) == 0
    for stage in ("detection", "regression"):
        process = _train(killed, dataset)
        deadline = time.monotonic() + 300
        while not (killed / f"{stage}.safetensors").exists():
            assert process.poll() is None, "the training ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.kill()
        assert process.wait(60) < 0, "the training ended before it could be killed"
    assert _train(killed, dataset).wait(400) == 0
    for name in ("losses.csv", "recipe.json"):
        assert (whole / name).read_bytes() == (killed / name).read_bytes(), name
    for stage in ("detection", "regression"):
        (ours, facts), (theirs, other_facts) = (_stored(run / f"{stage}.safetensors") for run in (whole, killed))
        assert facts == other_facts
        assert ours == theirs
    assert (whole / "losses.png").stat().st_size > 5000
    rows = (whole / "losses.csv").read_text().splitlines()
    assert sum(row.startswith("detection") and ",accuracy," in row for row in rows) == 2  # once an epoch
    assert sum(row.startswith("regression") and ",error," in row for row in rows) == 2

    exported = tmp_path / "paper.safetensors"
    done = invoke("export-model", whole, "-o", exported)
    assert done.exit_code == 0, done.output
    assert "within-infant split of the paper (same infants in training and test)" in done.stdout
    card = json.loads(exported.with_suffix(".json").read_text())
    assert card["model_validation"] == "simulated_only"  # annotated, but the infants are simulated
    assert card["recipe"]["preset"] == "paper"


def test_a_training_on_labels_sees_whole_pictures_and_says_so(tmp_path: Path, dataset: Path) -> None:
    result = invoke("train", tmp_path / "run", "--data", dataset, "--set", "crop_to_infant=true")
    assert result.exit_code == 1
    (said,) = result.stderr.splitlines()
    assert "crop_to_infant: expected false with --data, whose pictures a training sees whole" in said
    assert not (tmp_path / "run").exists()


def test_training_by_infant_never_sees_the_tested_one(tmp_path: Path, dataset: Path) -> None:
    more = tmp_path / "three"
    simulate_annotated(more, 4, 2.0, 8)
    split = chosen_split(read_annotated(more), "fold:2/4")
    assert split.name == "by infant, fold 2 of 4"
    assert len(split.test) == 1
    assert not set(split.test) & (set(split.train) | set(split.validation))
    recipe, clips, tuning = clips_of(
        tmp_path / "run", make_recipe("paper", "paper"), read_annotated(more), "fold:2/4", 1
    )
    assert recipe.split == split.name
    assert len(clips.depth) == sum(len(rows) for rows in split.train.values())
    assert len(tuning.depth) == sum(len(rows) for rows in split.validation.values())


def test_an_infant_without_a_clip_is_in_no_fold(tmp_path: Path) -> None:
    simulate_annotated(tmp_path, 5, 1.0, 8)
    sheet = tmp_path / "result_pz3.csv"
    sheet.write_text("".join(sheet.read_text().splitlines(keepends=True)[:3]))  # two frames
    splits = [chosen_split(read_annotated(tmp_path), f"fold:{place}/4") for place in range(1, 5)]
    assert {name for split in splits for name in split.test} == {"pz1", "pz2", "pz4", "pz5"}
    assert all(split.validation for split in splits)


@pytest.mark.parametrize("split", ["", "fold", "fold:0/5", "fold:6/5", "fold:1", "fold:a/b", "withing"])
def test_a_strange_split_is_refused(split: str) -> None:
    with pytest.raises(InputError, match="expected within, or fold:I/K"):
        chosen_split([], split)
