"""A frozen study: from then on whatever would change a number in RESULTS, or add one made otherwise, is refused."""

from pathlib import Path
from typing import Any, Final

from asyconv.errors import InputError
from asyconv.night.one_recording import Job, State, change_of, state_of, why_stale
from asyconv.night.results import read_manifest
from asyconv.whole_files import read_json, write_json

FROZEN: Final = ".frozen"
DECISIVE: Final = {"tracking": ("model", "tracks_version", "rate", "precision"), "analysis": ("analysis_version",)}
"""What must be the same for all recordings of a study, of the facts in a manifest."""


def freeze(results: Path, facts: dict[str, dict[str, Any]]) -> None:
    """Freeze RESULTS with these settings; they hold until the file of the frozen study is deleted."""
    kept = {part: {name: facts[part][name] for name in names} for part, names in DECISIVE.items()}
    try:
        results.mkdir(parents=True, exist_ok=True)
        if not (results / FROZEN).exists():
            write_json(results / FROZEN, kept)
    except OSError as error:
        raise InputError(f"{results}: --frozen: results cannot be written here ({error.strerror})") from error


def refuse_change(results: Path, job: Job) -> None:
    """Raise `InputError` if RESULTS is frozen and this job would not leave or continue it as it is."""
    path = results / FROZEN
    if not path.exists():
        return
    frozen: dict[str, dict[str, Any]] | None = read_json(path)
    if frozen is None:
        raise InputError(f"{path}: expected the settings of a frozen study, found something else")
    state = state_of(results, job)
    if state is State.DONE:
        return
    changed = [
        change_of(name, value, job.facts.get(part, {}).get(name))
        for part, settings in frozen.items()
        for name, value in settings.items()
        if name in job.facts.get(part, {}) and job.facts[part][name] != value
    ]
    if state is not State.NEW:
        changed = changed or [why_stale(read_manifest(results, job.recording_id) or {}, job)]
    if changed:
        raise InputError(f"{job.source.name}: expected the settings of the frozen study, found {', '.join(changed)}")
