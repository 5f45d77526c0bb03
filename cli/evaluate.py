"""asyconv evaluate: a model's errors on infants it was never trained on."""

import click

from asyconv.notice import NOTICE


@click.command(name="evaluate", epilog=NOTICE)
@click.argument("model", default="compact")
@click.option("--infants", type=click.IntRange(min=1), default=16, show_default=True, help="How many test infants.")
@click.option("--clips", type=click.IntRange(min=1), default=40, show_default=True, help="Clips of each.")
@click.option("--seed", type=int, help="Seed of the infants (default: the one kept for tests).")
def command(model: str, infants: int, clips: int, seed: int | None) -> None:
    """Print the errors of MODEL (a name or a file) on SIMULATED infants, beside trivial baselines.

    Example: asyconv evaluate compact --infants 8
    """
    from asyconv.evaluation import evaluate
    from asyconv.simulate import TEST_SEED
    from asyconv.weights import load_model

    click.echo(evaluate(load_model(model), infants, clips, TEST_SEED if seed is None else seed).table())
