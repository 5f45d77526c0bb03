"""asyconv export: the joints of a recording in a format of another program."""

from pathlib import Path

import click

from asyconv.cli.messages import note, writing
from asyconv.cli.options import PATH, asyconv_command, option, output_option, overwrite_option
from asyconv.cli.outputs import check_output
from asyconv.exchange.formats import EXPORTS


@asyconv_command("export", example="asyconv export results/rec-1 --to deeplabcut -o rec-1.csv")
@click.argument("result", metavar="RESULT", type=PATH)
@option("--to", "name", type=click.Choice(list(EXPORTS)), required=True, help="The format.")
@output_option("The file to write. Its ending must be one of the format's.", required=True)
@overwrite_option
def command(result: Path, name: str, output: Path, overwrite: bool) -> None:
    """Write the joints of one recording for another program.

    RESULT is the result folder of one recording, or a tracks.parquet file. Joints are written as they were tracked,
    not smoothed. What is missing stays missing. Units, axes, the model and the notice stand in the file, or in a .json
    file beside it where the format has no room.
    """
    from asyconv.cli.analyse import recording_id_of
    from asyconv.cli.tracks_files import tracks_of_one
    from asyconv.tracks_file import read_tracks

    form = EXPORTS[name]
    source, _ = tracks_of_one(result)
    for path in form.files(output):
        endings = form.endings if path == output else (path.suffix,)
        check_output(path, endings, (result, source), overwrite=overwrite)
    tracks = read_tracks(source)
    recording_id_of(source, tracks.meta)
    with writing(output, "the export"):
        for sentence in form.function(form.writer)(tracks, output):
            note(sentence)
    click.echo(output)
