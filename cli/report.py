"""asyconv report: one report about several recordings of an infant."""

from pathlib import Path

import click

from asyconv.cli.analyse import find_tracks
from asyconv.errors import InputError
from asyconv.notice import NOTICE

FILE = click.Path(path_type=Path)


@click.command(name="report", epilog=NOTICE)
@click.argument("tracks", metavar="TRACKS...", nargs=-1, required=True, type=FILE)
@click.option("-o", "--output", required=True, type=FILE, help="The report, an HTML file.")
@click.option("--pdf", is_flag=True, help="Print it as PDF too, beside it; needs Chromium, or the extra [pdf].")
def command(tracks: tuple[Path, ...], output: Path, pdf: bool) -> None:
    """Write one report about the recordings of an infant.

    TRACKS is a tracks.parquet file, a result folder, or a folder that is searched for these.

    Example: asyconv report results/rec-1 results/rec-2 -o infant.html
    """
    from asyconv.analysis import analyse
    from asyconv.analysis.report.page import write_report
    from asyconv.analysis.report.pdf import write_pdf
    from asyconv.cli.compose import events_in, manifest_beside
    from asyconv.tracks_file import read_tracks

    movements = []
    for source in [source for given in tracks for source in find_tracks(given)]:
        beside = manifest_beside(source)
        sheet = beside.get("analysis", {}).get("sheet")
        movements.append(analyse(read_tracks(source), events_in(beside), sheet))
    infants = {movement.meta.get("infant_id") for movement in movements}
    if len(movements) > 1 and (len(infants) > 1 or None in infants):
        found = ", ".join(sorted(str(infant) for infant in infants))
        raise InputError(f"report: expected recordings of one infant with its infant_id stated, found {found}")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        written = [write_report(movements, output)]
        written += [write_pdf(output, output.with_suffix(".pdf"))] if pdf else []
    except OSError as error:
        raise InputError(f"{output}: the report cannot be written here ({error.strerror})") from error
    for path in written:
        click.echo(path)
