"""asyconv analyse: tracks to result folders, without torch."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asyconv.cli.outcome import finish, hear
from asyconv.errors import InputError
from asyconv.notice import NOTICE

if TYPE_CHECKING:
    from asyconv.analysis.still import StillFloor
    from asyconv.batch import Job
    from asyconv.sheet import EventRow

FILE = click.Path(path_type=Path)


@click.command(name="analyse", epilog=NOTICE)
@click.argument("tracks", metavar="TRACKS...", nargs=-1, required=True, type=FILE)
@click.option(
    "-o", "--results", required=True, type=FILE, help="Folder for the results; may be the one they come from."
)
@click.option("--events", type=FILE, help="CSV file of times to leave out; replaces the events of earlier results.")
@click.option("--still", type=FILE, help="Speed floor of a still clip; replaces the floor of earlier results.")
@click.option("--update", is_flag=True, help="Make stale results again; the old ones are kept in .superseded.")
@click.pass_context
def command(
    ctx: click.Context, tracks: tuple[Path, ...], results: Path, events: Path | None, still: Path | None, update: bool
) -> None:
    """Turn tracks into tables and a report each.

    TRACKS is a tracks.parquet file, or a folder that is searched for these (hidden folders are not entered).

    Example: asyconv analyse results/ -o results/ --events events.csv --update
    """
    from asyconv import batch
    from asyconv.analysis.still import read_still
    from asyconv.cli import compose
    from asyconv.sheet import read_events
    from asyconv.tracks import read_tracks

    by_recording = read_events(events) if events else None
    floor = read_still(still) if still else None

    def prepare(source: Path) -> batch.Job:
        return job_of(source, by_recording, floor)

    def work(job: batch.Job, folder: Path, tracks_from: Path | None) -> dict[str, Any]:
        return compose.analyse_into(job, folder, read_tracks(job.source))

    sources = [source for given in tracks for source in find_tracks(given)]
    running = batch.run_batch(sources, results, prepare, work, update=update, ready_at=lambda source: 0.0)
    finish(ctx, hear(running))


def find_tracks(given: Path) -> list[Path]:
    """Return all tracks files at or below `given`, hidden folders left out."""
    if given.is_file():
        return [given]
    below = sorted(given.rglob("tracks.parquet"))
    found = [path for path in below if not any(part.startswith(".") for part in path.relative_to(given).parts)]
    if not found:
        raise InputError(f"{given}: expected tracks.parquet, here or below, and found none")
    return found


def job_of(source: Path, events: "dict[str, list[EventRow]] | None", still: "StillFloor | None" = None) -> "Job":
    """Identity and keys of a tracks file; the manifest beside it, if any, tells what is known of the recording."""
    from asyconv.batch import Job, key_of
    from asyconv.cli.compose import analysis_facts, still_facts
    from asyconv.recording import sha256_of
    from asyconv.results import read_manifest
    from asyconv.sheet import EventRow, check_id
    from asyconv.tracks import read_tracks

    meta = read_tracks(source).meta
    recording_id = check_id(str(meta["recording_id"]))
    beside = read_manifest(source.resolve().parent.parent, source.resolve().parent.name) or {}
    before = beside.get("analysis", {})
    track_key = beside.get("track_key") or key_of({"tracks": sha256_of(source)})
    stated = (
        [EventRow(**event) for event in before.get("events", [])] if events is None else events.get(recording_id, [])
    )
    floor = still_facts(still) or before.get("still")
    analysis = analysis_facts(meta.get("infant_id"), before.get("sheet", {}), stated, floor)
    kept: dict[str, Any] = {name: beside[name] for name in ("input", "tracking", "made_by") if name in beside}
    return Job(
        source, recording_id, track_key, key_of({"tracks": track_key, **analysis}), {**kept, "analysis": analysis}
    )
