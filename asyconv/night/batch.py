"""Process many recordings, each once, a few at a time; a failure of one does not stop the others.

The function per recording is composed by the caller and named by its module, so that an engine can call it anywhere.
What is done is skipped, what is stale is named, what another run is making is waited for; what crashes is tried again
a few times and then parked with the reason.
"""

import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from asyconv.errors import InputError, Stopped
from asyconv.night import results as store
from asyconv.night.child import Task
from asyconv.night.engines import Ended, Engine
from asyconv.night.one_recording import Outcome, State, park
from asyconv.night.sources import content_hash, id_of_unreadable, settled_at
from asyconv.words import counted

ATTEMPTS: Final = 3
LIMIT_S_PER_S: Final = 30.0
"""Seconds of work allowed per second of recording."""

CLAIMED_AGAIN_S: Final = 1.0
SAME: Final = "the same recording as another of this run"
NEEDED_BYTES: Final = 32 * 2**20
"""Free space that a recording under way may need; the result of a simulated one of 180 s took 3.9 MB."""


@dataclass(frozen=True)
class Asked:
    """One recording that a run is asked for; `recording_id` where the user states it.

    `arguments` are plain JSON values for the function, which are joined by ``source``, ``run`` and ``attempt``.
    """

    source: Path
    arguments: dict[str, Any]
    recording_id: str | None = None


@dataclass
class _Turn:
    """A recording in the queue: the earliest time at which it may start, and the number of this attempt."""

    asked: Asked
    not_before: float = 0.0
    attempt: int = 1


def new_run() -> str:
    """Name of a run: its start time and random digits."""
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{uuid.uuid4().hex[:8]}"


def run_batch(
    function: str,
    asked: Sequence[Asked],
    results: Path,
    engine: Engine,
    run: str,
    *,
    attempts: int = ATTEMPTS,
    limit_s_per_s: float = LIMIT_S_PER_S,
    ready_at: Callable[[Path], float] = settled_at,
    waiting: Callable[[Path, float], None] = lambda source, seconds: None,
) -> Iterator[Outcome]:
    """Yield the outcome of every recording as soon as it is known.

    ``function``, "module:name", does one recording and returns `Outcome.to_json`. `waiting` is told when there is
    nothing to do but to wait for a recording. Raises `Stopped` when the disk fills up, after what is under way has
    ended. The caller closes the engine.
    """
    store.open_results(results)
    queue: list[_Turn] = []
    for request, outcome in _each_once(asked):
        if outcome:
            yield outcome
        else:
            queue.append(_Turn(request, _not_before(request.source, ready_at)))
    under_way: dict[str, _Turn] = {}
    seen: dict[str, Outcome] = {}
    full = False
    while queue or under_way:
        full = full or shutil.disk_usage(results).free < NEEDED_BYTES * (len(under_way) + 1)
        while not full and len(under_way) < engine.slots() and (turn := _next(queue, ready_at)):
            name = f"{run}-{uuid.uuid4().hex[:8]}"
            under_way[name] = turn
            arguments = {**turn.asked.arguments, "source": str(turn.asked.source), "run": run, "attempt": turn.attempt}
            engine.submit(name, Task(function, arguments, limit_s_per_s))
        if full and not under_way:
            raise Stopped(_no_space(results))
        if not under_way:
            _wait(queue, waiting)
            continue
        for ended in engine.ended(within_s=1.0):
            turn = under_way.pop(ended.name)
            if ended.refused:
                raise InputError(ended.refused)
            outcome = _outcome(ended, turn, results, attempts)
            if outcome.state is State.NO_SPACE:
                full = True
                queue.append(turn)
            elif outcome.state is State.CLAIMED:
                queue.append(replace(turn, not_before=time.time() + CLAIMED_AGAIN_S))
            elif outcome.state is State.FAILED and turn.attempt < attempts:
                queue.append(replace(turn, attempt=turn.attempt + 1))
            else:
                yield _unless_copy(outcome, seen)
    while not seen.keys().isdisjoint(store.clean_up(results)):  # another run is about to give these back, or has died
        time.sleep(CLAIMED_AGAIN_S)


def _each_once(asked: Sequence[Asked]) -> Iterator[tuple[Asked, Outcome | None]]:
    """Yield every requested recording; a second one under a name that is taken already comes with its outcome."""
    named: dict[str, Asked] = {}
    for request in asked:
        first = named.setdefault(request.recording_id, request) if request.recording_id else request
        if first is request:
            yield request, None
        elif _are_the_same(first.source, request.source):
            sentence = f"the same recording as {first.source.name}"
            yield request, Outcome(request.source, State.EXCLUDED, request.recording_id, sentence=sentence, public=SAME)
        else:
            expected = "expected a recording_id of its own"
            sentence = f"{request.source.name}: {expected}, but {request.recording_id} is {first.source.name} already"
            yield (
                request,
                Outcome(request.source, State.REFUSED, request.recording_id, sentence=sentence, public=expected),
            )


def _are_the_same(first: Path, other: Path) -> bool:
    try:
        return content_hash(first) == content_hash(other)
    except OSError:  # refused, with the reason, when its turn comes
        return False


def _not_before(source: Path, ready_at: Callable[[Path], float]) -> float:
    """Time from which a source may be read; 0 for an unreadable one, which is then refused with the reason."""
    try:
        return ready_at(source)
    except OSError:
        return 0.0


def _next(queue: list[_Turn], ready_at: Callable[[Path], float]) -> _Turn | None:
    """Take the first recording whose start time has passed; one that has grown since then waits again."""
    for n, turn in enumerate(queue):
        if turn.not_before > time.time():
            continue
        if turn.not_before:
            turn.not_before = _not_before(turn.asked.source, ready_at)
        if turn.not_before <= time.time():
            return queue.pop(n)
    return None


def _wait(queue: list[_Turn], waiting: Callable[[Path, float], None]) -> None:
    """Wait until the next recording may start, at least 0.1 s."""
    turn = min(queue, key=lambda turn: turn.not_before)
    seconds = turn.not_before - time.time()
    if seconds > CLAIMED_AGAIN_S:
        waiting(turn.asked.source, seconds)
    time.sleep(max(0.1, seconds))


def _outcome(ended: Ended, turn: _Turn, results: Path, attempts: int) -> Outcome:
    """Outcome of an ended task; a crash becomes a failure of that recording and is recorded in ``.failed``."""
    if ended.result is not None:
        return Outcome.from_json(ended.result)
    source = turn.asked.source
    recording_id = ended.recording_id or turn.asked.recording_id or id_of_unreadable(source)
    at = f"at attempt {turn.attempt} of {attempts}"
    sentence, public = f"{source.name}: {ended.reason}, {at}", f"{ended.public}, {at}"
    park(source, results, recording_id, public, ended.steps)
    return Outcome(source, State.FAILED, recording_id, sentence=sentence, public=public)


def _unless_copy(outcome: Outcome, seen: dict[str, Outcome]) -> Outcome:
    """The outcome, or an exclusion if another file with the same recording came first."""
    if outcome.track_key is None or outcome.recording_id is None:
        return outcome
    first = seen.setdefault(outcome.recording_id, outcome)
    if first is outcome or first.track_key != outcome.track_key:
        return outcome
    sentence = f"the same recording as {first.source.name}"
    return replace(outcome, state=State.EXCLUDED, sentence=sentence, public=SAME, folder=None)


def _no_space(results: Path) -> str:
    free, needed = shutil.disk_usage(results).free / 2**20, NEEDED_BYTES / 2**20
    old = sum(p.stat().st_size for p in (results / store.SUPERSEDED).rglob("*") if p.is_file()) / 2**20
    hint = f"; {store.SUPERSEDED} there holds {old:.0f} MiB of replaced results" if old >= 1 else ""
    return (
        f"{results}: expected {needed:.0f} MiB of free space for the next recording, found {free:.0f}; "
        f"free some, and the same command goes on where it stopped{hint}"
    )


def summary(outcomes: Sequence[Outcome]) -> str:
    """The counts of all outcomes in one line."""
    counts = {
        "new": sum(outcome.state is State.NEW and not outcome.made for outcome in outcomes),
        "made": sum(outcome.made for outcome in outcomes),
        "already done": sum(outcome.state is State.DONE for outcome in outcomes),
        "stale": sum(outcome.state in (State.STALE, State.STALE_ANALYSIS) and not outcome.made for outcome in outcomes),
        "excluded": sum(outcome.state is State.EXCLUDED for outcome in outcomes),
        "refused": sum(outcome.state is State.REFUSED for outcome in outcomes),
        "parked": sum(outcome.state is State.FAILED for outcome in outcomes),
    }
    return f"{counted(len(outcomes), 'recording')}: " + ", ".join(f"{n} {name}" for name, n in counts.items() if n)
