"""asyconv train: both networks, from simulated infants or an annotated data set."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from asyconv.cli.messages import writing
from asyconv.cli.options import NAME_OR_FILE, PATH, asyconv_command, option
from asyconv.cli.outputs import check_folder, check_shows_infant
from asyconv.cli.progress import stage_progress
from asyconv.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from asyconv.labels.clip_set import ClipSet
    from asyconv.training.data import Report
    from asyconv.training.recipe import Recipe


@asyconv_command("train", example="asyconv train runs/compact --model compact")
@click.argument("out", type=PATH)
@option(
    "--preset", type=click.Choice(["useful", "paper"]), default="useful", show_default=True,
    help="Settings: ours, or those of the paper.",
)  # fmt: skip
@option(
    "--model", type=click.Choice(["compact", "compact-3d", "paper", "paper-3d"]), default="compact", show_default=True,
    help="Networks to train; -3d has 3x3x3 convolutions, paper is of the paper's full width.",
)  # fmt: skip
@option("--data", type=PATH, help="Annotated data set.  [default: simulated infants]")
@option(
    "--split", default="within", show_default=True,
    help="How --data is split: within (each infant, as in the paper), or fold:I/K (by infant).",
)  # fmt: skip
@option("--from", "start", metavar="MODEL", type=NAME_OR_FILE, help="Model whose weights to begin with.")
@option(
    "--detection", "detection_of", metavar="MODEL|RUN", type=NAME_OR_FILE,
    help="Take the detection network of this as it is.",
)  # fmt: skip
@option("--freeze-norms", is_flag=True, help="Leave batch normalisation as it is; for small data sets.")
@option(
    "--precision", type=click.Choice(["float32", "bfloat16"]), help="[default: bfloat16 where the device multiplies it]"
)
@option("--checkpoint-activations", is_flag=True, help="Use less memory for a third more arithmetic.")
@option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="Change a setting of the preset; repeatable.")
@option("--differences", type=click.IntRange(min=1), metavar="STEPS", help="Only measure what the preset gains.")
@option("--workers", type=click.IntRange(min=0), default=1, show_default=True, help="Processes that make data.")
def command(
    out: Path, preset: str, model: str, data: Path | None, split: str, start: str | None,
    detection_of: str | None, freeze_norms: bool, precision: str | None, checkpoint_activations: bool,
    changes: tuple[str, ...], differences: int | None, workers: int,
) -> None:  # fmt: skip
    """Train the detection and the regression network in the folder OUT.

    A training that was stopped goes on from its last checkpoint when the same command is given again. Under torchrun
    several processes share each batch. `asyconv export-model` then makes a model file of OUT.

    With --differences, each difference between the useful preset and the paper's is put back in turn, in trainings of
    STEPS steps behind the detection network of --detection; the joints that each training finds are tabulated.
    """
    import torch

    from asyconv.kernels.reference import has_bfloat16
    from asyconv.pose.model_file import load_model
    from asyconv.training.checkpoints import LOSSES
    from asyconv.training.data import clips_of, read_data_sets
    from asyconv.training.loop import started, train
    from asyconv.training.processes import first_process_first, joined_processes
    from asyconv.training.recipe import make_recipe

    refuse_files_of_no_training(out, (data, *(Path(name) for name in (start, detection_of) if name)))
    precision = precision or ("bfloat16" if torch.cuda.is_available() or has_bfloat16() else "float32")
    recipe = make_recipe(
        preset, model, changes,
        freeze_norms=freeze_norms, precision=precision, checkpoint_activations=checkpoint_activations,
        **({"crop_to_infant": False} if data else {}),
    )  # fmt: skip
    if data and recipe.crop_to_infant:
        raise InputError(
            "crop_to_infant: expected false with --data, whose pictures a training sees whole; "
            "`asyconv adapt` trains a model that crops with labels"
        )
    recipe, begun = started(recipe, load_model(start) if start else None, detection_of)
    with writing(out, "a training"), joined_processes() as place, stage_progress("steps") as report:
        with first_process_first(place):
            annotated = read_data_sets([data] if data else [])
            recipe, clips, tuning = clips_of(out, recipe, annotated, split, workers, report)
        if differences:
            print_differences(out, recipe, clips, tuning, begun[0], differences, workers, report)
            return
        train(out, recipe, clips, tuning, start=begun, place=place, workers=workers, report=report)
        if place.rank == 0:
            from asyconv.analysis.evaluation.loss_curves import draw_losses

            draw_losses(out / LOSSES)
    click.echo(out)


def refuse_files_of_no_training(out: Path, inputs: "Sequence[Path | None]") -> None:
    """Refuse a folder that is not apart from `inputs`, or whose files a training would replace and none has made."""
    from asyconv.training.checkpoints import LOSSES
    from asyconv.training.loop import RECIPE
    from asyconv.training.recipe import STAGES

    check_folder(out, inputs, may_hold=None)
    check_shows_infant(out)
    if (out / RECIPE).is_file() or any(out.glob(f"*/{RECIPE}")):
        return
    for name in (LOSSES, "losses.png", "differences.csv", *(f"{stage}.safetensors" for stage in STAGES)):
        if (out / name).exists():
            raise InputError(f"{out / name}: this file is in the place of one of a training; give another folder")


def print_differences(
    out: Path, recipe: "Recipe", clips: "ClipSet", tuning: "ClipSet", detection: "nn.Module | None", steps: int,
    workers: int, report: "Report",
) -> None:  # fmt: skip
    """Print what each difference between the useful preset and the paper's gains."""
    from asyconv.evaluation.ablations import measure_ablations

    if detection is None:
        raise InputError("differences: expected the model whose detection network to take, with --detection")
    gains = measure_ablations(out, recipe, clips, tuning, detection, steps, workers, report)
    click.echo(f"{'network':12}{'put back to the paper':36}{'median error, map px':>22}{'found within 3, %':>20}")
    for gain in gains:
        click.echo(f"{gain.network:12}{gain.put_back:36}{gain.median_error_map:22.3f}{gain.found_pct:20.2f}")
