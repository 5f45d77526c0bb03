"""Claims: a lock file with a heartbeat for each recording in progress, so that no two runs make the same result.

A claim is dead when its process is: on the same host the operating system says so at once (its lock on the file is
free), elsewhere, or when a process stands still, its heartbeat has been missing for too long. Ages are read on the
file server's clock. Nothing here decides what is published; see `asyconv.night.results.publish`.
"""

import contextlib
import json
import os
import threading
import time
import uuid
from pathlib import Path
from typing import Any, Final

from asyconv.system import boot_id, is_in_use, lock, move_new, overwrite_start, remove_open, touch
from asyconv.whole_files import read_json

CLAIMS: Final = ".claims"
SUFFIX: Final = ".lock"
HEARTBEAT_S: Final = 10.0
DEAD_AFTER_S: Final = 120.0
"""More than a network file system keeps a file's times in its cache (60 s by default)."""

TOLD_EVERY_S: Final = 1.0
_SIZE_BYTES: Final = 512
_in_future: dict[Path, tuple[float, float]] = {}
"""Claims with a time in the future: that time, and when this process saw it first."""


class Claim(contextlib.AbstractContextManager["Claim"]):
    """A recording that this process works on; a context that gives it back.

    The lock file says how far the work is, for whoever looks: ``recording_id``, ``stage``, ``done``, ``total``,
    ``seconds`` since it began.
    """

    def __init__(self, path: Path, descriptor: int, facts: dict[str, Any]) -> None:
        self.path, self.token = path, str(facts["token"])
        self._descriptor, self._facts, self._told = descriptor, facts, 0.0
        self._began = time.monotonic()
        self._ended = threading.Event()
        self._beat = threading.Thread(target=self._beat_on, name="asyconv-heartbeat", daemon=True)
        self._beat.start()

    def held(self) -> bool:
        """Whether this process still holds the claim; another run may have taken it over as dead."""
        facts = read_json(self.path)
        return facts is not None and facts.get("token") == self.token

    def note(self, stage: str, done: int = 0, total: int | None = None) -> None:
        """Write the progress into the lock file, at most once a second within one stage."""
        now = time.monotonic()
        if stage == self._facts.get("stage") and now - self._told < TOLD_EVERY_S:
            return
        self._told = now
        seconds = round(now - self._began, 1)
        self._facts = {**self._facts, "stage": stage, "done": done, "total": total, "seconds": seconds}
        with contextlib.suppress(OSError):  # a full disk must not end the work over a line of progress
            overwrite_start(self._descriptor, _padded(self._facts))

    def __exit__(self, *raised: object) -> None:
        """Give the recording back."""
        self._ended.set()
        self._beat.join()
        if self.held():
            remove_open(self.path, self._descriptor)
        else:
            os.close(self._descriptor)

    def _beat_on(self) -> None:
        while not self._ended.wait(HEARTBEAT_S):
            with contextlib.suppress(OSError):
                touch(self._descriptor, self.path)


def take(results: Path, recording_id: str) -> Claim | None:
    """Claim a recording; None while somebody alive works on it. A dead claim is taken over."""
    folder = results / CLAIMS
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{recording_id}{SUFFIX}"
    if path.exists() and not _removed_dead(path):
        return None
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:  # another one was faster
        return None
    try:
        facts = {"token": uuid.uuid4().hex, "boot": boot_id(), "recording_id": recording_id}
        lock(descriptor)  # before anything is written: an empty claim is judged by its age alone
        overwrite_start(descriptor, _padded(facts))
        return Claim(path, descriptor, facts)
    except BaseException:  # a full disk, or a signal to stop
        remove_open(path, descriptor)
        raise


def running(results: Path) -> list[dict[str, Any]]:
    """Progress of every live claim, by recording."""
    now = _server_time(results / CLAIMS)
    claims = (read_json(path) for path in sorted((results / CLAIMS).glob(f"*{SUFFIX}")) if not looks_dead(path, now))
    numbers = ("done", "total", "seconds")
    return [
        facts
        for facts in claims
        if facts and "recording_id" in facts and all(isinstance(facts.get(n) or 0, int | float) for n in numbers)
    ]


def sweep(results: Path) -> list[str]:
    """Remove the claims of dead processes; return the names of the recordings that live processes work on."""
    locks = sorted((results / CLAIMS).glob(f"*{SUFFIX}"))
    return [path.name.removesuffix(SUFFIX) for path in locks if not _removed_dead(path)]


def _removed_dead(path: Path) -> bool:
    """Remove the claim at `path` if its process is dead; True if it is gone."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return True
    except PermissionError:  # another user's: its age alone decides
        return looks_dead(path) and _set_aside(path, read_json(path) or {})
    try:
        facts = read_json(path) or {}
        if facts.get("boot") == boot_id() and lock(descriptor):
            if same_file(path, descriptor):  # locked by us now, so nobody else removes or takes it
                path.unlink(missing_ok=True)
            return True
    finally:
        os.close(descriptor)
    return looks_dead(path) and _set_aside(path, facts)


def _set_aside(path: Path, facts: dict[str, Any]) -> bool:
    """Remove by one rename, which only one process wins, a claim whose heart has stopped; put back what is another."""
    aside = path.with_name(f".dead-{uuid.uuid4().hex}")
    try:
        path.rename(aside)
    except FileNotFoundError:
        return True
    except PermissionError as error:
        if not is_in_use(error):
            raise
        return False  # a process that stands still has it open
    taken = read_json(aside) or {}
    if taken.get("token") != facts.get("token"):
        with contextlib.suppress(FileExistsError):
            move_new(aside, path)
    aside.unlink(missing_ok=True)
    return not path.exists()


def looks_dead(path: Path, now: float | None = None) -> bool:
    """Whether a file has not been touched for so long that its process must be dead; `now` by the file server.

    A time in the future says that a clock went back: then it is this process that waits for a touch.
    """
    changed = _changed(path)
    age_s = (_server_time(path.parent) if now is None else now) - changed
    if age_s >= 0:
        return age_s > DEAD_AFTER_S
    before, since = _in_future.setdefault(path, (changed, time.monotonic()))
    if before != changed:
        _in_future[path] = changed, time.monotonic()
        return False
    return time.monotonic() - since > DEAD_AFTER_S


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _server_time(folder: Path) -> float:
    """Read the clock by which the file server stamps files."""
    clock = folder / f".clock-{uuid.uuid4().hex}"
    try:
        clock.touch()
        return clock.stat().st_mtime
    except OSError:  # no folder yet, or one that may only be read
        return time.time()
    finally:
        with contextlib.suppress(OSError):
            clock.unlink()


def same_file(path: Path, descriptor: int) -> bool:
    """Whether an open file is still the one at `path`."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _padded(facts: dict[str, Any]) -> bytes:
    return json.dumps(facts).encode().ljust(_SIZE_BYTES)[:_SIZE_BYTES]
