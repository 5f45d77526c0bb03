"""asyconv analyse: tracks to result folders, without torch."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asyconv.cli.outcome import finish
from asyconv.errors import InputError
from asyconv.notice import NOTICE

if TYPE_CHECKING:
    from asyconv.night.unit import Job, Tell

FILE = click.Path(path_type=Path)
ONE = "asyconv.cli.analyse:one"


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
    from asyconv.analysis.series.still import read_still
    from asyconv.cli.compose import still_facts
    from asyconv.cli.night import spend
    from asyconv.night.batch import Asked
    from asyconv.night.engines import Inline
    from asyconv.night.sheet import check_id, read_events
    from asyconv.tracks_file import read_tracks

    by_recording = {
        name: [asdict(event) for event in rows] for name, rows in (read_events(events) if events else {}).items()
    }
    common = {
        "results": str(results),
        "events": by_recording if events else None,
        "still": still_facts(read_still(still)) if still else None,
        "update": update,
    }
    asked = [
        Asked(source, common, check_id(str(read_tracks(source).meta["recording_id"])))
        for given in tracks
        for source in find_tracks(given)
    ]
    finish(ctx, spend(ONE, asked, results, lambda n: Inline(), ready_at=lambda source: 0.0))


def one(arguments: dict[str, Any], began: Callable[..., None]) -> dict[str, Any]:
    """Analyse one tracks file with its arguments as plain JSON values; what an engine calls."""
    from asyconv.cli.compose import analyse_into
    from asyconv.night.frozen import refuse_change
    from asyconv.night.unit import run_unit
    from asyconv.stages import Stages
    from asyconv.tracks_file import read_tracks

    results = Path(arguments["results"])

    def prepare(source: Path) -> "Job":
        job = job_of(source, arguments["events"], arguments["still"])
        refuse_change(results, job)
        return job

    def work(job: "Job", folder: Path, tracks_from: Path | None, tell: "Tell") -> dict[str, Any]:
        stages = Stages()
        noted = analyse_into(job, folder, read_tracks(job.source), stages, tell)
        return noted | {"stages": stages.facts()}

    outcome = run_unit(
        Path(arguments["source"]), results, prepare, work,
        update=arguments["update"], run=arguments["run"], attempt=arguments["attempt"],
    )  # fmt: skip
    return outcome.to_json()


def find_tracks(given: Path) -> list[Path]:
    """Return all tracks files at or below `given`, hidden folders left out."""
    if given.is_file():
        return [given]
    below = sorted(given.rglob("tracks.parquet"))
    found = [path for path in below if not any(part.startswith(".") for part in path.relative_to(given).parts)]
    if not found:
        raise InputError(f"{given}: expected tracks.parquet, here or below, and found none")
    return found


def job_of(
    source: Path, events: dict[str, list[dict[str, Any]]] | None = None, still: dict[str, Any] | None = None
) -> "Job":
    """Identity and keys of a tracks file; the manifest beside it, if any, tells what is known of the recording."""
    from asyconv.cli.compose import analysis_facts, manifest_beside
    from asyconv.night.sheet import check_id
    from asyconv.night.unit import Job, key_of
    from asyconv.recordings.stream import sha256_of
    from asyconv.tracks_file import read_tracks

    meta = read_tracks(source).meta
    recording_id = check_id(str(meta["recording_id"]))
    beside = manifest_beside(source)
    before = beside.get("analysis", {})
    track_key = beside.get("track_key") or key_of({"tracks": sha256_of(source)})
    stated = before.get("events", []) if events is None else events.get(recording_id, [])
    analysis = analysis_facts(meta.get("infant_id"), before.get("sheet", {}), stated, still or before.get("still"))
    kept: dict[str, Any] = {name: beside[name] for name in ("input", "tracking", "made_by") if name in beside}
    return Job(
        source, recording_id, track_key, key_of({"tracks": track_key, **analysis}), {**kept, "analysis": analysis}
    )
