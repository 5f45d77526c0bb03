"""Engines carry out recordings, behind three calls: submit one, collect those that have ended, close.

Inline works in this process. Local works with as many child processes as fit on this machine, each called by a thread
(see `asyconv.night.child`), so that a crash ends a child and nothing else. A cluster has a file of its own,
`asyconv.night.cluster`. The truth about what is done lies in RESULTS, not here.
"""

import queue
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from asyconv.errors import InputError
from asyconv.night.child import Child, ChildDied, Task, function_of
from asyconv.system import cores, has_cuda_driver, memory_bytes

MEMORY_BYTES: Final = 2 * 2**30
"""What one recording at a time needs on a CPU, with room to spare."""

GPU_SLOTS: Final = 2
"""Recordings at a time on one GPU: one is decoded, analysed and written while the other one's networks run."""


@dataclass(frozen=True)
class Ended:
    """A task that has ended: with a result, or with the reason why there is none, of which recording, and where."""

    name: str
    result: dict[str, Any] | None = None
    reason: str = ""
    public: str = ""
    """The reason without the name of any file."""
    recording_id: str | None = None
    steps: list[str] = field(default_factory=list)
    refused: str = ""
    """Why the whole run cannot go on, where that is so."""


class Engine(Protocol):
    """Carries out tasks."""

    def slots(self) -> int:
        """How many tasks can be under way at a time, now."""
        ...

    def submit(self, name: str, task: Task) -> None:
        """Start a task under a unique name."""
        ...

    def ended(self, within_s: float) -> list[Ended]:
        """Tasks that have ended; waits at most `within_s` for one."""
        ...

    def close(self) -> None:
        """Cancel running tasks and release all resources."""
        ...


class Inline:
    """One task after another, in this process; no protection from a crash, no time limit."""

    def __init__(self) -> None:
        self._ended: list[Ended] = []

    def slots(self) -> int:
        """One."""
        return 1

    def submit(self, name: str, task: Task) -> None:
        """Carry out the task before returning."""
        self._ended.append(Ended(name, function_of(task)(task.arguments, lambda **facts: None)))

    def ended(self, within_s: float) -> list[Ended]:
        """Give what has been done since the last call."""
        out, self._ended = self._ended, []
        return out

    def close(self) -> None:
        """Do nothing: no task is running between two calls."""


class Local:
    """Child processes on this machine, one task each at a time; nothing listens on a port.

    `workers` share the cores, or have one GPU each with `GPU_SLOTS` children; without a number, as many as fit.
    """

    def __init__(self, n_tasks: int, workers: int | None = None) -> None:
        gpus = gpu_count()
        workers = workers or fitting_workers(n_tasks)
        threads = max(1, cores() // workers)
        self._children = [
            Child(child_environment(threads, n if gpus else None))
            for _ in range(GPU_SLOTS if gpus else 1)
            for n in range(workers)
        ]
        self._idle: queue.SimpleQueue[Child] = queue.SimpleQueue()
        for child in self._children:
            self._idle.put(child)
        self._done: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        self._pool = ThreadPoolExecutor(len(self._children), "asyconv-child")

    def slots(self) -> int:
        """One task per child."""
        return len(self._children)

    def submit(self, name: str, task: Task) -> None:
        """Give the task to a child that has none."""
        self._pool.submit(self._do, name, task)

    def ended(self, within_s: float) -> list[Ended]:
        """Wait for the next task to end, and take all that have."""
        return waited(self._done, within_s)

    def close(self) -> None:
        """End the child processes, also those with a running task."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        with ThreadPoolExecutor(len(self._children)) as closing:
            list(closing.map(Child.close, self._children))
        self._pool.shutdown()

    def _do(self, name: str, task: Task) -> None:
        child = self._idle.get()
        try:
            self._done.put(Ended(name, **in_child(child, task)))
        finally:
            self._idle.put(child)


def waited(done: "queue.SimpleQueue[Any]", within_s: float) -> list[Any]:
    """Wait for the next entry of a queue, and take all that are there; none when the time is over."""
    out = []
    try:
        out.append(done.get(timeout=within_s))
        while True:
            out.append(done.get_nowait())
    except queue.Empty:
        return out


def in_child(child: Child, task: Task) -> dict[str, Any]:
    """Carry out a task in a child; returns fields of `Ended`, also for a failure."""
    try:
        return {"result": child.run(task)}
    except ChildDied as died:
        return {"reason": str(died), "public": died.public, "recording_id": died.recording_id, "steps": died.steps}
    except InputError as error:
        return {"refused": str(error)}
    except OSError as error:
        reason = f"its process could not be started ({error.strerror})"
        return {"reason": reason, "public": reason}


def fitting_workers(n_tasks: int) -> int:
    """Workers on this machine: one per GPU, else as many as cores and memory allow; never more than tasks."""
    if gpus := gpu_count():
        return min(gpus, n_tasks)
    memory = memory_bytes()
    return max(1, min(cores(), 1 if memory is None else memory // MEMORY_BYTES, n_tasks))


def gpu_count() -> int:
    """GPUs that torch can use; where no driver of one is installed, torch is not loaded to find none."""
    if not has_cuda_driver():
        return 0
    import torch

    return torch.cuda.device_count()


def child_environment(threads: int, gpu: int | None) -> Mapping[str, str]:
    """Keep a child to its share of the cores and to its own GPU."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS", "NUMBA_NUM_THREADS")
    own = {} if gpu is None else {"CUDA_VISIBLE_DEVICES": str(gpu)}
    return {**dict.fromkeys(names, str(threads)), **own}
