"""One recording, from its source to its result folder: claimed, worked on, published whole, or refused by name.

This runs wherever the engine puts it: in the process of the command, or in a child of a worker on another machine.
"""

import contextlib
import hashlib
import json
import os
import re
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

from asyconv.errors import NO_TORCH, InputError
from asyconv.night import claims
from asyconv.night import results as store
from asyconv.night.sources import id_of_unreadable, planning_hash
from asyconv.recordings.joining import parts_of
from asyconv.whole_files import is_disk_full


class State(StrEnum):
    """State of a recording after a run, or what a dry run would do with it."""

    NEW = "new"
    DONE = "done"
    STALE = "stale"
    STALE_ANALYSIS = "stale analysis"
    EXCLUDED = "excluded"
    REFUSED = "refused"
    FAILED = "failed"
    CLAIMED = "being made by another run"
    NO_SPACE = "no space"


@dataclass(frozen=True)
class Job:
    """One recording with its identity. `facts` go into its manifest: input, settings, model, sheet row."""

    source: Path
    recording_id: str
    track_key: str
    analysis_key: str
    facts: dict[str, Any]
    length_s: float | None = None


@dataclass(frozen=True)
class Outcome:
    """What happened to one source. `made` says that this run wrote `folder`; `sentence` says why not.

    `sentence` is for the terminal and may name files; RESULTS gets `public`, which names none.
    """

    source: Path
    state: State
    recording_id: str | None = None
    folder: Path | None = None
    made: bool = False
    sentence: str = ""
    public: str = ""
    track_key: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values only, for a pipe or a network."""
        return {name: str(v) if isinstance(v, Path) else v for name, v in vars(self).items()}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Outcome from what `to_json` returned."""
        folder = content["folder"]
        typed = {"source": Path(content["source"]), "state": State(content["state"])}
        return cls(**{**content, **typed, "folder": Path(folder) if folder else None})


class RunRefused(InputError):
    """Raised by `prepare` or `work` where no recording can be done, whatever it is; no recording is charged with it."""


class Excluded(Exception):
    """Raised by `prepare` for a recording that the user has excluded; the message is the reason."""


EXCLUDED: Final = "excluded by the sheet"
"""What RESULTS keeps of the user's reason, whose words may name a person; the terminal shows them."""

Tell = Callable[[str, int, int | None], None]
"""``tell(stage, done, total)``: how far the work is."""

Prepare = Callable[[Path], Job]
Work = Callable[[Job, Path, Path | None, Tell], dict[str, Any]]
"""``work(job, folder, tracks_from, tell)`` fills `folder`, reusing the tracks in `tracks_from` if given; returns what
it wants in the manifest."""


def key_of(settings: dict[str, Any]) -> str:
    """SHA-256 of settings as canonical JSON."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True, allow_nan=False).encode()).hexdigest()


def state_of(results: Path, job: Job) -> State:
    """Compare a job with what RESULTS holds of it."""
    manifest = store.read_manifest(results, job.recording_id)
    if manifest is None:
        return State.NEW
    if manifest.get("track_key") != job.track_key:
        return State.STALE
    return State.DONE if manifest.get("analysis_key") == job.analysis_key else State.STALE_ANALYSIS


def run_recording(
    source: Path,
    results: Path,
    prepare: Prepare,
    work: Work,
    *,
    update: bool = False,
    run: str = "",
    attempt: int = 1,
    began: Callable[[Job], None] = lambda job: None,
    stated_id: str | None = None,
) -> Outcome:
    """Process one recording unless its result exists; a failure is an `Outcome` of this recording, not an exception.

    `run` names the run in the manifest and `attempt` counts its tries; `began` is told as soon as the job is known.
    What fails before that is kept under `stated_id`, else under a name from its bytes.
    Bad input (`InputError`) and defects of `work` are kept in ``.failed`` without folder or file names; `RunRefused`
    passes.
    """
    recording_id = stated_id
    try:
        job = prepare(source)
        recording_id = job.recording_id
        began(job)
        return _run_job(job, results, work, update=update, run=run, attempt=attempt)
    except RunRefused:
        raise
    except Excluded as reason:
        return Outcome(source, State.EXCLUDED, recording_id, sentence=str(reason), public=EXCLUDED)
    except store.LostClaim:
        return Outcome(source, State.CLAIMED, recording_id)
    except Exception as error:  # one recording's failure, whatever it is, must not end the night
        if isinstance(error, ModuleNotFoundError) and error.name == "torch":  # every recording lacks it
            raise RunRefused(NO_TORCH) from error
        if not is_disk_full(error):
            return _failed(source, results, recording_id or id_of_unreadable(source), error)
        return Outcome(source, State.NO_SPACE, recording_id, sentence="no space left")


def _run_job(job: Job, results: Path, work: Work, *, update: bool, run: str, attempt: int) -> Outcome:
    if outcome := nothing_to_do(job, results, update=update, run=run):
        return outcome
    claim = claims.take(results, job.recording_id)
    if claim is None:
        raise store.LostClaim(job.recording_id)
    with claim:
        store.repair(results, job.recording_id)
        if outcome := nothing_to_do(job, results, update=update, run=run):  # somebody was faster
            return outcome
        state = state_of(results, job)
        final = results / job.recording_id
        try:
            with store.unfinished(results, job.recording_id) as folder:
                started_utc, start, before = store.utc_now(), time.monotonic(), planning_hash(job.source)
                claim.note("opening")
                noted = work(job, folder, final if state is State.STALE_ANALYSIS else None, claim.note)
                if planning_hash(job.source) != before:
                    raise InputError(f"{job.source.name}: changed while it was read; it may still be being recorded")
                manifest = {
                    **job.facts,
                    **noted,
                    "recording_id": job.recording_id,
                    "track_key": job.track_key,
                    "analysis_key": job.analysis_key,
                    "run": run,
                    "attempts": attempt,
                    "started_utc": started_utc,
                    "finished_utc": store.utc_now(),
                    "seconds": round(time.monotonic() - start, 3),
                }
                store.publish(results, folder, manifest, claim.held)
        except Exception as error:
            if not claim.held():  # it was taken from this process, and with it what it was writing
                raise store.LostClaim(job.recording_id) from error
            raise
        store.forget_failure(results, job.recording_id, job.source)
    said = str(noted.get("tracked_again", ""))
    return Outcome(job.source, state, job.recording_id, final, True, said, said, job.track_key)


def nothing_to_do(job: Job, results: Path, *, update: bool = False, run: str = "") -> Outcome | None:
    """Return the outcome of a recording that is done, stale and to be left, or not to be touched; else None."""
    state = state_of(results, job)
    if state is State.NEW:
        return None
    final = results / job.recording_id
    standing = store.read_manifest(results, job.recording_id) or {}
    if state is State.STALE and run and standing.get("run") == run:
        raise InputError(
            f"{job.source.name}: expected a recording_id of its own, but {job.recording_id} is another recording's"
        )
    if state is State.DONE:
        return Outcome(job.source, state, job.recording_id, final, track_key=job.track_key)
    if update:
        return None
    why = f"made with other settings ({why_stale(standing, job)}); --update makes it again"
    return Outcome(job.source, state, job.recording_id, final, sentence=why, public=why, track_key=job.track_key)


def why_stale(manifest: Mapping[str, Any], job: Job) -> str:
    """Settings that differ between a result and what would be made now, as ``tracks_version 2 -> 3, events``."""
    out = []
    for part in ("input", "tracking", "analysis"):
        old, new = manifest.get(part, {}), job.facts.get(part, {})
        names = (name for name in sorted({*old, *new} - {"planning"}) if old.get(name) != new.get(name))
        out += [change_of(name, old.get(name), new.get(name)) for name in names]
    return ", ".join(out) or "settings of another version"


def change_of(name: str, old: object, new: object) -> str:
    """A setting that differs, as ``tracks_version 2 -> 3``; its name alone where it is long or names the infant."""
    short = isinstance(old, int | float | str | None) and isinstance(new, int | float | str | None)
    if not short or name == "infant_id":
        return name
    return f"{name} {_in_words(old)} -> {_in_words(new)}"


def _in_words(value: object) -> str:
    """A setting as a reader would name it, shortened."""
    if value is None:
        return "not stated"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)[:12]


def _failed(source: Path, results: Path, recording_id: str, error: Exception) -> Outcome:
    """Record the reason; refused input stays refused, other failures may be tried again."""
    if isinstance(error, InputError):
        state, sentence = State.REFUSED, named(str(error), source)
        public = without_names(sentence, source, results, recording_id)
    else:  # its words are those of any library, and may hold any name
        state, kind = State.FAILED, type(error).__name__
        sentence = f"{source.name}: failed ({kind}: {error})"
        strerror = error.strerror if isinstance(error, OSError) else None
        public = f"{recording_id}: failed ({kind}: {strerror})" if strerror else f"{recording_id}: failed ({kind})"
    steps = [
        f"{Path(step.filename).name}:{step.lineno} {step.name}" for step in traceback.extract_tb(error.__traceback__)
    ]
    park(source, results, recording_id, public, steps)
    return Outcome(source, state, recording_id, sentence=sentence, public=public)


def named(sentence: str, source: Path) -> str:
    """Put the name of a source before a sentence that does not say which recording it is about."""
    return sentence if source.name in sentence else f"{source.name}: {sentence}"


def park(source: Path, results: Path, recording_id: str, public: str, steps: list[str]) -> None:
    """Note a failed attempt in ``.failed``; neither its `public` reason nor `steps` (where it was) names a file."""
    try:
        store.note_failure(results, recording_id, source, public, steps)
    except OSError as error:
        raise InputError(f"{results}: results cannot be written here ({error.strerror})") from error


def without_names(sentence: str, source: Path, results: Path, recording_id: str) -> str:
    """Make the public text of a sentence about `source`: its name, that of every file in it and every path go.

    The source becomes its pseudonym, a file in it its number in alphabetical order, or in that of a joined recording.
    """
    spellings = [spelling for path in (source, results) for spelling in (os.path.realpath(path), str(path))]
    names = {spelling: recording_id for spelling in spellings if os.sep in spelling}
    names |= {source.name: recording_id, source.stem: recording_id}
    if source.is_dir():
        with contextlib.suppress(OSError):
            inside = sorted(path.name for path in source.iterdir())
            names |= {name: f"file {n}" for n, name in enumerate(inside, start=1) if "." in name}
    with contextlib.suppress(InputError):
        parts = parts_of(source)
        if len(parts) > 1:
            names |= {word: f"file {n}" for n, part in enumerate(parts, start=1) for word in (part.name, part.stem)}
    names.pop("", None)
    any_name = "|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in sorted(names, key=len, reverse=True))
    return re.sub(
        rf"{any_name}|(?<!\w)[~.]{{0,2}}/[^\s'\"]+", lambda match: names.get(match[0], recording_id), sentence
    )
