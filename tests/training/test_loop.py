"""Training: killed and resumed bit for bit, shared between processes, checkpointed activations, faults, model files."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from asyconv.analysis.evaluation.loss_curves import draw_losses
from asyconv.errors import InputError
from asyconv.labels.clip_set import ClipSet
from asyconv.pose.model_file import load_model
from asyconv.pose.networks import AsymmetricRegression, Detection, Regression3d
from asyconv.simulation.clips import make_clips
from asyconv.training.data import Batches
from asyconv.training.loop import learning_rate, make_networks, read_recipe, started, train, trained
from asyconv.training.losses import detection_loss, regression_loss
from asyconv.training.recipe import make_recipe
from asyconv.training.targets import draw_targets
from tests.helpers.commands import invoke, python

SMALL = (
    "width=0.0625", "infants=2", "detection.steps=4", "regression.steps=3", "detection.batch=2", "regression.batch=2",
    "detection.validate_every=2", "regression.validate_every=2",
)  # fmt: skip
RECIPE = make_recipe("useful", "compact", SMALL)


@pytest.fixture(scope="module")
def clips() -> ClipSet:
    return make_clips(RECIPE.seed, 0, 6)


@pytest.fixture(scope="module")
def tuning() -> ClipSet:
    return make_clips(RECIPE.seed + 1, 0, 2)


def same_weights(ours: nn.Module, theirs: nn.Module) -> None:
    for name, tensor in ours.state_dict().items():
        assert torch.equal(tensor, theirs.state_dict()[name]), name


def test_the_paper_takes_a_tenth_off_every_ten_epochs() -> None:
    told = make_recipe("paper", "paper").detection
    rates = [learning_rate(told, epoch * 7, 0, 7) for epoch in (0, 9, 10, 25)]
    np.testing.assert_allclose(rates, [0.01, 0.01, 0.009, 0.0081])


def test_the_useful_rate_warms_up_and_ends_at_a_hundredth() -> None:
    told = make_recipe("useful", "compact").detection
    assert learning_rate(told, 0, 7000, 1) == pytest.approx(told.rate / 200)
    assert learning_rate(told, 7000, 7000, 1) == pytest.approx(told.rate / 100)
    assert learning_rate(told, 0, 400, 1) == pytest.approx(told.rate / 40)  # a short training warms up in a tenth of it


def test_losses_by_hand(clips: ClipSet) -> None:
    batch = Batches(clips, replace(RECIPE, mirror=False, shift_map=0), "detection")[0]

    class Constant(nn.Module):
        def __init__(self, value: float) -> None:
            super().__init__()
            self.value = value

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.full((len(x), 20, *x.shape[2:]), self.value)

    # the logit 0 says one half everywhere: -log(1/2) whatever the target
    assert float(detection_loss(Constant(0.0), batch, RECIPE.detection)) == pytest.approx(np.log(2))
    told = replace(RECIPE.regression, crop=0, peak_weight=0.0)
    target = draw_targets(batch.xy_map, "regression", disc_radius=told.radius_map, sigma=told.sigma_map)
    stacked = torch.zeros(2, 21, 3, 96, 128)
    assert float(regression_loss(Constant(0.0), stacked, batch, told)) == pytest.approx(float(target.square().mean()))
    heavier = regression_loss(Constant(0.0), stacked, batch, replace(told, peak_weight=20.0))
    assert float(heavier) == pytest.approx(float((target.square() * (1 + 20 * target)).mean()))


COMMAND = [sys.executable, "-m", "asyconv.cli.main", "train"]
SCRIPT = """
import sys, torch
from pathlib import Path
from asyconv.training.recipe import make_recipe
from asyconv.simulation.clips import make_clips
from asyconv.training.processes import joined_processes
from asyconv.training.loop import train
torch.set_num_threads(1)
recipe = make_recipe("useful", "compact", sys.argv[2:], freeze_norms="freeze_norms=true" in sys.argv)
if __name__ == "__main__":
    with joined_processes() as place:
        train(Path(sys.argv[1]), recipe, make_clips(5, 0, 6), make_clips(6, 0, 1), place=place, workers=0)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return path


def test_two_processes_are_one_with_the_double_batch(tmp_path: Path, script: Path) -> None:
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    for name, how in (("one", [sys.executable]), ("two", launch)):
        done = subprocess.run(
            [*how, str(script), str(tmp_path / name), *SMALL, "freeze_norms=true"],
            capture_output=True, text=True, timeout=300, check=False,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    (_, one), (_, two) = trained(tmp_path / "one"), trained(tmp_path / "two")
    for ours, theirs in zip(one, two, strict=True):
        for name, tensor in ours.state_dict().items():
            torch.testing.assert_close(tensor, theirs.state_dict()[name], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("make", [Detection, AsymmetricRegression, Regression3d])
def test_activations_computed_again_change_nothing(make: type[nn.Module]) -> None:
    torch.manual_seed(0)
    plain = make(0.0625)
    again = make(0.0625)
    again.load_state_dict(plain.state_dict())
    again.recomputes = True  # type: ignore[assignment]
    x = torch.randn(2, 1 if make is Detection else 21, 3, 16, 16)
    for network in (plain, again):
        network.train()(x).square().mean().backward()
    same_weights(plain, again)  # statistics of the batch were counted once
    for ours, theirs in zip(plain.parameters(), again.parameters(), strict=True):
        assert ours.grad is not None
        assert theirs.grad is not None
        assert torch.equal(ours.grad, theirs.grad)


def test_frozen_norms_stay_and_the_rest_learns(tmp_path: Path, clips: ClipSet, tuning: ClipSet) -> None:
    recipe = replace(RECIPE, freeze_norms=True, averaging=0.0)
    torch.manual_seed(recipe.seed + 1)
    before = make_networks(recipe)[1].state_dict()
    _, after = train(tmp_path, recipe, clips, tuning, workers=0)
    for name, tensor in after.state_dict().items():
        is_norm = ".norm." in name
        assert torch.equal(tensor, before[name]) == is_norm, name


def test_without_progress_it_stops_by_itself_and_stays_stopped(tmp_path: Path, clips: ClipSet, tuning: ClipSet) -> None:
    still = replace(RECIPE.detection, rate=0.0, steps=20, patience=2)
    recipe = replace(RECIPE, detection=still, freeze_norms=True)
    for _ in range(2):
        train(tmp_path, recipe, clips, tuning, workers=0)
        rows = (tmp_path / "losses.csv").read_text().splitlines()
        validated = [row.split(",")[1] for row in rows if row.startswith("detection") and ",loss," in row]
        assert validated == ["2", "4", "6"]  # the best at once, and two that are no better


def test_it_begins_with_a_models_weights_and_takes_a_detection_as_it_is(
    tmp_path: Path, clips: ClipSet, tuning: ClipSet
) -> None:
    compact = load_model("compact")
    small = make_recipe("useful", "compact-3d", [*SMALL, "width=0.25", "regression.steps=1"])
    recipe, begun = started(small, detection_of="compact")
    assert recipe.start == ""
    assert len(recipe.detection_of) == 64
    train(tmp_path, recipe, clips, tuning, start=begun, workers=0)
    told, (detection, regression) = trained(tmp_path)
    assert told == recipe
    same_weights(detection, compact.detection)
    assert isinstance(regression, Regression3d)
    again, _ = started(small, detection_of=str(tmp_path))
    assert again.detection_of == recipe.detection_of  # the folder of a training gives the same
    with pytest.raises(InputError, match="expected weights of this architecture"):
        started(RECIPE, detection_of="compact")
    with pytest.raises(InputError, match="expected a regression network of kind 3x3x3, found asymmetric"):
        started(small, compact)
    with pytest.raises(InputError, match="expected networks of width 0.0625, found 0.25"):
        started(RECIPE, compact)


def test_a_folder_holds_one_training(tmp_path: Path, clips: ClipSet, tuning: ClipSet) -> None:
    train(tmp_path, RECIPE, clips, tuning, workers=0)
    assert read_recipe(tmp_path) == RECIPE
    with pytest.raises(InputError, match="expected the same settings as before"):
        train(tmp_path, replace(RECIPE, seed=9), clips, tuning, workers=0)


def test_a_loss_that_is_no_number_stops_it_and_the_last_checkpoint_stays(
    tmp_path: Path, clips: ClipSet, tuning: ClipSet
) -> None:
    changes = ["detection.rate=1e30", "detection.optimiser=sgd", "detection.steps=40", "detection.validate_every=1"]
    wild = make_recipe("useful", "compact", [*SMALL, *changes, "averaging=0"])
    with pytest.raises(InputError, match=r"expected a finite loss, found (nan|inf) at step \d+ of detection"):
        train(tmp_path, wild, clips, tuning, workers=0)
    assert (tmp_path / "detection.safetensors").is_file()
    with pytest.raises(InputError, match="expected a finished training, found detection at step"):
        trained(tmp_path)


LIMITED = """
import resource, sys
import asyconv.training.data
from asyconv.cli.main import main
if __name__ == "__main__":
    asyconv.training.data.VALIDATION_INFANTS = 1
    limit = int(sys.argv.pop(1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))  # what a full disk does to a larger file
    main()
"""


def test_a_full_disk_at_a_checkpoint_is_one_sentence_and_the_last_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, script = tmp_path / "run", tmp_path / "limited.py"
    script.write_text(LIMITED)
    monkeypatch.setattr("asyconv.training.data.VALIDATION_INFANTS", 1)
    arguments = ["train", str(out), *(f"--set={change}" for change in SMALL), "--workers", "0"]
    assert invoke(*arguments).exit_code == 0
    before = (out / "detection.safetensors").read_bytes()
    assert (out / "regression.safetensors").stat().st_size > 20_000
    (out / "regression.safetensors").unlink()
    limit = "20000"  # bytes: recipe and losses still fit, the regression network's checkpoint does not
    done = python(script, limit, *arguments)
    assert done.returncode == 1
    assert f"{out}: a training cannot be written here (File too large)" in done.stderr
    assert "Traceback" not in done.stderr
    assert "regression,2,loss" in (out / "losses.csv").read_text()
    assert (out / "detection.safetensors").read_bytes() == before
    assert not (out / "regression.safetensors").exists()
    assert [path.name for path in out.iterdir() if path.name.endswith(".part")] == []


def test_a_checkpoint_of_another_kind_is_refused(tmp_path: Path, clips: ClipSet, tuning: ClipSet) -> None:
    train(tmp_path / "a", RECIPE, clips, tuning, workers=0)
    wider = replace(RECIPE, width=0.125)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "detection.safetensors").write_bytes((tmp_path / "a" / "detection.safetensors").read_bytes())
    with pytest.raises(InputError, match=r"expected weights of this architecture with .*, found"):
        train(tmp_path / "b", wider, clips, tuning, workers=0)
    (tmp_path / "b" / "detection.safetensors").write_bytes(b"something else")
    with pytest.raises(InputError, match="expected a checkpoint of this version"):
        train(tmp_path / "b", wider, clips, tuning, workers=0)


def test_the_loss_curves_are_drawn(tmp_path: Path) -> None:
    lines = ["stage,step,what,value", *(f"detection,{step},training,{1 / step}" for step in (50, 100))]
    (tmp_path / "losses.csv").write_text("\n".join([*lines, "detection,100,loss,0.02", ""]))
    assert draw_losses(tmp_path / "losses.csv").read_bytes()[:4] == b"\x89PNG"


def test_a_recipe_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected the folder of a training"):
        trained(tmp_path)
    (tmp_path / "recipe.json").write_text(json.dumps({"preset": "useful"}))
    with pytest.raises(InputError, match="expected the folder of a training"):
        read_recipe(tmp_path)
