"""asyconv demo: from nothing to two reports."""

import shutil
from pathlib import Path

import click

from asyconv.cli.outcome import finish
from asyconv.cli.process import process
from asyconv.cli.simulate import simulate
from asyconv.notice import NOTICE

SEED = 10  # two infants of whom most limbs are seen; others lie under cloths


@click.command(name="demo", epilog=NOTICE)
@click.argument("out", type=click.Path(path_type=Path), default=Path("asyconv-demo"))
@click.option(
    "--seconds", type=click.FloatRange(min=0.5), default=90.0, show_default=True, help="Length of each recording."
)
@click.option("--model", default="compact", show_default=True, help="Name of a model, or a model file.")
@click.pass_context
def command(ctx: click.Context, out: Path, seconds: float, model: str) -> None:
    """Simulate two infants, process them, and print the paths of their reports.

    OUT (default: asyconv-demo) gets the folders recordings and results. A second call makes nothing twice.
    """
    recordings = out / "recordings"
    if not recordings.exists():
        unfinished = out / ".recordings"
        shutil.rmtree(unfinished, ignore_errors=True)
        simulate(unfinished, 2, seconds, SEED)
        unfinished.rename(recordings)
    finish(ctx, process((recordings,), out / "results", model=model))
