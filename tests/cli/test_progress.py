"""Progress: plain lines where nobody watches, a moving line on a terminal."""

import itertools
import sys
import time

import pytest

from asyconv.cli import progress as shown


@pytest.mark.parametrize(
    ("step_s", "told", "printed"),
    [
        (4, [(10, 100), (20, 100), (30, 100), (40, 100)], "30 of 100 frames, 2.5 frames/s, 28 s left"),
        (20, [(1, 5400)], "1 of 5400 frames, 0.1 frames/s"),  # the time left is not told of the first frame
        (20, [(108, 5400)], "108 of 5400 frames, 5.4 frames/s, 980 s left"),
        (20, [(10, None)], "10 frames, 0.5 frames/s"),
    ],
)
def test_plain_lines_come_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], step_s: int,
    told: list[tuple[int, int | None]], printed: str,
) -> None:  # fmt: skip
    seconds = itertools.count(start=0, step=step_s)
    monkeypatch.setattr(time, "monotonic", lambda: float(next(seconds)))
    with shown.progress("a.oni") as tell:
        for done, total in told:
            tell(done, total)
    assert capsys.readouterr().err == f"a.oni: {printed}\n"


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
