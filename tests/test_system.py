"""The main job on systems that lack what Linux has; simulated here by taking it away."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from asyconv import system
from asyconv.night import audit, results
from tests.helpers.nights import PROCESS
from tests.helpers.real_data import ROOT

TAKEN_AWAY = """
import ctypes, io, os, signal, sys

for name in ("sched_getaffinity", "link", "pwrite", "pread", "sysconf", "getloadavg", "geteuid"):
    delattr(os, name)
del signal.SIGKILL
os.supports_fd.discard(os.utime)
sys.modules["fcntl"] = None
whole_open, whole_library = io.open, ctypes.CDLL

def without_proc(file, *arguments, **options):
    if str(file).startswith("/proc"):
        raise FileNotFoundError(2, "No such file", str(file))
    return whole_open(file, *arguments, **options)

class Library(whole_library):
    def __init__(self, name, *arguments, **options):
        if name is None:
            raise TypeError("expected the name of a library")
        super().__init__(name, *arguments, **options)

io.open, ctypes.CDLL = without_proc, Library
"""
"""Runs in every process before the first line of asyconv."""

BARE = re.compile(
    r"sched_getaffinity|SIGKILL|CDLL|[\"']/proc|\bfcntl\b|os\.(link|pwrite|pread|sysconf|fork)\b"
    r"|\bselect\.|^import (select|resource|pwd|grp|termios)\b",
    re.MULTILINE,
)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_recording_is_processed_on_a_system_that_lacks_them(
    recordings: Path, model: Path, tmp_path: Path, workers: int
) -> None:
    (tmp_path / "start").mkdir()
    (tmp_path / "start" / "sitecustomize.py").write_text(TAKEN_AWAY)
    source, out = sorted(recordings.glob("*.oni"))[0], tmp_path / "out"
    command = [*PROCESS, str(source), "-o", str(out), "--model", str(model), "--workers", str(workers)]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "start")}
    done = subprocess.run(
        [*command, "--names", str(tmp_path / "names.csv")],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (manifest,) = results.manifests(out)
    assert list(audit.verify(out)) == []
    assert not list((out / ".claims").iterdir())
    here = subprocess.run([sys.executable, "-c", "import os; print(hasattr(os, 'link'))"], env=environment,
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert here.stdout == "False\n"  # they really were taken away
    assert json.loads((out / manifest["recording_id"] / "manifest.json").read_text())["frames_used"] > 0


def test_every_answer_without_them(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    asked = f"""
import os
from pathlib import Path
from asyconv import system

a, b = Path({str(tmp_path / "a")!r}), Path({str(tmp_path / "b")!r})
system.trim_heap()
system.has_cuda_driver()
descriptor = os.open(a, os.O_RDWR)
system.touch(descriptor, a)
system.overwrite_start(descriptor, b"b")
assert not system.lock(descriptor)
os.close(descriptor)
system.sync(a)
system.move_new(a, b)
assert b.read_bytes() == b"b" and not a.exists()
assert system.cores() == os.cpu_count() and system.memory_bytes() is None and system.processor() is None
assert system.peak_memory_mib() != system.peak_memory_mib() and len(system.boot_id()) == 12
assert system.ended_by(0xC0000005) is None
"""
    done = subprocess.run(
        [sys.executable, "-c", TAKEN_AWAY + asked], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_nothing_of_one_system_is_used_elsewhere() -> None:
    files = [path for room in ("asyconv", "analysis", "cli", "kernels") for path in (ROOT / room).rglob("*.py")]
    found = {path.relative_to(ROOT).as_posix() for path in files if BARE.search(path.read_text(encoding="utf8"))}
    assert found == {"asyconv/system.py"}


def test_what_is_not_known_has_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from asyconv.night.engines import fitting_workers

    monkeypatch.delattr(os, "sysconf")
    monkeypatch.delattr(os, "sched_getaffinity")
    assert system.memory_bytes() is None
    assert fitting_workers(1000) == 1  # of a machine of unknown memory no more is asked
    assert system.cores() == os.cpu_count()
    monkeypatch.setattr(system, "fcntl", None)
    (tmp_path / "a").write_text("a")
    descriptor = os.open(tmp_path / "a", os.O_RDWR)
    assert not system.lock(descriptor)
    os.close(descriptor)


def test_a_file_is_moved_to_a_free_name_only(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text(name)
    with pytest.raises(FileExistsError):
        system.move_new(tmp_path / "a", tmp_path / "b")
    assert [(tmp_path / name).read_text() for name in "ab"] == ["a", "b"]
    system.move_new(tmp_path / "a", tmp_path / "c")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "c"]


def test_how_a_process_ended() -> None:
    assert system.ended_by(1) is system.ended_by(0xC0000005) is None  # the latter as Windows tells of a crash
    assert system.ended_by(-9) == "SIGKILL (out of memory?)"
    assert system.ended_by(-11) == "SIGSEGV"
    assert system.ended_by(-34) == "signal 34" or system.ended_by(-34) == "SIGRTMIN"
