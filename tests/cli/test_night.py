"""A whole night by its commands: bad recordings among good ones, runs that compete and are killed, what is told."""

import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from asyconv.cli.live import pace
from asyconv.night import audit, batch, claims, results
from asyconv.tracks import TRACKS_VERSION
from tests.helpers import oni_bytes
from tests.helpers.commands import invoke, without_privileges
from tests.helpers.made_work import parked
from tests.helpers.real_data import ROOT

PROCESS = [sys.executable, "-m", "asyconv.cli.main", "process"]

FAULTS = """
import os, sys, time
from asyconv.recordings import opening
from asyconv.night import sources

sources.SETTLED_AFTER_S = 5.0
real_open = opening.open_recording

def open_recording(path, **options):
    opened = real_open(path, **options)
    if "hangs" in opened.path.name:
        opened.decode = lambda: iter(lambda: time.sleep(1000), None)
    if "segfaults" in opened.path.name:
        import ctypes
        ctypes.string_at(0)
    return opened

opening.open_recording = open_recording
"""
"""Put where every Python process of the run finds it first: faults of a decoder that no file can show on demand."""


def faulty(tmp_path: Path) -> dict[str, str]:
    """Environment in which decoders fail on files of these names, and recordings settle in five seconds."""
    folder = tmp_path / "faults"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(FAULTS)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]), "OMP_NUM_THREADS": "1"}


def simulated(folder: Path, infants: int, seed: int, seconds: float = 0.5) -> list[Path]:
    result = invoke("simulate", folder, "--infants", infants, "--seconds", seconds, "--seed", seed)
    assert result.exit_code == 0, result.output
    return sorted(folder.glob("*.oni"))


def bad_ones(ward: Path, spare: list[Path]) -> dict[str, str]:
    """Write bad recordings; returns what must be said of each. `spare` are good ones to spoil."""
    (ward / "empty.oni").write_bytes(b"")
    (ward / "cut.oni").write_bytes(spare[0].read_bytes()[: random.Random(0).randrange(30, 200)])
    (ward / "text.oni").write_text("no recording at all\n")
    (ward / "zeros.oni").write_bytes(bytes(4096))
    colour = oni_bytes.HEADER + oni_bytes.node_added(1, oni_bytes.COLOUR) + oni_bytes.end()
    (ward / "colour.oni").write_bytes(colour)
    (ward / "locked.oni").write_bytes(spare[1].read_bytes())
    (ward / "locked.oni").chmod(0)
    (ward / "folder.oni").mkdir()
    shutil.copy(spare[2], ward / "segfaults.oni")
    return {
        "empty.oni": "found an empty file",
        "cut.oni": "expected",
        "text.oni": "found a file that starts with b'no r'",
        "zeros.oni": "found a file that starts with",
        "colour.oni": "depth",
        "locked.oni": "Permission denied",
        "folder.oni": "expected",
        "segfaults.oni": "killed by SIGSEGV, at attempt 3 of 3",
    }


def grow(path: Path, whole: bytes) -> threading.Thread:
    """Write a recording in pieces, as a camera does, for eight seconds."""

    def write() -> None:
        with path.open("wb") as file:
            for n in range(10):
                file.write(whole[n * len(whole) // 10 : (n + 1) * len(whole) // 10])
                file.flush()
                time.sleep(0.8)

    thread = threading.Thread(target=write)
    thread.start()
    while not path.exists() or not path.stat().st_size:
        time.sleep(0.01)
    return thread


@pytest.mark.parametrize(
    ("good", "hang"), [(3, False), pytest.param(20, True, marks=pytest.mark.fuzz)], ids=["few", "many"]
)
def test_bad_recordings_among_good_ones(model: Path, tmp_path: Path, good: int, hang: bool) -> None:
    ward, out = tmp_path / "ward", tmp_path / "out"
    simulated(ward, good, seed=71)
    spare = simulated(tmp_path / "spare", 5, seed=72)
    expected = bad_ones(ward, spare)
    if hang:
        shutil.copy(spare[3], ward / "hangs.oni")
        expected["hangs.oni"] = "hung: no end after"
    writer = grow(ward / "growing.oni", spare[4].read_bytes()[:-100])  # its end record is not written yet
    command = [*PROCESS, str(ward), "-o", str(out), "--model", str(model), "--workers", "2", "--time-out", "3"]
    done = subprocess.run(
        without_privileges(command), env=faulty(tmp_path), capture_output=True, text=True, check=False, timeout=560
    )
    writer.join()
    (ward / "locked.oni").chmod(0o644)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith(("asyconv: refused", "asyconv: parked"))]
    for name, why in expected.items():
        (line,) = [line for line in told if f" {name}:" in line]
        assert why in line
    assert len(told) == len(expected), told
    finished = results.manifests(out)
    assert len(finished) == good + 1
    assert all(m["frames_used"] == 15 for m in finished)  # the growing one too was read when it was whole
    assert list(audit.verify(out)) == []
    reasons = {record["attempts"][-1]["reason"] for record in parked(out)}
    assert any("killed by SIGSEGV" in reason for reason in reasons)
    assert not any(name in reason for reason in reasons for name in expected)


def compete(command: list[str], kills: int, seed: int, most_s: float) -> None:
    """Start a command again and again, killing it after a random time; let the last one come to its end."""
    chance = random.Random(seed)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": ROOT}
    for _ in range(kills):
        process = subprocess.Popen(command, **quiet)  # type: ignore[call-overload]
        try:
            process.wait(chance.uniform(0.0, most_s))
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
    assert subprocess.run(command, **quiet, check=False).returncode == 0  # type: ignore[call-overload]


def all_done_once(out: Path, count: int) -> None:
    """Assert that every recording was published once and that nothing of the killed runs is left."""
    assert len(results.manifests(out)) == count
    assert list(audit.verify(out)) == []
    noted = [e for path in (out / audit.AUDIT).glob("*.jsonl") for e in audit.entries(path)[0]]
    made = [entry["recording_id"] for entry in noted if entry["event"] == "made"]
    assert len(made) == len(set(made))
    assert not (out / results.SUPERSEDED).exists()  # where a second result would have sent the first
    assert not list((out / claims.CLAIMS).iterdir())
    assert not list(out.glob(".tmp-*"))
    for part in out.glob(".*.part"):  # a kill in the middle of index.csv; a later run removes it
        os.utime(part, (0, 0))
    results.clean_up(out)
    assert not list(out.glob(".*.part"))


RUN_RECORDINGS = """
import sys
from pathlib import Path
from asyconv.cli.night import run_recordings
from asyconv.night.engines import Inline
from tests.helpers.made_work import ONE, parked
from tests.helpers.made_work import asked

out = Path(sys.argv[1])
outcomes = run_recordings(ONE, asked([Path(name) for name in sys.argv[2:]], out), out, lambda n: Inline())
sys.exit(any(not outcome.made and outcome.state != "done" for outcome in outcomes))
"""


def test_runs_that_compete_and_are_killed_do_everything_once(tmp_path: Path) -> None:
    names = []
    for n in range(20):
        (tmp_path / f"{n}.txt").write_text(f"recording {n} sleep 0.1")
        os.utime(tmp_path / f"{n}.txt", (1000, 1000))
        names.append(str(tmp_path / f"{n}.txt"))
    command = [sys.executable, "-c", RUN_RECORDINGS, str(tmp_path / "out"), *names]
    runs = [threading.Thread(target=compete, args=(command, 5, seed, 1.2)) for seed in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    all_done_once(tmp_path / "out", 20)


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
def test_sixty_recordings_and_three_runs_killed_twenty_times_each(model: Path, tmp_path: Path) -> None:
    simulated(tmp_path / "in", 60, seed=81, seconds=0.4)
    common = [*PROCESS, str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--model", str(model)]
    commands = [
        [*common, "--workers", workers, "--names", str(tmp_path / f"{n}.csv")] for n, workers in enumerate("001")
    ]
    runs = [threading.Thread(target=compete, args=(command, 20, n, 15.0)) for n, command in enumerate(commands)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    all_done_once(tmp_path / "out", 60)


def test_shares_of_an_array_do_every_recording_once(recordings: Path, model: Path, tmp_path: Path) -> None:
    out, made = tmp_path / "out", []
    for share in range(3):
        result = invoke(
            "process", recordings, "-o", out, "--model", model, "--names", tmp_path / "n.csv", "--shard", f"{share}/3"
        )
        assert result.exit_code == 0, result.output
        made += [line for line in result.stderr.splitlines() if ".oni: " in line and line.endswith(" made")]
    assert len(made) == len(results.manifests(out)) == 2
    for wrong in ("3/3", "1", "x/2"):
        result = invoke("process", recordings, "-o", out, "--model", model, "--shard", wrong)
        assert result.exit_code == 2
        assert "'--shard': expected I/N with I from 0 to N - 1" in result.stderr


def test_what_is_told_of_a_night(recordings: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    given = ["process", recordings, "-o", out, "--model", model, "--names", tmp_path / "n.csv"]
    result = invoke(*given, "--dry-run")
    assert "to do: 0.00 h of video; " in result.stderr
    assert not out.exists()
    note = f"import os; open({str(tmp_path / 'told')!r}, 'w').write(os.environ['ASYCONV_SUMMARY'])"
    finish = shlex.join([sys.executable, "-c", note])
    result = invoke(*given, "--on-finish", finish)
    assert "h of video in" in result.stderr
    assert "the networks kept" in result.stderr
    assert (tmp_path / "told").read_text() == "2 recordings: 2 made"
    stages = results.manifests(out)[0]["stages"]
    assert {"read", "networks", "joints", "analysis", "tables", "report"} <= set(stages)
    assert all(stage["seconds"] >= 0 and stage["cpu_s"] >= 0 for stage in stages.values())
    index = (out / "index.csv").read_text().splitlines()
    assert len(index) == 3
    assert index[0].startswith("recording_id,infant_id,recorded_s")
    result = invoke("status", out)
    assert "2 recordings done, 0.00 h of video" in result.stdout
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
def results_copy(results_of_two: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(results_of_two, tmp_path / "copy"))


@pytest.fixture(scope="module")
def results_of_two(recordings: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two")
    out = folder / "out"
    assert invoke("process", recordings, "-o", out, "--model", model, "--names", folder / "n.csv").exit_code == 0
    return out


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


def test_a_frozen_study_refuses_what_would_change_a_number(recordings: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
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
    assert pace({"stage": "report"}) == (0, None, 0.0, None)


@pytest.mark.parametrize("how", ["ctrl-c", "sigterm"])
def test_a_stopped_run_leaves_no_process_and_goes_on(model: Path, tmp_path: Path, how: str) -> None:
    simulated(tmp_path / "in", 2, seed=61, seconds=20.0)  # too long to be done before it is stopped
    out = tmp_path / "out"
    command = [*PROCESS, str(tmp_path / "in"), "-o", str(out), "--model", str(model), "--workers", "2"]
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


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 64 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = os.geteuid() == 0 and shutil.which("mount") is not None
    command = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)]
    if not mounted or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(place: Path, leave_bytes: int) -> Path:
    path = place / "filler"
    path.write_bytes(bytes(shutil.disk_usage(place).free - leave_bytes))
    return path


def test_it_stops_before_the_disk_is_full_and_goes_on(
    recordings: Path, model: Path, tmp_path: Path, small_disk: Path
) -> None:
    given = ["process", recordings, "-o", small_disk / "out", "--model", model, "--names", tmp_path / "n.csv"]
    filler = fill(small_disk, batch.NEEDED_BYTES + 2**18)  # room for one result and not for the next
    result = invoke(*given)
    assert result.exit_code == 3
    assert "expected 32 MiB of free space for the next recording, found 3" in result.stderr
    assert "the same command goes on where it stopped" in result.stderr
    assert len(results.manifests(small_disk / "out")) == 1
    filler.unlink()
    assert invoke(*given).exit_code == 0
    all_done_once(small_disk / "out", 2)


def test_a_disk_that_somebody_else_fills_stops_it_too(
    recordings: Path, model: Path, tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "NEEDED_BYTES", 0)  # what is free when it begins is gone when it writes
    given = ["process", recordings, "-o", small_disk / "out", "--model", model, "--names", tmp_path / "n.csv"]
    filler = fill(small_disk, 2**17)
    result = invoke(*given)
    assert result.exit_code == 3, result.output
    assert "Traceback" not in result.output
    assert not results.manifests(small_disk / "out")
    filler.unlink()
    assert invoke(*given).exit_code == 0
    all_done_once(small_disk / "out", 2)


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
