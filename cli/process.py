"""asyconv process: recordings to result folders."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asyconv.cli.outcome import code_of, finish
from asyconv.errors import InputError
from asyconv.notice import NOTICE

if TYPE_CHECKING:
    from asyconv.cli.compose import Stated
    from asyconv.night.engines import Engine
    from asyconv.night.unit import Outcome

FILE = click.Path(path_type=Path)


@click.command(name="process", epilog=NOTICE)
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=FILE)
@click.option("-o", "--results", required=True, type=FILE, help="Folder for the results; made if it is not there.")
@click.option("--model", default="compact", show_default=True, help="Name of a model, or a model file.")
@click.option("--infant", help="Pseudonym of the infant on all these recordings.")
@click.option("--sheet", type=FILE, help="CSV file about the recordings (file, recording_id, infant_id, ...).")
@click.option(
    "--events", type=FILE, help="CSV file of times to leave out (recording_id, start_s, end_s, kind, reason)."
)
@click.option("--camera", type=FILE, help="JSON file with fx_px, fy_px, cx_px, cy_px; or one such per camera_id.")
@click.option(
    "--head", type=click.Choice(["down", "up", "left", "right"]), help="Where the head points in the picture."
)
@click.option("--mirrored/--no-mirrored", default=None, help="Whether the picture is flipped left to right.")
@click.option("--depth-unit-mm", type=click.FloatRange(min=0, min_open=True), help="Millimetres per depth count.")
@click.option(
    "--rate", type=click.Choice(["full", "6"]), default="full", show_default=True, help="Frames: all, or 6 Hz."
)
@click.option(
    "--precision", type=click.Choice(["auto", "float32", "bfloat16"]), default="auto", show_default=True,
    help="Number type of the networks; auto: the fast one of this processor. It must be one for a whole study.",
)  # fmt: skip
@click.option("--still", type=FILE, help="Speed floor of a still clip, as `asyconv calibrate` writes it.")
@click.option("--names", type=FILE, help="File for the sources' names (default: source_names.csv beside the input).")
@click.option("--force-ids", is_flag=True, help="Take infant_ids that look like names or dates as they are.")
@click.option("--update", is_flag=True, help="Make stale results again; the old ones are kept in .superseded.")
@click.option("--frozen", is_flag=True, help="Freeze RESULTS: from now on refuse whatever would change a number.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
@click.option("--shard", metavar="I/N", help="Do only share I (from 0) of N; for arrays of jobs.")
@click.option("--workers", type=click.IntRange(min=0), help="Processes; 0: in this one. Default: as many as fit.")
@click.option("--scheduler", metavar="ADDRESS|FILE", help="A Dask cluster that is there: its address or its file.")
@click.option(
    "--time-out", type=click.FloatRange(min=0, min_open=True), default=30.0, show_default=True,
    help="Seconds of work allowed per second of recording (and for 20 s more).",
)  # fmt: skip
@click.option("--on-finish", metavar="COMMAND", help="Command to run at the end; ASYCONV_EXIT_CODE, ASYCONV_SUMMARY.")
@click.pass_context
def command(
    ctx: click.Context, /, inputs: tuple[Path, ...], results: Path, dry_run: bool, on_finish: str | None, **options: Any
) -> None:
    """Turn depth recordings into tracks, tables and a report each.

    INPUT is an OpenNI .oni file, a folder of 16-bit PNG pictures, a lossless 16-bit video, or a folder that is
    searched for these. Each recording gets RESULTS/<recording_id>/. What is done already is skipped; a run that was
    stopped goes on where it was. Several runs may work on one RESULTS at a time.

    Example: asyconv process recordings/ -o results/
    """
    from asyconv.cli.night import run_on_finish

    outcomes = process(inputs, results, dry_run=dry_run, **options)
    if on_finish and not dry_run:
        run_on_finish(on_finish, outcomes, code_of(outcomes))
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
    shard: str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    time_out: float = 30.0,
    **said: Any,
) -> "list[Outcome]":
    """Process all recordings in `inputs`; `said` is what the user states about them."""
    from asyconv.cli import compose, plan
    from asyconv.cli.night import spend
    from asyconv.night.batch import Asked
    from asyconv.night.frozen import freeze
    from asyconv.night.results import manifests
    from asyconv.night.sources import shard_of
    from asyconv.pose.model_file import load_model

    sources = _sources(inputs)
    stated = _stated(sources, **said)
    network = load_model(model)  # a model that cannot be read is refused before anything is begun
    if shard is not None:
        share, shards = _share(shard)
        sources = [source for source in sources if shard_of(source, shards) == share]
    known = {
        m["input"]["planning"]: m["input"]["sha256"] for m in manifests(results) if "planning" in m.get("input", {})
    }
    common = {
        "results": str(results),
        "model": model,
        "events": {name: [asdict(event) for event in rows] for name, rows in stated.events.items()},
        "still": compose.still_facts(stated.still),
        "known": known,
        "update": update,
    }
    if dry_run:
        return plan.look(sources, results, stated, network, common)
    if frozen:
        freeze(results, compose.decisive_facts(stated, network))
    click.echo(NOTICE, err=True)
    asked, already = [], []
    for source in sources:
        one, seen = stated.of(source), _of(source, known)
        if seen and (outcome := plan.look_at(source, results, stated, network, common)[0]).state == "done":
            already.append(outcome)
        else:
            asked.append(Asked(source, {**common, "stated": asdict(one), "known": seen}, one.recording_id))
    outcomes = spend(
        compose.ONE, asked, results, lambda n: _engine(n, workers, scheduler), already,
        limit_s_per_s=time_out, ready_at=compose.ready_at, waiting=_say_waiting,
    )  # fmt: skip
    _write_names(inputs, results, names, outcomes)
    return outcomes


def _engine(n_recordings: int, workers: int | None, scheduler: str | None) -> "Engine":
    from asyconv.night.engines import Inline, Local

    if workers == 0:
        return Inline()
    if scheduler is None:
        return Local(n_recordings, workers)
    from asyconv.night.cluster import Cluster

    return Cluster(scheduler)


def _of(source: Path, known: dict[str, str]) -> dict[str, str]:
    """Return the SHA-256 of a source that has been read before, by its planning hash."""
    from asyconv.night.sources import planning_hash

    try:
        planning = planning_hash(source)
    except OSError:  # refused, with the reason, when its turn comes
        return {}
    return {planning: known[planning]} if planning in known else {}


def _share(text: str) -> tuple[int, int]:
    share, _, shards = text.partition("/")
    if not (share.isdecimal() and shards.isdecimal() and int(share) < int(shards)):
        raise InputError(f"--shard: expected I/N with I from 0 to N - 1, found {text!r}")
    return int(share), int(shards)


def _sources(inputs: tuple[Path, ...]) -> list[Path]:
    """Return all recordings, each once; what is none but promised to be stands for itself and is refused by name."""
    from asyconv.recordings.finding import find_promised, find_recordings

    found: dict[Path, Path] = {}
    for given in inputs:
        try:
            below = sorted([*find_recordings(given), *find_promised(given)])
        except InputError:
            below = []
        for source in below or [given]:
            found.setdefault(source.resolve(), source)
    return list(found.values())


def _stated(
    sources: list[Path],
    *,
    infant: str | None = None,
    sheet: Path | None = None,
    events: Path | None = None,
    camera: Path | None = None,
    still: Path | None = None,
    force_ids: bool = False,
    **options: Any,
) -> "Stated":
    from asyconv.analysis.series.still import read_still
    from asyconv.cli.compose import Stated
    from asyconv.night import sheet as sheets

    rows: dict[Path, sheets.Row] = {}
    if sheet is not None:
        read = sheets.read_sheet(sheet)
        rows, unmatched = sheets.match(read.rows, sources)
        for line in [*read.warnings, *unmatched]:
            click.echo(f"asyconv: {line}", err=True)
    if infant is not None:
        sheets.check_id(infant)
    if not force_ids:
        sheets.refuse_identifying([infant, *(row.infant_id for row in rows.values())])
    return Stated(
        infant_id=infant,
        rows=rows,
        events=sheets.read_events(events) if events else {},
        cameras=sheets.read_cameras(camera) if camera else {},
        still=read_still(still) if still else None,
        **options,
    )


def _say_waiting(source: Path, seconds: float) -> None:
    click.echo(
        f"{source.name}: changed a moment ago and may still be being recorded; waiting {seconds:.0f} s", err=True
    )


def _write_names(inputs: tuple[Path, ...], results: Path, names: Path | None, outcomes: "list[Outcome]") -> None:
    """Keep which pseudonym is which file: where the user says, else beside the input."""
    from asyconv.night.names import add_names, default_place

    known = [(str(outcome.recording_id), str(outcome.source)) for outcome in outcomes if outcome.folder]
    for given in inputs if names is None else inputs[:1]:
        place = names or default_place(given)
        of_place = known if names else [(name, source) for name, source in known if _is_below(source, given)]
        if not of_place:
            continue
        try:
            if place.resolve().is_relative_to(results.resolve()):
                raise InputError(f"{place}: expected a place outside RESULTS for the names of the sources")
            add_names(place, of_place)
        except InputError as error:
            click.echo(f"asyconv: {error}; give another with --names", err=True)


def _is_below(source: str, given: Path) -> bool:
    return Path(source).resolve().is_relative_to(given.resolve())
