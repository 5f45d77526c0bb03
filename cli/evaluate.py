"""asyconv evaluate: a model's errors, or those of the movement analysis, where the truth is known."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asyconv.cli.messages import writing
from asyconv.cli.options import (
    Decorator,
    Group,
    Number,
    Place,
    models_argument,
    option,
    output_option,
    overwrite_option,
)
from asyconv.cli.outputs import check_folder
from asyconv.errors import InputError
from asyconv.notice import NOTICE
from asyconv.simulation.seeds import TEST_SEED

if TYPE_CHECKING:
    from asyconv.evaluation.held_out import HeldOutClips
    from asyconv.pose.model_file import Model


@click.group(name="evaluate", cls=Group, epilog=NOTICE)
def command() -> None:
    """Measure a model, or the movement analysis, where the truth is known.

    The infants are SIMULATED ones that no model was trained on. Errors can also be measured on the test part of
    annotated recordings. MODELS are names of models that come with asyconv, or model files; compact if none is named.
    """


def infants_option(default: int) -> Decorator[Any]:
    """Choose the number of simulated infants."""
    text = "Number of simulated infants."
    return option("--infants", type=click.IntRange(min=1), default=default, show_default=True, help=text)


def seconds_option(default: float) -> Decorator[Any]:
    """Choose the length of the simulated recordings."""
    text = "Length of each recording."
    return option("--seconds", type=Number(min=60), default=default, show_default=True, help=text)


clips_option = option(
    "--clips", type=click.IntRange(min=1), default=16, show_default=True, help="Clips of three frames of each infant."
)
seed_option = option(
    "--seed", type=int, default=TEST_SEED, show_default=True,
    help="Seed of the infants; the default is kept for tests.",
)  # fmt: skip
calm_option = option("--calm", is_flag=True, help="Infants as of `asyconv simulate --calm`.")
test_of_option = option(
    "--test-of", type=Place(path_type=Path, exists=True, file_okay=False),
    help="Folder of a training on annotated recordings: its test part instead of simulated infants.",
)  # fmt: skip


@command.command(name="errors", example="asyconv evaluate errors compact --infants 8 -o errors/")
@models_argument
@infants_option(40)
@clips_option
@seed_option
@calm_option
@test_of_option
@option(
    "--motion",
    type=Place(path_type=Path, exists=True, file_okay=False),
    help="Folder of tracks or sheets of labels whose joints move the simulated infants.",
)
@output_option("Folder for the tables by joint and infant, and the reliability curve.")
@overwrite_option
def errors(
    models: tuple[str, ...],
    infants: int,
    clips: int,
    seed: int,
    calm: bool,
    test_of: Path | None,
    motion: Path | None,
    output: Path | None,
    overwrite: bool,
) -> None:
    """Print the errors of joint positions of MODELS, beside those of trivial baselines."""
    from asyconv.cli.evaluate_pose import print_errors

    if motion is not None and test_of is not None:
        raise click.UsageError("--motion moves simulated infants, --test-of names annotated ones; give one of them")
    if calm and (motion is not None or test_of is not None):
        raise click.UsageError("--calm chooses simulated infants; leave out --motion and --test-of")
    check(output, models, overwrite, test_of, motion)
    with writing(output, "tables and figures"):
        print_errors(loaded(models), held_out_data(test_of, seed, infants, clips, motion, calm=calm), output)


@command.command(name="conditions", example="asyconv evaluate conditions compact --infants 12 --clips 4")
@models_argument
@infants_option(40)
@clips_option
@seed_option
@output_option("Folder for the table.")
@overwrite_option
def conditions(
    models: tuple[str, ...], infants: int, clips: int, seed: int, output: Path | None, overwrite: bool
) -> None:
    """Print the errors of MODELS on the same infants under other conditions.

    Among the conditions are covered limbs, the operator's hands, a rolled infant, a tilted, near and far camera, and
    more noise.
    """
    from asyconv.cli.evaluate_pose import print_conditions

    check(output, models, overwrite)
    with writing(output, "tables"):
        print_conditions(loaded(models), infants, clips, seed, output)


@command.command(name="compare", example="asyconv evaluate compare compact compact-3d -o compared/")
@models_argument
@infants_option(40)
@clips_option
@seed_option
@calm_option
@test_of_option
@output_option("Folder for the table, the figure and the times.", required=True)
@option("--timed-clips", type=click.IntRange(min=0), default=20, show_default=True, help="Clips to time; 0: no times.")
@option("--timed-steps", type=click.IntRange(min=3), default=5, show_default=True, help="Training steps to time.")
@option("--step-clips", type=click.IntRange(min=1), default=1, show_default=True, help="Clips in each timed step.")
@overwrite_option
def compare(
    models: tuple[str, ...],
    infants: int,
    clips: int,
    seed: int,
    calm: bool,
    test_of: Path | None,
    output: Path,
    timed_clips: int,
    timed_steps: int,
    step_clips: int,
    overwrite: bool,
) -> None:
    """Compare MODELS in the form of the paper's Table II and Figure 4, with times.

    The times are those of both networks at the paper's full width, whatever the width of MODELS.
    """
    from asyconv.cli.evaluate_pose import print_comparison

    check(output, models, overwrite, test_of)
    with writing(output, "tables and figures"):
        data = held_out_data(test_of, seed, infants, clips, calm=calm)
        print_comparison(loaded(models), data, output, timed_clips, timed_steps, step_clips)


@command.command(name="movement", example="asyconv evaluate movement compact --infants 12 -o movement/")
@models_argument
@infants_option(12)
@seconds_option(180)
@seed_option
@option("--conditions", is_flag=True, help="One line for each condition: noise, cameras, cloths, a resting hand.")
@option("--other-hospital", is_flag=True, help="One line for infants as of `asyconv simulate --other-hospital`.")
@output_option("Folder for values, a figure, the model with its factors, and tracks, which a second call takes again.")
@overwrite_option
def movement(
    models: tuple[str, ...],
    infants: int,
    seconds: float,
    seed: int,
    conditions: bool,
    other_hospital: bool,
    output: Path | None,
    overwrite: bool,
) -> None:
    """Compare amounts of movement from predicted tracks with the true amounts.

    Each simulated recording goes through the networks and the analysis. Its true tracks go through the analysis, too:
    what they miss is the analysis's error, the rest is the model's. How many of the true amounts lie inside the
    intervals is counted, too, and OUTPUT gets a copy of the model that states the factor with which 95 % do.
    """
    from asyconv.cli.evaluate_movement import TRACKS, amounts_by_condition, compare_amounts

    if conditions and other_hospital:
        raise click.UsageError("--conditions and --other-hospital each state other infants; give one of them.")
    check(output, models, overwrite, may_hold=(TRACKS,))
    compare: Callable[..., str] = compare_amounts
    if conditions or other_hospital:
        compare = partial(amounts_by_condition, other_hospital=other_hospital)
    print_each(models, lambda model, folder: compare(model, infants, seconds, seed, folder), output)


@command.command(name="noise", example="asyconv evaluate noise --infants 12")
@infants_option(12)
@seconds_option(180)
@seed_option
def noise(infants: int, seconds: float, seed: int) -> None:
    """Show what noise of known size does to amounts of movement.

    The noise is added to the true joints of simulated infants; no model takes part.
    """
    from asyconv.cli.evaluate_movement import amounts_under_noise

    click.echo(amounts_under_noise(infants, seconds, seed))


@command.command(name="gain", example="asyconv evaluate gain compact --infants 12 -o measured/")
@models_argument
@infants_option(12)
@seed_option
@output_option("Folder for a copy of the model that carries the measured band in its card.")
@overwrite_option
def gain(models: tuple[str, ...], infants: int, seed: int, output: Path | None, overwrite: bool) -> None:
    """Measure how much of a movement of 0.5 to 5 Hz MODELS follow.

    Limbs of simulated infants swing as sines before the camera. The gain is the share of their speed that comes
    through the networks and the analysis.
    """
    from asyconv.cli.evaluate_movement import gain_by_frequency

    check(output, models, overwrite)
    print_each(models, lambda model, folder: gain_by_frequency(model, infants, seed, folder), output)


@command.command(name="intervals", example="asyconv evaluate intervals --infants 10 > coverage.csv")
@infants_option(10)
@seconds_option(1800)
@seed_option
def intervals(infants: int, seconds: float, seed: int) -> None:
    """Measure how often the intervals of a 180 s stretch hold the value of the whole recording.

    Prints one line of CSV per measure. The joints are the true ones of simulated infants; no model takes part.
    """
    from asyconv.cli.evaluate_movement import coverage_of_intervals

    click.echo(coverage_of_intervals(infants, seconds, seed))


def loaded(models: tuple[str, ...]) -> "list[Model]":
    """Read the models, `compact` if none is named."""
    from asyconv.pose.model_file import load_model

    return [load_model(name) for name in models or ("compact",)]


def check(
    output: Path | None, models: tuple[str, ...], overwrite: bool, *inputs: Path | None, may_hold: Sequence[str] = ()
) -> None:
    """Refuse a folder for the output that no output may replace, before anything is measured."""
    if output is not None:
        files = (Path(name) for name in models if Path(name).is_file())
        check_folder(output, (*files, *inputs), overwrite=overwrite, may_hold=may_hold)


def print_each(models: tuple[str, ...], measured: "Callable[[Model, Path | None], str]", output: Path | None) -> None:
    """Print what is measured of each model; its files lie in a folder of its own if there are several."""
    from asyconv.cli.evaluate_pose import folders_of

    with writing(output, "tables and figures"):
        read = loaded(models)
        for model, folder in zip(read, folders_of(read, output), strict=True):
            click.echo(measured(model, folder))


def held_out_data(
    test_of: Path | None, seed: int, infants: int, clips: int, motion: Path | None = None, *, calm: bool
) -> "HeldOutClips":
    """Simulated infants, those that follow given joints, or the test part of annotated recordings trained on."""
    from asyconv.evaluation.held_out import annotated_part, driven_infants, held_out
    from asyconv.simulation.scene import Condition

    if motion is not None:
        return driven_infants(motion, clips, seed)
    if test_of is None:
        return held_out(seed, infants, clips, Condition(varied=not calm))
    from asyconv.training.loop import read_recipe

    recipe = read_recipe(test_of)
    if not recipe.split:
        raise InputError(f"{test_of}: expected a training on annotated recordings, found one on simulated infants")
    return annotated_part(test_of, "test", recipe.split)
