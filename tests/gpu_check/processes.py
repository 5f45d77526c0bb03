"""Paths checked in processes of their own: what hangs or crashes costs its own rows only; compute-sanitizer."""

import csv
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.gpu_check.check import ROOT, Check
from tests.gpu_check.paths import sound

ALONE_S: Final = 90
SANITIZER_S: Final = 60
FOUND: Final = 99
"""Exit code of compute-sanitizer where it found something, so that another one means that it did not work."""

PROGRAM: Final = (sys.executable, "-m", "tests.gpu_check")


def alone(check: Check) -> None:
    """Correctness of every path, all at once, each in a process of its own."""
    from asyconv.kernels.dispatch import PATHS

    limit_s = min(ALONE_S, check.left_s() - 60)
    with tempfile.TemporaryDirectory() as folder:
        children = {path: start(path, Path(folder, path), limit_s) for path in PATHS}
        until = time.monotonic() + limit_s + 20  # what a child needs until it looks at its clock
        for path, child in children.items():
            status, said = ended(child, until - time.monotonic())
            for row in rows_of(Path(folder, path)):
                check.keep(row)
            print(said, end="", flush=True)
            check.failures += [line[6:] for line in said.splitlines() if line.startswith("WRONG ")]
            if status not in (0, 1):
                check.broken.add(path)
                how = "did not end in time" if status is None else f"ended with exit code {status}"
                check.fail(f"{path}: its process {how}; the path is left out from here on")


def sanitizer(check: Check) -> None:
    """compute-sanitizer over our kernels on one small case each, where it is installed and works."""
    homes = [os.environ.get("CUDA_HOME", ""), "/usr/local/cuda"]
    places = os.pathsep.join([os.environ.get("PATH", ""), *(str(Path(home, "bin")) for home in homes if home)])
    tool = shutil.which("compute-sanitizer", path=places)
    if tool is None:
        print("skipped: compute-sanitizer is not installed here")
        return
    for path in sound(check)[1:]:
        for kind in ("memcheck", "racecheck"):
            limit_s = min(SANITIZER_S, check.left_s() - 60)
            if limit_s < 20:
                print(f"time is up before {kind} of {path}")
                return
            # a tensor's memory of its own, or what lies beside it in torch's pool counts as allowed
            command = [tool, "--tool", kind, "--error-exitcode", str(FOUND), "--kernel-name",
                       "kernel_substring=cascade", *PROGRAM, "--only", path, "--small"]  # fmt: skip
            with tempfile.TemporaryDirectory() as folder:
                child = launch_child(command, Path(folder), PYTORCH_NO_CUDA_MEMORY_CACHING="1")
                status, said = ended(child, limit_s)
            lines = [line for line in said.splitlines() if line.strip("= ")] or ["no word"]
            if status == FOUND:
                check.fail(f"{kind} of {path}: {lines[-1]}")
            elif status == 0:
                print(f"{kind} of {path}: {lines[-1]}", flush=True)
            else:
                how = "did not end in time" if status is None else f"ended with exit code {status}: {lines[-1]}"
                print(f"skipped: {kind} of {path} {how}", flush=True)


def start(path: str, out: Path, seconds: float) -> "subprocess.Popen[str]":
    """Check one path in a process of its own; its rows go to ``out``."""
    return launch_child([*PROGRAM, "--only", path, "--seconds", f"{seconds:.0f}"], out)


def launch_child(command: list[str], out: Path, **variables: str) -> "subprocess.Popen[str]":
    """Start a process whose words are kept."""
    environment = {**os.environ, "OUT": str(out), **variables}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, cwd=ROOT
    )


def ended(child: "subprocess.Popen[str]", limit_s: float) -> tuple[int | None, str]:
    """Exit code, None where it had to be killed, and all that it said."""
    try:
        said, _ = child.communicate(timeout=max(limit_s, 0.1))
        return child.returncode, said
    except subprocess.TimeoutExpired:
        child.kill()
        try:
            return None, child.communicate(timeout=5)[0]
        except subprocess.TimeoutExpired:  # it waits for a device that does not answer
            return None, ""


def rows_of(folder: Path) -> Iterator[Any]:
    """Rows that a process has left, as text throughout."""
    from asyconv.kernels.timing import Row

    for path in folder.glob("*.csv"):
        with path.open(encoding="utf8", newline="") as file:
            yield from (Row(**row) for row in csv.DictReader(file))
