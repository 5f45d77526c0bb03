"""asyconv render: a video of the skeleton and the speeds of its limbs."""

from pathlib import Path

import click

from asyconv.cli.options import PATH, asyconv_command, option, output_option, overwrite_option
from asyconv.cli.outputs import check_output, check_shows_infant
from asyconv.errors import InputError


@asyconv_command("render", example="asyconv render results/rec-1 -o rec-1.mp4")
@click.argument("tracks", metavar="TRACKS", type=PATH)
@output_option("The video, an .mp4 or .mkv file.", required=True)
@option(
    "--depth",
    type=PATH,
    help="The recording, drawn under the skeleton. The video then SHOWS THE INFANT and lies outside the results.",
)
@overwrite_option()
def command(tracks: Path, output: Path, depth: Path | None, overwrite: bool) -> None:
    """Draw the skeleton on black as a video, with a speed bar for every limb.

    TRACKS is a tracks.parquet file or the result folder of one recording. The infant cannot be seen in the video
    unless --depth gives the recording that the tracks were made from.
    """
    from asyconv.analysis import analyse
    from asyconv.analysis.report.speed_bars import speed_bars
    from asyconv.cli.tracks_files import events_in, find_tracks, manifest_beside
    from asyconv.night.audit import Audit
    from asyconv.night.batch import new_run
    from asyconv.pose.overlay import FORMS, write_overlay
    from asyconv.recordings.opening import open_recording
    from asyconv.tracks_file import read_tracks

    check_output(output, tuple(FORMS), (tracks, depth), overwrite=overwrite)
    if depth is not None:
        check_shows_infant(output)
    sources = find_tracks(tracks)
    if len(sources) != 1:
        raise InputError(f"{tracks}: expected the tracks of one recording, found {len(sources)}")
    folder, manifest = sources[0].resolve().parent, manifest_beside(sources[0])
    joints = read_tracks(sources[0])
    bars = speed_bars(analyse(joints, events_in(manifest)))
    stated_hz = joints.meta.get("fps_nominal_hz") if joints.meta.get("fps_source") == "stated" else None
    stream = manifest.get("tracking", {}).get("stream")
    recording = None if depth is None else open_recording(depth, fps_hz=stated_hz, stream=stream)
    sha256 = manifest.get("input", {}).get("sha256")
    write_overlay(joints, output, bars.speed, bars.threshold, bars.unit, depth=recording, input_sha256=sha256)
    if depth is not None and manifest:
        Audit(folder.parent, new_run()).note("depth shown in a video", recording_id=folder.name)
    click.echo(output)
