"""asyconv export-model: a training folder to one model file."""

import json
from functools import partial
from pathlib import Path

import click

from asyconv.cli.progress import stages
from asyconv.errors import InputError
from asyconv.notice import NOTICE

FILE = click.Path(path_type=Path)


@click.command(name="export-model", epilog=NOTICE)
@click.argument("run", type=FILE)
@click.option("-o", "--output", required=True, type=FILE, help="The model file, .safetensors.")
def command(run: Path, output: Path) -> None:
    """Calibrate the networks trained in the folder RUN, measure their errors, write the model file and its card.

    A training that was stopped is finished first.

    Example: asyconv export-model runs/compact -o compact.safetensors
    """
    from asyconv.calibration import export_model
    from asyconv.training import Recipe, data_hash, train

    try:
        recipe = Recipe(**json.loads((run / "recipe.json").read_text(encoding="utf8")))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{run}: expected the folder of a training, but its recipe.json cannot be read") from error
    try:
        with stages("steps") as report:
            networks = train(run, recipe, report=report)
        output.parent.mkdir(parents=True, exist_ok=True)
        tell = partial(click.echo, err=True)
        _, evaluation = export_model(output, networks, recipe, data_hash(run, recipe), told=tell)
    except OSError as error:
        raise InputError(f"{output}: the model cannot be written here ({error.strerror})") from error
    click.echo(evaluation.table())
    click.echo(output)
