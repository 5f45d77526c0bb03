"""asyconv evaluate: a model's errors on infants it was never trained on."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from asyconv.cli.progress import progress
from asyconv.errors import InputError
from asyconv.notice import NOTICE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyconv.evaluation.heldout import HeldOut
    from asyconv.pose.model_file import Model


@click.command(name="evaluate", epilog=NOTICE)
@click.argument("models", nargs=-1)
@click.option("--infants", type=click.IntRange(min=1), default=40, show_default=True, help="How many test infants.")
@click.option("--clips", type=click.IntRange(min=1), default=16, show_default=True, help="Clips of each.")
@click.option("--seed", type=int, help="Seed of the infants (default: the one kept for tests).")
@click.option(
    "--test-of",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of a training on annotated recordings: its test part instead of simulated infants.",
)
@click.option(
    "--motion",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of tracks or sheets of labels whose joints move the simulated infants.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), help="Folder for tables and figures.")
@click.option("--conditions", is_flag=True, help="Errors by condition instead: covered limbs, hands, tilt, noise.")
@click.option("--compare", is_flag=True, help="Table II and Fig. 4 of the paper for the models, with times, into -o.")
@click.option("--timed-clips", type=click.IntRange(min=0), default=20, show_default=True, help="0 = no times.")
@click.option("--timed-steps", type=click.IntRange(min=3), default=5, show_default=True, help="Training steps timed.")
@click.option("--step-clips", type=click.IntRange(min=1), default=1, show_default=True, help="Clips of such a step.")
@click.option("--movement", is_flag=True, help="Amounts of movement instead, from true and from predicted tracks.")
@click.option("--noise", is_flag=True, help="What noise of the joints does to amounts of movement instead; no model.")
@click.option("--gain", is_flag=True, help="What comes through of sines of 0.5 to 5 Hz instead; -o: into the card.")
@click.option("--intervals", is_flag=True, help="How often intervals cover the long-run value instead; no model.")
@click.option("--seconds", type=click.FloatRange(min=60), help="With --movement, --noise (180), --intervals (1800).")
def command(
    models: tuple[str, ...],
    infants: int,
    clips: int,
    seed: int | None,
    test_of: Path | None,
    motion: Path | None,
    output: Path | None,
    conditions: bool,
    compare: bool,
    timed_clips: int,
    timed_steps: int,
    step_clips: int,
    movement: bool,
    noise: bool,
    gain: bool,
    intervals: bool,
    seconds: float | None,
) -> None:
    """Print the errors of MODELS (names or files, compact if none) on held-out infants, beside trivial baselines.

    The infants are SIMULATED ones, never trained on, unless --test-of names others.

    With --compare the times are of both networks at the paper's width, whatever the width of MODELS.

    Example: asyconv evaluate compact --infants 8 -o errors
    """
    from asyconv.pose.model_file import load_model
    from asyconv.simulation.seeds import TEST_SEED

    if movement + conditions + compare + noise + gain + intervals > 1:
        raise click.UsageError(
            "expected one of --movement, --noise, --gain, --intervals, --conditions and --compare, found several"
        )
    if compare and output is None:
        raise click.UsageError("--compare needs -o FOLDER")
    if test_of is not None and (movement or conditions):
        raise click.UsageError("--movement and --conditions simulate infants; leave --test-of out")
    if motion is not None and (test_of is not None or movement + conditions + compare + noise + gain + intervals):
        raise click.UsageError("--motion is for the errors of joints alone")
    seed = TEST_SEED if seed is None else seed
    if noise or intervals:
        from asyconv.cli import evaluate_movement as of

        seconds = seconds or (1800.0 if intervals else 180.0)
        click.echo((of.intervals if intervals else of.noise)(infants, seconds, seed))
        return
    loaded = [load_model(name) for name in models or ("compact",)]
    try:
        if movement or gain:
            from asyconv.cli import evaluate_movement as of

            for model in loaded:
                if gain:
                    click.echo(of.gain(model, infants, seed, output))
                else:
                    click.echo(of.movement(model, infants, seconds or 180.0, seed, output))
        elif conditions:
            by_condition(loaded, infants, clips, seed, output)
        elif compare:
            assert output is not None
            data = held_out_data(test_of, seed, infants, clips)
            beside_each_other(loaded, data, output, timed_clips, timed_steps, step_clips)
        else:
            errors(loaded, held_out_data(test_of, seed, infants, clips, motion), output)
    except OSError as error:
        raise InputError(f"{output}: tables and figures cannot be written here ({error.strerror})") from error


def held_out_data(test_of: Path | None, seed: int, infants: int, clips: int, motion: Path | None = None) -> "HeldOut":
    """Simulated infants, those that follow given joints, or the test part of annotated recordings trained on."""
    from asyconv.evaluation.heldout import annotated_part, driven_infants, held_out

    if motion is not None:
        return driven_infants(motion, clips, seed)
    if test_of is None:
        return held_out(seed, infants, clips)
    from asyconv.training.loop import read_recipe

    recipe = read_recipe(test_of)
    if not recipe.split:
        raise InputError(f"{test_of}: expected a training on annotated recordings, found one on simulated infants")
    return annotated_part(test_of, "test", recipe.split)


def errors(models: "Sequence[Model]", data: "HeldOut", output: Path | None) -> None:
    """Errors of each model; with an output, tables and the reliability curve, in a folder each if there are several."""
    from asyconv.evaluation.error_tables import text, write_tables
    from asyconv.evaluation.joint_errors import evaluate_on

    for number, model in enumerate(models):
        evaluation = evaluate_on(model, data)
        click.echo(text(evaluation))
        if output is not None:
            from asyconv.analysis.evaluation.error_plots import reliability_curve

            folder = output / f"{number + 1}-{model.name}" if len(models) > 1 else output
            write_tables(evaluation, folder)
            error = evaluation.totals["calibration_error"] or 0.0
            curve = reliability_curve(evaluation.reliability, error, f"{model.name} on {data.what}")
            (folder / "reliability.png").write_bytes(curve.png)


def by_condition(models: "Sequence[Model]", infants: int, clips: int, seed: int, output: Path | None) -> None:
    """Errors of each model under each condition."""
    from asyconv.evaluation.conditions import CONDITIONS, conditions_text, evaluate_conditions
    from asyconv.evaluation.error_tables import write_rows

    everything = []
    for model in models:
        rows = []
        with progress(f"{model.name} by condition", "conditions") as tell:
            for row in evaluate_conditions(model, infants, clips, seed):
                rows.append(row)
                tell(len(rows), len(CONDITIONS))
        click.echo(f"{model.name} ({model.weights_hash[:12]}) on {conditions_text(rows)}")
        everything += [{"model": model.name, "weights": model.weights_hash[:12], **row} for row in rows]
    if output is not None:
        write_rows(output / "conditions.csv", everything)


def beside_each_other(
    models: "Sequence[Model]", data: "HeldOut", output: Path, timed_clips: int, timed_steps: int, step_clips: int
) -> None:
    """Table II and Fig. 4 of the paper into `output`, the table printed too."""
    import torch

    from asyconv.analysis.evaluation.error_plots import limb_boxes
    from asyconv.analysis.tables.files import write_csv
    from asyconv.evaluation.clip_times import clip_times
    from asyconv.evaluation.comparison import framework, markdown, table_two
    from asyconv.evaluation.error_tables import write_rows
    from asyconv.evaluation.joint_errors import evaluate_on

    output.mkdir(parents=True, exist_ok=True)
    measured = [(model, evaluate_on(model, data)) for model in models]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def tell(text: str) -> None:
        click.echo(f"timing: {text}", err=True)

    wanted = clip_times(device, clips=timed_clips, steps=timed_steps, batch=step_clips, tell=tell)
    times = list(wanted) if timed_clips else []
    rows = table_two(measured, times)
    write_rows(output / "table2.csv", rows)
    if times:
        write_rows(output / "times.csv", times)
    text = markdown(rows, times, measured)
    (output / "table2.md").write_text(text, encoding="utf8")
    boxes = limb_boxes({framework(model): evaluation.rmsd_map for model, evaluation in measured}, data.what)
    (output / "fig4.png").write_bytes(boxes.png)
    write_csv(boxes.data, output / "fig4.csv")
    click.echo(text, nl=False)
