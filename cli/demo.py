"""asyconv demo: from nothing to two reports."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import click

from asyconv.cli.messages import finish, note
from asyconv.cli.options import PATH, Number, asyconv_command, model_option, option
from asyconv.cli.process import process
from asyconv.cli.simulate import simulate
from asyconv.errors import NO_TORCH, InputError

SEED = 21  # most joints of both infants are seen; others lie under cloths


@asyconv_command("demo", example="asyconv demo")
@click.argument("out", type=PATH, default=Path("asyconv-demo"))
@option("--seconds", type=Number(min=0.5), default=90.0, show_default=True, help="Length of each recording.")
@model_option()
@click.pass_context
def command(ctx: click.Context, out: Path, seconds: float, model: str) -> None:
    """Simulate two infants on their backs, process their recordings, and print the paths of the two reports.

    The folder OUT (asyconv-demo if none is named) gets the folders recordings and results. A second call makes nothing
    twice.
    """
    if find_spec("torch") is None:  # said before minutes of simulation
        raise InputError(NO_TORCH)
    recordings = out / "recordings"
    if not recordings.exists():
        unfinished = out / ".recordings"
        shutil.rmtree(unfinished, ignore_errors=True)
        simulate(unfinished, 2, seconds, SEED, lying="supine")
        unfinished.rename(recordings)
    outcomes = process((recordings,), out / "results", model=model)
    for outcome in outcomes:
        if outcome.folder:
            note(f"open in a browser: {(outcome.folder / 'report.html').resolve().as_uri()}")
    finish(ctx, outcomes)
