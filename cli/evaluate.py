"""asyconv evaluate: a model's errors on infants it was never trained on."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from asyconv.cli.progress import progress
from asyconv.notice import NOTICE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyconv.tracks import Tracks
    from asyconv.weights import Model


@click.command(name="evaluate", epilog=NOTICE)
@click.argument("model", default="compact")
@click.option("--infants", type=click.IntRange(min=1), default=40, show_default=True, help="How many test infants.")
@click.option("--clips", type=click.IntRange(min=1), default=16, show_default=True, help="Clips of each.")
@click.option("--seed", type=int, help="Seed of the infants (default: the one kept for tests).")
@click.option("--movement", is_flag=True, help="Amounts of movement instead, from true and from predicted tracks.")
@click.option("--intervals", is_flag=True, help="How often intervals cover the long-run value instead; no model.")
@click.option("--seconds", type=click.FloatRange(min=60), help="With --movement (default 180) or --intervals (1800).")
def command(
    model: str, infants: int, clips: int, seed: int | None, movement: bool, intervals: bool, seconds: float | None
) -> None:
    """Print the errors of MODEL (a name or a file) on SIMULATED infants, beside trivial baselines.

    Example: asyconv evaluate compact --infants 8
    """
    from asyconv.simulate import TEST_SEED
    from asyconv.weights import load_model

    seed = TEST_SEED if seed is None else seed
    if intervals:
        click.echo(interval_table(infants, seconds or 1800.0, seed))
        return
    if movement:
        click.echo(movement_table(load_model(model), infants, seconds or 180.0, seed))
        return
    from asyconv.evaluation import evaluate

    click.echo(evaluate(load_model(model), infants, clips, seed).table())


def movement_table(model: "Model", infants: int, seconds: float, seed: int) -> str:
    """Simulate whole recordings, track them, analyse true and predicted tracks, and set both beside the truth."""
    import numpy as np

    from asyconv.analysis import agreement, analyse
    from asyconv.pipeline import track
    from asyconv.recording import open_recording
    from asyconv.scene import FPS_HZ, make_infant
    from asyconv.simulate import simulate, true_tracks, truth_of
    from asyconv.skeleton import N_JOINTS

    time_s = np.arange(round(seconds * FPS_HZ)) / FPS_HZ
    truth, true, predicted = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        with progress(f"simulating {infants} infants") as tell:
            recordings = simulate(Path(folder), infants, seconds, seed, progress=tell)
        for number, path in enumerate(recordings):
            infant = make_infant(seed, number, time_s)
            known = truth_of(infant, np.ones((len(time_s), N_JOINTS), bool))
            truth.append(agreement.true_amounts(known.speed_mm_s, known.moving, time_s))
            true.append(agreement.measured_amounts(analyse(true_tracks(known, infant))))
            with open_recording(path) as recording, progress(path.name) as tell:
                predicted.append(agreement.measured_amounts(analyse(track(recording, model, progress=tell))))
    return agreement.table(truth, {"true tracks": true, "predicted": predicted})


def interval_table(infants: int, seconds: float, seed: int) -> str:
    """Coverage of every measure's intervals on long simulated recordings, as the lines of a CSV file."""
    import numpy as np

    from asyconv.analysis.coverage import JITTER_MM, interval_coverage, jittered, table
    from asyconv.scene import FPS_HZ, make_infant
    from asyconv.simulate import true_tracks, truth_of
    from asyconv.skeleton import N_JOINTS

    time_s = np.arange(round(seconds * FPS_HZ)) / FPS_HZ
    visible = np.ones((len(time_s), N_JOINTS), bool)

    def recordings() -> "Iterator[Tracks]":
        for number in range(infants):
            infant = make_infant(seed, number, time_s, occluded=False)
            yield jittered(true_tracks(truth_of(infant, visible), infant), JITTER_MM, number)

    return table(interval_coverage(recordings()))
