"""Recordings on a Dask cluster that is there already; every worker's thread has a warm child of its own."""

import queue
import threading
from pathlib import Path
from typing import Any

from asyconv.errors import InputError
from asyconv.night.child import Child, Task
from asyconv.night.engines import GPU_SLOTS, Ended, in_child, waited

EXTRA = "--scheduler needs the package distributed: install asyconv[cluster]"


class Cluster:
    """Dask distributed: `scheduler` is an address or a scheduler file.

    At most `slots` tasks are submitted at a time and each future is released at once: what merely waits on a worker
    that dies would be blamed for it, and what has ended there would be done again.
    """

    def __init__(self, scheduler: str) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            raise InputError(EXTRA) from error
        there = {"scheduler_file": scheduler} if Path(scheduler).is_file() else {"address": scheduler}
        try:
            self._client = Client(**there, timeout=10)
        except (OSError, ValueError) as error:
            raise InputError(f"scheduler {scheduler}: expected a Dask scheduler, found none ({error})") from error
        self._futures: dict[str, Any] = {}
        self._done: queue.SimpleQueue[str] = queue.SimpleQueue()

    def slots(self) -> int:
        """Threads of all workers that are there now."""
        return sum(self._client.nthreads().values())

    def submit(self, name: str, task: Task) -> None:
        """Send the task to a worker; to one with a GPU where workers offer that resource."""
        has_gpus = any(worker["resources"].get("GPU") for worker in self._client.scheduler_info(-1)["workers"].values())
        resources = {"GPU": 1 / GPU_SLOTS} if has_gpus else None
        future = self._client.submit(on_worker, vars(task), key=f"asyconv-{name}", pure=False, resources=resources)
        self._futures[name] = future
        future.add_done_callback(lambda _: self._done.put(name))

    def ended(self, within_s: float) -> list[Ended]:
        """Wait for the next task to end, and take all that have."""
        return [self._take(name) for name in waited(self._done, within_s)]

    def close(self) -> None:
        """Cancel what is under way and leave the cluster."""
        for future in self._futures.values():
            future.cancel(force=True)
        self._client.close()

    def _take(self, name: str) -> Ended:
        future = self._futures.pop(name)
        try:
            return Ended(name, **future.result())
        except Exception as error:  # the worker was lost, or could not run the task at all
            return Ended(name, reason=f"its worker was lost ({type(error).__name__})")
        finally:
            future.release()


_own = threading.local()


def on_worker(task: dict[str, Any]) -> dict[str, Any]:
    """Do a task in the warm child of this worker's thread."""
    if not hasattr(_own, "child"):
        _own.child = Child({})
    return in_child(_own.child, Task(**task))
