"""Run a function per recording: what is done is skipped, what is stale is named, one failure does not stop the rest.

The function itself is composed by the caller. Two keys tell whether a finished result still stands: the track key
covers everything that decides the tracks, the analysis key covers everything else too.
"""

import hashlib
import json
import re
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from asyconv import results as store
from asyconv.errors import InputError

SETTLED_AFTER_S: Final = 120.0
"""A file changed more recently may still be being recorded."""

HASH_ENDS_BYTES: Final = 2**20


class State(StrEnum):
    """What became of a recording, or what a dry run would do with it."""

    NEW = "new"
    DONE = "done"
    STALE = "stale"
    STALE_ANALYSIS = "stale analysis"
    EXCLUDED = "excluded"
    REFUSED = "refused"


@dataclass(frozen=True)
class Job:
    """One recording with its identity. `facts` go into its manifest: input, settings, model, sheet row."""

    source: Path
    recording_id: str
    track_key: str
    analysis_key: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What happened to one source. `made` says that this run wrote `folder`; `sentence` says why not."""

    source: Path
    state: State
    recording_id: str | None = None
    folder: Path | None = None
    made: bool = False
    sentence: str = ""


class Excluded(Exception):
    """Raised by `prepare` for a recording that the user has excluded; the message is the reason."""


Prepare = Callable[[Path], Job]
Work = Callable[[Job, Path, Path | None], dict[str, Any]]
"""``work(job, folder, tracks_from)`` fills `folder`, reusing the tracks in `tracks_from` if given; returns what
it wants in the manifest."""


def key_of(settings: dict[str, Any]) -> str:
    """SHA-256 of settings as canonical JSON."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True, allow_nan=False).encode()).hexdigest()


def default_id(sha256: str) -> str:
    """Pseudonymous name of a recording that nobody has named."""
    return f"rec-{sha256[:12]}"


def planning_hash(source: Path) -> str:
    """Recognise a source without reading all of it: sizes, change times, first and last MiB.

    Only a hash of these is kept, so no change time can be read back from a manifest.
    """
    files = _files(source)
    digest = hashlib.sha256()
    for path in files:
        facts = path.stat()
        digest.update(f"{facts.st_size} {facts.st_mtime_ns}\n".encode())
    for path in files[:: max(1, len(files) - 1)]:  # the only one, or the first and the last
        with path.open("rb") as file:
            digest.update(file.read(HASH_ENDS_BYTES))
            file.seek(max(0, path.stat().st_size - HASH_ENDS_BYTES))
            digest.update(file.read())
    return digest.hexdigest()


def settled_at(source: Path) -> float:
    """Epoch time from which a source counts as fully recorded; a change time in the future says nothing."""
    changed = max((path.stat().st_mtime for path in _files(source)), default=0.0)
    return changed + SETTLED_AFTER_S if changed < time.time() + SETTLED_AFTER_S else 0.0


def _files(source: Path) -> list[Path]:
    return sorted(path for path in source.iterdir() if path.is_file()) if source.is_dir() else [source]


def run_batch(
    sources: Sequence[Path],
    results: Path,
    prepare: Prepare,
    work: Work,
    *,
    update: bool = False,
    ready_at: Callable[[Path], float] = settled_at,
    waiting: Callable[[Path, float], None] = lambda source, seconds: None,
) -> Iterator[Outcome]:
    """Yield the outcome of every source, each as soon as it is known; what may still be recorded comes last.

    `waiting` is told before a wait. Bad input (`InputError`) and defects of `work` are kept in ``.failed`` without
    folder or file names; the rest goes on. Ctrl-C leaves nothing half-written.
    """
    with store.opened(results):
        seen: dict[str, Job] = {}
        for source in _settled_first(sources, ready_at, waiting):
            try:
                job = _claimed(prepare(source), seen)
            except Excluded as reason:
                yield Outcome(source, State.EXCLUDED, sentence=str(reason))
            except Exception as error:  # one recording's failure, whatever it is, must not end the night
                recording_id = _id_of_unreadable(source)
                yield _refused(source, results, recording_id, error)
            else:
                yield _run_one(job, results, work, update=update)


def dry_run(sources: Iterable[Path], results: Path, prepare: Prepare) -> Iterator[Outcome]:
    """Yield what `run_batch` would find, without writing anything."""
    seen: dict[str, Job] = {}
    for source in sources:
        try:
            job = _claimed(prepare(source), seen)
        except Excluded as reason:
            yield Outcome(source, State.EXCLUDED, sentence=str(reason))
        except (InputError, OSError) as error:
            yield Outcome(source, State.REFUSED, sentence=str(error))
        else:
            yield Outcome(source, state_of(results, job), job.recording_id, results / job.recording_id)


def state_of(results: Path, job: Job) -> State:
    """Compare a job with what RESULTS holds of it."""
    manifest = store.read_manifest(results, job.recording_id)
    if manifest is None:
        return State.NEW
    if manifest.get("track_key") != job.track_key:
        return State.STALE
    return State.DONE if manifest.get("analysis_key") == job.analysis_key else State.STALE_ANALYSIS


def _settled_first(
    sources: Sequence[Path], ready_at: Callable[[Path], float], waiting: Callable[[Path, float], None]
) -> Iterator[Path]:
    young = []
    for source in sources:
        if source.exists() and ready_at(source) > time.time():
            young.append(source)
        else:
            yield source
    for source in young:
        while source.exists() and (seconds := ready_at(source) - time.time()) > 0:
            waiting(source, seconds)
            time.sleep(seconds)
        yield source


def _claimed(job: Job, seen: dict[str, Job]) -> Job:
    """Refuse a second source with the same name; a copy of the same recording is excluded."""
    other = seen.setdefault(job.recording_id, job)
    if other is job:
        return job
    if other.track_key == job.track_key:
        raise Excluded(f"the same recording as {other.source.name}")
    raise InputError(
        f"{job.source.name}: expected a recording_id of its own, but {job.recording_id} is {other.source.name} already"
    )


def _run_one(job: Job, results: Path, work: Work, *, update: bool) -> Outcome:
    state = state_of(results, job)
    final = results / job.recording_id
    if state is State.DONE or (state is not State.NEW and not update):
        sentence = "" if state is State.DONE else "made with other settings; --update makes it again"
        return Outcome(job.source, state, job.recording_id, final, sentence=sentence)
    tracks_from = final if state is State.STALE_ANALYSIS else None
    try:
        with store.unfinished(results, job.recording_id) as folder:
            started_utc, start, before = store.utc_now(), time.monotonic(), planning_hash(job.source)
            noted = work(job, folder, tracks_from)
            if planning_hash(job.source) != before:
                raise InputError(f"{job.source.name}: changed while it was read; it may still be being recorded")
            manifest = {
                **job.facts,
                **noted,
                "recording_id": job.recording_id,
                "track_key": job.track_key,
                "analysis_key": job.analysis_key,
                "started_utc": started_utc,
                "finished_utc": store.utc_now(),
                "seconds": round(time.monotonic() - start, 3),
            }
            store.publish(results, folder, manifest)
    except Exception as error:  # as above
        return _refused(job.source, results, job.recording_id, error)
    store.forget_failure(results, job.recording_id)
    return Outcome(job.source, state, job.recording_id, final, made=True)


def _refused(source: Path, results: Path, recording_id: str, error: Exception) -> Outcome:
    if isinstance(error, InputError):
        sentence = str(error)
    else:
        sentence = f"{source.name}: failed ({type(error).__name__}: {error})"
    steps = [
        f"{Path(step.filename).name}:{step.lineno} {step.name}" for step in traceback.extract_tb(error.__traceback__)
    ]
    try:
        store.note_failure(results, recording_id, _without_names(sentence, source, recording_id), steps)
    except OSError as write_error:
        raise InputError(f"{results}: results cannot be written here ({write_error.strerror})") from error
    return Outcome(source, State.REFUSED, recording_id, sentence=sentence)


def _without_names(sentence: str, source: Path, recording_id: str) -> str:
    """Put the pseudonym for every spelling of the source, whose name may be a patient's, and for any other path."""
    names = sorted({str(source.resolve()), str(source), source.name, source.stem} - {""}, key=len, reverse=True)
    known = "|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in names)
    return re.sub(rf"{known}|(?<!\w)[~.]{{0,2}}/[^\s'\"]+", recording_id, sentence)


def _id_of_unreadable(source: Path) -> str:
    """Name a refused source by its bytes, never by its file name; nothing there has one name for all."""
    try:
        files = _files(source)
        digest = hashlib.sha256()
        for path in files:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    except OSError:
        return "unreadable"
    return default_id(digest.hexdigest()) if files else "empty"


def summary(outcomes: Sequence[Outcome]) -> str:
    """One line of counts."""
    counts = {
        "made": sum(outcome.made for outcome in outcomes),
        "already done": sum(outcome.state is State.DONE for outcome in outcomes),
        "stale": sum(outcome.state in (State.STALE, State.STALE_ANALYSIS) and not outcome.made for outcome in outcomes),
        "excluded": sum(outcome.state is State.EXCLUDED for outcome in outcomes),
        "refused": sum(outcome.state is State.REFUSED for outcome in outcomes),
    }
    return f"{len(outcomes)} recording{'' if len(outcomes) == 1 else 's'}: " + ", ".join(
        f"{n} {name}" for name, n in counts.items() if n
    )
