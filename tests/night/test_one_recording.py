"""One recording: a whole result or none, nothing done twice, nothing lost to one failure or one kill."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from asyconv.errors import InputError
from asyconv.night import audit, claims, results, sources
from asyconv.night.one_recording import Excluded, Job, Outcome, RunRefused, State, Tell, run_unit, without_names
from tests.helpers.commands import without_privileges
from tests.helpers.made_work import parked, prepare, run_source, work
from tests.helpers.real_data import ROOT

SECRET = "Maria Rossi"
"""Stands for what a hospital may put into a file name."""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A small file."""
    folder = tmp_path / SECRET
    folder.mkdir()
    path = folder / f"{SECRET} 0.txt"
    path.write_text("recording 0")
    return path


def everything_under(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def nothing_left(out: Path) -> bool:
    return not list(out.glob(".tmp-*")) and not list((out / claims.CLAIMS).iterdir())


def test_a_recording_gets_a_whole_folder(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    outcome = run_source(source, out, run="r1", attempt=2)
    assert outcome.made
    assert outcome.folder is not None
    manifest = json.loads((outcome.folder / "manifest.json").read_text())
    assert manifest["recording_id"] == outcome.folder.name == outcome.recording_id
    assert (manifest["frames"], manifest["run"], manifest["attempts"]) == (11, "r1", 2)
    assert sorted(manifest["outputs_sha256"]) == ["figures/length.txt", "tracks.txt"]
    assert (outcome.folder / "tracks.txt").read_text() == "RECORDING 0"
    assert (out / ".asyconv-ignore").exists()
    assert nothing_left(out)
    assert Outcome.from_json(json.loads(json.dumps(outcome.to_json()))) == outcome


def test_names_and_paths_stay_out_of_results(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_source(source, out)
    source.write_text("bad")
    assert run_source(source, out).state is State.REFUSED
    for name, content in everything_under(out).items():
        assert SECRET not in name
        assert SECRET.encode() not in content
        assert str(tmp_path).encode() not in content


def test_done_is_skipped_and_nothing_in_it_changes(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_source(source, out)
    before = everything_under(out)
    outcome = run_source(source, out, do=lambda *_: pytest.fail("done twice"))
    assert (outcome.state, outcome.made) == (State.DONE, False)
    assert everything_under(out) == before


def test_stale_is_named_with_its_reason_and_left_alone(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_source(source, out)
    before = everything_under(out)
    outcome = run_source(source, out, settings={"rate": 6})
    assert (outcome.state, outcome.made) == (State.STALE, False)
    assert "rate None -> 6" in outcome.sentence
    assert everything_under(out) == before


def test_update_keeps_the_old_result(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = run_source(source, out)
    old = json.loads((out / str(first.recording_id) / "manifest.json").read_text())
    for rate in (6, 30, 6):  # the second return to 6 meets a superseded folder of the same key
        assert run_source(source, out, settings={"rate": rate}, update=True).made
    home = out / ".superseded" / str(first.recording_id)
    assert json.loads((home / old["analysis_key"][:16] / "manifest.json").read_text()) == old
    assert len(list(home.iterdir())) == 3


def test_stale_analysis_reuses_tracks(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_source(source, out)
    outcome = run_source(source, out, settings={"analysis": 1}, update=True)
    assert (outcome.state, outcome.made) == (State.STALE_ANALYSIS, True)
    assert results.manifests(out)[0]["tracked"] is False


def test_bad_input_is_refused_and_every_attempt_kept(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    source.write_text("bad")
    outcome = run_source(source, out)
    assert outcome.state is State.REFUSED
    assert outcome.sentence.startswith(f"{source.name}: expected depth")
    record = parked(out)[0]
    assert record["attempts"][0]["reason"].startswith(f"{outcome.recording_id}: expected depth")
    run_source(source, out)
    assert len(parked(out)[0]["attempts"]) == 2


def test_a_defect_is_one_failure_and_forgotten_after_success(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def fails(job: Job, folder: Path, tracks_from: Path | None, tell: Tell) -> dict[str, Any]:
        (folder / "half").write_text("half")
        raise FileNotFoundError(errno.ENOENT, "No such file", str(job.source))

    outcome = run_source(source, out, fails)
    assert outcome.state is State.FAILED
    assert "FileNotFoundError" in outcome.sentence
    failure = out / ".failed" / f"{outcome.recording_id}.json"
    assert SECRET not in failure.read_text()
    assert any("fails" in step for step in json.loads(failure.read_text())["attempts"][0]["steps"])
    assert nothing_left(out)
    assert run_source(source, out).made
    assert not failure.exists()


def test_what_no_recording_can_be_done_with_is_charged_to_none(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def unusable(job: Job, folder: Path, tracks_from: Path | None, tell: Tell) -> dict[str, Any]:
        raise RunRefused("expected a model, found none")

    with pytest.raises(InputError, match="expected a model"):
        run_source(source, out, unusable)
    assert not list(out.glob(".failed/*"))
    assert nothing_left(out)
    assert run_source(source, out).made


def test_a_full_disk_is_not_the_recording_s_fault(source: Path, tmp_path: Path) -> None:
    def fills(job: Job, folder: Path, tracks_from: Path | None, tell: Tell) -> dict[str, Any]:
        raise OSError(errno.ENOSPC, "No space left on device")

    assert run_source(source, tmp_path / "out", fills).state is State.NO_SPACE
    assert not parked(tmp_path / "out")
    assert nothing_left(tmp_path / "out")


def test_ctrl_c_leaves_nothing_half_written(source: Path, tmp_path: Path) -> None:
    def stopped(job: Job, folder: Path, tracks_from: Path | None, tell: Tell) -> dict[str, Any]:
        (folder / "half").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_source(source, tmp_path / "out", stopped)
    assert not results.manifests(tmp_path / "out")
    assert nothing_left(tmp_path / "out")


def test_excluded_by_the_user(source: Path, tmp_path: Path) -> None:
    def excluding(source: Path) -> Job:
        raise Excluded("the infant was being fed")

    outcome = run_unit(source, tmp_path / "out", excluding, work)
    assert (outcome.state, outcome.sentence) == (State.EXCLUDED, "the infant was being fed")


def test_a_file_that_changes_while_it_is_read_is_refused(source: Path, tmp_path: Path) -> None:
    def grows(job: Job, folder: Path, tracks_from: Path | None, tell: Tell) -> dict[str, Any]:
        noted = work(job, folder, tracks_from, tell)
        job.source.write_text("recording 0 and more")
        return noted

    outcome = run_source(source, tmp_path / "out", grows)
    assert outcome.state is State.REFUSED
    assert "changed while it was read" in outcome.sentence
    assert not results.manifests(tmp_path / "out")


def test_a_second_recording_of_the_same_name_in_one_run_is_refused(source: Path, tmp_path: Path) -> None:
    other = source.with_name("other.txt")
    other.write_text("another recording")

    def named(source: Path) -> Job:
        job = prepare(source)
        return Job(source, "infant-1", job.track_key, job.analysis_key, job.facts)

    results.open_results(tmp_path / "out")
    assert run_unit(source, tmp_path / "out", named, work, run="r1").made
    outcome = run_unit(other, tmp_path / "out", named, work, run="r1", update=True)
    assert outcome.state is State.REFUSED
    assert "a recording_id of its own" in outcome.sentence


def test_what_another_run_is_making_is_left_to_it(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    results.open_results(out)
    claim = claims.take(out, prepare(source).recording_id)
    assert claim is not None
    with claim:
        assert run_source(source, out, do=lambda *_: pytest.fail("done twice")).state is State.CLAIMED
    assert run_source(source, out).made


def test_a_result_is_thrown_away_when_its_claim_was_taken(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def stolen(job: Job, folder: Path, tracks_from: Path | None, tell: Tell) -> dict[str, Any]:
        noted = work(job, folder, tracks_from, tell)
        (out / claims.CLAIMS / f"{job.recording_id}.lock").unlink()
        return noted

    assert run_source(source, out, stolen).state is State.CLAIMED
    assert not results.manifests(out)
    assert nothing_left(out)


def test_the_same_result_is_not_put_in_its_own_place(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run_source(source, out).made
    before = everything_under(out)
    manifest = results.manifests(out)[0]
    with results.unfinished(out, manifest["recording_id"]) as folder, pytest.raises(results.LostClaim):
        results.publish(out, folder, manifest)
    assert everything_under(out) == before


BETWEEN = """
import os, sys
from pathlib import Path
from tests.helpers.made_work import run_source

real_rename = Path.rename

def killed_before_second(self, target):
    if self.name.startswith(".tmp-"):
        os._exit(9)
    return real_rename(self, target)

Path.rename = killed_before_second
run_source(Path(sys.argv[1]), Path(sys.argv[2]), settings={"rate": 6}, update=True)
"""


def test_kill_between_the_two_renames_is_repaired(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    recording_id = str(run_source(source, out).recording_id)
    command = [sys.executable, "-c", BETWEEN, str(source), str(out)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 9
    assert not (out / recording_id).exists()
    assert run_source(source, out, settings={"rate": 6}).state is State.DONE
    assert results.read_manifest(out, recording_id) is not None
    assert nothing_left(out)


KILLED = """
import sys, time
from pathlib import Path
from tests.helpers.made_work import work
from tests.helpers.made_work import run_source

def slow(*given):
    noted = work(*given)
    print("half", flush=True)
    time.sleep(100)
    return noted

run_source(Path(sys.argv[1]), Path(sys.argv[2]), slow)
"""


def test_what_a_kill_leaves_is_cleaned_by_the_next(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(source), str(out)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "half\n"
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    assert [path.name for path in out.iterdir() if not path.name.startswith(".")] == []
    assert len(list(out.glob(".tmp-*"))) == 1
    assert run_source(source, out).made  # at once: the system says that the claim's process is dead
    assert nothing_left(out)


def test_results_are_the_same_bytes_but_for_the_manifest(source: Path, tmp_path: Path) -> None:
    made = []
    for name in ("a", "b"):
        run_source(source, tmp_path / name)
        made.append({n: c for n, c in everything_under(tmp_path / name).items() if "manifest" not in n})
    assert made[0] == made[1]


def test_planning_hash_sees_size_time_and_both_ends(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("first")
    os.utime(path, (500, 500))
    first, content = sources.planning_hash(path), sources.content_hash(path)
    os.utime(path, (600, 600))
    assert sources.planning_hash(path) != first
    assert sources.content_hash(path) == content
    path.write_text("other")
    os.utime(path, (500, 500))
    assert sources.planning_hash(path) != first
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "1.png").write_text("one")
    before = sources.content_hash(folder)
    (folder / "2.png").write_text("two")
    assert sources.content_hash(folder) != before


def test_failure_sentences_lose_every_path() -> None:
    source = Path("/data/ward 3/baby/rec.oni")
    results = Path("/data/ward 3/out")
    sentence = "rec.oni: /data/ward 3/baby/rec.oni at 60 mm/s, not in /etc/x and left out of /data/ward 3/out/.frozen"
    said = without_names(sentence, source, results, "rec-1")
    assert said == "rec-1: rec-1 at 60 mm/s, not in rec-1 and left out of rec-1/.frozen"


@pytest.mark.parametrize("name", ["Anna_Mueller_1.png", "Anna Müller (2).png", "Anna.Mueller.png"])
def test_pictures_are_named_by_number(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "Anna Mueller"
    folder.mkdir()
    for other in ("A.png", name, "z.txt"):
        (folder / other).touch()

    def fails(source: Path) -> Job:
        raise InputError(f"{source.name}/{name}, frame 3: expected 16-bit gray depth, found 8-bit; as in A.png")

    results.open_results(tmp_path / "out")
    outcome = run_unit(folder, tmp_path / "out", fails, work)
    assert name in outcome.sentence
    name_of_it = outcome.recording_id
    assert outcome.public == f"{name_of_it}/file 2, frame 3: expected 16-bit gray depth, found 8-bit; as in file 1"
    (record,) = parked(tmp_path / "out")
    assert record["attempts"][0]["reason"] == outcome.public


def test_a_repaired_recording_is_parked_no_more(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    whole = source.read_text()
    source.write_text("bad")
    assert run_source(source, out).state is State.REFUSED
    other = source.with_name("other.txt")
    other.write_text("bad too")
    refused = run_source(other, out, stated_id="visit-7").recording_id
    assert refused == "visit-7"
    assert len(results.failed(out)) == 2
    source.write_text(whole)
    assert run_source(source, out).made
    assert set(results.failed(out)) == {"visit-7"}
    for name, content in everything_under(out).items():
        assert SECRET.encode() not in content, name


def test_records_that_are_none_are_told_and_nothing_falls_over(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    outcome = run_source(source, out)
    manifest = out / str(outcome.recording_id) / "manifest.json"
    whole = json.loads(manifest.read_text())
    odd: tuple[object, ...] = (None, [], "x", {}, {**whole, "analysis": 3}, {**whole, "recorded_s": "long"})
    for content in odd:
        manifest.write_text(json.dumps(content))
        assert results.manifests(out) == []
        assert f"{outcome.recording_id}: expected a result with its manifest.json" in "\n".join(audit.verify(out))
    (out / ".failed").mkdir(exist_ok=True)
    for content in (*odd[:4], {"attempts": 7}, {"attempts": [None, 3]}, {"attempts": [{}]}):
        (out / ".failed" / "rec-2.json").write_text(json.dumps(content))
        assert set(results.failed(out)) == {"rec-2"}
        assert ".failed/rec-2.json: expected facts of a recording" in "\n".join(audit.verify(out))
        results.note_failure(out, "rec-2", source, "again", [])
        assert results.failed(out) == {"rec-2": "again"}
    for content in (*odd[:4], {"recording_id": "rec-3", "done": "many"}):
        (out / claims.CLAIMS / "rec-3.lock").write_text(json.dumps(content))
        assert claims.running(out) == []


def test_an_output_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    out = tmp_path / "out"
    source = tmp_path / "0.txt"
    source.write_text("recording 0")
    name = run_source(source, out).recording_id
    path = out / str(name) / "tracks.txt"
    path.unlink()
    path.mkdir()
    assert f"{name}/tracks.txt: is in the manifest and not there" in list(audit.verify(out))
    path.rmdir()
    path.write_text("x")
    path.chmod(0)
    program = "import sys; from pathlib import Path; from asyconv.night import audit; "
    command = [sys.executable, "-c", program + "print(*audit.verify(Path(sys.argv[1])), sep='\\n')", str(out)]
    done = subprocess.run(without_privileges(command), cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"{name}/tracks.txt: cannot be read (Permission denied)" in done.stdout


def test_words_of_a_defect_stay_on_the_terminal(source: Path, tmp_path: Path) -> None:
    def fails(*_: object) -> dict[str, Any]:
        raise KeyError(SECRET)

    def misses(*_: object) -> dict[str, Any]:
        raise FileNotFoundError(errno.ENOENT, "No such file", f"/somewhere/{SECRET} 7.txt")

    for do, kept in ((fails, "failed (KeyError)"), (misses, "failed (FileNotFoundError: No such file)")):
        outcome = run_source(source, tmp_path / "out", do)
        assert SECRET in outcome.sentence
        assert outcome.public == f"{outcome.recording_id}: {kept}"
    assert all(SECRET.encode() not in content for content in everything_under(tmp_path / "out").values())


def test_why_a_recording_is_excluded_stays_on_the_terminal(source: Path, tmp_path: Path) -> None:
    def excluded(source: Path) -> Job:
        raise Excluded(f"{SECRET} was fed")

    outcome = run_unit(source, tmp_path / "out", excluded, work)
    assert (outcome.sentence, outcome.public) == (f"{SECRET} was fed", "excluded by the sheet")
