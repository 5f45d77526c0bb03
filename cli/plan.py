"""What is to be done: which recordings are done, stale or new, and the time and space that these need."""

import contextlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asyconv.cli.messages import note, print_outcome
from asyconv.words import counted, length_in_words

if TYPE_CHECKING:
    from asyconv.cli.compose import StatedFacts
    from asyconv.night.batch import Asked
    from asyconv.night.one_recording import Outcome

RESULT_BYTES_PER_S = 30_000.0
"""Assumed size of a result per second of recording, until there are results to measure (a simulated one: 21,600)."""


def dry_run(
    sources: Sequence[Path], results: Path, stated: "StatedFacts", weights_hash: str, common: dict[str, Any]
) -> "list[Outcome]":
    """Print the outcome that each recording would have, and the time and space that all need."""
    from asyconv.night.sources import size_bytes

    outcomes, todo_s, unknown = [], 0.0, 0
    for source in sources:
        outcome, length_s = plan_recording(source, results, stated, weights_hash, common)
        outcomes.append(outcome)
        print_outcome(outcome)
        if outcome.state == "new" or (outcome.state.startswith("stale") and common["update"]):
            todo_s += length_s or 0.0
            unknown += length_s is None
    needed = todo_s * _result_bytes_per_s(results)
    place = next(path for path in [results.absolute(), *results.absolute().parents] if path.exists())
    free = shutil.disk_usage(place).free
    note(
        f"to do: {length_in_words(todo_s)} of video"
        + (f" and {counted(unknown, 'recording')} of unknown length" if unknown else "")
        + f"; {size_bytes(sources) / 2**20:.0f} MiB of recordings; results need about {needed / 2**20:.0f} MiB, "
        f"{free / 2**20:.0f} MiB are free"
    )  # fmt: skip
    return outcomes


def plan_recording(
    source: Path, results: Path, stated: "StatedFacts", weights_hash: str, common: dict[str, Any]
) -> "tuple[Outcome, float | None]":
    """Outcome of one recording if it were processed now, and its length; one that is new is not read for this."""
    from asyconv.cli.compose import open_stated, prepare
    from asyconv.errors import InputError
    from asyconv.night.one_recording import Excluded, Outcome, State, named, nothing_to_do
    from asyconv.night.results import read_manifest
    from asyconv.night.sources import planning_hash

    facts = stated.of_recording(source)
    try:
        if facts.excluded:
            raise Excluded(facts.excluded)
        with open_stated(source, facts) as recording:
            length_s = recording.length_s
        has_result = facts.recording_id is not None and read_manifest(results, facts.recording_id) is not None
        if not has_result and planning_hash(source) not in common["sha256_by_planning"]:
            return Outcome(source, State.NEW, facts.recording_id), length_s
        job = prepare(source, facts, common["events"], common["still"], weights_hash, common["sha256_by_planning"])
    except Excluded as reason:
        return Outcome(source, State.EXCLUDED, sentence=str(reason)), None
    except (InputError, OSError) as error:
        return Outcome(source, State.REFUSED, sentence=named(str(error), source)), None
    return nothing_to_do(job, results) or Outcome(source, State.NEW, job.recording_id), length_s


def sha256_by_planning(results: Path) -> dict[str, str]:
    """SHA-256 of every recording in RESULTS by its planning hash, which is known before it is read."""
    from asyconv.night.results import manifests

    inputs = (manifest.get("input", {}) for manifest in manifests(results))
    return {one["planning"]: one["sha256"] for one in inputs if "planning" in one}


def asked_of(
    sources: Sequence[Path], results: Path, stated: "StatedFacts", weights_hash: str, common: dict[str, Any],
    place: Callable[[str | Path], str],
) -> "tuple[list[Asked], list[Outcome]]":  # fmt: skip
    """What is asked of the engine, and the outcomes of the recordings that are done already."""
    from asyconv.night.batch import Asked
    from asyconv.night.sources import planning_hash

    hashes, asked, already = common["sha256_by_planning"], [], []
    for source in sources:
        facts, known = stated.of_recording(source), {}
        with contextlib.suppress(OSError):  # refused, with the reason, when its turn comes
            planning = planning_hash(source)
            known = {planning: hashes[planning]} if planning in hashes else {}
        outcome = plan_recording(source, results, stated, weights_hash, common)[0] if known else None
        if outcome and outcome.state == "done":
            already.append(outcome)
        else:
            arguments = {**common, "stated": asdict(facts), "sha256_by_planning": known}
            asked.append(Asked(Path(place(source)), arguments, facts.recording_id))
    return asked, already


def _result_bytes_per_s(results: Path) -> float:
    from asyconv.night.results import manifests

    sizes = [
        (sum(p.stat().st_size for p in (results / m["recording_id"]).rglob("*") if p.is_file()), m["recorded_s"])
        for m in manifests(results)[:20]
        if m.get("recorded_s")
    ]
    return sum(size for size, _ in sizes) / sum(s for _, s in sizes) if sizes else RESULT_BYTES_PER_S
