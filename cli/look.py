"""asyconv look: a page of frames with the skeleton over the depth picture."""

from pathlib import Path

import click

from asyconv.cli.messages import writing
from asyconv.cli.options import PATH, asyconv_command, option, output_option, overwrite_option
from asyconv.cli.outputs import check_output, check_shows_infant
from asyconv.errors import InputError


@asyconv_command("look", example="asyconv look results/rec-1 --depth recordings/infant.oni -o look.html")
@click.argument("results", metavar="RESULT...", nargs=-1, required=True, type=PATH)
@option(
    "--depth", metavar="RECORDING", multiple=True, required=True, type=PATH,
    help="The recording of the tracks; once for each RESULT, in the same order.",
)  # fmt: skip
@output_option("The page, an .html file outside the results. It SHOWS THE INFANT.", required=True)
@overwrite_option
def command(results: tuple[Path, ...], depth: tuple[Path, ...], output: Path, overwrite: bool) -> None:
    """Write an offline page of frames with the skeleton over the depth picture.

    RESULT is a tracks.parquet file or the result folder of one recording. The page shows frames over the whole
    recording, those that the model was least certain of, the fastest, and those before joints are lost. It shows the
    infant, so it is written only where you say, and the audit of the results notes it.
    """
    from asyconv.analysis.report.look import Looked, render_look
    from asyconv.cli.tracks_files import open_again, tracks_of_one
    from asyconv.night.audit import Audit
    from asyconv.night.batch import new_run
    from asyconv.pose.depth_pictures import frames_of, jpegs
    from asyconv.pose.frame_choice import stretch_of, worth_a_look
    from asyconv.tracks_check import check_stated
    from asyconv.tracks_file import read_tracks
    from asyconv.whole_files import write_whole

    if len(depth) != len(results):
        raise InputError(
            f"--depth: expected the recording of each result in the same order, found {len(depth)} for {len(results)}"
        )
    check_shows_infant(output)
    check_output(output, (".html",), (*results, *depth), overwrite=overwrite)
    looked, noted = [], []
    for result, recorded in zip(results, depth, strict=True):
        source, manifest = tracks_of_one(result)
        tracks = read_tracks(source)
        check_stated(tracks.meta, ("width_px", "height_px"), "tracks")
        groups, stretch = worth_a_look(tracks), stretch_of(tracks)
        with open_again(recorded, tracks.meta, manifest) as opened:
            frames = frames_of(tracks, opened, manifest.get("input", {}).get("sha256"))
            pictures = jpegs(frames, {row for rows in (*groups.values(), stretch) for row in rows.tolist()})
        looked.append(Looked(tracks, groups, stretch, pictures))
        noted += [source.resolve().parent] if manifest else []
    page = render_look(looked)
    with writing(output, "the page"):
        write_whole(output, page)
    for folder in noted:
        Audit(folder.parent, new_run()).note("depth shown in a page", recording_id=folder.name)
    click.echo(output)
