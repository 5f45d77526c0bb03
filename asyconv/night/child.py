"""A child process that handles one recording after another and survives between them; a crash costs one recording.

The two ends speak lines of JSON over pipes: the parent sends tasks, the child answers with what is known of the
recording as soon as it is, then with the result. The child ends by itself when its parent does. Nothing is unpickled.
"""

import contextlib
import importlib
import json
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from asyconv.errors import InputError
from asyconv.openmp import wait_briefly
from asyconv.signals import first_raises
from asyconv.system import ended_by

GRACE_S: Final = 10.0
"""How long a child may take to leave what it does, before it is killed."""

OPENING_S: Final = 20.0
"""Counts as this much more recording: to open, hash and analyse it."""


@dataclass(frozen=True)
class Task:
    """One call of ``function``, "module:name", on plain JSON values: ``function(arguments, began)``.

    ``began(recording_id=, length_s=)`` tells which recording it is. `limit_s_per_s`: seconds of work allowed per
    second of it.
    """

    function: str
    arguments: dict[str, Any]
    limit_s_per_s: float


class ChildDied(Exception):
    """The child ended or hung while it worked; of which recording and at which `steps`, where that is known.

    The message may hold the names of files, `public` holds none.
    """

    def __init__(self, reason: str, steps: list[str], last_line: str = "") -> None:
        super().__init__(f"{reason}: {last_line}" if last_line else reason)
        kind = re.match(r"[A-Za-z_][\w.]*(?=: |$)", last_line)
        self.public = f"{reason}: {kind[0]}" if kind else reason
        self.steps = steps
        self.recording_id: str | None = None


class Child:
    """A child process; started at its first task, and again after it died, with `environment` above this one's."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._running: _Process | None = None
        self._starting = threading.Lock()
        self.closed = False

    def run(self, task: Task) -> dict[str, Any]:
        """Do a task in the child and return its result; raises `ChildDied`, and the child's `InputError`."""
        running = self._started()
        stdin = running.process.stdin
        assert stdin is not None
        with contextlib.suppress(OSError):  # it died meanwhile, which is found out below
            stdin.write(json.dumps(vars(task)).encode() + b"\n")
            stdin.flush()
        facts: dict[str, Any] = {}
        start = time.monotonic()
        while True:
            limit_s = task.limit_s_per_s * (OPENING_S + (facts.get("length_s") or 0.0))
            line = running.line(limit_s - (time.monotonic() - start))
            if line is None:
                running.process.kill()
            if not line:
                self._running = None
                died = _died(running, f"hung: no end after {limit_s:.0f} s" if line is None else "")
                died.recording_id = facts.get("recording_id")
                raise died
            message = json.loads(line)
            if "refused" in message:
                raise InputError(message["refused"])
            if "result" in message:
                result: dict[str, Any] = message["result"]
                return result
            facts = message["began"]

    def close(self) -> None:
        """Ask the child to end, and kill it if it does not. May be called from another thread."""
        with self._starting:
            self.closed = True
            running = self._running
        if running is None:
            return
        running.process.terminate()
        try:
            running.process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            running.process.kill()
        if self._running is running:
            self._running = None
            _died(running, "")

    def _started(self) -> "_Process":
        with self._starting:
            if self.closed:
                raise ChildDied("its run has ended", [])
            if self._running is None:
                errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the child has ended
                # a session of its own: Ctrl-C is for the command, which ends its children in order
                process = subprocess.Popen(
                    [sys.executable, "-P", "-m", __spec__.name],  # -P: never a module of the current folder
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                    start_new_session=True, env={**_inherited(), **self._environment},
                )  # fmt: skip
                self._running = _Process(process, errors)
            return self._running


class _Process:
    """A started child, where its errors are kept, and its answers: read on a thread, the one way on every system."""

    def __init__(self, process: "subprocess.Popen[bytes]", errors: IO[bytes]) -> None:
        self.process, self.errors = process, errors
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.reader = threading.Thread(target=self._read, name="asyconv-answers", daemon=True)
        self.reader.start()

    def line(self, within_s: float) -> bytes | None:
        """Return the next line, b"" at the end, or None when the time is over."""
        try:
            return self._lines.get(timeout=min(max(0.0, within_s), threading.TIMEOUT_MAX))
        except queue.Empty:
            return None

    def _read(self) -> None:
        assert self.process.stdout is not None
        rest = b""
        while piece := os.read(self.process.stdout.fileno(), 65536):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                self._lines.put(line)
        self._lines.put(b"")


def _inherited() -> dict[str, str]:
    """Environment of this process, in which OpenMP waits briefly, without what Dask sets for its workers.

    With that every buffer of the networks is mapped anew.
    """
    environment = {name: value for name, value in os.environ.items() if name != "MALLOC_TRIM_THRESHOLD_"}
    wait_briefly(environment)
    return environment


def _died(running: _Process, reason: str) -> ChildDied:
    """Wait until the child has ended and describe how."""
    process, errors = running.process, running.errors
    code = process.wait()
    errors.seek(0)
    said = errors.read().decode(errors="replace")
    last_line = ""
    if not reason and (by := ended_by(code)):
        reason = f"killed by {by}"
    elif not reason:
        reason, last_line = f"ended with exit code {code}", (said.strip().splitlines() or [""])[-1]
    running.reader.join(1.0)  # a grandchild may hold the pipe open, and then it stays as it is
    for pipe in (process.stdin, errors, *([] if running.reader.is_alive() else [process.stdout])):
        assert pipe is not None
        with contextlib.suppress(OSError):
            pipe.close()
    return ChildDied(reason, _steps(said), last_line)


def _steps(errors: str) -> list[str]:
    """Return ``file:line function`` of a crashed child's innermost calls, without folders."""
    calls = re.findall(r'File "([^"]*)", line (\d+) in (\S+)', errors)
    return [f"{Path(path).name}:{line} {function}" for path, line, function in calls[:20]]


def main() -> None:
    """Carry out the tasks that arrive on standard input, until it is closed."""
    import faulthandler

    faulthandler.enable()
    answers = os.fdopen(os.dup(1), "w", encoding="utf8")
    os.dup2(2, 1)  # whatever a library prints must not come between the answers
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tasks = _tasks_until_parent_ends(os.fdopen(os.dup(0), "rb", buffering=0))

    def say(**message: Any) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    with first_raises((signal.SIGTERM,), lambda number: SystemExit(128 + number)):
        while line := tasks.get():
            task = Task(**json.loads(line))
            try:
                say(result=function_of(task)(task.arguments, lambda **facts: say(began=facts)))
            except InputError as error:
                say(refused=str(error))


def function_of(task: Task) -> Callable[..., dict[str, Any]]:
    """Import the function of a task."""
    module, name = task.function.split(":")
    function: Callable[..., dict[str, Any]] = getattr(importlib.import_module(module), name)
    return function


def _tasks_until_parent_ends(pipe: IO[bytes]) -> "queue.SimpleQueue[bytes]":
    """Read tasks on a thread of their own, which sees at once that the parent has ended, and ends this process."""
    tasks: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def read() -> None:
        for line in pipe:
            tasks.put(line)
        tasks.put(b"")
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_S)
        os._exit(1)

    threading.Thread(target=read, name="asyconv-parent", daemon=True).start()
    return tasks


if __name__ == "__main__":
    main()
