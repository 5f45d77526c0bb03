"""asyconv render: a video of the skeleton and the speeds of its limbs."""

from pathlib import Path

import click

from asyconv.cli.analyse import find_tracks
from asyconv.errors import InputError
from asyconv.notice import NOTICE

FILE = click.Path(path_type=Path)


@click.command(name="render", epilog=NOTICE)
@click.argument("tracks", metavar="TRACKS", type=FILE)
@click.option("-o", "--output", required=True, type=FILE, help="The video, an .mp4 or .mkv file.")
@click.option("--depth", type=FILE, help="The recording itself, to lie under the skeleton. It SHOWS THE INFANT.")
def command(tracks: Path, output: Path, depth: Path | None) -> None:
    """Draw the skeleton on black as a video, with a bar of speed for every limb.

    TRACKS is a tracks.parquet file or the result folder of one recording. The infant cannot be seen on the video
    unless --depth gives the recording that the tracks were made from.

    Example: asyconv render results/rec-1 -o rec-1.mp4
    """
    from asyconv.analysis import analyse
    from asyconv.analysis.report.speed_bars import speed_bars
    from asyconv.cli.compose import events_in, manifest_beside
    from asyconv.night.audit import Audit
    from asyconv.night.batch import new_run
    from asyconv.pose.overlay import write_overlay
    from asyconv.recordings.opening import open_recording
    from asyconv.tracks_file import read_tracks

    found = find_tracks(tracks)
    if len(found) != 1:
        raise InputError(f"{tracks}: expected the tracks of one recording, found {len(found)}")
    folder = found[0].resolve().parent
    beside = manifest_beside(found[0])
    joints = read_tracks(found[0])
    bars = speed_bars(analyse(joints, events_in(beside)))
    shown = None if depth is None else open_recording(depth)
    sha256 = beside.get("input", {}).get("sha256")
    write_overlay(joints, output, bars.speed, bars.threshold, bars.unit, depth=shown, input_sha256=sha256)
    if depth is not None and beside:
        Audit(folder.parent, new_run()).note("depth shown in a video", recording_id=folder.name)
    click.echo(output)
