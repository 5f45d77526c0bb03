"""asyconv process: recordings to result folders."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asyconv.cli.outcome import finish, hear
from asyconv.cli.progress import progress
from asyconv.errors import InputError
from asyconv.notice import NOTICE

if TYPE_CHECKING:
    from asyconv.batch import Outcome
    from asyconv.cli.compose import Stated

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
@click.option("--still", type=FILE, help="Speed floor of a still clip, as `asyconv calibrate` writes it.")
@click.option("--names", type=FILE, help="File for the sources' names (default: source_names.csv beside the input).")
@click.option("--update", is_flag=True, help="Make stale results again; the old ones are kept in .superseded.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
@click.pass_context
def command(ctx: click.Context, /, inputs: tuple[Path, ...], results: Path, dry_run: bool, **options: Any) -> None:
    """Turn depth recordings into tracks, tables and a report each.

    INPUT is an OpenNI .oni file, a folder of 16-bit PNG pictures, a lossless 16-bit video, or a folder that is
    searched for these. Each recording gets RESULTS/<recording_id>/. What is done already is skipped; a run that was
    stopped goes on where it was.

    Example: asyconv process recordings/ -o results/
    """
    finish(ctx, process(inputs, results, dry_run=dry_run, **options))


def process(
    inputs: tuple[Path, ...],
    results: Path,
    *,
    model: str = "compact",
    names: Path | None = None,
    update: bool = False,
    dry_run: bool = False,
    **said: Any,
) -> "list[Outcome]":
    """Process all recordings in `inputs`; `said` is what the user states about them."""
    from asyconv import batch
    from asyconv.cli import compose
    from asyconv.results import manifests
    from asyconv.weights import load_model

    sources = _sources(inputs)
    stated = _stated(sources, **said)
    network = load_model(model)
    known = {
        m["input"]["planning"]: m["input"]["sha256"] for m in manifests(results) if "planning" in m.get("input", {})
    }

    def prepare(source: Path) -> batch.Job:
        return compose.prepare(source, stated, network, known)

    def work(job: batch.Job, folder: Path, tracks_from: Path | None) -> dict[str, Any]:
        return compose.track_and_analyse(job, folder, tracks_from, stated, network, progress)

    if dry_run:
        return hear(batch.dry_run(sources, results, prepare))
    click.echo(NOTICE, err=True)
    running = batch.run_batch(
        sources, results, prepare, work, update=update, ready_at=compose.ready_at, waiting=_say_waiting
    )
    outcomes = hear(running)
    _write_names(inputs, results, names, outcomes)
    return outcomes


def _sources(inputs: tuple[Path, ...]) -> list[Path]:
    """Return all recordings, each once; what holds none stands for itself and is refused later, by name."""
    from asyconv.recording import find_recordings

    found: dict[Path, Path] = {}
    for given in inputs:
        try:
            below = find_recordings(given)
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
    **options: Any,
) -> "Stated":
    from asyconv import sheet as sheets
    from asyconv.analysis.still import read_still
    from asyconv.cli.compose import Stated

    rows: dict[Path, sheets.Row] = {}
    if sheet is not None:
        read = sheets.read_sheet(sheet)
        rows, unmatched = sheets.match(read.rows, sources)
        for line in [*read.warnings, *unmatched]:
            click.echo(f"asyconv: {line}", err=True)
    if infant is not None and (warning := sheets.id_warning(sheets.check_id(infant))):
        click.echo(f"asyconv: {warning}", err=True)
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
    from asyconv.names import add_names, default_place

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
