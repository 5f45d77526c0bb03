"""asyconv export-model: a training folder to one model file, a model to ONNX."""

from pathlib import Path

import click

from asyconv.cli.messages import note, writing
from asyconv.cli.options import PATH, asyconv_command, option, output_option, overwrite_option
from asyconv.cli.outputs import check_output
from asyconv.errors import InputError


@asyconv_command("export-model", example="asyconv export-model runs/compact -o compact.safetensors")
@click.argument("run", metavar="RUN|MODEL", type=PATH)
@output_option("The model file of a training, .safetensors.")
@option("--onnx", "onnx_file", type=PATH, help="Both networks for other programs, .onnx.")
@overwrite_option
def command(run: Path, output: Path | None, onnx_file: Path | None, overwrite: bool) -> None:
    """Make one model file of the networks trained in the folder RUN, or an ONNX file of a MODEL.

    The confidences of a training are calibrated and the errors measured first; both go into the file's card. With
    --onnx alone MODEL is the name or the file of a model.
    """
    if onnx_file is not None:
        check_output(onnx_file, (".onnx",), (run,), overwrite=overwrite)
    if output is not None:
        _export(run, output, overwrite=overwrite)
    elif onnx_file is None or run.is_dir():
        raise InputError("expected -o FILE.safetensors for a training, or --onnx FILE.onnx for a model")
    if onnx_file is not None:
        from asyconv.pose.onnx_file import write_onnx
        from asyconv.weights import load_model

        model = load_model(run if output is None else output)
        with writing(onnx_file, "the ONNX file"):
            write_onnx(onnx_file, model)
        click.echo(onnx_file)


def _export(run: Path, output: Path, *, overwrite: bool) -> None:
    from asyconv.evaluation.calibration import annotated_of, export_model, sets_of
    from asyconv.evaluation.error_tables import text
    from asyconv.training.loop import trained

    check_output(output, (".safetensors",), (run,), overwrite=overwrite)
    check_output(output.with_suffix(".json"), (".json",), (run,), overwrite=overwrite)
    recipe, networks = trained(run)
    with writing(output, "the model"):
        own = annotated_of(run) if recipe.split else []
        _, evaluation = export_model(output, networks, recipe, sets_of(run, recipe), trained_on=own, tell=note)
    click.echo(text(evaluation))
    click.echo(output)
