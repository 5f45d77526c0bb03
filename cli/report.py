"""asyconv report: one report about several recordings of an infant."""

from pathlib import Path

import click

from asyconv.cli.messages import writing
from asyconv.cli.options import asyconv_command, option, output_option, overwrite_option, tracks_argument
from asyconv.cli.outputs import check_output
from asyconv.errors import InputError


@asyconv_command("report", example="asyconv report results/rec-1 results/rec-2 -o infant.html")
@tracks_argument
@output_option("The report, an HTML file.", required=True)
@option("--pdf", is_flag=True, help="Print it as PDF beside it, too; needs Chromium, or the extra asyconv[pdf].")
@overwrite_option
def command(tracks: tuple[Path, ...], output: Path, pdf: bool, overwrite: bool) -> None:
    """Write one report about several recordings of one infant.

    TRACKS is a tracks.parquet file, the result folder of a recording, or a folder that is searched for these.
    """
    from asyconv.analysis import analyse
    from asyconv.analysis.report.page import write_report
    from asyconv.analysis.report.pdf import write_pdf
    from asyconv.cli.tracks_files import events_in, find_tracks, manifest_beside
    from asyconv.tracks_file import read_tracks

    printed = output.with_suffix(".pdf")
    check_output(output, (".html",), tracks, overwrite=overwrite)
    if pdf:
        check_output(printed, (".pdf",), tracks, overwrite=overwrite)
    movements = []
    for source in find_tracks(*tracks):
        manifest = manifest_beside(source)
        sheet = manifest.get("analysis", {}).get("sheet")
        movements.append(analyse(read_tracks(source), events_in(manifest), sheet))
    infants = {movement.meta.get("infant_id") for movement in movements}
    if len(movements) > 1 and (len(infants) > 1 or None in infants):
        names = ", ".join(sorted(str(infant) for infant in infants))
        raise InputError(f"report: expected recordings of one infant with its infant_id stated, found {names}")
    with writing(output, "the report"):
        written = [write_report(movements, output)]
        written += [write_pdf(output, printed)] if pdf else []
    for path in written:
        click.echo(path)
