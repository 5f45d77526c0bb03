"""Bad recordings among good ones."""

import os
import random
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest

from asyconv.night import audit, results
from tests.helpers import oni_bytes
from tests.helpers.commands import without_privileges
from tests.helpers.made_work import parked
from tests.helpers.nights import PROCESS, simulated
from tests.helpers.real_data import ROOT

FAULTS = """
import os, sys, time
from asyconv.recordings import opening
from asyconv.night import sources

sources.SETTLED_AFTER_S = 5.0
real_open = opening.open_recording

def open_recording(path, **options):
    opened = real_open(path, **options)
    if "hangs" in opened.path.name:
        opened.decode = lambda: iter(lambda: time.sleep(1000), None)
    if "segfaults" in opened.path.name:
        import ctypes
        ctypes.string_at(0)
    return opened

opening.open_recording = open_recording
"""
"""Put where every Python process of the run finds it first: faults of a decoder that no file can show on demand."""


def faulty(tmp_path: Path) -> dict[str, str]:
    """Environment in which decoders fail on files of these names, and recordings settle in five seconds."""
    folder = tmp_path / "faults"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(FAULTS)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]), "OMP_NUM_THREADS": "1"}


def bad_ones(ward: Path, spare: list[Path]) -> dict[str, str]:
    """Write bad recordings; returns what must be said of each. `spare` are good ones to spoil."""
    (ward / "empty.oni").write_bytes(b"")
    (ward / "cut.oni").write_bytes(spare[0].read_bytes()[: random.Random(0).randrange(30, 200)])
    (ward / "text.oni").write_text("no recording at all\n")
    (ward / "zeros.oni").write_bytes(bytes(4096))
    colour = oni_bytes.HEADER + oni_bytes.node_added(1, oni_bytes.COLOUR) + oni_bytes.end()
    (ward / "colour.oni").write_bytes(colour)
    (ward / "locked.oni").write_bytes(spare[1].read_bytes())
    (ward / "locked.oni").chmod(0)
    (ward / "folder.oni").mkdir()
    shutil.copy(spare[2], ward / "segfaults.oni")
    return {
        "empty.oni": "found an empty file",
        "cut.oni": "expected",
        "text.oni": "found a file that begins with 'no r'",
        "zeros.oni": "found a file that begins with",
        "colour.oni": "depth",
        "locked.oni": "Permission denied",
        "folder.oni": "expected",
        "segfaults.oni": "killed by SIGSEGV, at attempt 3 of 3",
    }


def grow(path: Path, whole: bytes) -> threading.Thread:
    """Write a recording in pieces, as a camera does, for eight seconds."""

    def write() -> None:
        with path.open("wb") as file:
            for n in range(10):
                file.write(whole[n * len(whole) // 10 : (n + 1) * len(whole) // 10])
                file.flush()
                time.sleep(0.8)

    thread = threading.Thread(target=write)
    thread.start()
    while not path.exists() or not path.stat().st_size:
        time.sleep(0.01)
    return thread


@pytest.mark.parametrize(
    ("good", "hang"), [(3, False), pytest.param(20, True, marks=pytest.mark.fuzz)], ids=["few", "many"]
)
def test_bad_recordings_among_good_ones(model: Path, tmp_path: Path, good: int, hang: bool) -> None:
    ward, out = tmp_path / "ward", tmp_path / "out"
    simulated(ward, good, seed=71)
    spare = simulated(tmp_path / "spare", 5, seed=72)
    expected = bad_ones(ward, spare)
    if hang:
        shutil.copy(spare[3], ward / "hangs.oni")
        expected["hangs.oni"] = "hung: no end after"
    writer = grow(ward / "growing.oni", spare[4].read_bytes()[:-100])  # its end record is not written yet
    command = [*PROCESS, str(ward), "-o", str(out), "--model", str(model), "--workers", "2", "--time-out", "3"]
    done = subprocess.run(
        without_privileges(command), env=faulty(tmp_path), capture_output=True, text=True, check=False, timeout=560
    )
    writer.join()
    (ward / "locked.oni").chmod(0o644)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith(("asyconv: refused", "asyconv: parked"))]
    for name, why in expected.items():
        (line,) = [line for line in told if f" {name}:" in line]
        assert why in line
    assert len(told) == len(expected), told
    finished = results.manifests(out)
    assert len(finished) == good + 1
    assert all(m["frames_used"] == 15 for m in finished)  # the growing one too was read when it was whole
    assert list(audit.verify(out)) == []
    reasons = {record["attempts"][-1]["reason"] for record in parked(out)}
    assert any("killed by SIGSEGV" in reason for reason in reasons)
    assert not any(name in reason for reason in reasons for name in expected)
