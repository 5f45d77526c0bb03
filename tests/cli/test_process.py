"""Process as a user runs it: its results, what it does again, bad input and what it is told of recordings."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from asyconv.notice import NOTICE
from tests.helpers.commands import invoke
from tests.helpers.real_data import ROOT, shared_data
from tests.helpers.result_folders import files, folders

OUTPUTS = {
    "tracks.parquet", "motion.parquet", "activity.parquet", "suggested_events.csv", "limb_series.parquet",
    "bouts.parquet", "limb_summary.parquet", "limb_summary.csv", "pair_summary.parquet", "pair_summary.csv",
    "body_summary.parquet", "body_summary.csv", "features_long.parquet", "data_dictionary.csv", "report.html",
    "manifest.json",
}  # fmt: skip


def test_a_result_folder_is_complete(results: Path) -> None:
    assert len(folders(results)) == 2
    for folder in folders(results):
        names = set(files(folder))
        assert names >= OUTPUTS
        figures = names - OUTPUTS
        assert figures
        assert all(name.startswith("figures/") and name.endswith((".png", ".svg", ".csv")) for name in figures)
        manifest = json.loads((folder / "manifest.json").read_text())
        assert set(manifest["outputs_sha256"]) == names - {"manifest.json"}
        assert manifest["recording_id"] == folder.name == f"rec-{manifest['input']['sha256'][:12]}"
        assert manifest["notice"] == NOTICE
        assert manifest["frames_used"] == 18


def test_results_hold_no_source_name_and_no_place(results: Path, recordings: Path) -> None:
    sources = [path.stem for path in recordings.glob("*.oni")]
    for name, content in files(results).items():
        for secret in (*sources, str(recordings), str(results), "source_names"):
            assert secret.encode() not in content, name


def test_again_changes_nothing(results: Path, recordings: Path, model: Path, tmp_path: Path) -> None:
    before = files(results)
    arguments = ["process", recordings, "-o", results, "--model", model, "--infant", "baby-1"]
    result = invoke(*arguments, "--names", tmp_path / "n.csv")
    assert result.exit_code == 0
    assert "2 recordings: 2 already done" in result.stderr
    assert len(result.stdout.splitlines()) == 2
    assert files(results) == before
    result = invoke(*arguments, "--rate", "6", "--dry-run")
    assert result.exit_code == 0
    assert "2 recordings: 2 stale" in result.stderr
    assert result.stderr.count("stale (made with other settings (rate full -> 6); --update makes it again)") == 2
    assert files(results) == before


def test_the_same_bytes_but_for_the_manifest(
    results: Path, recordings: Path, model: Path, tmp_path: Path, out: Path
) -> None:
    source = sorted(recordings.glob("*.oni"))[0]
    result = invoke("process", source, "-o", out, "--model", model, "--infant", "baby-1", "--names", tmp_path / "n.csv")
    assert result.exit_code == 0
    made = folders(out)[0]
    old, new = files(results / made.name), files(made)
    del old["manifest.json"], new["manifest.json"]
    assert new == old


def gray_png(path: Path, shape: tuple[int, ...], dtype: type) -> None:
    import cv2

    path.parent.mkdir(exist_ok=True)
    assert cv2.imwrite(str(path), np.full(shape, 100, dtype))


@pytest.fixture
def bad_inputs(tmp_path: Path) -> dict[str, Path]:
    """One of each kind of input that must be refused in a sentence."""
    bad = tmp_path / "bad"
    (bad / "empty").mkdir(parents=True)
    (bad / "unknown.txt").write_text("not a recording")
    (bad / "cut.oni").write_bytes(b"NI10" + bytes(3))
    for n in range(1, 4):
        gray_png(bad / "8bit" / f"{n}.png", (120, 160), np.uint8)
        gray_png(bad / "colour" / f"{n}.png", (120, 160, 3), np.uint16)
        gray_png(bad / "mixed" / f"{n}.png", (120 + n, 160), np.uint16)
    past = 1_000_000_000
    for path in [*bad.rglob("*"), bad]:
        os.utime(path, (past, past))
    return {path.name: path for path in bad.iterdir()} | {"absent": bad / "absent"}


def test_bad_input_is_named_and_the_rest_goes_on(
    bad_inputs: dict[str, Path], recordings: Path, model: Path, tmp_path: Path, out: Path
) -> None:
    good = sorted(recordings.glob("*.oni"))[0]
    given = [*bad_inputs.values(), good]
    result = invoke("process", *given, "-o", out, "--model", model, "--names", tmp_path / "n.csv")
    assert result.exit_code == 1
    refused = [line for line in result.stderr.splitlines() if line.startswith("asyconv: refused: ")]
    assert len(refused) == len(bad_inputs)
    for name in bad_inputs:
        assert sum(name in line for line in refused) == 1, (name, refused)
    assert "Traceback" not in result.stderr
    assert "failed (" not in result.stderr  # each is refused for what it is, not by accident
    assert len(folders(out)) == 1
    assert (out / ".failed").is_dir()


def test_results_that_cannot_be_written(recordings: Path, model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = invoke("process", recordings, "-o", tmp_path / "file", "--model", model)
    assert result.exit_code == 1
    assert "results cannot be written here" in result.stderr


def test_names_never_go_into_results(results: Path, recordings: Path, model: Path) -> None:
    arguments = ["process", recordings, "-o", results, "--model", model, "--infant", "baby-1"]
    result = invoke(*arguments, "--names", results / "names.csv")
    assert "expected a place outside RESULTS" in result.stderr
    assert not (results / "names.csv").exists()


def test_sheet_events_and_camera(results: Path, recordings: Path, model: Path, tmp_path: Path, out: Path) -> None:
    first, second = sorted(recordings.glob("*.oni"))
    sheet, events, camera = tmp_path / "s.csv", tmp_path / "e.csv", tmp_path / "c.json"
    sheet.write_text(
        "file,recording_id,infant_id,camera_id,orientation,mirrored,exclude_reason,ward\n"
        f"{first.name},visit-1,baby-2,cam,up,yes,,3\n{second.name},,,,,,the infant was being fed,3\ngone.oni,,,,,,,\n"
    )
    events.write_text("recording_id,start_s,end_s,kind,reason\nvisit-1,0.1,0.2,handling,nappy\n")
    camera.write_text(json.dumps({"cam": {"fx_px": 500, "fy_px": 501, "cx_px": 320, "cy_px": 240}}))
    result = invoke(
        *("process", recordings, "-o", out, "--model", model, "--names", tmp_path / "n.csv"),
        *("--sheet", sheet, "--events", events, "--camera", camera),
    )
    assert result.exit_code == 0, result.output
    assert "sheet line 4: no recording gone.oni" in result.stderr
    assert "column kept as it is: ward" in result.stderr
    assert "excluded (the infant was being fed)" in result.stderr
    assert [folder.name for folder in folders(out)] == ["visit-1"]
    manifest = json.loads((out / "visit-1" / "manifest.json").read_text())
    assert manifest["analysis"]["infant_id"] == "baby-2"
    assert manifest["analysis"]["sheet"]["ward"] == "3"
    assert manifest["analysis"]["events"][0]["reason"] == "nappy"

    from asyconv.tracks_file import read_tracks

    meta = read_tracks(out / "visit-1" / "tracks.parquet").meta
    assert (meta["head"], meta["mirrored"], meta["infant_id"]) == ("up", True, "baby-2")
    assert meta["intrinsics"] == {"fx_px": 500, "fy_px": 501, "cx_px": 320, "cy_px": 240, "source": "sheet"}


def test_new_events_reuse_tracks(results: Path, recordings: Path, model: Path, tmp_path: Path, out: Path) -> None:
    source = sorted(recordings.glob("*.oni"))[0]
    arguments = ["process", source, "-o", out, "--model", model, "--names", tmp_path / "n.csv"]
    assert invoke(*arguments).exit_code == 0
    name = folders(out)[0].name
    before = files(out / name)
    events = tmp_path / "e.csv"
    events.write_text(f"recording_id,start_s,end_s,kind\n{name},0,0.3,exclude\n")
    result = invoke(*arguments, "--events", events)
    assert "stale analysis (made with other settings (events); --update makes it again)" in result.stderr
    result = invoke(*arguments, "--events", events, "--update")
    assert f"{name} made" in result.stderr
    after = files(out / name)
    assert after["tracks.parquet"] == before["tracks.parquet"]
    assert after["motion.parquet"] == before["motion.parquet"]
    assert json.loads(after["manifest.json"])["made_by"] == json.loads(before["manifest.json"])["made_by"]
    kept = out / ".superseded" / name
    assert [files(folder) for folder in kept.iterdir()] == [before]


def test_motion_evidence_that_was_changed_is_made_again(
    recordings: Path, model: Path, tmp_path: Path, out: Path
) -> None:
    source = sorted(recordings.glob("*.oni"))[0]
    arguments = ["process", source, "-o", out, "--model", model, "--names", tmp_path / "n.csv"]
    assert invoke(*arguments).exit_code == 0
    folder = folders(out)[0]
    whole = (folder / "motion.parquet").read_bytes()
    (folder / "motion.parquet").write_bytes(whole[:-1])
    result = invoke("verify", out)
    assert result.exit_code == 1
    assert "motion.parquet" in result.output
    events = tmp_path / "e.csv"
    events.write_text(f"recording_id,start_s,end_s,kind\n{folder.name},0,0.3,exclude\n")
    result = invoke(*arguments, "--events", events, "--update")
    assert "tracked again" in result.stderr
    assert (folder / "motion.parquet").read_bytes() == whole


def test_a_model_that_cannot_be_used_is_one_sentence_and_no_recording_is_charged(
    recordings: Path, model: Path, tmp_path: Path
) -> None:
    from asyconv.pose.model_card import read_model
    from asyconv.pose.model_file import save_model
    from asyconv.pose.networks import Detection, Regression3d

    changed = bytearray(model.read_bytes())
    changed[-1] ^= 1
    (tmp_path / "changed.safetensors").write_bytes(changed)
    card = read_model(model).card
    save_model(tmp_path / "other.safetensors", Detection(0.25), Regression3d(0.25), card)  # its hash is right
    for name, sentence in (
        ("none", "expected a model file"),
        ("changed", "the file was changed"),
        ("other", "regression.layers.0.weight: expected (16, 21, 1, 3, 1), found (16, 21, 3, 3, 3)"),
    ):
        out = tmp_path / name
        path = tmp_path / f"{name}.safetensors"
        result = invoke("process", recordings, "-o", out, "--model", path, "--names", tmp_path / "n.csv")
        assert result.exit_code == 1
        assert sentence in result.stderr
        assert "refused" not in result.stderr
        assert not list(out.glob(".failed/*"))
        assert not list(out.glob("rec-*"))


def test_ctrl_c_is_exit_code_3_and_the_run_goes_on(recordings: Path, model: Path, tmp_path: Path, out: Path) -> None:
    command = [sys.executable, "-m", "asyconv.cli.main", "process", str(recordings), "-o", str(out)]
    command += ["--model", str(model), "--names", str(tmp_path / "n.csv"), "--workers", "1"]  # two are done at once
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    first = process.stdout.readline()  # the path of the first report
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert first.endswith("report.html\n")
    assert process.returncode == 3, said
    assert "the same command goes on where it stopped" in said
    assert len(folders(out)) == 1
    assert not list(out.glob(".tmp-*"))
    result = invoke("process", recordings, "-o", out, "--model", model, "--names", tmp_path / "n.csv")
    assert result.exit_code == 0
    assert "1 made, 1 already done" in result.stderr


def test_real_openni_recordings(model: Path, tmp_path: Path, out: Path) -> None:
    folder = shared_data("openni_oni")
    result = invoke("process", folder, "-o", out, "--model", model, "--names", tmp_path / "n.csv")
    assert result.exit_code == 1
    refused = [line for line in result.stderr.splitlines() if "refused: " in line]
    assert len(refused) == 2
    assert "state the frame rate" in refused[0]  # the folder is a recording too: it holds one 16-bit PNG without a time
    assert "kinect1_openni1_header_only_colour.oni" in refused[1]
    assert len(folders(out)) == 5  # four .oni files and an array of the frames of one of them
    warnings = [json.loads((one / "manifest.json").read_text())["warnings"] for one in folders(out)]
    assert sum("cut off" in " ".join(of_one) for of_one in warnings) == 1
