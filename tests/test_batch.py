"""A batch: whole results only, nothing done twice, nothing lost to one failure or one kill."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from asyconv import batch, results
from asyconv.batch import Excluded, Job, Outcome, State
from asyconv.errors import InputError
from tests.real_data import ROOT

SECRET = "Maria Rossi"
"""Stands for what a hospital may put into a file name."""


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    """Three small files that were written long ago."""
    folder = tmp_path / SECRET
    folder.mkdir()
    return [settled(folder / f"{SECRET} {n}.txt", f"recording {n}") for n in range(3)]


def settled(path: Path, content: str, age_s: float = 1000.0) -> Path:
    path.write_text(content)
    then = time.time() - age_s
    os.utime(path, (then, then))
    return path


def prepare(source: Path, **settings: Any) -> Job:
    """Identity by content; `settings` belong to the tracks, ``analysis`` to the analysis."""
    text = source.read_text()
    if "bad" in text:
        raise InputError(f"{source.name}: expected depth, found none in {source}")
    analysis = settings.pop("analysis", 0)
    track_key = batch.key_of({"input": text, **settings})
    return Job(
        source=source,
        recording_id=batch.default_id(batch.key_of({"content": text})),
        track_key=track_key,
        analysis_key=batch.key_of({"tracks": track_key, "analysis": analysis}),
        facts={"input": {"letters": len(text)}},
    )


class Worker:
    """Writes upper-case "tracks" and their length; counts how often it made tracks."""

    def __init__(self) -> None:
        self.tracked: list[str] = []

    def __call__(self, job: Job, folder: Path, tracks_from: Path | None) -> dict[str, Any]:
        """Make a result as `asyconv.batch.Work` says."""
        if tracks_from is None:
            self.tracked.append(job.recording_id)
            text = job.source.read_text().upper()
        else:
            text = (tracks_from / "tracks.txt").read_text()
        (folder / "tracks.txt").write_text(text)
        (folder / "figures").mkdir()
        (folder / "figures" / "length.txt").write_text(str(len(text)))
        return {"frames": len(text)}


@pytest.fixture
def worker() -> Worker:
    return Worker()


def run(sources: list[Path], out: Path, work: batch.Work, **options: Any) -> list[Outcome]:
    prepare_with = options.pop("prepare", prepare)
    return list(batch.run_batch(sources, out, prepare_with, work, **options))


def everything_under(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_every_recording_gets_a_whole_folder(sources: list[Path], tmp_path: Path, worker: Worker) -> None:
    out = tmp_path / "out"
    outcomes = run(sources, out, worker)
    assert [outcome.made for outcome in outcomes] == [True] * 3
    for outcome in outcomes:
        assert outcome.folder is not None
        manifest = json.loads((outcome.folder / "manifest.json").read_text())
        assert manifest["recording_id"] == outcome.folder.name == outcome.recording_id
        assert manifest["frames"] == 11
        assert sorted(manifest["outputs_sha256"]) == ["figures/length.txt", "tracks.txt"]
        assert (outcome.folder / "tracks.txt").read_text() == outcome.source.read_text().upper()
    assert (out / ".asyconv-ignore").exists()
    assert not list(out.glob(".tmp-*"))


def test_names_and_paths_stay_out_of_results(sources: list[Path], tmp_path: Path, worker: Worker) -> None:
    out = tmp_path / "out"
    settled(sources[1], "bad")
    run(sources, out, worker)
    for name, content in everything_under(out).items():
        assert SECRET not in name
        assert SECRET.encode() not in content
        assert str(tmp_path).encode() not in content


def test_done_is_skipped_and_nothing_in_it_changes(sources: list[Path], tmp_path: Path, worker: Worker) -> None:
    out = tmp_path / "out"
    run(sources, out, worker)
    before = everything_under(out)
    outcomes = run(sources, out, worker)
    assert [outcome.state for outcome in outcomes] == [State.DONE] * 3
    assert len(worker.tracked) == 3
    assert everything_under(out) == before


def test_stale_is_named_and_left_alone(sources: list[Path], tmp_path: Path, worker: Worker) -> None:
    out = tmp_path / "out"
    run(sources, out, worker)
    before = everything_under(out)
    outcomes = run(sources, out, worker, prepare=lambda source: prepare(source, rate=6))
    assert [(outcome.state, outcome.made) for outcome in outcomes] == [(State.STALE, False)] * 3
    assert everything_under(out) == before


def test_update_keeps_the_old_result(sources: list[Path], tmp_path: Path, worker: Worker) -> None:
    out = tmp_path / "out"
    first = run(sources[:1], out, worker)[0]
    old = json.loads((out / str(first.recording_id) / "manifest.json").read_text())
    for rate in (6, 30, 6):  # the second return to 6 meets a superseded folder of the same key
        again = run(sources[:1], out, worker, prepare=lambda source, r=rate: prepare(source, rate=r), update=True)
        assert again[0].made
    assert len(worker.tracked) == 4
    home = out / ".superseded" / str(first.recording_id)
    assert json.loads((home / old["analysis_key"][:16] / "manifest.json").read_text()) == old
    assert len(list(home.iterdir())) == 3


def test_stale_analysis_reuses_tracks(sources: list[Path], tmp_path: Path, worker: Worker) -> None:
    out = tmp_path / "out"
    run(sources, out, worker)
    outcomes = run(sources, out, worker, prepare=lambda source: prepare(source, analysis=1), update=True)
    assert [(outcome.state, outcome.made) for outcome in outcomes] == [(State.STALE_ANALYSIS, True)] * 3
    assert len(worker.tracked) == 3


def test_one_bad_recording_does_not_stop_the_rest(sources: list[Path], tmp_path: Path, worker: Worker) -> None:
    out = tmp_path / "out"
    settled(sources[1], "bad")
    outcomes = run([*sources, tmp_path / "absent"], out, worker)
    assert [outcome.state for outcome in outcomes] == [State.NEW, State.REFUSED, State.NEW, State.REFUSED]
    assert outcomes[1].sentence.startswith(f"{sources[1].name}: expected depth")
    record = json.loads((out / ".failed" / f"{outcomes[1].recording_id}.json").read_text())
    assert record["attempts"][0]["reason"].startswith(f"{outcomes[1].recording_id}: expected depth")
    run(sources, out, worker)
    record = json.loads((out / ".failed" / f"{outcomes[1].recording_id}.json").read_text())
    assert len(record["attempts"]) == 2


def test_a_defect_of_the_work_is_one_failure(sources: list[Path], tmp_path: Path, worker: Worker) -> None:
    out = tmp_path / "out"

    def fails_once(job: Job, folder: Path, tracks_from: Path | None) -> dict[str, Any]:
        if job.source == sources[0]:
            (folder / "half").write_text("half")
            raise FileNotFoundError(2, "No such file", str(job.source))
        return worker(job, folder, tracks_from)

    outcomes = run(sources, out, fails_once)
    assert [outcome.state for outcome in outcomes] == [State.REFUSED, State.NEW, State.NEW]
    assert "FileNotFoundError" in outcomes[0].sentence
    failure = out / ".failed" / f"{outcomes[0].recording_id}.json"
    assert SECRET not in failure.read_text()
    assert any("fails_once" in step for step in json.loads(failure.read_text())["attempts"][0]["steps"])
    assert not list(out.glob(".tmp-*"))
    assert run(sources, out, worker)[0].made
    assert not failure.exists()


def test_ctrl_c_leaves_nothing_half_written(sources: list[Path], tmp_path: Path, worker: Worker) -> None:
    out = tmp_path / "out"

    def stopped(job: Job, folder: Path, tracks_from: Path | None) -> dict[str, Any]:
        if job.source == sources[1]:
            (folder / "half").write_text("half")
            raise KeyboardInterrupt
        return worker(job, folder, tracks_from)

    with pytest.raises(KeyboardInterrupt):
        run(sources, out, stopped)
    assert len(results.manifests(out)) == 1
    assert not list(out.glob(".tmp-*"))
    outcomes = run(sources, out, worker)
    assert [outcome.state for outcome in outcomes] == [State.DONE, State.NEW, State.NEW]


def test_two_sources_with_one_name(sources: list[Path], tmp_path: Path, worker: Worker) -> None:
    copy = settled(sources[0].with_name("copy.txt"), sources[0].read_text())
    outcomes = run([sources[0], copy], tmp_path / "out", worker)
    assert [outcome.state for outcome in outcomes] == [State.NEW, State.EXCLUDED]

    def one_name(source: Path) -> Job:
        job = prepare(source)
        return Job(source, "infant-1", job.track_key, job.analysis_key, {})

    outcomes = run(sources[:2], tmp_path / "out2", worker, prepare=one_name)
    assert [outcome.state for outcome in outcomes] == [State.NEW, State.REFUSED]
    assert "a recording_id of its own" in outcomes[1].sentence


def test_excluded_by_the_user(sources: list[Path], tmp_path: Path, worker: Worker) -> None:
    def excluding(source: Path) -> Job:
        if source == sources[0]:
            raise Excluded("the infant was being fed")
        return prepare(source)

    outcomes = run(sources, tmp_path / "out", worker, prepare=excluding)
    assert outcomes[0].state is State.EXCLUDED
    assert outcomes[0].sentence == "the infant was being fed"
    assert batch.summary(outcomes) == "3 recordings: 2 made, 1 excluded"


def test_dry_run_writes_nothing(sources: list[Path], tmp_path: Path) -> None:
    settled(sources[2], "bad")
    outcomes = list(batch.dry_run(sources, tmp_path / "out", prepare))
    assert [outcome.state for outcome in outcomes] == [State.NEW, State.NEW, State.REFUSED]
    assert not (tmp_path / "out").exists()


def test_a_file_that_may_still_grow_comes_last_and_is_waited_for(
    sources: list[Path], tmp_path: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "SETTLED_AFTER_S", 0.6)
    settled(sources[0], "recording 0", age_s=0.0)
    waits: list[float] = []
    outcomes = run(sources, tmp_path / "out", worker, waiting=lambda source, seconds: waits.append(seconds))
    assert [outcome.source for outcome in outcomes] == [*sources[1:], sources[0]]
    assert len(waits) == 1
    assert 0 < waits[0] <= 0.6


def test_a_file_that_changes_while_it_is_read_is_refused(sources: list[Path], tmp_path: Path, worker: Worker) -> None:
    def grows(job: Job, folder: Path, tracks_from: Path | None) -> dict[str, Any]:
        noted = worker(job, folder, tracks_from)
        job.source.write_text("recording 0 and more")
        return noted

    outcomes = run(sources[:1], tmp_path / "out", grows)
    assert outcomes[0].state is State.REFUSED
    assert "changed while it was read" in outcomes[0].sentence
    assert not results.manifests(tmp_path / "out")


def test_results_that_cannot_be_written(sources: list[Path], tmp_path: Path, worker: Worker) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="results cannot be written here"):
        run(sources, tmp_path / "file", worker)


def test_two_runs_at_once_are_refused(sources: list[Path], tmp_path: Path, worker: Worker) -> None:
    with results.opened(tmp_path / "out"), pytest.raises(InputError, match="another run is writing here"):
        run(sources, tmp_path / "out", worker)
    assert run(sources, tmp_path / "out", worker)[0].made


BETWEEN = """
import os, sys
from pathlib import Path
from tests.test_batch import Worker, prepare
from asyconv import batch

real_rename = Path.rename

def killed_before_second(self, target):
    if self.name.startswith(".tmp-"):
        os._exit(9)
    return real_rename(self, target)

Path.rename = killed_before_second
source, out = Path(sys.argv[1]), Path(sys.argv[2])
list(batch.run_batch([source], out, lambda source: prepare(source, rate=6), Worker(), update=True))
"""


def test_kill_between_the_two_renames_is_repaired(sources: list[Path], tmp_path: Path, worker: Worker) -> None:
    out = tmp_path / "out"
    recording_id = str(run(sources[:1], out, worker)[0].recording_id)
    command = [sys.executable, "-c", BETWEEN, str(sources[0]), str(out)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 9
    assert not (out / recording_id).exists()
    outcomes = run(sources[:1], out, worker, prepare=lambda source: prepare(source, rate=6))
    assert outcomes[0].state is State.DONE
    assert results.read_manifest(out, recording_id) is not None


KILLED = """
import sys, time
from pathlib import Path
from tests.test_batch import Worker, prepare
from asyconv import batch

def slow(job, folder, tracks_from):
    noted = Worker()(job, folder, tracks_from)
    print("half", flush=True)
    time.sleep(float(sys.argv[2]))
    return noted

list(batch.run_batch([Path(name) for name in sys.argv[3:]], Path(sys.argv[1]), prepare, slow))
"""


def start(out: Path, sources: list[Path], seconds: float) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", KILLED, str(out), str(seconds), *map(str, sources)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def lines_of(process: "subprocess.Popen[str]") -> Iterator[str]:
    assert process.stdout is not None
    return iter(process.stdout.readline, "")


def whole(out: Path) -> Callable[[str], bool]:
    def is_whole(name: str) -> bool:
        manifest = results.read_manifest(out, name)
        return manifest is not None and all((out / name / output).exists() for output in manifest["outputs_sha256"])

    return is_whole


@pytest.mark.parametrize("halves", [1, 2, 3])
def test_sigkill_in_the_middle(sources: list[Path], tmp_path: Path, worker: Worker, halves: int) -> None:
    out = tmp_path / "out"
    process = start(out, sources, seconds=0.2)
    lines = lines_of(process)
    for _ in range(halves):
        assert next(lines) == "half\n"
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert process.stdout is not None
    process.stdout.close()
    visible = [path.name for path in out.iterdir() if not path.name.startswith(".")]
    assert len(visible) == halves - 1
    assert all(map(whole(out), visible))
    assert len(list(out.glob(".tmp-*"))) == 1
    outcomes = run(sources, out, worker)
    assert [outcome.state for outcome in outcomes] == [State.DONE] * (halves - 1) + [State.NEW] * (4 - halves)
    assert len(results.manifests(out)) == 3
    assert not list(out.glob(".tmp-*"))


def test_results_are_the_same_bytes_but_for_the_manifest(sources: list[Path], tmp_path: Path, worker: Worker) -> None:
    made = []
    for name in ("a", "b"):
        run(sources, tmp_path / name, worker)
        made.append({n: c for n, c in everything_under(tmp_path / name).items() if "manifest" not in n})
    assert made[0] == made[1]


def test_planning_hash_sees_size_time_and_both_ends(tmp_path: Path) -> None:
    path = settled(tmp_path / "a", "first", age_s=500)
    first = batch.planning_hash(path)
    assert batch.planning_hash(settled(path, "other", age_s=500)) != first
    folder = tmp_path / "folder"
    folder.mkdir()
    settled(folder / "1.png", "one")
    before = batch.planning_hash(folder)
    settled(folder / "2.png", "two")
    assert batch.planning_hash(folder) != before


def test_a_change_time_in_the_future_is_not_waited_for(tmp_path: Path) -> None:
    assert batch.settled_at(settled(tmp_path / "a", "x", age_s=-100_000)) <= time.time()


def test_failure_sentences_lose_every_path() -> None:
    source = Path("/data/ward 3/baby/rec.oni")
    said = batch._without_names("rec.oni: /data/ward 3/baby/rec.oni at 60 mm/s, not in /etc/x", source, "rec-1")
    assert said == "rec-1: rec-1 at 60 mm/s, not in rec-1"
