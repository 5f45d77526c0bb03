"""What `process` takes for input, what it leaves aside and says so, and what a result is made from."""

import json
import os
import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from asyconv.cli import process as process_command
from asyconv.cli.compose import NO_LINE, TRACKED_AGAIN
from asyconv.night import audit, batch, results
from asyconv.night.child import Task
from asyconv.night.engines import Ended, Inline
from asyconv.night.sources import ready_at
from asyconv.tracks_file import BESIDE
from tests.helpers.commands import invoke

TRACKS = "tracks.parquet"


def test_results_lie_apart_from_every_input(ward: Path, tmp_path: Path) -> None:
    first = sorted(ward.glob("*.oni"))[0]
    (tmp_path / "link").symlink_to(ward)
    before = sorted(ward.rglob("*"))
    for given, out in (
        (ward, ward),
        (ward, ward / "results"),
        (ward, tmp_path),
        (first, ward),
        (ward, tmp_path / "link"),
        (tmp_path / "link", ward / "results"),
    ):
        result = invoke("process", given, "-o", out)
        assert result.exit_code == 1
        assert "expected a folder for results apart from the input" in result.stderr
    other = shutil.copytree(ward, tmp_path / "other")
    result = invoke("process", ward, "-o", other)
    assert f"expected a folder for results alone, found the recording {first.name} in it" in result.stderr
    assert sorted(ward.rglob("*")) == before
    assert not list(tmp_path.rglob(".asyconv-ignore"))


def test_wrong_folders_of_results_are_refused_and_left_as_they_are(ward: Path, results: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    before = sorted(path for path in tmp_path.rglob("*"))
    one = sorted(results.glob("rec-*"))[0]
    for given, found in (
        (ward, "found another folder"),
        (tmp_path / "empty", "found another folder"),
        (tmp_path / "nowhere", "found none"),
        (tmp_path / "file", "found a file"),
        (one, "found the result of one recording"),
    ):
        for command in ("cohort", "status", "verify"):
            result = invoke(command, given)
            assert (result.exit_code, result.stdout) == (1, "")
            assert f"{given}: expected a folder of results, {found}" in result.stderr
    for arguments, said in (
        (("analyse", one, "-o", ward), "expected a folder for results alone"),
        (("analyse", one, "-o", one), "found the result of one recording"),
        (("process", ward, "-o", one), "found the result of one recording"),
        (("process", ward, "-o", tmp_path / "out", "--names", tmp_path / "out" / "n.csv"), "expected a place outside"),
        (("export", one, "--to", "tidy", "-o", one / "joints.csv"), "expected a file outside of the result folder"),
        (("train", results), "expected a place outside the results"),
    ):
        result = invoke(*arguments)
        assert result.exit_code == 1, arguments
        assert said in result.stderr
    assert sorted(path for path in tmp_path.rglob("*")) == before
    assert invoke("verify", results).exit_code == 0


def test_a_recording_that_is_named_twice_stands_once_in_the_report(results: Path, tmp_path: Path) -> None:
    one = sorted(results.glob("rec-*"))[0]
    for name, given in (("once", (one,)), ("twice", (one, one / "tracks.parquet"))):
        assert invoke("report", *given, "-o", tmp_path / f"{name}.html").exit_code == 0
    assert (tmp_path / "twice.html").read_bytes() == (tmp_path / "once.html").read_bytes()


def test_events_of_no_recording_are_named(results: Path, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("recording_id,start_s,end_s,kind\nrec-none,0,1,handling\n")
    one = sorted(results.glob("rec-*"))[0]
    result = invoke("analyse", one, "-o", tmp_path / "out", "--events", tmp_path / "events.csv")
    assert result.exit_code == 0, result.output
    assert "asyconv: events: no recording rec-none\n" in result.stderr


def test_the_folder_of_an_output_is_made_or_named(results: Path, ward: Path, tmp_path: Path) -> None:
    one, recording = sorted(results.glob("rec-*"))[0], sorted(ward.glob("*.oni"))[0]
    (tmp_path / "file").touch()
    for arguments, name in (
        (("export", one, "--to", "tidy", "-o"), "joints.csv"),
        (("convert", recording), "copy.mkv"),
        (("info", recording, "--picture"), "frame.png"),
    ):
        place = tmp_path / arguments[0] / name
        assert invoke(*arguments, place).exit_code == 0
        assert place.is_file()
        result = invoke(*arguments, tmp_path / "file" / name)
        assert result.exit_code == 1
        assert "cannot be written here" in result.stderr


def test_folders_that_are_not_searched_are_named(ward: Path, model: Path, tmp_path: Path) -> None:
    sorted(ward.glob("*.oni"))[0].unlink()
    (ward / "truth").mkdir()
    (ward / "truth" / ".asyconv-ignore").touch()
    (ward / "meant").mkdir()
    (ward / "meant" / ".asyconv-ignore").write_text("The truth of simulated recordings.")
    (ward / "elsewhere").symlink_to(tmp_path)
    (ward / "loop.oni").symlink_to("loop.oni")
    os.mkfifo(ward / "pipe.oni")
    os.mkfifo(ward / "pipe.png")
    result = invoke("process", ward, "-o", tmp_path / "out", "--model", model, "--dry-run")
    assert f"{ward / 'truth'}: this folder was not searched for recordings: it holds a file" in result.stderr
    assert "meant" not in result.stderr
    assert f"{ward / 'elsewhere'}: this folder was not searched for recordings: it is a link" in result.stderr
    result = invoke("process", ward, "-o", tmp_path / "out", "--model", model)
    assert "3 recordings: 1 made, 2 refused" in result.stderr


def test_tracks_that_are_not_those_of_their_manifest_are_made_again(
    ward: Path, model: Path, tmp_path: Path, out: Path
) -> None:
    arguments = ["process", ward, "-o", out, "--model", model]
    assert invoke(*arguments).exit_code == 0
    first, second = sorted(path for path in out.iterdir() if path.name.startswith("rec-"))
    whole = (first / TRACKS).read_bytes()
    for name in (TRACKS, *(f"{kind}.parquet" for kind in BESIDE)):
        shutil.copy(second / name, first / name)
    for command in ("report", "render", "calibrate", "analyse"):
        ending = {"report": ".html", "render": ".mp4", "calibrate": ".json"}.get(command, "")
        result = invoke(command, first, "-o", tmp_path / f"made{ending}")
        assert result.exit_code == 1, command
        assert "expected the tracks that the manifest beside them describes" in result.stderr
    events = tmp_path / "events.csv"
    events.write_text(f"recording_id,start_s,end_s,kind\n{first.name},0,0.1,exclude\n{second.name},0,0.1,exclude\n")
    result = invoke(*arguments, "--events", events, "--update")
    assert result.exit_code == 0
    assert f"{first.name} made ({TRACKED_AGAIN})" in result.stderr
    assert result.stderr.count(TRACKED_AGAIN) == 1
    assert (first / TRACKS).read_bytes() == whole
    assert json.loads((first / "manifest.json").read_text())["tracked_again"] == TRACKED_AGAIN
    for path, damage in ((first / TRACKS, b"cut"), (second / TRACKS, b"")):
        path.write_bytes(damage)
    assert invoke(*arguments, "--update").stderr.count(TRACKED_AGAIN) == 2
    assert (first / TRACKS).read_bytes() == whole


def test_what_the_audit_keeps_names_no_file(ward: Path, model: Path, tmp_path: Path, out: Path) -> None:
    first, second = sorted(ward.glob("*.oni"))
    shutil.copy(first, ward / "Maria_Rossi.oni")
    (ward / "Maria_Bianchi.oni").write_bytes(b"no recording")
    sheet = tmp_path / "s.csv"
    sheet.write_text(f"file,exclude_reason\n{second.name},Maria Rossi was fed\n")
    result = invoke("process", ward, "-o", out, "--model", model, "--sheet", sheet)
    assert "excluded (Maria Rossi was fed)" in result.stderr
    assert "the same recording as Maria_Rossi.oni" in result.stderr
    kept = [path for path in out.rglob("*") if path.is_file()]
    for path in kept:
        assert not any(name in path.read_bytes() for name in (b"Maria", b"Rossi", first.stem.encode())), path
    (log,) = (out / audit.AUDIT).glob("*.jsonl")
    reasons = [entry.get("reason") for entry in audit.entries(log)[0]]
    assert "excluded by the sheet" in reasons
    assert "the same recording as another of this run" in reasons
    assert len(results.failed(out)) == 1


def test_a_map_that_cannot_be_written_costs_nothing_else(ward: Path, model: Path, tmp_path: Path) -> None:
    names, told = tmp_path / "names", tmp_path / "told"
    names.mkdir()
    sorted(ward.glob("*.oni"))[0].unlink()
    finish = shlex.join([sys.executable, "-c", f"open({str(told)!r}, 'w')"])
    result = invoke("process", ward, "-o", tmp_path / "out", "--model", model, "--names", names, "--on-finish", finish)
    assert result.exit_code == 0, result.output
    assert "give another with --names" in result.stderr
    assert "1 recording: 1 made" in result.stderr
    assert told.exists()


def test_who_does_not_want_to_wait_is_told_how(recordings: Path, model: Path, tmp_path: Path) -> None:
    ward = tmp_path / "ward"
    ward.mkdir()
    (ward / "fresh.oni").write_bytes(sorted(recordings.glob("*.oni"))[0].read_bytes()[:-100])  # no end record
    for name in ("empty.oni", "text.oni"):
        (ward / name).write_text(name.removesuffix("empty.oni"))
    (ward / "folder.oni").mkdir()
    assert ready_at(ward / "fresh.oni") > time.time() + 60
    assert [ready_at(ward / name) for name in ("empty.oni", "text.oni", "folder.oni", "none.oni")] == [0.0] * 4
    result = invoke("process", ward, "-o", tmp_path / "out", "--model", model, "--no-wait")
    assert "4 recordings: 1 made, 3 refused" in result.stderr
    assert "waiting" not in result.stderr


def test_what_fits_nothing_is_named(ward: Path, model: Path, tmp_path: Path) -> None:
    first, second = sorted(ward.glob("*.oni"))
    second.unlink()
    sheet, events = tmp_path / "s.csv", tmp_path / "e.csv"
    sheet.write_text(f"file,recording_id,camera_id\n{first.name},visit-1,cam9\ngone.oni,,\n")
    events.write_text("recording_id,start_s,end_s,kind\nvisit-1,0,0.1,handling\nvisit-2,0,0.1,handling\n")
    given = ["process", ward, "-o", tmp_path / "out", "--model", model, "--sheet", sheet, "--events", events]
    result = invoke(*given)
    assert result.exit_code == 0, result.output
    for line in ("sheet line 3: no recording gone.oni", "camera_id cam9: no camera", "events: no recording visit-2"):
        assert line in result.stderr
    manifest = json.loads((tmp_path / "out" / "visit-1" / "manifest.json").read_text())
    assert manifest["unmatched"] == ["camera_id cam9: no camera of this id was described"]
    (log,) = (tmp_path / "out" / audit.AUDIT).glob("*.jsonl")
    (noted,) = [entry["lines"] for entry in audit.entries(log)[0] if entry["event"] == "stated, and fits nothing"]
    assert noted == ["sheet line 3: no such recording", "events: no recording visit-2"]
    sheet.write_text("file,recording_id\ngone.oni,\n")
    result = invoke(*given[:4], *given[4:6], "--sheet", sheet)
    assert f"no line in the sheet: {first.name}" in result.stderr
    (folder,) = [path for path in (tmp_path / "out").iterdir() if path.name.startswith("rec-")]
    assert json.loads((folder / "manifest.json").read_text())["unmatched"] == [NO_LINE]


def test_a_run_that_stops_runs_on_finish_too(
    ward: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "NEEDED_BYTES", 2**62)
    note = f"import os; open({str(tmp_path / 'told')!r}, 'w').write(os.environ['ASYCONV_EXIT_CODE'])"
    finish = shlex.join([sys.executable, "-c", note])
    result = invoke("process", ward, "-o", tmp_path / "out", "--model", model, "--on-finish", finish)
    assert result.exit_code == 3
    assert (tmp_path / "told").read_text() == "3"


def test_a_cluster_is_sent_whole_paths(
    ward: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []

    class Seen(Inline):
        def submit(self, name: str, task: Task) -> None:
            sent.append(task.arguments)
            self._ended.append(Ended(name, reason="nobody did it", public="nobody did it"))

    monkeypatch.setattr(process_command, "_engine", lambda *_: Seen())
    monkeypatch.chdir(tmp_path)
    shutil.copy(model, "m.safetensors")
    result = invoke("process", "ward", "-o", "out", "--model", "m.safetensors", "--scheduler", "tcp://cluster:1")
    assert "2 parked" in result.stderr
    for arguments in sent:
        assert all(Path(arguments[name]).is_absolute() for name in ("source", "results", "model"))
