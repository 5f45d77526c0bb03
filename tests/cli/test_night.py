"""A whole night by its commands: what is told, verified and frozen, and a run that is stopped."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

import psutil
import pytest

from asyconv.cli.live import pace
from asyconv.night import audit, claims, results
from asyconv.night.engines import Inline
from asyconv.tracks import TRACKS_VERSION
from tests.helpers.commands import invoke
from tests.helpers.nights import PROCESS, simulated
from tests.helpers.real_data import ROOT


def test_what_is_told_of_a_night(recordings: Path, model: Path, tmp_path: Path, out: Path) -> None:
    given = ["process", recordings, "-o", out, "--model", model, "--names", tmp_path / "n.csv"]
    result = invoke(*given, "--dry-run")
    assert "to do: 1.2 s of video; " in result.stderr
    assert not out.exists()
    note = f"import os; open({str(tmp_path / 'told')!r}, 'w').write(os.environ['ASYCONV_SUMMARY'])"
    finish = shlex.join([sys.executable, "-c", note])
    result = invoke(*given, "--on-finish", finish)
    assert "1.2 s of video in" in result.stderr
    assert "the networks kept" in result.stderr
    assert (tmp_path / "told").read_text() == "2 recordings: 2 made"
    stages = results.manifests(out)[0]["stages"]
    assert {"read", "networks", "joints", "analysis", "tables", "report"} <= set(stages)
    assert all(stage["seconds"] >= 0 and stage["cpu_s"] >= 0 for stage in stages.values())
    index = (out / "index.csv").read_text().splitlines()
    assert len(index) == 3
    assert index[0].startswith("recording_id,infant_id,recorded_s")
    result = invoke("status", out)
    assert "2 recordings done, 1.2 s of video" in result.stdout
    assert invoke(*given, "--on-finish", "false").exit_code == 1


def test_status_names_what_is_parked_stale_and_under_way(results_copy: Path) -> None:
    results.note_failure(results_copy, "rec-bad", Path("bad.oni"), "rec-bad: expected depth, found none", [])
    manifest = next(results_copy.glob("*/manifest.json"))
    manifest.write_text(manifest.read_text().replace('"tracks_version": ', '"tracks_version": 1000'))
    claim = claims.take(results_copy, "rec-new")
    assert claim is not None
    with claim:
        claim.note("tracking", 30, 90)
        said = invoke("status", results_copy).stdout
        status = json.loads(invoke("status", results_copy, "--json").stdout)
    assert "rec-bad: parked: rec-bad: expected depth, found none" in said
    assert "1 stale: tracks_version 1000" in said
    assert "rec-new" in said
    assert "30 of 90" in said
    assert status["recordings_done"] == 2
    assert status["stale"] == [
        {"setting": "tracks_version", "made_by": [10000 + TRACKS_VERSION], "now": TRACKS_VERSION, "recordings": 1}
    ]
    assert status["parked"] == {"rec-bad": "rec-bad: expected depth, found none"}
    (work,) = status["under_way"]
    assert work.pop("seconds") >= 0
    assert work == {"recording_id": "rec-new", "stage": "tracking", "done": 30, "total": 90}
    assert invoke("status", results_copy / "none").exit_code == 1


@pytest.fixture
def results_copy(results: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(results.parent / "untouched", tmp_path / "copy"))


def test_verify_finds_every_accident(results_copy: Path) -> None:
    assert invoke("verify", results_copy).exit_code == 0
    first, second = sorted(path for path in results_copy.iterdir() if path.name.startswith("rec-"))
    (first / "report.html").write_text("cut")
    (first / "limb_summary.csv").unlink()
    (first / "new.txt").write_text("x")
    manifest = json.loads((second / "manifest.json").read_text())
    (second / "manifest.json").write_text(json.dumps({**manifest, "frames_used": 1}))
    result = invoke("verify", results_copy)
    assert result.exit_code == 1
    as_json = invoke("verify", results_copy, "--json")
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout) == {"recordings": 2, "faults": result.stdout.splitlines()}
    assert result.stdout.splitlines() == [
        f"{first.name}/limb_summary.csv: is in the manifest and not there",
        f"{first.name}/new.txt: is there and not in the manifest",
        f"{first.name}/report.html: has changed since it was written",
        f"{second.name}/manifest.json: is not the one that its run has noted",
    ]
    old = results_copy / results.SUPERSEDED / first.name / "0123"
    shutil.copytree(first, old)
    (old / "manifest.json").write_text("{")
    assert f".superseded/{first.name}/0123: expected manifest.json" in invoke("verify", results_copy).stdout
    shutil.rmtree(first)
    assert f"{first.name}: a run has noted it, and it is not there" in invoke("verify", results_copy).stdout


def test_audit_chains_tell_a_lost_line_from_a_torn_one(results_copy: Path) -> None:
    (path,) = (results_copy / audit.AUDIT).glob("*.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]) + lines[-1][:20])
    assert list(audit.verify(results_copy)) == []
    path.write_bytes(b"".join([lines[0], *lines[2:]]))
    assert any("line 2: expected a line sealed with the one before" in fault for fault in audit.verify(results_copy))
    path.write_bytes(b"".join([lines[0], lines[1].replace(b'"made"', b'"mede"'), *lines[2:]]))
    assert any("line 2: expected" in fault for fault in audit.verify(results_copy))


def test_a_frozen_study_refuses_what_would_change_a_number(
    recordings: Path, model: Path, tmp_path: Path, out: Path
) -> None:
    first, second = sorted(recordings.glob("*.oni"))
    given = ["-o", out, "--model", model, "--names", tmp_path / "n.csv"]
    assert invoke("process", first, *given, "--frozen").exit_code == 0
    before = results.manifests(out)
    result = invoke("process", recordings, *given, "--rate", "6", "--update")
    assert result.exit_code == 1
    assert result.stderr.count("expected the settings of the frozen study, found rate full -> 6") == 2
    assert results.manifests(out) == before
    usual = before[0]["tracking"]["precision"]
    other = "bfloat16" if usual == "float32" else "float32"
    result = invoke("process", recordings, *given, "--precision", other, "--update")
    assert result.stderr.count(f"expected the settings of the frozen study, found precision {usual} -> {other}") == 2
    assert results.manifests(out) == before
    result = invoke("process", first, *given, "--infant", "b-1", "--update")
    assert "expected the settings of the frozen study, found infant_id" in result.stderr
    assert results.manifests(out) == before
    assert invoke("process", second, *given).exit_code == 0
    assert len(results.manifests(out)) == 2


def test_infant_ids_that_look_like_names_are_refused_unless_forced(
    recordings: Path, model: Path, tmp_path: Path
) -> None:
    first = sorted(recordings.glob("*.oni"))[0]
    given = ["process", first, "-o", tmp_path / "out", "--model", model, "--names", tmp_path / "n.csv"]
    for infant, looks in (("Maria", "a person's name"), ("2026-11-24", "a record number or a date")):
        result = invoke(*given, "--infant", infant)
        assert result.exit_code == 1
        assert looks in result.stderr
    assert invoke(*given, "--infant", "Maria", "--force-ids").exit_code == 0


def test_pace_of_what_is_under_way() -> None:
    assert pace({"done": 30, "total": 90, "seconds": 2.0}) == (30, 90, 15.0, 4.0)
    assert pace({"done": 1, "total": 90, "seconds": 2.0}) == (1, 90, 0.5, None)  # too little to foretell from
    assert pace({"stage": "report"}) == (0, None, 0.0, None)


@pytest.fixture(scope="module")
def longer_recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulate two infants, for too long to be done before their run is stopped."""
    folder = tmp_path_factory.mktemp("longer")
    simulated(folder, 2, seed=61, seconds=8.0)
    return folder


@pytest.mark.parametrize("how", ["ctrl-c", "sigterm"])
def test_a_stopped_run_leaves_no_process_and_goes_on(longer_recordings: Path, model: Path, out: Path, how: str) -> None:
    command = [*PROCESS, str(longer_recordings), "-o", str(out), "--model", str(model), "--workers", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True)
    while not list((out / claims.CLAIMS).glob("*.lock")):
        assert process.poll() is None
        time.sleep(0.05)
    family = psutil.Process(process.pid).children(recursive=True)
    if how == "ctrl-c":
        os.killpg(process.pid, signal.SIGINT)  # the terminal sends it to the workers too
    else:
        process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 3, said
    assert "stopped; the same command goes on where it stopped" in said
    assert "Traceback" not in said
    _, alive = psutil.wait_procs(family, timeout=60)
    assert not alive
    assert not list(out.glob(".tmp-*"))
    assert not list((out / claims.CLAIMS).iterdir())
    assert list(audit.verify(out)) == []


def test_what_ends_while_the_run_stops_is_noted(
    recordings: Path, model: Path, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(engine: Inline, within_s: float) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(Inline, "ended", stopped)
    given = [recordings, "-o", out, "--model", model, "--names", tmp_path / "n.csv", "--workers", "0"]
    assert invoke("process", *given).exit_code == 3
    assert len(results.manifests(out)) == 1
    assert list(audit.verify(out)) == []


@pytest.mark.fuzz
@pytest.mark.timeout(7200)
def test_memory_stays_where_it_was_through_two_hundred_recordings(model: Path, tmp_path: Path) -> None:
    sources = simulated(tmp_path / "in", 200, seed=91, seconds=0.4)
    command = [*PROCESS, str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--model", str(model), "--workers", "1"]
    used_bytes = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        for _ in process.stdout:  # a line per report
            family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            used_bytes.append(sum(one.memory_info().rss for one in family))
    assert process.returncode == 0
    assert len(used_bytes) == len(sources)
    print(f"MiB after each tenth: {[used // 2**20 for used in used_bytes[9::10]]}")
    assert used_bytes[-1] <= 1.05 * used_bytes[9]
