"""The loop of one's own infants on a small scale: labels, adapt, validate, and the sentence of the report."""

import copy
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from asyconv.analysis import analyse
from asyconv.analysis.report.first_page import doubts
from asyconv.analysis.report.trust import trust
from asyconv.errors import InputError
from asyconv.evaluation.adapted import adapt, gain_text, make_folder_of, with_thresholds_moved
from asyconv.evaluation.calibration import TRAINED_FRAMES
from asyconv.evaluation.held_out import HeldOutClips, labelled_clips
from asyconv.evaluation.joint_errors import evaluate_on
from asyconv.evaluation.keypoints import labelled_trunk_map
from asyconv.evaluation.presence_trade import SHIFTS
from asyconv.evaluation.seen_clips import SeenClips
from asyconv.evaluation.validation import export_validated, interval, interval_rows, never_trained, validated_section
from asyconv.labels.clip_set import ClipSet
from asyconv.pose.model_file import Model, load_model
from asyconv.pose.tracking import track
from asyconv.pose.validated import unlike_validated, validation_sentence
from asyconv.recordings.opening import open_recording
from asyconv.recordings.png_folder import SIMULATED_FILE
from asyconv.simulation.annotated import simulate_annotated
from asyconv.simulation.clips import make_clips
from asyconv.simulation.scene import CALM_INFANT
from asyconv.simulation.simulate import simulate
from asyconv.training.adapting import adapting_recipe, between, split_of
from asyconv.training.data import mixed, read_data_sets
from asyconv.training.recipe import changed
from tests.helpers.commands import invoke

CHANGES = ("detection.steps=2", "regression.steps=1", "detection.batch=2", "regression.batch=2")


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Labels of four calm infants that do not say that they are simulated."""
    folder = tmp_path_factory.mktemp("labels")
    simulate_annotated(folder, 4, 2.6, 21, condition=CALM_INFANT)
    for name in folder.rglob(SIMULATED_FILE):
        name.unlink()
    return folder


@pytest.fixture(autouse=True)
def _little_is_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyconv.training.data.simulated_clips", lambda *args: make_clips(5, 0, 8))
    monkeypatch.setattr("asyconv.evaluation.baselines.BASELINE_INFANTS", 1)
    monkeypatch.setattr("asyconv.evaluation.adapted.TUNING", (2, 1))


def test_from_labels_to_the_sentence_of_the_report(labels: Path, tmp_path: Path) -> None:
    start = load_model("compact")
    recipe = adapting_recipe(start, "float32")
    for change in CHANGES:
        recipe = changed(recipe, change)
    path, run = tmp_path / "own.safetensors", tmp_path / "run"
    adapted, own, simulated = adapt(path, start, [labels], recipe, run, simulated=(2, 1), workers=0)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["own.json", "own.safetensors"]  # no picture is left
    assert adapted.name == "compact-adapted"
    assert adapted.card["recipe"]["start"] == start.weights_hash
    assert len(own.data.infant_names or ()) == 1
    text = gain_text(own, simulated)
    assert "On 15 labelled frames of 1 infant that no step was learnt from" in text
    assert "of the visible joints are missed" in text
    assert "On simulated infants" in text
    assert adapted.card["model_validation"].startswith("validated on 15 labelled frames of 1 infant: ")
    assert len(adapted.card[TRAINED_FRAMES]) == 3 * 16 - 1  # of the validation infant the frames in whole clips

    validated = tmp_path / "validated.safetensors"
    camera = tmp_path / "camera.json"
    camera.write_text('{"fx_px": 575.8, "fy_px": 575.8, "cx_px": 319.5, "cy_px": 239.5}')
    result = invoke("validate", path, labels, "-o", validated, "--camera", camera, "--pictures", tmp_path / "worst.png")
    assert result.exit_code == 0, result.output
    assert "3 infants are left out: the model was trained on frames of them" in result.stderr
    assert "because they lie in no clip of three frames 1/6 s apart: 4" in result.stderr  # the last of each infant
    assert "results of the old file are stale" in result.stderr
    sentence = result.stdout.splitlines()[-1]
    assert sentence.startswith("validated on 15 labelled frames of 1 infant: ")
    assert sentence.endswith(" mm median")
    assert (tmp_path / "worst.png").stat().st_size > 5000
    model = load_model(validated)
    assert model.weights_hash != adapted.weights_hash
    assert model.card["model_validation"] == sentence
    for before, after in ((adapted.detection, model.detection), (adapted.regression, model.regression)):
        assert all((tensor == after.state_dict()[key]).all() for key, tensor in before.state_dict().items())

    recording = simulate(tmp_path / "recording", 1, 2.0, 3, condition=CALM_INFANT)[0]
    movement = analyse(track(open_recording(recording), model, rate="6"))
    assert f"The pose model was {sentence}." in doubts(movement)
    facts = dict(trust(movement)["facts"])
    assert facts["Validation"] == sentence
    assert "simulated" not in facts["Pose model"]


def test_labels_of_simulated_infants_validate_nothing(labels: Path, tmp_path: Path) -> None:
    model = load_model("compact")
    data = dataclasses.replace(labelled_clips(read_data_sets([labels])[:1]), simulated=True)
    section = validated_section(evaluate_on(model, data), data, None, 640)
    written = export_validated(tmp_path / "model.safetensors", model, section)
    assert written.card["model_validation"] == "simulated_only"
    assert written.card["validated"] == section


def test_a_validated_model_never_takes_the_place_of_the_one_that_was_measured(labels: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.safetensors"
    own.write_bytes(b"")
    result = invoke("validate", own, labels, "-o", own, "--overwrite")
    assert result.exit_code == 1
    assert "this is an input, and no output may replace it" in result.stderr
    result = invoke("validate", "compact", labels, "--pictures", tmp_path / "worst.jpg")
    assert result.exit_code == 1
    assert "expected a name that ends in .png" in result.stderr


def test_infants_of_the_training_are_left_out(labels: Path) -> None:
    model = load_model("compact")
    data = labelled_clips(read_data_sets([labels]))
    kept, seen = never_trained(model, data)
    assert seen == 0
    assert kept.what == "4 annotated infants"
    known = dataclasses.replace(model, card={TRAINED_FRAMES: _names(data, 1) + _names(data, 3)})
    kept, seen = never_trained(known, data)
    assert seen == 2
    assert kept.infant_names == ("pz1", "pz3")
    assert kept.what == "2 annotated infants"
    assert np.unique(kept.infant).tolist() == [0, 1]
    everyone = [name for number in range(4) for name in _names(data, number)]
    with pytest.raises(InputError, match="expected an infant that the model was not trained on"):
        never_trained(dataclasses.replace(model, card={TRAINED_FRAMES: everyone}), data)


def _names(data: HeldOutClips, infant: int) -> list[str]:
    from asyconv.evaluation.calibration import frame_hashes

    clip = int(np.flatnonzero(data.infant == infant)[0])
    return frame_hashes(ClipSet(data.clips.depth[clip : clip + 1], *([np.empty(0)] * 2)))[:1]  # type: ignore[arg-type]


def test_too_few_infants_or_frames_are_refused_with_the_reason(labels: Path, tmp_path: Path) -> None:
    assert split_of(read_data_sets([labels])) == "fold:1/4"
    with pytest.raises(InputError, match="expected clips of 3 infants at least, found 1: some are learnt from"):
        split_of(read_data_sets([labels / "result_pz1.csv"]))
    result = invoke("adapt", labels / "result_pz1.csv", "-o", tmp_path / "own.safetensors")
    assert result.exit_code == 1
    assert "expected clips of 3 infants at least, found 1" in result.stderr
    assert not list(tmp_path.iterdir())
    simulate_annotated(tmp_path, 3, 1.0, 22, condition=CALM_INFANT)
    with pytest.raises(InputError, match="expected 50 labelled frames in clips at least, found 18"):
        split_of(read_data_sets([tmp_path]))
    with pytest.raises(InputError, match="infant pz1: expected each infant in one data set, found it in two"):
        read_data_sets([labels, tmp_path])


def test_an_adapted_model_sees_what_the_one_before_saw(labels: Path, tmp_path: Path) -> None:
    result = invoke("adapt", labels, "-o", tmp_path / "own.safetensors", "--set", "crop_to_infant=false")
    assert result.exit_code == 1
    said = "setting crop_to_infant: expected true, as in the model that is adapted, got false"
    assert result.stderr.splitlines()[-1].endswith(said)


def test_a_training_that_was_stopped_goes_on_with_the_same_labels_and_settings_alone(
    labels: Path, tmp_path: Path
) -> None:
    annotated, recipe, said = read_data_sets([labels]), adapting_recipe(load_model("compact"), "float32"), list[str]()
    moved = [dataclasses.replace(annotated[0], xy_px=annotated[0].xy_px + 1.0), *annotated[1:]]
    run, faster = tmp_path / "run", changed(recipe, "detection.rate=0.01")
    for of, settings, goes_on in (
        (annotated, recipe, False), (annotated, recipe, True), (annotated[:3], recipe, False), (moved, recipe, False),
        (moved, recipe, True), (moved, faster, False),
    ):  # fmt: skip
        make_folder_of(run, settings, of, said.append)
        assert (run / "losses.csv").exists() == goes_on
        (run / "losses.csv").touch()
    assert said == ["the training that was stopped had other labels or settings; this one begins anew"] * 3


def test_thresholds_move_until_as_much_is_invented_as_before(labels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_model("compact")
    networks = (copy.deepcopy(model.detection), copy.deepcopy(model.regression))
    data = labelled_clips(read_data_sets([labels])[:1])
    invented = {"before": {0.0: 10.0}, "after": {-1.0: 14.0, -0.75: 9.0, -0.5: 8.0, 0.0: 5.0}}

    def trade(of: Model, data: HeldOutClips, seen: ClipSet) -> list[dict[str, float]]:
        known = invented["after" if of.detection is networks[0] else "before"]
        return [{"shift": shift, "invented_pct": known.get(shift, 20.0 if shift < 0 else 5.0)} for shift in SHIFTS]

    monkeypatch.setattr("asyconv.evaluation.adapted.presence_trade", trade)
    monkeypatch.setattr("asyconv.evaluation.adapted.seen_by", lambda of, data: SeenClips(data.clips))
    moved = with_thresholds_moved(model, networks, [data])
    kept, new = (np.array(of.settings.presence_thresholds) for of in (model, moved))
    np.testing.assert_allclose(np.log(new / (1 - new)), np.log(kept / (1 - kept)) - 0.75, atol=2e-3)
    assert moved.settings == dataclasses.replace(model.settings, presence_thresholds=tuple(new.tolist()))
    same = with_thresholds_moved(model, (model.detection, model.regression), [data])
    np.testing.assert_allclose(same.settings.presence_thresholds, kept, atol=1e-4)
    always_more = dict.fromkeys(SHIFTS, 12.0)
    for after in ({0.0: 12.0, 0.25: 11.0}, always_more):  # more than before, until the thresholds are much higher
        invented["after"] = after
        stays = with_thresholds_moved(model, networks, [data])
        np.testing.assert_allclose(stays.settings.presence_thresholds, kept, atol=1e-4)


def test_the_weights_are_the_mean_of_those_before_and_after_the_training() -> None:
    before, trained = nn.Linear(2, 1), nn.Linear(2, 1)
    for network, value in ((before, 0.0), (trained, 10.0)):
        for parameter in network.parameters():
            nn.init.constant_(parameter, value)
    given = between(before, trained)
    assert torch.cat([parameter.flatten() for parameter in given.parameters()]).tolist() == pytest.approx([7.0] * 3)
    assert before.bias.item() == 0.0


def test_simulated_clips_get_their_share() -> None:
    own, simulated = (ClipSet(np.full((n, 3, 1, 1), n, np.uint16), np.empty((n, 0)), np.empty((n, 0))) for n in (5, 60))  # type: ignore[arg-type]
    for share in (0.5, 0.75):
        assert (mixed(own, simulated, share).depth[:, 0] == 60).mean() == share


def test_an_interval_is_of_infants() -> None:
    assert interval([1.0, None, 3.0]) is None
    assert interval([1.0, 2.0, 3.0]) == pytest.approx((2.0, 2.0 - 4.3027 / 3**0.5, 2.0 + 4.3027 / 3**0.5), abs=1e-3)


def test_no_interval_of_a_share_reaches_beyond_all_and_none(labels: Path) -> None:
    model = load_model("compact")
    data = labelled_clips(read_data_sets([labels])[:3])
    evaluation = evaluate_on(model, data)
    infants = [row | {"missed_pct": missed} for row, missed in zip(evaluation.infants, (1.0, 50.0, 99.0), strict=True)]
    rows = interval_rows(dataclasses.replace(evaluation, infants=infants), data)
    (missed,) = [row for row in rows if row["measure"] == "missed_pct"]
    assert (missed["low"], missed["mean_of_infants"], missed["high"]) == (0.0, 50.0, 100.0)


def test_trunks_of_labels_are_those_of_frames_in_which_they_are_seen() -> None:
    truth = np.zeros((2, 3, 12, 2))
    truth[:, :, [8, 9], 1] = 20.0  # hips
    visible = np.ones((2, 3, 12), bool)
    truth[0, 1, 8] = 0.0  # a hidden joint has no place
    visible[0, 1, 8] = False
    visible[1, :, 2] = False
    trunks = labelled_trunk_map(truth, visible, np.array([0, 1]))
    assert trunks[0].tolist() == [20.0, 20.0, 20.0]
    assert np.isnan(trunks[1]).all()


def test_a_recording_unlike_those_of_the_validation_is_named() -> None:
    section = {"fx_px": 575.8, "width_px": 640, "distance_mm": [580.0, 640.0], "fps_hz": 30.0}
    like: dict[str, Any] = {"width_px": 640, "fx_px": 575.8, "distance_mm": 600.0, "fps_hz": 30.0}
    assert unlike_validated(None, **like) == []
    assert unlike_validated(section, **like) == []
    assert unlike_validated(section, **{**like, "width_px": 320, "fx_px": 287.9}) == []  # the same view, half the size
    for change, said in (
        ({"fx_px": 700.0}, "a camera with another field of view, 1.09 here, 0.90"),
        ({"distance_mm": 900.0}, "a camera at another height, 900 mm here, 580 to 640 mm there"),
        ({"fps_hz": 15.0}, "another frame rate, 15 Hz here, 30 Hz there"),
    ):
        (sentence,) = unlike_validated(section, **{**like, **change})
        assert sentence.startswith("unlike what the model was validated on: ")
        assert said in sentence


def test_the_sentence_of_a_validation() -> None:
    section: dict[str, Any] = {"frames": 214, "infants": 5, "median_mm": 7.04, "median_px": 6.0}
    assert validation_sentence(section) == "validated on 214 labelled frames of 5 infants: 7.0 mm median"
    section |= {"infants": 1, "median_mm": None}
    assert validation_sentence(section) == "validated on 214 labelled frames of 1 infant: 6.0 px median"


def test_a_model_of_another_shape_keeps_it(model: Path) -> None:
    start: Model = load_model(model)
    recipe = adapting_recipe(start, "float32")
    assert (recipe.width, recipe.deep_detection) == (start.settings.width, start.settings.deep_detection)
    assert recipe.regression_arch == start.settings.arch


def test_several_processes_are_refused(labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    result = invoke("adapt", labels, "-o", tmp_path / "own.safetensors")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].endswith("adapt: expected one process, found 2; call it without torchrun")
    assert not list(tmp_path.iterdir())
