"""asyconv export-model: a training folder to one model file."""

from functools import partial
from pathlib import Path

import click

from asyconv.errors import InputError
from asyconv.notice import NOTICE

FILE = click.Path(path_type=Path)


@click.command(name="export-model", epilog=NOTICE)
@click.argument("run", type=FILE)
@click.option("-o", "--output", required=True, type=FILE, help="The model file, .safetensors.")
def command(run: Path, output: Path) -> None:
    """Calibrate the networks trained in the folder RUN, measure their errors, write the model file and its card.

    Example: asyconv export-model runs/compact -o compact.safetensors
    """
    from asyconv.evaluation.calibration import export_model, sets_of
    from asyconv.evaluation.error_tables import text
    from asyconv.training.loop import trained

    recipe, networks = trained(run)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        tell = partial(click.echo, err=True)
        _, evaluation = export_model(output, networks, recipe, sets_of(run, recipe), told=tell)
    except OSError as error:
        raise InputError(f"{output}: the model cannot be written here ({error.strerror})") from error
    click.echo(text(evaluation))
    click.echo(output)
