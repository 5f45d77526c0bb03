"""The commands as a user runs them: what they print, leave behind and answer to bad input.

The network here has random weights and finds no joint it is sure of: the honest answer is a report with amounts
withheld, which is all that these tests need.
"""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import click
import click.shell_completion
import numpy as np
import pytest

from asyconv.cli.main import COMMANDS, main
from asyconv.cli.options import Command
from asyconv.notice import NOTICE
from tests.helpers.blocked import without
from tests.helpers.commands import invoke, parse
from tests.helpers.real_data import ROOT, shared_data

OUTPUTS = {
    "tracks.parquet",
    "limb_series.parquet",
    "bouts.parquet",
    "limb_summary.parquet",
    "limb_summary.csv",
    "pair_summary.parquet",
    "pair_summary.csv",
    "body_summary.parquet",
    "body_summary.csv",
    "features_long.parquet",
    "data_dictionary.csv",
    "report.html",
    "manifest.json",
}


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(scope="session")
def results(recordings: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Process both recordings as one infant's; tests must not write here."""
    folder = tmp_path_factory.mktemp("processed")
    out = folder / "results"
    names = folder / "names.csv"
    result = invoke("process", recordings, "-o", out, "--model", model, "--infant", "baby-1", "--names", names)
    assert result.exit_code == 0, result.output
    assert sorted(result.stdout.splitlines()) == sorted(str(path) for path in out.glob("*/report.html"))
    assert "2 recordings: 2 made" in result.stderr
    assert NOTICE in result.stderr
    assert stat.S_IMODE(names.stat().st_mode) == 0o600
    assert len(names.read_text().splitlines()) == 3
    return out


def folders(out: Path) -> list[Path]:
    return sorted(path for path in out.iterdir() if path.is_dir() and not path.name.startswith("."))


def files(folder: Path) -> dict[str, bytes]:
    """Contents of everything below, but for the records of the runs."""
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: content for name, content in found.items() if not {".audit", ".log"} & set(Path(name).parts)}


def test_help_names_every_command_and_the_notice() -> None:
    result = invoke("--help")
    assert result.exit_code == 0
    assert NOTICE in flat(result.output)
    assert all(name in result.output for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    subcommands = command.commands if isinstance(command, click.Group) else {"": command}
    for subcommand, leaf in subcommands.items():
        result = invoke(name, *filter(None, [subcommand]), "--help")
        assert result.exit_code == 0
        assert NOTICE in flat(result.output)
        assert isinstance(leaf, Command)
        for line in leaf.example.splitlines():
            assert line.startswith(f"asyconv {name} {subcommand}".rstrip())
            assert f"  {line}\n" in result.output
            parse(line)


def test_options_of_process_stand_in_sections() -> None:
    text = invoke("process", "--help").output
    places = [
        text.index(f"\n{title}:\n") for title in ("The run", "The infant", "The camera", "Processes and clusters")
    ]
    assert places == sorted(places)
    assert (
        places[1]
        < text.index("\n  --infant ")
        < places[2]
        < text.index("\n  --head ")
        < places[3]
        < text.index("\n  --shard ")
    )


def test_the_shell_completes_commands_subcommands_and_options() -> None:
    def completed(*words: str) -> set[str]:
        *before, last = words
        shell = click.shell_completion.ShellComplete(main, {}, "asyconv", "_ASYCONV_COMPLETE")
        return {item.value for item in shell.get_completions(before, last)}

    assert completed("pro") == {"process"}
    assert completed("evaluate", "mo") == {"movement"}
    assert completed("process", "--sh") == {"--sheet", "--shard"}


def test_help_answers_at_once() -> None:
    """In less than 0.2 s of processor time above that of an empty program; the best of five, as others run too."""

    def cpu_s(code: str) -> float:
        before = os.times()
        subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=True)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    empty = min(cpu_s("pass") for _ in range(5))
    helps = min(cpu_s("from asyconv.cli.main import main; main(['--help'])") for _ in range(5))
    assert helps - empty < 0.2


@pytest.mark.parametrize("arguments", [["nonsense"], ["process"], ["process", "x"], ["simulate"], ["analyse", "x"]])
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    assert invoke(*arguments).exit_code == 2


def test_quiet_says_nothing_but_results_and_verbose_says_more(
    results: Path, recordings: Path, tmp_path: Path, model: Path
) -> None:
    given = ["analyse", results, "-o", results]
    quiet = invoke(*given, "--quiet")
    assert quiet.exit_code == 0
    assert quiet.stderr == ""
    assert len(quiet.stdout.splitlines()) == 2
    verbose = invoke("analyse", results, "-o", tmp_path / "out", "-v")
    assert verbose.stderr.count(": analysis ") == 2  # the stages of each recording
    refused = ["analyse", tmp_path / "none", "-o", tmp_path / "out"]
    assert "Traceback" not in invoke(*refused).stderr
    assert "Traceback" in invoke(*refused, "-v").stderr
    assert (
        invoke(*refused, "-q").stderr
        == f"asyconv: {tmp_path / 'none'}: expected tracks.parquet, here or below, and found none\n"
    )


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
    assert files(results) == before


def test_the_same_bytes_but_for_the_manifest(results: Path, recordings: Path, model: Path, tmp_path: Path) -> None:
    source = sorted(recordings.glob("*.oni"))[0]
    out = tmp_path / "out"
    result = invoke("process", source, "-o", out, "--model", model, "--infant", "baby-1", "--names", tmp_path / "n.csv")
    assert result.exit_code == 0
    made = folders(out)[0]
    old, new = files(results / made.name), files(made)
    del old["manifest.json"], new["manifest.json"]
    assert new == old


def test_dry_run_makes_no_folder(recordings: Path, model: Path, tmp_path: Path) -> None:
    result = invoke("process", recordings, "-o", tmp_path / "out", "--model", model, "--dry-run")
    assert result.exit_code == 0
    assert result.stderr.count(" new\n") == 2
    assert not (tmp_path / "out").exists()


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
    bad_inputs: dict[str, Path], recordings: Path, model: Path, tmp_path: Path
) -> None:
    good = sorted(recordings.glob("*.oni"))[0]
    out = tmp_path / "out"
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


def test_sheet_events_and_camera(results: Path, recordings: Path, model: Path, tmp_path: Path) -> None:
    first, second = sorted(recordings.glob("*.oni"))
    sheet, events, camera = tmp_path / "s.csv", tmp_path / "e.csv", tmp_path / "c.json"
    sheet.write_text(
        "file,recording_id,infant_id,camera_id,orientation,mirrored,exclude_reason,ward\n"
        f"{first.name},visit-1,baby-2,cam,up,yes,,3\n{second.name},,,,,,the infant was being fed,3\ngone.oni,,,,,,,\n"
    )
    events.write_text("recording_id,start_s,end_s,kind,reason\nvisit-1,0.1,0.2,handling,nappy\n")
    camera.write_text(json.dumps({"cam": {"fx_px": 500, "fy_px": 501, "cx_px": 320, "cy_px": 240}}))
    out = tmp_path / "out"
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


def test_new_events_reuse_tracks(results: Path, recordings: Path, model: Path, tmp_path: Path) -> None:
    source = sorted(recordings.glob("*.oni"))[0]
    out = tmp_path / "out"
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
    assert json.loads(after["manifest.json"])["made_by"] == json.loads(before["manifest.json"])["made_by"]
    kept = out / ".superseded" / name
    assert [files(folder) for folder in kept.iterdir()] == [before]


NO_TORCH = without("torch") + "\nfrom asyconv.cli.main import main\nmain()"


NO_TORCH_NO_GPU = NO_TORCH.replace("main()", "from asyconv.night import engines\nengines.gpu_count = lambda: 0\nmain()")


@pytest.mark.parametrize("workers", [0, 1])
def test_refusing_an_empty_folder_needs_no_torch(workers: int, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    command = [sys.executable, "-c", NO_TORCH_NO_GPU, "process", str(tmp_path / "empty"), "-o", str(tmp_path / "out")]
    done = subprocess.run([*command, "--workers", str(workers)], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "refused: empty: expected 16-bit gray PNG pictures, found none" in done.stderr
    assert "1 recording: 1 refused" in done.stderr


def test_dry_run_over_new_recordings_needs_no_torch(recordings: Path, model: Path, tmp_path: Path) -> None:
    arguments = ["process", str(recordings), "-o", str(tmp_path / "out"), "--model", str(model), "--dry-run"]
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("file,recording_id\n" + "".join(f"{p.name},{p.stem}-1\n" for p in recordings.glob("*.oni")))
    for stated in ([], ["--sheet", str(sheet)]):
        command = [sys.executable, "-c", NO_TORCH, *arguments, *stated]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count(" new\n") == 2


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


def test_analyse_needs_no_torch_and_gives_the_same_tables(results: Path, tmp_path: Path) -> None:
    folder = folders(results)[0]
    out = tmp_path / "out"
    command = [sys.executable, "-c", NO_TORCH, "analyse", str(folder / "tracks.parquet"), "-o", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    old, new = files(folder), files(out / folder.name)
    del old["manifest.json"], new["manifest.json"]
    assert new == old
    assert json.loads((out / folder.name / "manifest.json").read_text())["input"]["format"] == "oni"


def test_analyse_in_place_finds_everything_done(results: Path) -> None:
    before = files(results)
    result = invoke("analyse", results, "-o", results)
    assert result.exit_code == 0
    assert "2 recordings: 2 already done" in result.stderr
    assert files(results) == before


def test_analyse_refuses_what_holds_no_tracks(tmp_path: Path) -> None:
    result = invoke("analyse", tmp_path, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "expected tracks.parquet" in result.stderr


def test_check_prints_json(tmp_path: Path) -> None:
    sheet = tmp_path / "result_pz1.csv"
    sheet.write_text("not a sheet\n")
    result = invoke("check", tmp_path, "--json")
    assert result.exit_code == 1
    checked = json.loads(result.stdout)
    (finding,) = checked.pop("findings")
    assert (finding["file"], finding["row"], finding["kind"]) == (sheet.name, None, "unreadable sheet")
    assert checked == {"infants": 0, "rows": 0, "missing_pct": {}}


def test_one_report_about_two_recordings(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "infant.html"
    result = invoke("report", results, "-o", out)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{out}\n"
    text = out.read_text(encoding="utf8")
    for folder in folders(results):
        assert folder.name in text
    assert "baby-1" in text


def test_report_refuses_two_infants(results: Path, recordings: Path, model: Path, tmp_path: Path) -> None:
    source = sorted(recordings.glob("*.oni"))[0]
    other = tmp_path / "out"
    made = invoke("process", source, "-o", other, "--model", model, "--infant", "b-2", "--names", tmp_path / "n.csv")
    assert made.exit_code == 0
    result = invoke("report", results, other, "-o", tmp_path / "infant.html")
    assert result.exit_code == 1
    assert "expected recordings of one infant with its infant_id stated, found b-2, baby-1" in result.stderr


def test_simulate_wants_an_empty_folder(recordings: Path) -> None:
    result = invoke("simulate", recordings)
    assert result.exit_code == 1
    assert "expected an empty folder or none" in result.stderr


def test_demo_makes_two_reports_and_nothing_twice(model: Path, tmp_path: Path) -> None:
    result = invoke("demo", tmp_path / "demo", "--seconds", 0.6, "--model", model)
    assert result.exit_code == 0, result.output
    paths = sorted(Path(line) for line in result.stdout.splitlines())  # as they are done, two at a time
    assert len(paths) == 2
    assert all(path.is_file() for path in paths)
    before = files(tmp_path / "demo")
    result = invoke("demo", tmp_path / "demo", "--seconds", 0.6, "--model", model)
    assert sorted(Path(line) for line in result.stdout.splitlines()) == paths
    assert files(tmp_path / "demo") == before


def test_ctrl_c_is_exit_code_3_and_the_run_goes_on(recordings: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
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


def test_real_openni_recordings(model: Path, tmp_path: Path) -> None:
    folder = shared_data("openni_oni")
    out = tmp_path / "out"
    result = invoke("process", folder, "-o", out, "--model", model, "--names", tmp_path / "n.csv")
    assert result.exit_code == 1
    refused = [line for line in result.stderr.splitlines() if "refused: " in line]
    assert len(refused) == 2
    assert "state the frame rate" in refused[0]  # the folder is a recording too: it holds one 16-bit PNG without a time
    assert "kinect1_openni1_header_only_colour.oni" in refused[1]
    assert len(folders(out)) == 4
    warnings = [json.loads((one / "manifest.json").read_text())["warnings"] for one in folders(out)]
    assert sum("cut off" in " ".join(of_one) for of_one in warnings) == 1
