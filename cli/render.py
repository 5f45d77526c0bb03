"""asyconv render: a video of the skeleton and the speeds of its limbs."""

from pathlib import Path

import click

from asyconv.cli.options import PATH, asyconv_command, option, output_option, overwrite_option
from asyconv.cli.outputs import check_output, check_shows_infant


@asyconv_command("render", example="asyconv render results/rec-1 -o rec-1.mp4")
@click.argument("tracks", metavar="TRACKS", type=PATH)
@output_option("The video, an .mp4 or .mkv file.", required=True)
@option(
    "--depth",
    type=PATH,
    help="The recording, drawn under the skeleton. The video then SHOWS THE INFANT and lies outside the results.",
)
@overwrite_option
def command(tracks: Path, output: Path, depth: Path | None, overwrite: bool) -> None:
    """Draw the skeleton on black as a video, with a speed bar for every limb.

    TRACKS is a tracks.parquet file or the result folder of one recording. The infant cannot be seen in the video
    unless --depth gives the recording that the tracks were made from.
    """
    from asyconv.analysis import analyse
    from asyconv.analysis.report.speed_bars import speed_bars
    from asyconv.cli.tracks_files import events_in, open_again, tracks_of_one
    from asyconv.night.audit import Audit
    from asyconv.night.batch import new_run
    from asyconv.pose.overlay import FORMS, write_overlay
    from asyconv.tracks_file import read_tracks

    if depth is not None:
        check_shows_infant(output)
    check_output(output, tuple(FORMS), (tracks, depth), overwrite=overwrite)
    source, manifest = tracks_of_one(tracks)
    joints = read_tracks(source)
    bars = speed_bars(analyse(joints, events_in(manifest)))
    recording = None if depth is None else open_again(depth, joints.meta, manifest)
    sha256 = manifest.get("input", {}).get("sha256")
    write_overlay(joints, output, bars.speed, bars.threshold, bars.unit, depth=recording, input_sha256=sha256)
    if depth is not None and manifest:
        folder = source.resolve().parent
        Audit(folder.parent, new_run()).note("depth shown in a video", recording_id=folder.name)
    click.echo(output)
