"""What a run would do, without doing it: how many recordings, how long, done, stale, and the space they need."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asyconv.cli.outcome import tell

if TYPE_CHECKING:
    from asyconv.cli.compose import Stated
    from asyconv.night.unit import Outcome
    from asyconv.pose.model_file import Model

RESULT_BYTES_PER_S = 30_000.0
"""Taken for a result, per second of recording, until there are some that tell better (a simulated one: 21,600)."""


def look(
    sources: Sequence[Path], results: Path, stated: "Stated", model: "Model", common: dict[str, Any]
) -> "list[Outcome]":
    """Tell of each recording what would become of it, and of all together what they need."""
    from asyconv.night.sources import size_bytes

    outcomes, todo_s, unknown = [], 0.0, 0
    for source in sources:
        outcome, length_s = look_at(source, results, stated, model, common)
        outcomes.append(outcome)
        tell(outcome)
        if outcome.state == "new" or (outcome.state.startswith("stale") and common["update"]):
            todo_s += length_s or 0.0
            unknown += length_s is None
    needed = todo_s * _result_bytes_per_s(results)
    place = next(path for path in [results.absolute(), *results.absolute().parents] if path.exists())
    free = shutil.disk_usage(place).free
    click.echo(
        f"to do: {todo_s / 3600:.2f} h of video" + (f" and {unknown} recordings of unknown length" if unknown else "")
        + f"; {size_bytes(sources) / 2**20:.0f} MiB of recordings; results need about {needed / 2**20:.0f} MiB, "
        f"{free / 2**20:.0f} MiB are free",
        err=True,
    )  # fmt: skip
    return outcomes


def look_at(
    source: Path, results: Path, stated: "Stated", model: "Model", common: dict[str, Any]
) -> "tuple[Outcome, float | None]":
    """Outcome of one recording if it were done now, and its length; what has never been read is not read for this."""
    from asyconv.cli.compose import open_stated, prepare
    from asyconv.errors import InputError
    from asyconv.night.sources import planning_hash
    from asyconv.night.unit import Excluded, Outcome, State, state_of

    one = stated.of(source)
    try:
        if one.excluded:
            raise Excluded(one.excluded)
        with open_stated(source, one) as recording:
            length_s = recording.frame_count / recording.fps_nominal_hz if recording.frame_count else None
        if one.recording_id is None and planning_hash(source) not in common["known"]:
            return Outcome(source, State.NEW), length_s
        job = prepare(source, one, common["events"], common["still"], model, common["known"])
    except Excluded as reason:
        return Outcome(source, State.EXCLUDED, sentence=str(reason)), None
    except (InputError, OSError) as error:
        return Outcome(source, State.REFUSED, sentence=str(error)), None
    return Outcome(source, state_of(results, job), job.recording_id, results / job.recording_id), length_s


def _result_bytes_per_s(results: Path) -> float:
    from asyconv.night.results import manifests

    sizes = [
        (sum(p.stat().st_size for p in (results / m["recording_id"]).rglob("*") if p.is_file()), m["recorded_s"])
        for m in manifests(results)[:20]
        if m.get("recorded_s")
    ]
    return sum(size for size, _ in sizes) / sum(s for _, s in sizes) if sizes else RESULT_BYTES_PER_S
