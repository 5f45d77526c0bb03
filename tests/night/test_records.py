"""Records beside the results: of failures, of what was made and of what changed."""

import json
from pathlib import Path

from asyconv.night import audit, claims, results
from asyconv.night.one_recording import State
from tests.helpers.commands import python
from tests.helpers.made_work import SECRET, run_source
from tests.helpers.result_folders import files


def test_a_repaired_recording_is_parked_no_more(source: Path, out: Path) -> None:
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
    for name, content in files(out).items():
        assert SECRET.encode() not in content, name


def test_records_that_are_none_are_told_and_nothing_falls_over(source: Path, out: Path) -> None:
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


def test_an_output_that_cannot_be_read_is_named(tmp_path: Path, out: Path) -> None:
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
    done = python("-c", program + "print(*audit.verify(Path(sys.argv[1])), sep='\\n')", out, as_nobody=True)
    assert f"{name}/tracks.txt: cannot be read (Permission denied)" in done.stdout
