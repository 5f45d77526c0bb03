"""asyconv adapt: a model fine-tuned with labels of one's own infants."""

from pathlib import Path

import click

from asyconv.cli.messages import note, writing
from asyconv.cli.options import PATH, asyconv_command, model_option, option, output_option, overwrite_option
from asyconv.cli.outputs import check_output
from asyconv.cli.progress import stage_progress
from asyconv.errors import InputError


@asyconv_command("adapt", example="asyconv adapt labels/ -o own.safetensors")
@click.argument("labels", metavar="LABELS...", nargs=-1, required=True, type=PATH)
@output_option("The model file, .safetensors.", required=True)
@model_option()
@option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="Change a setting of the training; repeatable.")
@option("--workers", type=click.IntRange(min=0), default=1, show_default=True, help="Processes that make data.")
@overwrite_option
def command(
    labels: tuple[Path, ...], output: Path, model: str, changes: tuple[str, ...], workers: int, overwrite: bool
) -> None:
    """Adapt a model to your own infants and camera with the labelled frames in LABELS.

    LABELS are annotated data sets, as `asyconv label` writes them and `asyconv check` reads them. Three infants and 50
    labelled frames are the least. A quarter of the infants is kept apart: at the end the command says what the model
    gained on them, and whether it lost anything on simulated infants.

    The training stops by itself. If it is stopped before, the same command goes on; with other labels or settings it
    begins anew. Until it is done, the folder .NAME-training beside the model file holds pictures of the infants.
    """
    import torch

    from asyconv.evaluation.adapted import adapt, gain_text
    from asyconv.kernels.reference import has_bfloat16
    from asyconv.pose.model_file import load_model
    from asyconv.pose.validated import validation_sentence
    from asyconv.training.adapting import adapting_recipe
    from asyconv.training.processes import joined_processes, process_count
    from asyconv.training.recipe import changed

    if process_count() > 1:
        raise InputError(f"adapt: expected one process, found {process_count()}; call it without torchrun")
    inputs = (*labels, *([Path(model)] if Path(model).is_file() else []))
    check_output(output, (".safetensors",), inputs, overwrite=overwrite)
    check_output(output.with_suffix(".json"), (".json",), inputs, overwrite=overwrite)
    begun_with = load_model(model)
    recipe = adapting_recipe(begun_with, "bfloat16" if torch.cuda.is_available() or has_bfloat16() else "float32")
    for change in changes:
        recipe = changed(recipe, change)
    with writing(output, "the model"), joined_processes() as place, stage_progress("steps") as report:
        run = output.with_name(f".{output.stem}-training")
        made, own, simulated = adapt(
            output, begun_with, labels, recipe, run, place=place, workers=workers, report=report, tell=note
        )
    click.echo(gain_text(own, simulated))
    click.echo(f"{output}: {validation_sentence(made.card['validated'])}; weights {made.weights_hash[:12]}")
