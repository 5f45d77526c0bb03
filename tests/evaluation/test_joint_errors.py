"""Errors by hand: RMSD in three units, missed and invented joints, masks, reliability, conditions and their tables."""

import csv
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from asyconv.analysis.evaluation.error_plots import limb_boxes, reliability_curve
from asyconv.errors import InputError
from asyconv.evaluation.conditions import CONDITIONS, conditions_text, evaluate_conditions
from asyconv.evaluation.error_tables import text, write_tables
from asyconv.evaluation.held_out import HeldOutClips, driven_infants, held_out
from asyconv.evaluation.joint_errors import Evaluation, evaluate_on
from asyconv.evaluation.predictions import Predictions, mask_counts
from asyconv.evaluation.reliability import calibration_error, reliability_rows
from asyconv.evaluation.rmsd import limb_rmsd, rmsd_rows
from asyconv.evaluation.seen_clips import SeenClips, seen_round
from asyconv.labels.clip_set import ClipSet
from asyconv.pose.model_file import load_model
from asyconv.simulation.clips import condition_of, make_clips
from asyconv.simulation.infant import project
from asyconv.simulation.scene import CALM_INFANT, Condition, make_infant, sensed_depth, true_depth
from asyconv.simulation.seeds import TEST_SEED
from asyconv.skeleton import JOINTS, LIMBS, N_JOINTS
from asyconv.training.recipe import make_recipe
from tests.helpers.commands import invoke


def test_rmsd_by_hand() -> None:
    truth, found = np.zeros((1, 12, 2)), np.zeros((1, 12, 2))
    found[0, 2] = 3.0, 4.0  # the right shoulder is 5 off, elbow and wrist are right
    visible = np.ones((1, 12), bool)
    rmsd = limb_rmsd(found, truth, visible)
    assert rmsd["right_arm"][0] == pytest.approx(5 / np.sqrt(3))
    assert rmsd["left_leg"][0] == 0.0
    visible[0, 2] = False
    found[0, 1] = np.nan  # only the wrist is left
    assert limb_rmsd(found, truth, visible)["right_arm"][0] == 0.0
    visible[0, 0] = False
    assert np.isnan(limb_rmsd(found, truth, visible)["right_arm"][0])


def test_rows_give_three_units_and_say_what_counted() -> None:
    truth, found = np.zeros((2, 12, 2)), np.zeros((2, 12, 2))
    found[:, [2, 1, 0], 0] = np.array([[1.0], [3.0]])  # the right arm is 1 off in one frame, 3 in the other
    found[1, 0] = np.nan
    visible = np.ones((2, 12), bool)
    visible[:, list(LIMBS["left_leg"])] = False
    rows = {row["limb"]: row for row in rmsd_rows("model", found, truth, visible, np.full((2, 12), 4.5))}
    arm = rows["right_arm"]
    assert (arm["n_frames"], arm["n_joints"]) == (2, 5)
    assert (arm["map_px_p25"], arm["map_px_p50"], arm["map_px_p75"]) == (1.5, 2.0, 2.5)
    assert (arm["native_px_p50"], arm["mm_p50"]) == (10.0, 9.0)
    assert (rows["left_leg"]["n_frames"], rows["left_leg"]["map_px_p50"]) == (0, None)


def test_masks_are_counted_in_pixels() -> None:
    xy = np.full((1, 3, 12, 2), 20.0, np.float32)
    visible = np.zeros((1, 3, 12), bool)
    visible[0, 0, 4] = True  # a disc of radius 1 is a cross of 5 pixels
    probability = torch.zeros(1, 20, 3, 40, 40)
    probability[0, 4, 0, 20, 19:23] = 0.5  # three of them, and one beside
    probability[0, 13, 2, 0, 0] = 0.9
    counts = mask_counts(probability, xy, visible, 1.0)
    assert counts[4].tolist() == [3, 1, 2]
    assert counts[13].tolist() == [0, 1, 0]
    assert counts.sum() == 7


def test_calibration_error_by_hand() -> None:
    confidence = np.array([0.1, 0.2, 0.8, 0.9])
    right = np.array([False, False, True, True])
    rows = reliability_rows(confidence, right, bins=2)
    found = [(row["n_joints"], round(row["confidence"], 6), row["share_right"]) for row in rows]
    assert found == [(2, 0.15, 0.0), (2, 0.85, 1.0)]
    assert calibration_error(confidence, right, bins=2) == pytest.approx(0.15)
    assert calibration_error(np.array([0.0, 1.0]), np.array([False, True])) == 0.0


@pytest.fixture(scope="module")
def data() -> HeldOutClips:
    return held_out(TEST_SEED, 2, 2)


def test_held_out_infants_are_the_test_clips_with_the_millimetres_of_a_map_pixel(data: HeldOutClips) -> None:
    np.testing.assert_array_equal(data.clips.depth[2:], make_clips(TEST_SEED, 1, 2).depth)
    assert data.infant.tolist() == [0, 0, 1, 1]
    assert data.what == f"2 SIMULATED infants of seed {TEST_SEED}, never trained on"
    # 5 native px at a focal length of 575.8 px: 5 mm at 576 mm, and infants lie 0.42 to 0.66 m away
    assert 3.6 < data.mm_per_map.min() < data.mm_per_map.max() < 5.8


@pytest.fixture(scope="module")
def evaluation(data: HeldOutClips) -> Evaluation:
    """An oracle that is 1 map px off to the right, misses the first joint of frame 0 and invents what is hidden."""
    truth, visible = data.clips.xy_map.astype(np.float64), data.clips.visible
    found = truth + np.array([1.0, 0.0])
    found[0, 0, np.flatnonzero(visible[0, 0])[0]] = np.nan
    with pytest.MonkeyPatch.context() as patch:
        oracle = Predictions(found, np.ones(visible.shape), np.ones(visible.shape))
        patch.setattr("asyconv.evaluation.joint_errors.predict", lambda *rest: oracle)
        patch.setattr("asyconv.evaluation.joint_errors.seen_by", lambda model, data: SeenClips(data.clips))
        patch.setattr("asyconv.evaluation.baselines.BASELINE_INFANTS", 2)
        return evaluate_on(load_model("compact"), data)


def test_an_oracle_that_is_one_pixel_off_is_measured_so(data: HeldOutClips, evaluation: Evaluation) -> None:
    visible = data.clips.visible
    assert evaluation.median_map() == dict.fromkeys(LIMBS, 1.0)
    own = [row for row in evaluation.errors if row["predictor"] == "model"]
    assert all(row["native_px_p50"] == pytest.approx(5.0, abs=1e-5) for row in own)
    assert evaluation.totals["missed_pct"] == pytest.approx(100 / visible.sum())
    assert evaluation.totals["invented_pct"] == pytest.approx(100 * (~visible).sum() / (visible.size - 1))
    assert evaluation.totals["invented_far_pct"] == 0.0
    assert evaluation.totals["pck_0.1_trunk_pct"] == pytest.approx(100 * (1 - 1 / visible.sum()))
    assert sum(row["n_joints"] for row in evaluation.joints) == visible.sum() - 1
    assert [row["infant"] for row in evaluation.infants] == [0, 1]
    assert {row["predictor"] for row in evaluation.errors} == {
        "model", "same infant's mean", "other infants' mean", "image centre",
    }  # fmt: skip


def test_text_says_what_it_was_measured_on_in_120_columns(evaluation: Evaluation) -> None:
    lines = text(evaluation).splitlines()
    assert max(len(line) for line in lines) <= 120
    assert lines[0].endswith(f"on 2 SIMULATED infants of seed {TEST_SEED}, never trained on")
    assert any(line.startswith("n frames / joints") for line in lines)


def test_every_row_of_every_table_names_the_data_and_the_notice(evaluation: Evaluation, tmp_path: Path) -> None:
    written = write_tables(evaluation, tmp_path / "new")
    assert {path.name for path in written} == {
        "errors.csv", "joints.csv", "infants.csv", "masks.csv", "reliability.csv", "totals.csv",
    }  # fmt: skip
    for path in written:
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                assert "SIMULATED" in row["held_out"]
                assert row["notice"].startswith("For research use only.")


def test_figures_hold_their_data(evaluation: Evaluation) -> None:
    boxes = limb_boxes({"a (one)": evaluation.rmsd_map, "b (two)": evaluation.rmsd_map}, "SIMULATED")
    assert boxes.data.height == 2 * len(LIMBS)
    assert boxes.data["p50"].to_list() == pytest.approx([1.0] * 8, abs=1e-5)
    curve = reliability_curve(evaluation.reliability, 0.1, "SIMULATED")
    assert curve.data["n_joints"].sum() == evaluation.frames * N_JOINTS
    assert all(picture.png().startswith(b"\x89PNG") for picture in (boxes, curve))


def test_a_condition_changes_what_it_names_and_nothing_else() -> None:
    times = np.arange(3) / 6.0
    plain = make_infant(TEST_SEED, 4, times)
    rolled = make_infant(TEST_SEED, 4, times, condition=Condition(roll_deg=25.0))
    assert dataclasses.replace(rolled.placement, roll_deg=plain.placement.roll_deg) == plain.placement
    far = make_infant(TEST_SEED, 4, times, condition=Condition(distance_mm=700.0))
    assert far.distance_mm == 700.0
    np.testing.assert_array_equal(far.joints_bed, plain.joints_bed)
    tilted = make_infant(TEST_SEED, 4, times, condition=Condition(tilt_deg=10.0))
    assert np.degrees(np.arcsin(tilted.turn_camera[2, 1])) == pytest.approx(10.0, abs=0.5)
    covered = make_infant(TEST_SEED, 4, times, condition=Condition(covered=(0,), hand=True))
    assert len(covered.cloths) == len(plain.cloths) + 1
    assert len(covered.visits) == len(plain.visits) + 1
    assert covered.visits[-1].start_s < 0 < times[-1] < covered.visits[-1].end_s
    for before, after in zip(plain.cloths, covered.cloths, strict=False):
        np.testing.assert_array_equal(before.mask, after.mask)
    noisy = make_infant(TEST_SEED, 4, times, condition=Condition(noise=3.0, holes=10.0))
    z_mm, _ = true_depth(plain, 0)
    holes = [(sensed_depth(infant, 0, z_mm) == 0).mean() for infant in (plain, noisy)]
    assert 0.02 < holes[1] - holes[0] < 0.04  # 3 % instead of 0.3 % where nothing else makes holes


def test_errors_by_condition(monkeypatch: pytest.MonkeyPatch) -> None:
    two = {name: CONDITIONS[name] for name in ("calm", "camera at 480 mm")}
    monkeypatch.setattr("asyconv.evaluation.conditions.CONDITIONS", two)
    assert CONDITIONS["calm"] is CALM_INFANT

    def oracle(model: Any, clips: ClipSet) -> Predictions:
        sure = np.ones(clips.visible.shape)
        return Predictions(clips.xy_map + np.array([0.0, 2.0]), sure, sure)

    monkeypatch.setattr("asyconv.evaluation.conditions.predict", oracle)
    monkeypatch.setattr("asyconv.evaluation.conditions.seen_by", lambda model, data: SeenClips(data.clips))
    rows = list(evaluate_conditions(load_model("compact"), 1, 1, TEST_SEED))
    assert [row["condition"] for row in rows] == list(two)
    assert rows[1]["left_leg_map_px_p50"] == pytest.approx(2.0, abs=1e-5)
    assert rows[0]["missed_pct"] == 0.0
    lines = conditions_text(rows).splitlines()
    assert len(lines) == 4
    assert max(map(len, lines)) <= 120


def test_errors_of_a_model_that_crops_are_those_on_the_map_of_the_whole_picture(data: HeldOutClips) -> None:
    joints = np.where(data.clips.visible[..., None], data.clips.xy_map, np.nan)
    seen = seen_round(data, joints)
    sure = np.ones(seen.clips.visible.shape)
    found = seen.on_the_whole(Predictions(seen.clips.xy_map.astype(np.float64), sure, sure)).xy_map
    assert all(geometry.crop is not None for geometry in seen.seen)
    np.testing.assert_allclose(found, data.clips.xy_map, atol=1e-4)
    assert (seen.clips.depth != data.clips.depth).mean() > 0.5
    assert (seen.clips.visible <= data.clips.visible).all()


def test_the_command_writes_tables_and_curve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyconv.evaluation.baselines.BASELINE_INFANTS", 2)
    folder = tmp_path / "errors"
    result = invoke("evaluate", "errors", "--infants", 1, "--clips", 1, "-o", folder)
    assert result.exit_code == 0, result.output
    assert "compact" in result.stdout
    written = {path.name for path in folder.iterdir()}
    assert {"errors.csv", "reliability.csv", "reliability.png", "worst_frames.png", "presence_trade.png"} <= written
    with (folder / "joints.csv").open(newline="") as file:
        assert [row["joint"] for row in csv.DictReader(file)] == list(JOINTS)
    result = invoke("evaluate", "compare", "compact")
    assert result.exit_code == 2
    assert "Missing option '-o' / '--output'" in result.stderr


def test_the_test_part_of_an_annotated_training_takes_the_place_of_simulated_infants(
    data: HeldOutClips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = invoke("evaluate", "errors", "--test-of", tmp_path)
    assert result.exit_code == 1
    assert "expected the folder of a training" in result.stderr
    result = invoke("evaluate", "conditions", "--test-of", tmp_path)
    assert result.exit_code == 2
    recipe = dataclasses.replace(make_recipe("paper", "paper"), split="by infant, fold 1 of 2")
    monkeypatch.setattr("asyconv.training.loop.read_recipe", lambda run: recipe)
    what, unknown = "2 annotated infants, by infant, fold 1 of 2", np.full(data.mm_per_map.shape, np.nan)
    part = dataclasses.replace(data, what=what, mm_per_map=unknown, simulated=False)
    monkeypatch.setattr("asyconv.evaluation.held_out.annotated_part", lambda run, name, split: part)
    monkeypatch.setattr("asyconv.evaluation.baselines.BASELINE_INFANTS", 2)
    result = invoke("evaluate", "errors", "--test-of", tmp_path)
    assert result.exit_code == 0
    assert what in result.stdout
    assert "simulated infants' mean, map px" in result.stdout
    assert "model, native px" in result.stdout
    assert "model, mm" not in result.stdout  # the camera is not known


def test_infants_that_follow_given_joints_count_only_where_these_are_known(tmp_path: Path) -> None:
    from asyconv.labels.label_sheets import cells_of, write_label_sheet

    at_s = np.arange(40) / 6.0
    for number in range(2):
        infant = make_infant(31, number, at_s)
        xy = project(infant.to_camera(infant.joints_bed))
        xy[10:, 0] = np.nan  # the first joint is lost after 1.7 s
        rows = [(f"{5 * k}_8bit.png", cells_of(place)) for k, place in enumerate(xy)]
        write_label_sheet(tmp_path / f"result_pz{number}.csv", rows)
    data = driven_infants(tmp_path, 6, 4)
    assert data.infant_names == ("result_pz0", "result_pz1")
    assert "moved by the joints of 2 files" in data.what
    assert data.has_truth is not None
    assert not data.has_truth[2:6, :, 0].any()
    assert data.has_truth[..., 1:].all()
    assert not (data.clips.visible & ~data.has_truth).any()
    evaluation = evaluate_on(load_model("compact"), data)
    wrist = evaluation.joints[0]
    assert wrist["n_joints"] <= 2 * 3 * 2  # nothing is counted where nobody knows
    assert {row["infant"] for row in evaluation.infants} == set(data.infant_names)
    covered = evaluation.totals["limbs_covered_pct"], evaluation.totals["limbs_covered_if_perfect_pct"]
    assert covered[0] is not None
    assert covered[1] is not None
    assert covered[1] <= 75.0  # the right arm of both is known in a quarter of the time
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="expected tracks .* found none"):
        driven_infants(tmp_path / "empty", 6, 4)


def test_a_share_of_held_out_infants_is_varied() -> None:
    calm, mixed = held_out(TEST_SEED, 3, 1), held_out(TEST_SEED, 3, 1, varied_share=0.65)
    same = [(calm.clips.xy_map[n] == mixed.clips.xy_map[n]).all() for n in range(3)]
    assert same == [not condition_of(TEST_SEED, n, 0.65).varied for n in range(3)]
    assert "65 % of them varied" in mixed.what
    assert "varied" not in calm.what
