"""asyconv analyse: tracks to result folders, without torch."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asyconv.cli.messages import finish
from asyconv.cli.options import PATH, asyconv_command, option, results_option, tracks_argument, update_option

if TYPE_CHECKING:
    from asyconv.night.one_recording import Job, Tell

ANALYSE_RECORDING = "asyconv.cli.analyse:analyse_recording"
"""The function that an engine calls for every recording."""


@asyconv_command("analyse", example="asyconv analyse results/ -o results/ --events events.csv --update")
@tracks_argument
@results_option("Folder for the results; may be the one the tracks lie in.")
@option("--events", type=PATH, help="CSV file of times to leave out; replaces the events of earlier results.")
@option("--still", type=PATH, help="File with the speed floor of a still clip; replaces the floor of earlier results.")
@update_option()
@click.pass_context
def command(
    ctx: click.Context, tracks: tuple[Path, ...], results: Path, events: Path | None, still: Path | None, update: bool
) -> None:
    """Turn each tracks file into tables and a report, without the networks.

    TRACKS is a tracks.parquet file, or a folder that is searched for these (hidden folders are left out).
    """
    from asyconv.analysis.series.still_clip import read_still
    from asyconv.cli.inputs import refuse_as_results
    from asyconv.cli.night import run_recordings, unknown_events
    from asyconv.cli.tracks_files import find_tracks
    from asyconv.night.batch import Asked
    from asyconv.night.engines import Inline
    from asyconv.night.sheet import read_events
    from asyconv.tracks_file import read_tracks

    refuse_as_results(results)
    by_recording = {
        name: [asdict(event) for event in rows] for name, rows in (read_events(events) if events else {}).items()
    }
    common = {
        "results": str(results),
        "events": by_recording if events else None,
        "still": asdict(read_still(still)) if still else None,
        "update": update,
    }
    asked = [Asked(one, common, recording_id_of(one, read_tracks(one).meta)) for one in find_tracks(*tracks)]
    outcomes = run_recordings(
        ANALYSE_RECORDING, asked, results, lambda n: Inline(), ready_at=lambda source: 0.0,
        unmatched=lambda outcomes: unknown_events(by_recording, outcomes, results),
    )  # fmt: skip
    finish(ctx, outcomes)


def analyse_recording(arguments: dict[str, Any], began: Callable[..., None]) -> dict[str, Any]:
    """Analyse one tracks file with its arguments as plain JSON values, wherever the engine runs it."""
    from asyconv.cli.compose import analyse_into
    from asyconv.night.frozen import refuse_change
    from asyconv.night.one_recording import run_recording
    from asyconv.stage_times import StageTimes
    from asyconv.tracks_file import read_tracks

    results = Path(arguments["results"])

    def prepare(source: Path) -> "Job":
        job = job_of(source, arguments["events"], arguments["still"])
        refuse_change(results, job)
        return job

    def work(job: "Job", folder: Path, tracks_from: Path | None, tell: "Tell") -> dict[str, Any]:
        times = StageTimes()
        noted = analyse_into(job, folder, read_tracks(job.source), times, tell)
        return noted | {"stages": times.facts()}

    outcome = run_recording(
        Path(arguments["source"]), results, prepare, work,
        update=arguments["update"], run=arguments["run"], attempt=arguments["attempt"],
    )  # fmt: skip
    return outcome.to_json()


def job_of(source: Path, events: dict[str, list[dict[str, Any]]] | None, still_floor: dict[str, Any] | None) -> "Job":
    """Identity and keys of a tracks file; facts of the recording come from the manifest beside it, if there is one."""
    from asyconv.cli.compose import analysis_facts
    from asyconv.cli.tracks_files import manifest_beside
    from asyconv.night.one_recording import Job, key_of
    from asyconv.recordings.stream import sha256_of
    from asyconv.tracks_file import read_tracks

    meta = read_tracks(source).meta
    recording_id = recording_id_of(source, meta)
    manifest = manifest_beside(source)
    before = manifest.get("analysis", {})
    track_key = manifest.get("track_key") or key_of({"tracks": sha256_of(source)})
    stated = before.get("events", []) if events is None else events.get(recording_id, [])
    analysis = analysis_facts(
        meta.get("infant_id"), before.get("sheet", {}), stated, still_floor or before.get("still")
    )
    kept: dict[str, Any] = {name: manifest[name] for name in ("input", "tracking", "made_by") if name in manifest}
    return Job(
        source, recording_id, track_key, key_of({"tracks": track_key, **analysis}), {**kept, "analysis": analysis}
    )


def recording_id_of(source: Path, meta: dict[str, Any]) -> str:
    """The recording_id in the metadata of tracks; tracks without it, or without a measured rate, are refused."""
    from asyconv.night.sheet import check_id
    from asyconv.tracks_check import check_stated

    check_stated(meta, ("recording_id", "fps_measured_hz"), str(source))
    return check_id(str(meta["recording_id"]))
