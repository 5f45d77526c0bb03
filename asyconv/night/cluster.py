"""Recordings on a Dask cluster that is there already; every worker's thread has a warm child of its own."""

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from asyconv.errors import InputError, Stopped
from asyconv.night.child import Child, Task
from asyconv.night.engines import GPU_SLOTS, Ended, in_child, waited

WORKERS_WITHIN_S: Final = 120.0
"""How long a cluster may be without any worker."""

ANSWER_WITHIN_S: Final = 20.0
"""How long a scheduler may take to answer at first."""


class Cluster:
    """Dask distributed: `scheduler` is an address or a scheduler file.

    At most `slots` tasks are submitted at a time and each future is released at once: what merely waits on a worker
    that dies would be blamed for it, and what has ended there would be done again. A scheduler that is lost, or stays
    without workers, raises `Stopped`; no recording is to blame for it.
    """

    def __init__(self, scheduler: str) -> None:
        self._scheduler = scheduler
        self._client = _connected(scheduler)
        self._futures: dict[str, Any] = {}
        self._done: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._had_workers = time.monotonic()

    def slots(self) -> int:
        """Threads of all workers that are there now."""
        threads: int = sum(self._asked(self._client.nthreads).values())
        if threads:
            self._had_workers = time.monotonic()
        elif time.monotonic() - self._had_workers > WORKERS_WITHIN_S:
            raise Stopped(f"scheduler {self._scheduler}: expected workers, found none for {WORKERS_WITHIN_S:.0f} s")
        return threads

    def submit(self, name: str, task: Task) -> None:
        """Send the task to a worker; to one with a GPU where workers offer that resource."""
        workers = self._asked(lambda: self._client.scheduler_info(-1))["workers"].values()
        resources = {"GPU": 1 / GPU_SLOTS} if any(worker["resources"].get("GPU") for worker in workers) else None
        future = self._client.submit(
            on_worker, name, vars(task), key=f"asyconv-{name}", pure=False, resources=resources
        )
        self._futures[name] = future
        future.add_done_callback(lambda _: self._done.put(name))

    def ended(self, within_s: float) -> list[Ended]:
        """Wait for the next task to end, and take all that have."""
        if self._futures and self._client.status != "running":
            raise self._lost()
        return [self._take(name) for name in waited(self._done, within_s)]

    def close(self) -> None:
        """Cancel what is under way, end its processes on the workers, and leave the cluster."""
        under_way = list(self._futures)
        with contextlib.suppress(Exception):  # where the scheduler is lost, there is nothing to be told
            for future in self._futures.values():
                future.cancel(force=True)
            if under_way and self._client.status == "running":
                self._client.run(end_on_worker, under_way, on_error="ignore")
        self._client.close(timeout=5)

    def _asked(self, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except Exception as error:
            raise self._lost() from error

    def _lost(self) -> Stopped:
        return Stopped(
            f"scheduler {self._scheduler}: the connection is lost; once it is there, the same command goes on"
        )

    def _take(self, name: str) -> Ended:
        future = self._futures.pop(name)
        try:
            return Ended(name, **future.result())
        except Exception as error:  # the worker was lost, or could not run the task at all
            if self._client.status != "running":
                raise self._lost() from error
            reason = f"its worker was lost ({type(error).__name__})"
            return Ended(name, reason=reason, public=reason)
        finally:
            future.release()


def _connected(scheduler: str) -> Any:
    """Connect from a thread of its own: a server that is no scheduler may keep the client waiting for ever."""
    try:
        from distributed import Client
    except ImportError as error:
        raise InputError("--scheduler needs the package distributed: install asyconv[cluster]") from error
    answer: queue.SimpleQueue[Any] = queue.SimpleQueue()
    there = {"scheduler_file": scheduler} if Path(scheduler).is_file() else {"address": scheduler}

    def connect() -> None:
        try:
            answer.put(Client(**there, timeout=ANSWER_WITHIN_S / 2))
        except Exception as error:  # whatever answers there, or is written in that file
            answer.put(f"{type(error).__name__}: {error}")

    threading.Thread(target=connect, name="asyconv-connect", daemon=True).start()
    try:
        client = answer.get(timeout=ANSWER_WITHIN_S)
    except queue.Empty:
        client = f"no answer within {ANSWER_WITHIN_S:.0f} s"
    if isinstance(client, str):
        raise InputError(f"scheduler {scheduler}: expected a Dask scheduler, found none ({client})")
    return client


_own = threading.local()
_under_way: dict[str, Child] = {}
"""On a worker: the child of every task that runs there."""


def on_worker(name: str, task: dict[str, Any]) -> dict[str, Any]:
    """Do a task in the warm child of this worker's thread."""
    if getattr(_own, "child", None) is None or _own.child.closed:
        _own.child = Child({})
    _under_way[name] = _own.child
    try:
        return in_child(_own.child, Task(**task))
    finally:
        _under_way.pop(name, None)


def end_on_worker(names: list[str]) -> None:
    """End the children that run these tasks: nobody waits for them any more."""
    for name in names:
        if child := _under_way.get(name):
            child.close()
