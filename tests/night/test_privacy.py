"""Names and paths of a recording stay out of results and records."""

import errno
from pathlib import Path
from typing import Any

import pytest

from asyconv.errors import InputError
from asyconv.night import results
from asyconv.night.one_recording import Excluded, Job, State, run_recording, without_names
from tests.helpers.made_work import SECRET, parked, run_source, work
from tests.helpers.result_folders import files


def test_names_and_paths_stay_out_of_results(source: Path, tmp_path: Path, out: Path) -> None:
    run_source(source, out)
    source.write_text("bad")
    assert run_source(source, out).state is State.REFUSED
    for name, content in files(out).items():
        assert SECRET not in name
        assert SECRET.encode() not in content
        assert str(tmp_path).encode() not in content


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
    outcome = run_recording(folder, tmp_path / "out", fails, work)
    assert name in outcome.sentence
    name_of_it = outcome.recording_id
    assert outcome.public == f"{name_of_it}/file 2, frame 3: expected 16-bit gray depth, found 8-bit; as in file 1"
    (record,) = parked(tmp_path / "out")
    assert record["attempts"][0]["reason"] == outcome.public


def test_words_of_a_defect_stay_on_the_terminal(source: Path, tmp_path: Path) -> None:
    def fails(*_: object) -> dict[str, Any]:
        raise KeyError(SECRET)

    def misses(*_: object) -> dict[str, Any]:
        raise FileNotFoundError(errno.ENOENT, "No such file", f"/somewhere/{SECRET} 7.txt")

    for do, kept in ((fails, "failed (KeyError)"), (misses, "failed (FileNotFoundError: No such file)")):
        outcome = run_source(source, tmp_path / "out", do)
        assert SECRET in outcome.sentence
        assert outcome.public == f"{outcome.recording_id}: {kept}"
    assert all(SECRET.encode() not in content for content in files(tmp_path / "out").values())


def test_why_a_recording_is_excluded_stays_on_the_terminal(source: Path, tmp_path: Path) -> None:
    def excluded(source: Path) -> Job:
        raise Excluded(f"{SECRET} was fed")

    outcome = run_recording(source, tmp_path / "out", excluded, work)
    assert outcome.state is State.EXCLUDED
    assert (outcome.sentence, outcome.public) == (f"{SECRET} was fed", "excluded by the sheet")
