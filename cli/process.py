"""asyconv process: recordings to result folders."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asyconv.cli.messages import EXIT_STOPPED, complain, exit_code, finish, note
from asyconv.cli.options import (
    ABOVE_0,
    NAME_OR_FILE,
    PATH,
    asyconv_command,
    head_option,
    join_option,
    model_option,
    option,
    results_option,
    update_option,
)
from asyconv.errors import Stopped
from asyconv.notice import NOTICE

if TYPE_CHECKING:
    from asyconv.cli.compose import StatedFacts
    from asyconv.night.engines import Engine
    from asyconv.night.one_recording import Outcome

FARTHEST_MM = 6500.0  # whose tenths of a millimetre fit into 16 bits
RUN, INFANT, CAMERA, CLUSTER = "The run", "The infant", "The camera", "Processes and clusters"


def _share(ctx: click.Context, parameter: click.Parameter, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    share, _, shards = text.partition("/")
    if not (share.isdecimal() and shards.isdecimal() and int(share) < int(shards)):
        raise click.BadParameter(f"expected I/N with I from 0 to N - 1, found {text!r}")
    return int(share), int(shards)


def _window(ctx: click.Context, parameter: click.Parameter, text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    near, _, far = text.partition("-")
    try:
        window_mm = float(near), float(far)
    except ValueError:
        window_mm = (0.0, 0.0)
    if not 0 < window_mm[0] < window_mm[1] <= FARTHEST_MM:
        raise click.BadParameter(f"expected NEAR-FAR in mm, such as 520-650, {FARTHEST_MM:g} at most, found {text!r}")
    return window_mm


@asyconv_command("process", example="asyconv process recordings/ -o results/ --infant inf-017 --head down")
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=PATH)
@results_option("Folder for the results; made if it is not there.", section=RUN)
@model_option(section=RUN)
@option(
    "--rate", type=click.Choice(["full", "6"]), default="full", show_default=True, section=RUN,
    help="Frames to use: all, or 6 in a second.",
)  # fmt: skip
@option(
    "--precision", type=click.Choice(["auto", "float32", "bfloat16"]), default="auto", show_default=True, section=RUN,
    help="Number type of the networks; auto: the fast one of this processor. Use the same for a whole study.",
)  # fmt: skip
@option("--dry-run", is_flag=True, section=RUN, help="Say what would be done, and write nothing.")
@option("--no-wait", is_flag=True, section=RUN, help="Read files that changed in the last two minutes at once.")
@join_option(section=RUN)
@update_option(section=RUN)
@option("--frozen", is_flag=True, section=RUN, help="Freeze RESULTS: from now on refuse whatever changes a number.")
@option(
    "--names", type=PATH, section=RUN,
    help="File that says which recording is which source.  [default: source_names.csv beside INPUT]",
)  # fmt: skip
@option(
    "--on-finish", metavar="COMMAND", section=RUN,
    help="Command to run at the end, with ASYCONV_EXIT_CODE and ASYCONV_SUMMARY in its environment.",
)  # fmt: skip
@option("--infant", section=INFANT, help="Pseudonym of the infant on all these recordings.")
@option("--sheet", type=PATH, section=INFANT, help="CSV file about the recordings (file, infant_id, ...).")
@option(
    "--events", type=PATH, section=INFANT,
    help="CSV file of times to leave out (recording_id, start_s, end_s, kind, reason).",
)  # fmt: skip
@option("--force-ids", is_flag=True, section=INFANT, help="Accept infant ids that look like names or dates.")
@head_option("Where the head points in the picture.", section=CAMERA)
@option("--mirrored/--no-mirrored", default=None, section=CAMERA, help="Is the picture flipped left to right?")
@option(
    "--camera", type=PATH, section=CAMERA,
    help="JSON file with fx_px, fy_px, cx_px, cy_px; or one such object for each camera_id.",
)  # fmt: skip
@option(
    "--depth-unit-mm", type=ABOVE_0, section=CAMERA,
    help="Millimetres for each count of the depth picture.",
)  # fmt: skip
@option(
    "--fps", metavar="HZ", type=ABOVE_0, section=CAMERA,
    help="Frames per second of recordings that hold no times, such as pictures with plain numbers as names.",
)  # fmt: skip
@option(
    "--stream", metavar="NAME", section=CAMERA,
    help="The stream with depth, where a file has several: title or number in a video, topic of a bag.",
)  # fmt: skip
@option(
    "--lossy", metavar="NEAR-FAR", callback=_window, section=CAMERA,
    help="Take video of 8 bits, whose darkest and brightest level are these depths in mm; gives no millimetres.",
)  # fmt: skip
@option(
    "--still", type=PATH, section=CAMERA, help="File with the speed floor of a still clip, from `asyconv calibrate`."
)
@option(
    "--workers", type=click.IntRange(min=0), section=CLUSTER,
    help="Recordings at a time; 0: one, in this process.  [default: as many as fit]",
)  # fmt: skip
@option(
    "--time-out", type=ABOVE_0, default=30.0, show_default=True, section=CLUSTER,
    help="Longest time for a recording, in multiples of its length plus 20 s; one that takes longer is ended.",
)  # fmt: skip
@option("--shard", metavar="I/N", callback=_share, section=CLUSTER, help="Do only share I (from 0) of N.")
@option(
    "--scheduler", metavar="ADDRESS|FILE", type=NAME_OR_FILE, section=CLUSTER,
    help="Use a Dask cluster: its address or its file.",
)  # fmt: skip
@click.pass_context
def command(
    ctx: click.Context, /, inputs: tuple[Path, ...], results: Path, dry_run: bool, on_finish: str | None, **options: Any
) -> None:
    """Turn each depth recording into tracks, tables and a report.

    INPUT is a recording (OpenNI .oni, 16-bit video, HDF5, ROS bag, NumPy or TIFF file, or a folder of 16-bit PNG
    pictures), or a folder that is searched for these. Files of one camera that follow each other are one recording.
    Each recording gets the folder RESULTS/<recording_id>/. What is done already is skipped, and a run that was stopped
    goes on where it was. Several runs may work on the same RESULTS at a time.

    Exit codes: 0 all done; 1 some recordings were refused or parked (each is named); 2 wrong usage; 3 stopped, and the
    same command goes on.
    """
    from asyconv.cli.night import run_on_finish
    from asyconv.night.batch import summary

    def finished(said: str, code: int) -> None:
        if on_finish and not dry_run:
            run_on_finish(on_finish, said, code)

    try:
        outcomes = process(inputs, results, dry_run=dry_run, **options)
    except (Stopped, KeyboardInterrupt):
        finished("stopped; the same command goes on where it stopped", EXIT_STOPPED)
        raise
    finished(summary(outcomes), exit_code(outcomes))
    finish(ctx, outcomes)


def process(
    inputs: tuple[Path, ...],
    results: Path,
    *,
    model: str = "compact",
    names: Path | None = None,
    update: bool = False,
    frozen: bool = False,
    dry_run: bool = False,
    no_wait: bool = False,
    join: bool = False,
    shard: tuple[int, int] | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    time_out: float = 30.0,
    **stated: Any,
) -> "list[Outcome]":
    """Process all recordings in `inputs`; `stated` is what the user states about them."""
    from asyconv.cli import compose, plan
    from asyconv.cli.inputs import recordings_of, refuse_as_results, refuse_names_among_results, write_names
    from asyconv.cli.night import run_recordings, unknown_events
    from asyconv.night.frozen import freeze
    from asyconv.night.sources import ready_at, shard_of
    from asyconv.pose.model_card import read_model

    sources = recordings_of(inputs, results, join=join)
    refuse_as_results(results)
    refuse_names_among_results(names, results)
    facts, unmatched = _stated_facts(sources, **stated)
    weights_hash = read_model(model).weights_hash  # what cannot be read is refused before anything is begun
    if facts.still is not None:
        from asyconv.analysis.series.still_clip import check_fits

        check_fits(facts.still, {"weights_hash": weights_hash, "rate": facts.rate})
    if shard is not None:
        share, shares = shard
        sources = [source for source in sources if shard_of(source, shares) == share]
    place = os.path.abspath if scheduler else str  # workers of a cluster stand in folders of their own
    common = {
        "results": place(results),
        "model": place(model) if Path(model).is_file() else model,
        "events": {name: [asdict(event) for event in rows] for name, rows in facts.events.items()},
        "still": asdict(facts.still) if facts.still else None,
        "sha256_by_planning": plan.sha256_by_planning(results),
        "update": update,
    }
    if dry_run:
        return plan.dry_run(sources, results, facts, weights_hash, common)
    if frozen:
        freeze(results, compose.decisive_facts(facts, weights_hash))
    note(NOTICE)
    asked, already = plan.asked_of(sources, results, facts, weights_hash, common, place)
    outcomes = run_recordings(
        compose.PROCESS_RECORDING, asked, results,
        lambda n: _engine(n, workers, scheduler), already,
        unmatched=lambda outcomes: [*unmatched, *([] if shard else unknown_events(facts.events, outcomes, results))],
        limit_s_per_s=time_out, ready_at=(lambda source: 0.0) if no_wait else ready_at, waiting=_say_waiting,
    )  # fmt: skip
    write_names(inputs, names, outcomes)
    return outcomes


def _engine(n_recordings: int, workers: int | None, scheduler: str | None) -> "Engine":
    from asyconv.night.engines import Inline, Local

    if workers == 0:
        return Inline()
    if scheduler is None:
        return Local(n_recordings, workers)
    from asyconv.night.cluster import Cluster

    return Cluster(scheduler)


def _stated_facts(
    sources: list[Path],
    *,
    infant: str | None = None,
    sheet: Path | None = None,
    events: Path | None = None,
    camera: Path | None = None,
    still: Path | None = None,
    force_ids: bool = False,
    **options: Any,
) -> "tuple[StatedFacts, list[str]]":
    """What is stated, and, without the name of any file, the lines of the sheet that fit no recording."""
    from asyconv.cli.compose import StatedFacts
    from asyconv.night import sheet as sheets
    from asyconv.night.cameras import read_cameras

    rows: dict[Path, sheets.Row] | None = None
    unmatched: list[str] = []
    if sheet is not None:
        read = sheets.read_sheet(sheet)
        rows, mismatches = sheets.match(read.rows, sources)
        for line in [*read.warnings, *mismatches]:
            complain(line)
        lines = sorted({row.line for row in read.rows} - {row.line for row in rows.values()})
        unmatched = [f"sheet line {line}: no such recording" for line in lines]
    found = list((rows or {}).values())
    if infant is not None:
        sheets.check_id(infant)
    cameras = read_cameras(camera) if camera else {}
    for name in sorted({row.camera_id for row in found if row.camera_id} - cameras.keys() - {None}):
        if None not in cameras:
            complain(f"camera_id {name}: no camera of this id is described (--camera)")
    if not force_ids:
        sheets.refuse_identifying([infant, *(row.infant_id for row in found)])
    floor = None
    if still is not None:
        from asyconv.analysis.series.still_clip import read_still

        floor = read_still(still)
    facts = StatedFacts(
        infant_id=infant,
        rows=rows,
        events=sheets.read_events(events) if events else {},
        cameras=cameras,
        still=floor,
        **options,
    )
    return facts, unmatched


def _say_waiting(source: Path, seconds: float) -> None:
    note(
        f"{source.name}: changed a moment ago and may still be being recorded; waiting {seconds:.0f} s "
        "(--no-wait reads it as it is)"
    )
