"""asyconv calibrate: tracks of a still scene to the speed floor of a set-up, without torch."""

from pathlib import Path

import click

from asyconv.cli.messages import writing
from asyconv.cli.options import asyconv_command, output_option, overwrite_option, tracks_argument
from asyconv.cli.outputs import check_output


@asyconv_command("calibrate", example="asyconv calibrate results/rec-0123456789ab/tracks.parquet -o still.json")
@tracks_argument
@output_option("JSON file for the floor.", required=True)
@overwrite_option
def command(tracks: tuple[Path, ...], output: Path, overwrite: bool) -> None:
    """Measure the speed floor of a camera set-up from TRACKS of a still scene.

    The speed floor is the speed below which movement cannot be told from noise. Record a doll of an infant's size for
    at least 10 s, and process the recording. TRACKS is the tracks.parquet file of its result, or a folder of such
    files. The floor holds for this model, frame rate and camera set-up; `asyconv process --still` uses it.
    """
    from asyconv.analysis.series.still_clip import still_floor_of, write_still
    from asyconv.cli.tracks_files import find_tracks, manifest_beside
    from asyconv.tracks_file import read_tracks

    check_output(output, (".json",), tracks, overwrite=overwrite)
    sources = find_tracks(*tracks)
    for source in sources:
        manifest_beside(source)  # tracks that are not those of their manifest are refused
    floor = still_floor_of([read_tracks(source) for source in sources])
    with writing(output, "the floor"):
        write_still(floor, output)
    for name, floor_mm_s in floor.limbs_mm_s.items():
        click.echo(f"{name.replace('_', ' ')}: {floor_mm_s:.1f} mm/s")
    click.echo(f"{output}: floor from {floor.seconds:.0f} s, model {floor.model_name}, rate {floor.rate}")
