"""asyconv convert: a recording in another lossless format."""

from pathlib import Path

import click

from asyconv.cli.messages import note, writing
from asyconv.cli.options import ABOVE_0, PATH, asyconv_command, join_option, option, overwrite_option
from asyconv.cli.outputs import check_folder, check_output, check_shows_infant
from asyconv.cli.progress import progress


@asyconv_command("convert", example="asyconv convert ward/004.oni archive/004.mkv")
@click.argument("recording", type=PATH)
@click.argument("output", type=PATH)
@option("--depth-unit-mm", type=ABOVE_0, help="Millimetres a count, where the recording does not say.")
@option("--fps", "fps_hz", type=ABOVE_0, help="Frames per second, where the recording holds no times.")
@option("--stream", help="The stream with depth, where a file has several: title or number in a video, topic of a bag.")
@join_option()
@overwrite_option
def command(
    recording: Path, output: Path, depth_unit_mm: float | None, fps_hz: float | None, stream: str | None,
    join: bool, overwrite: bool,
) -> None:  # fmt: skip
    """Write RECORDING as OUTPUT without loss, and compare every depth when it is read back.

    OUTPUT names the format: .oni (OpenNI), .mkv (FFV1, the smallest), or no ending for a folder of PNG pictures. A
    recording that was cut off is written with its whole frames. What the new format cannot hold is said.
    """
    from asyconv.recordings.converting import ENDINGS, convert
    from asyconv.recordings.opening import open_recording

    check_shows_infant(output)
    if output.suffix:
        check_output(output, ENDINGS, (recording,), overwrite=overwrite)
    else:
        check_folder(output, (recording,), overwrite=overwrite)
    with (
        writing(output, "the recording"),
        open_recording(recording, depth_unit_mm=depth_unit_mm, fps_hz=fps_hz, stream=stream, join=join) as source,
        progress(output.name) as tell,
    ):
        lost = convert(source, output, tell)
    for sentence in [*source.warnings, *lost]:
        note(sentence)
    click.echo(output)
