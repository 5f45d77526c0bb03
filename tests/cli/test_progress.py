"""Progress: plain lines where nobody watches, a moving line on a terminal."""

import itertools
import sys
import time

import pytest

from asyconv.cli import progress as shown


def test_plain_lines_come_now_and_then(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    seconds = itertools.count(start=0, step=4)
    monkeypatch.setattr(time, "monotonic", lambda: float(next(seconds)))
    with shown.progress("a.oni") as tell:
        for done in (10, 20, 30, 40):  # after 4, 8, 12 and 16 s
            tell(done, 100)
    assert capsys.readouterr().err == "a.oni: 30 of 100 frames, 2.5 frames/s, 28 s left\n"


def test_the_time_left_is_not_told_of_the_first_frame(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seconds = itertools.count(start=0, step=20)
    monkeypatch.setattr(time, "monotonic", lambda: float(next(seconds)))
    with shown.progress("a.oni") as tell:
        tell(1, 5400)
        tell(108, 5400)
    first, second = capsys.readouterr().err.splitlines()
    assert first == "a.oni: 1 of 5400 frames, 0.1 frames/s"
    assert second.endswith(" s left")


def test_plain_lines_without_a_total(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    seconds = itertools.count(start=0, step=20)
    monkeypatch.setattr(time, "monotonic", lambda: float(next(seconds)))
    with shown.progress("a.oni") as tell:
        tell(10, None)
    assert capsys.readouterr().err == "a.oni: 10 frames, 0.5 frames/s\n"


def test_a_moving_line_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    with shown.progress("a.oni") as tell:
        tell(1, None)
        tell(40, 100)
    assert "40/100" in capsys.readouterr().err


def test_stages_follow_each_other(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(shown, "PLAIN_EVERY_S", 0.0)
    with shown.stage_progress("steps") as report:
        report("detection", 5, 10, 0.5)
        report("detection", 10, 10, 0.4)
        report("regression", 10, 10, 0.3)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "detection: 5 of 10 steps",
        "detection: 10 of 10 steps",
        "regression: 10 of 10 steps",
    ]
