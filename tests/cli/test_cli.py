"""The commands as a user runs them, all but process: what they print, leave behind and answer to bad input.

The network here has random weights and finds no joint it is sure of: the honest answer is a report with amounts
withheld, which is all that these tests need.
"""

import json
from pathlib import Path

import pytest

from tests.helpers.commands import invoke
from tests.helpers.result_folders import files, folders


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
    said = f"asyconv: {tmp_path / 'none'}: expected tracks.parquet, here or below, and found none\n"
    assert (invoke(*refused).exit_code, invoke(*refused).stderr, invoke(*refused, "-q").stderr) == (1, said, said)
    assert "Traceback" in invoke(*refused, "-v").stderr


def test_analyse_in_place_finds_everything_done(results: Path) -> None:
    before = files(results)
    result = invoke("analyse", results, "-o", results)
    assert result.exit_code == 0
    assert "2 recordings: 2 already done" in result.stderr
    assert files(results) == before


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
    assert all(f"open in a browser: {path.resolve().as_uri()}\n" in result.stderr for path in paths)
    before = files(tmp_path / "demo")
    result = invoke("demo", tmp_path / "demo", "--seconds", 0.6, "--model", model)
    assert sorted(Path(line) for line in result.stdout.splitlines()) == paths
    assert files(tmp_path / "demo") == before
