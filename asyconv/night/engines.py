"""Where recordings are worked on, behind three calls: submit one, ask what has ended, close.

Inline works in this process. Dask works with as many workers as fit on this machine, or in a cluster that is there
already. Every recording runs in a warm child of its worker (see `asyconv.night.child`), so that a crash never takes a
worker with it; so the workers of this machine need no processes of their own. The truth about what is done lies in
RESULTS, not here.
"""

import logging
import os
import queue
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from asyconv.errors import InputError
from asyconv.night.child import Child, ChildDied, Task, function_of

MEMORY_BYTES: Final = 2 * 2**30
"""What one recording at a time needs on a CPU, with room to spare."""

GPU_SLOTS: Final = 2
"""Recordings at a time on one GPU: one is decoded, analysed and written while the other one's networks run."""


QUIET: Final = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.scheduler.work-stealing": False,
}
"""Of a local cluster: what it does dozens of times a second for small tasks is no use for tasks of minutes."""


@dataclass(frozen=True)
class Ended:
    """A task that has ended: with a result, or with the reason why there is none, of which recording, and where."""

    name: str
    result: dict[str, Any] | None = None
    reason: str = ""
    recording_id: str | None = None
    steps: list[str] = field(default_factory=list)


class Engine(Protocol):
    """Where tasks are done."""

    def slots(self) -> int:
        """How many tasks can be under way at a time, now."""
        ...

    def submit(self, name: str, task: Task) -> None:
        """Begin a task under a name of its own."""
        ...

    def ended(self, within_s: float) -> list[Ended]:
        """Wait that long at most for tasks to end."""
        ...

    def close(self) -> None:
        """Abandon what is under way and give everything back."""
        ...


class Inline:
    """One task after another, in this process; no protection from a crash, no time limit."""

    def __init__(self) -> None:
        self._ended: list[Ended] = []

    def slots(self) -> int:
        """One."""
        return 1

    def submit(self, name: str, task: Task) -> None:
        """Do the task at once."""
        self._ended.append(Ended(name, function_of(task)(task.arguments, lambda **known: None)))

    def ended(self, within_s: float) -> list[Ended]:
        """Give what has been done since the last call."""
        out, self._ended = self._ended, []
        return out

    def close(self) -> None:
        """Nothing is under way between two calls."""


class Dask:
    """Dask distributed: `scheduler` is an address or a scheduler file; without one, a cluster on this machine.

    At most `slots` tasks are submitted at a time and each future is released at once: what merely waits on a worker
    that dies would be blamed for it, and what has ended there would be done again.
    """

    def __init__(self, n_tasks: int, scheduler: str | None = None, workers: int | None = None) -> None:
        import distributed

        self._cluster = None
        self._children: list[Child] = []
        try:
            if scheduler is None:
                self._cluster = local_cluster(workers or fitting_workers(n_tasks), self._children)
                self._client = distributed.Client(self._cluster)
            elif Path(scheduler).is_file():
                self._client = distributed.Client(scheduler_file=scheduler, timeout=10)
            else:
                self._client = distributed.Client(scheduler, timeout=10)
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
        future = self._client.submit(in_child, vars(task), key=f"asyconv-{name}", pure=False, resources=resources)
        self._futures[name] = future
        future.add_done_callback(lambda _: self._done.put(name))

    def ended(self, within_s: float) -> list[Ended]:
        """Wait for the next task to end, and take all that have."""
        names = []
        try:
            names.append(self._done.get(timeout=within_s))
            while True:
                names.append(self._done.get_nowait())
        except queue.Empty:
            return [self._take(name) for name in names]

    def close(self) -> None:
        """Leave the cluster; end it if it is this run's own, children with their workers."""
        for future in self._futures.values():
            future.cancel(force=True)
        if self._children:
            with ThreadPoolExecutor(len(self._children)) as closing:
                list(closing.map(Child.close, self._children))
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()

    def _take(self, name: str) -> Ended:
        future = self._futures.pop(name)
        try:
            answer = future.result()
        except Exception as error:  # the worker was lost, or could not run the task at all
            return Ended(name, reason=f"its worker was lost ({type(error).__name__})")
        finally:
            future.release()
        if "refused" in answer:
            raise InputError(answer["refused"])
        return Ended(name, **answer)


def fitting_workers(n_tasks: int) -> int:
    """Workers on this machine: one per GPU, else as many as cores and memory allow; never more than tasks."""
    import torch
    from distributed.system import MEMORY_LIMIT

    if gpus := torch.cuda.device_count():
        return min(gpus, n_tasks)
    return max(1, min(cores(), MEMORY_LIMIT // MEMORY_BYTES, n_tasks))


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def local_cluster(workers: int, children: list[Child]) -> Any:
    """Start workers in this process whose children share the cores, or one per GPU; nothing listens outside.

    `children` gets the child of every worker's thread when it starts.
    """
    import dask.config
    import distributed
    import torch

    gpus = torch.cuda.device_count()
    threads = max(1, cores() // workers)
    slots = GPU_SLOTS if gpus else 1

    def start(environment: Mapping[str, str]) -> None:
        _own.child = Child(environment)
        children.append(_own.child)

    # web servers take port 8787 of every network the machine is in, unless they are told where
    here = {"protocol": "inproc://", "dashboard": False, "dashboard_address": "127.0.0.1:0"}
    specs = {
        n: {
            "cls": distributed.Worker,
            "options": {
                **here,
                "nthreads": slots,
                "executor": ThreadPoolExecutor(
                    slots, f"asyconv-{n}", start, (child_environment(threads, n if gpus else None),)
                ),
                "resources": {"GPU": 1} if gpus else None,
                "memory_limit": 0,
                "silence_logs": logging.ERROR,
            },
        }
        for n in range(workers)
    }
    scheduler = {"cls": distributed.Scheduler, "options": here}
    with dask.config.set(QUIET):
        return distributed.SpecCluster(workers=specs, scheduler=scheduler, silence_logs=logging.ERROR)


def child_environment(threads: int, gpu: int | None) -> Mapping[str, str]:
    """Keep a worker's child to its share of the cores and to its own GPU."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS", "NUMBA_NUM_THREADS")
    own = {} if gpu is None else {"CUDA_VISIBLE_DEVICES": str(gpu)}
    return {**dict.fromkeys(names, str(threads)), **own}


_own = threading.local()


def in_child(task: dict[str, Any]) -> dict[str, Any]:
    """Do a task in the warm child of this worker's thread; what goes wrong is an answer, never an exception."""
    child = getattr(_own, "child", None)
    if child is None:
        child = _own.child = Child({})
    try:
        return {"result": child.run(Task(**task))}
    except ChildDied as died:
        return {"reason": str(died), "recording_id": died.recording_id, "steps": died.steps}
    except InputError as error:
        return {"refused": str(error)}
