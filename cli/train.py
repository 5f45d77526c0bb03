"""asyconv train: both networks from simulated infants."""

from pathlib import Path
from typing import Any

import click

from asyconv.cli.progress import stages
from asyconv.errors import InputError
from asyconv.notice import NOTICE


@click.command(name="train", epilog=NOTICE)
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--model", type=click.Choice(["compact", "compact-3d", "paper", "paper-3d"]), default="compact")
@click.option("--seed", type=int, help="Seed of the training infants (default: the one kept for training).")
@click.option("--infants", type=click.IntRange(min=1), help="How many infants to simulate.")
@click.option("--steps-detection", type=click.IntRange(min=1), help="Steps of the detection network.")
@click.option("--steps-regression", type=click.IntRange(min=1), help="Steps of the regression network.")
@click.option("--workers", type=click.IntRange(min=1), default=2, show_default=True, help="Processes that simulate.")
def command(out: Path, workers: int, **stated: Any) -> None:
    """Train the detection and the regression network in the folder OUT.

    A training that was stopped goes on from its last checkpoint when the same command is given again. Then
    asyconv export-model makes a model file of it.

    Example: asyconv train runs/compact --model compact
    """
    from asyconv.training import Recipe, train

    recipe = Recipe(**{name: value for name, value in stated.items() if value is not None})
    try:
        with stages("steps") as report:
            train(out, recipe, workers=workers, report=report)
    except OSError as error:
        raise InputError(f"{out}: a training cannot be written here ({error.strerror})") from error
    click.echo(out)
