"""asyconv import: joints of another tracker as a tracks file."""

import hashlib
import re
from pathlib import Path

import click

from asyconv.cli.messages import note, writing
from asyconv.cli.options import ABOVE_0, PATH, asyconv_command, head_option, option, output_option, overwrite_option
from asyconv.cli.outputs import check_output
from asyconv.errors import InputError
from asyconv.exchange.formats import IMPORTS


@asyconv_command("import", example="asyconv import video_DLC.csv --from deeplabcut --fps 30 -o tracks.parquet")
@click.argument("file", metavar="FILE", type=PATH)
@option("--from", "name", type=click.Choice(list(IMPORTS)), required=True, help="The tracker.")
@output_option("The tracks file to write, a .parquet file.", required=True)
@option("--fps", "fps_hz", type=ABOVE_0, help="Frames per second of the video.")
@option("--size", metavar="WxH", help="Size of the video's picture in pixels, such as 640x480.")
@option("--map", "table", type=PATH, help="CSV with the columns joint and name: which key point is which joint.")
@option("--person", help="Name of the infant among the people in the file.")
@option("--infant", help="Pseudonym of the infant.")
@head_option("Where the head points in the picture.")
@option(
    "--mirrored/--no-mirrored", default=None,
    help="Is the video flipped left to right? Then the tracker's left and right are exchanged.",
)  # fmt: skip
@overwrite_option
def command(
    file: Path, name: str, output: Path, fps_hz: float | None, size: str | None, table: Path | None, person: str | None,
    infant: str | None, head: str | None, mirrored: bool | None, overwrite: bool,
) -> None:  # fmt: skip
    """Write the joints that another tracker found as a tracks file, for analyse, report and cohort.

    FILE is what the tracker wrote; of OpenPose, the folder with a file for each frame. Pixels are enough: amounts in
    millimetres are withheld then. A key point without a place is missing, whatever its confidence. Left-right measures
    need --head and --mirrored or --no-mirrored.
    """
    from asyconv.exchange.joint_names import columns_of, read_map
    from asyconv.exchange.people import choose
    from asyconv.exchange.poses import Stated, to_tracks
    from asyconv.night.sheet import check_id
    from asyconv.skeleton import JOINTS
    from asyconv.tracks_file import write_tracks

    form = IMPORTS[name]
    check_output(output, (".parquet",), (file, table), overwrite=overwrite)
    stated = Stated(fps_hz, _size(size), head, mirrored, None if infant is None else check_id(infant))
    if not file.exists():
        raise InputError(f"{file}: expected the joints of another tracker, found none")
    poses = form.function("read")(file)
    columns = columns_of(poses.names, read_map(table) if table else None, file)
    poses, sentences = choose(poses, list(columns.values()), person, file)
    recording_id = f"rec-{_sha256(file)[:12]}"
    tracks = to_tracks(poses, columns, form.what, recording_id, stated, file)
    without = [joint for joint in JOINTS if joint not in columns]
    if without:
        sentences.append(f"without a key point, and so always missing: {', '.join(without)}")
    with writing(output, "the tracks"):
        write_tracks(tracks, output)
    for sentence in sentences:
        note(sentence)
    click.echo(output)


def _sha256(path: Path) -> str:
    """Of a file, or of all files of a folder."""
    from asyconv.exchange.openpose import files_of

    digest = hashlib.sha256()
    for file in files_of(path) or [path]:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    found = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", text)
    if found is None:
        raise InputError(f"--size: expected width and height in pixels such as 640x480, found {text!r}")
    return int(found[1]), int(found[2])
