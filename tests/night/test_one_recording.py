"""One recording: a whole result or none, nothing done twice, nothing lost to one failure."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from asyconv.errors import InputError
from asyconv.night import claims, results, sources
from asyconv.night.one_recording import Job, Outcome, RunRefused, State, Tell, run_recording
from tests.helpers.made_work import SECRET, nothing_left, parked, prepare, run_source, work
from tests.helpers.result_folders import files


def test_a_recording_gets_a_whole_folder(source: Path, out: Path) -> None:
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


def test_done_is_skipped_and_nothing_in_it_changes(source: Path, out: Path) -> None:
    run_source(source, out)
    before = files(out)
    outcome = run_source(source, out, do=lambda *_: pytest.fail("done twice"))
    assert (outcome.state, outcome.made) == (State.DONE, False)
    assert files(out) == before


def test_stale_is_named_with_its_reason_and_left_alone(source: Path, out: Path) -> None:
    run_source(source, out)
    before = files(out)
    outcome = run_source(source, out, settings={"rate": 6})
    assert (outcome.state, outcome.made) == (State.STALE, False)
    assert "rate not stated -> 6" in outcome.sentence
    assert files(out) == before


def test_update_keeps_the_old_result(source: Path, out: Path) -> None:
    first = run_source(source, out)
    old = json.loads((out / str(first.recording_id) / "manifest.json").read_text())
    for rate in (6, 30, 6):  # the second return to 6 meets a superseded folder of the same key
        assert run_source(source, out, settings={"rate": rate}, update=True).made
    home = out / ".superseded" / str(first.recording_id)
    assert json.loads((home / old["analysis_key"][:16] / "manifest.json").read_text()) == old
    assert len(list(home.iterdir())) == 3


def test_stale_analysis_reuses_tracks(source: Path, out: Path) -> None:
    run_source(source, out)
    outcome = run_source(source, out, settings={"analysis": 1}, update=True)
    assert (outcome.state, outcome.made) == (State.STALE_ANALYSIS, True)
    assert results.manifests(out)[0]["tracked"] is False


def test_bad_input_is_refused_and_every_attempt_kept(source: Path, out: Path) -> None:
    source.write_text("bad")
    outcome = run_source(source, out)
    assert outcome.state is State.REFUSED
    assert outcome.sentence.startswith(f"{source.name}: expected depth")
    record = parked(out)[0]
    assert record["attempts"][0]["reason"].startswith(f"{outcome.recording_id}: expected depth")
    run_source(source, out)
    assert len(parked(out)[0]["attempts"]) == 2


def test_a_refusal_names_its_recording_whoever_refuses(source: Path, out: Path) -> None:

    def refuses(job: Job, folder: Path, tracks_from: Path | None, tell: Tell) -> dict[str, Any]:
        raise InputError("tracks, frame 3: expected a depth")

    outcome = run_source(source, out, do=refuses)
    assert outcome.sentence == f"{source.name}: tracks, frame 3: expected a depth"
    assert outcome.public == f"{outcome.recording_id}: tracks, frame 3: expected a depth"


def test_a_defect_is_one_failure_and_forgotten_after_success(source: Path, out: Path) -> None:

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


def test_what_no_recording_can_be_done_with_is_charged_to_none(source: Path, out: Path) -> None:

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
    assert run_recording(source, tmp_path / "out", named, work, run="r1").made
    outcome = run_recording(other, tmp_path / "out", named, work, run="r1", update=True)
    assert outcome.state is State.REFUSED
    assert "a recording_id of its own" in outcome.sentence


def test_what_another_run_is_making_is_left_to_it(source: Path, out: Path) -> None:
    results.open_results(out)
    claim = claims.take(out, prepare(source).recording_id)
    assert claim is not None
    with claim:
        assert run_source(source, out, do=lambda *_: pytest.fail("done twice")).state is State.CLAIMED
    assert run_source(source, out).made


def test_a_result_is_thrown_away_when_its_claim_was_taken(source: Path, out: Path) -> None:

    def stolen(job: Job, folder: Path, tracks_from: Path | None, tell: Tell) -> dict[str, Any]:
        noted = work(job, folder, tracks_from, tell)
        (out / claims.CLAIMS / f"{job.recording_id}.lock").unlink()
        return noted

    assert run_source(source, out, stolen).state is State.CLAIMED
    assert not results.manifests(out)
    assert nothing_left(out)


def test_the_same_result_is_not_put_in_its_own_place(source: Path, out: Path) -> None:
    assert run_source(source, out).made
    before = files(out)
    manifest = results.manifests(out)[0]
    with results.unfinished(out, manifest["recording_id"]) as folder, pytest.raises(results.LostClaim):
        results.publish(out, folder, manifest)
    assert files(out) == before


def test_results_are_the_same_bytes_but_for_the_manifest(source: Path, tmp_path: Path) -> None:
    made = []
    for name in ("a", "b"):
        run_source(source, tmp_path / name)
        made.append({n: c for n, c in files(tmp_path / name).items() if "manifest" not in n})
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
