"""asyconv export-model: a training folder to one model file."""

from pathlib import Path

import click

from asyconv.cli.messages import note, writing
from asyconv.cli.options import PATH, asyconv_command, output_option, overwrite_option
from asyconv.cli.outputs import check_output


@asyconv_command("export-model", example="asyconv export-model runs/compact -o compact.safetensors")
@click.argument("run", type=PATH)
@output_option("The model file, .safetensors.", required=True)
@overwrite_option()
def command(run: Path, output: Path, overwrite: bool) -> None:
    """Make one model file of the networks trained in the folder RUN.

    The confidences are calibrated and the errors measured first; both go into the file's card.
    """
    from asyconv.evaluation.calibration import annotated_of, export_model, sets_of
    from asyconv.evaluation.error_tables import text
    from asyconv.training.loop import trained

    check_output(output, (".safetensors",), (run,), overwrite=overwrite)
    check_output(output.with_suffix(".json"), (".json",), (run,), overwrite=overwrite)
    recipe, networks = trained(run)
    with writing(output, "the model"):
        output.parent.mkdir(parents=True, exist_ok=True)
        own = annotated_of(run) if recipe.split else []
        _, evaluation = export_model(output, networks, recipe, sets_of(run, recipe), trained_on=own, tell=note)
    click.echo(text(evaluation))
    click.echo(output)
