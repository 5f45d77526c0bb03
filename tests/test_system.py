"""The main job on systems that lack what Linux has; simulated here by taking it away."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from asyconv import system
from asyconv.night import audit, results
from tests.helpers.commands import python
from tests.helpers.real_data import ROOT

NOT_LINUX = ROOT / "tests" / "helpers" / "not_linux.py"

BARE = re.compile(
    r"sched_getaffinity|SIGKILL|CDLL|[\"']/proc|\bfcntl\b|os\.(link|pwrite|pread|sysconf|fork)\b"
    r"|\bselect\.|^import (select|resource|pwd|grp|termios)\b",
    re.MULTILINE,
)


Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """``run(*words)``: run asyconv on the system that lacks them, and return what stands on standard output."""
    (tmp_path / "start").mkdir()
    shutil.copy(NOT_LINUX, tmp_path / "start" / "sitecustomize.py")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "start"), "PYTHONIOENCODING": "cp1252"}

    def started(*words: object) -> str:
        command = [sys.executable, "-m", "asyconv.cli.main", *map(str, words)]
        done = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, encoding="cp1252", check=False, timeout=300
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    here = subprocess.run([sys.executable, "-c", "import os; print(hasattr(os, 'link'))"], env=environment,
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert here.stdout == "False\n"  # they really are taken away
    return started


def test_a_recording_is_processed_on_a_system_that_lacks_them(
    recordings: Path, model: Path, tmp_path: Path, run: Run
) -> None:
    source, out = sorted(recordings.glob("*.oni"))[0], tmp_path / "\u0392"  # a letter that cp1252 lacks
    settings = ("-o", out, "--model", model, "--names", tmp_path / "names.csv")
    assert "\\u0392" in run("process", source, *settings, "--workers", 1)
    (manifest,) = results.manifests(out)
    assert manifest["frames_used"] > 0
    run("process", source, *settings, "--workers", 0, "--infant", "inf-2", "--update")  # moves the first result
    assert [path.name for path in (out / ".superseded").iterdir()] == [manifest["recording_id"]]
    run("cohort", out)
    assert list(audit.verify(out)) == []
    assert not list((out / ".claims").iterdir())
    assert not list(out.glob(".tmp-*"))
    for copy in ("copy.mkv", "pictures"):
        run("convert", source, tmp_path / copy)


def test_results_without_locks_wait_for_who_reads_them(tmp_path: Path) -> None:
    """A file that another one has open for a moment is written a moment later; a claim that is held open is left."""
    program = f"""
import os, threading, time
from pathlib import Path
from asyconv.night import claims
from asyconv.whole_files import write_whole

folder = Path({str(tmp_path)!r})
write_whole(folder / "a", "old")
reader = (folder / "a").open()
threading.Timer(0.3, reader.close).start()
write_whole(folder / "a", "new")
assert reader.closed and (folder / "a").read_text() == "new"

claim = claims.take(folder, "rec-1")
claim._ended.set()
os.utime(claim.path, (0, 0))  # as if its process stood still
assert claims.take(folder, "rec-1") is None
os.close(claim._descriptor)
with claims.take(folder, "rec-1"):
    assert claim.path.exists()
assert not list(claim.path.parent.iterdir())
"""
    done = python("-c", NOT_LINUX.read_text(encoding="utf8") + program)
    assert done.returncode == 0, done.stderr


def test_every_answer_without_them(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    asked = f"""
import os
from pathlib import Path
from asyconv import system

a, b = Path({str(tmp_path / "a")!r}), Path({str(tmp_path / "b")!r})
system.keep_heap()
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

import numpy as np
from asyconv.labels.clip_files import write_clip_files
from asyconv.labels.clip_set import ClipSet

clips = Path({str(tmp_path / "clips")!r})
shapes = {{"depth": (1, 3, 96, 128), "xy_map": (1, 3, 12, 2), "visible": (1, 3, 12)}}
write_clip_files(clips, [1], [ClipSet(**{{name: np.zeros(shape) for name, shape in shapes.items()}})], {{}})
assert (clips / "facts.json").is_file()
"""
    done = python("-c", NOT_LINUX.read_text(encoding="utf8") + asked)
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
