"""asyconv calibrate: tracks of a still scene to the speed floor of a set-up, without torch."""

from pathlib import Path

import click

from asyconv.notice import NOTICE

FILE = click.Path(path_type=Path)


@click.command(name="calibrate", epilog=NOTICE)
@click.argument("tracks", metavar="TRACKS...", nargs=-1, required=True, type=FILE)
@click.option("-o", "--output", required=True, type=FILE, help="JSON file for the floor.")
def command(tracks: tuple[Path, ...], output: Path) -> None:
    """Measure the speed floor from TRACKS of a still scene (a doll of an infant's size, at least 10 s).

    TRACKS is a tracks.parquet file as `process` made it, or a folder of such. The floor holds for the model, the rate
    and the camera set-up of the clip.

    Example: asyconv calibrate results/rec-0123456789ab/tracks.parquet -o still.json
    """
    from asyconv.analysis.series.still import still_floor_of, write_still
    from asyconv.cli.analyse import find_tracks
    from asyconv.tracks_file import read_tracks

    still = still_floor_of([read_tracks(source) for given in tracks for source in find_tracks(given)])
    write_still(still, output)
    for name, floor_mm_s in still.limbs_mm_s.items():
        click.echo(f"{name.replace('_', ' ')}: {floor_mm_s:.1f} mm/s")
    click.echo(f"{output}: floor of {still.seconds:.0f} s, model {still.model_name}, rate {still.rate}")
