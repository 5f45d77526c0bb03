"""What a kill leaves behind is repaired or cleaned by the next run."""

import signal
import subprocess
import sys
from pathlib import Path

from asyconv.night import results
from asyconv.night.one_recording import State
from tests.helpers.made_work import nothing_left, run_source
from tests.helpers.real_data import ROOT

BETWEEN = """
import os, sys
from pathlib import Path
from tests.helpers.made_work import run_source

real_replace = Path.replace

def killed_before_second(self, target):
    if self.name.startswith(".tmp-"):
        os._exit(9)
    return real_replace(self, target)

Path.replace = killed_before_second
run_source(Path(sys.argv[1]), Path(sys.argv[2]), settings={"rate": 6}, update=True)
"""


def test_kill_between_the_two_renames_is_repaired(source: Path, out: Path) -> None:
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
from tests.helpers.made_work import run_source, work

def slow(*given):
    noted = work(*given)
    print("half", flush=True)
    time.sleep(100)
    return noted

run_source(Path(sys.argv[1]), Path(sys.argv[2]), slow)
"""


def test_what_a_kill_leaves_is_cleaned_by_the_next(source: Path, out: Path) -> None:
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
