"""The warm child: results, crashes, hangs and the end of its parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from asyconv.errors import InputError
from asyconv.night import child as children
from asyconv.night.child import Child, ChildDied, Task
from tests.helpers.made_work import echo_task
from tests.helpers.real_data import ROOT


@pytest.fixture
def child() -> Iterator[Child]:
    child = Child({})
    yield child
    child.close()


def test_it_stays_warm(child: Child) -> None:
    first, second = child.run(echo_task(n=1)), child.run(echo_task(n=2))
    assert (first["n"], second["n"]) == (1, 2)
    assert first["pid"] == second["pid"] != os.getpid()


def test_a_crash_is_told_and_the_next_task_runs(child: Child) -> None:
    before = child.run(echo_task())["pid"]
    with pytest.raises(ChildDied, match="killed by SIGSEGV") as died:
        child.run(echo_task(signal=signal.SIGSEGV))
    assert died.value.recording_id == "rec-1"
    assert any(step.startswith("made_work.py:") and step.endswith(" echo") for step in died.value.steps)
    assert child.run(echo_task())["pid"] != before
    with pytest.raises(ChildDied, match="killed by SIGKILL"):
        child.run(echo_task(signal=signal.SIGKILL))


def test_a_hang_ends_when_its_time_is_over(child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    child.run(echo_task())  # so that starting is not part of the time
    start = time.monotonic()
    with monkeypatch.context() as short:
        short.setattr(children, "OPENING_S", 0.5)
        with pytest.raises(ChildDied, match="hung: no end after 2 s"):
            child.run(echo_task(limit_s_per_s=1.0, hold=True, length_s=1.5))
    assert time.monotonic() - start > 1.9
    assert child.run(echo_task())["pid"]


def test_bad_input_of_the_whole_run_comes_through(child: Child) -> None:
    with pytest.raises(InputError, match="results cannot be written here"):
        child.run(echo_task(refuse=True))
    assert child.run(echo_task())["pid"]


def test_closing_ends_what_it_does(child: Child) -> None:
    pid = child.run(echo_task())["pid"]
    child.close()
    child.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_module_in_the_current_folder_is_not_run(
    child: Child, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("queue", "json", "secrets"):
        (tmp_path / f"{name}.py").write_text("open('was_run', 'w')\nraise SystemExit\n")
    monkeypatch.chdir(tmp_path)
    assert child.run(echo_task())["pid"]
    assert not (tmp_path / "was_run").exists()


def test_the_last_line_of_its_error_is_the_reason(child: Child) -> None:
    with pytest.raises(
        ChildDied, match="ended with exit code 1: ModuleNotFoundError: No module named 'absent'"
    ) as died:
        child.run(Task("absent:one", {}, 10.0))
    assert died.value.public == "ended with exit code 1: ModuleNotFoundError"
    assert ChildDied("ended with exit code 2", [], "/ward/Maria Rossi: no").public == "ended with exit code 2"


PARENT = """
import sys
from asyconv.night.child import Child
from tests.helpers.made_work import echo_task

child = Child({})
print(child.run(echo_task())["pid"], flush=True)
child.run(echo_task(hold=True))
"""


def test_it_does_not_outlive_its_parent(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    end = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]:
        assert time.monotonic() < end
        time.sleep(0.05)
