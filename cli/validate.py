"""asyconv validate: a model against labels of one's own infants."""

from pathlib import Path

import click

from asyconv.cli.messages import note, writing
from asyconv.cli.options import NAME_OR_FILE, PATH, asyconv_command, option, output_option, overwrite_option
from asyconv.cli.outputs import check_folder, check_output, check_shows_infant


@asyconv_command("validate", example="asyconv validate own.safetensors labels/ -o validated.safetensors")
@click.argument("model", type=NAME_OR_FILE)
@click.argument("labels", metavar="LABELS...", nargs=-1, required=True, type=PATH)
@output_option("Model file to write: the same weights, with the validation in its card.")
@option("--camera", type=PATH, help="JSON file with fx_px, fy_px, cx_px, cy_px: errors in millimetres, too.")
@option("--tables", type=PATH, help="Folder for the tables by infant, joint and limb, and the reliability curve.")
@option("--pictures", type=PATH, help="PNG file for the worst frames. It shows the infants.")
@overwrite_option
def command(
    model: str, labels: tuple[Path, ...], output: Path | None, camera: Path | None, tables: Path | None,
    pictures: Path | None, overwrite: bool,
) -> None:  # fmt: skip
    """Measure MODEL on the labelled frames in LABELS, on infants that it was not trained on.

    Infants whose frames were in its training are left out. With -o the errors go into the card of a new model file, and
    from then on reports say on how many frames and infants the model was validated, in the place of "simulated only".
    The new file has a hash of its own: results that were made with the old one count as stale, so validate first.
    """
    from asyconv.cli.evaluate_pose import write_pose_errors, write_worst_frames
    from asyconv.errors import InputError
    from asyconv.evaluation import validation
    from asyconv.evaluation.error_tables import text, write_rows
    from asyconv.evaluation.held_out import labelled_clips
    from asyconv.evaluation.joint_errors import evaluate_on
    from asyconv.night.cameras import read_cameras
    from asyconv.pose.model_file import load_model
    from asyconv.pose.validated import validation_sentence
    from asyconv.training.data import read_data_sets

    inputs = (*labels, camera, Path(model) if Path(model).is_file() else None)
    for path, endings in ((output, (".safetensors",)), (pictures, (".png",))):
        if path is not None:
            check_output(path, endings, inputs, overwrite=overwrite)
    if pictures is not None:
        check_shows_infant(pictures)
    if tables is not None:
        check_folder(tables, inputs, overwrite=overwrite)
    cameras = read_cameras(camera) if camera else {}
    if camera and None not in cameras:
        raise InputError(f"{camera}: expected one camera (fx_px, fy_px, cx_px, cy_px), found several")
    fx_px = cameras[None].fx_px if cameras else None
    measured, infants = load_model(model), read_data_sets(labels)
    every = labelled_clips(infants, fx_px)
    data, seen = validation.never_trained(measured, every)
    left = sum(len(infant.frame) for infant in infants) - every.clips.visible[..., 0].size
    if left:
        note(f"labelled frames left out, because they lie in no clip of three frames 1/6 s apart: {left}")
    if seen:
        note(f"{seen} infants are left out: the model was trained on frames of them")
    evaluation = evaluate_on(measured, data)
    section = validation.validated_section(evaluation, data, fx_px, infants[0].width_px)
    click.echo(f"{text(evaluation)}\n\n{validation.validation_text(evaluation, section)}")
    if tables is not None:
        with writing(tables, "tables and figures"):
            write_pose_errors(measured, evaluation, data, tables)
            write_rows(tables / "intervals.csv", validation.interval_rows(evaluation, data))
    if pictures is not None:
        with writing(pictures, "the worst frames"):
            write_worst_frames(measured, evaluation, data, pictures)
    if output is not None:
        with writing(output, "the model"):
            written = validation.export_validated(output, measured, section)
        note(f"hash {measured.weights_hash[:12]} is {written.weights_hash[:12]} now: results of the old file are stale")
        click.echo(output)
    click.echo(validation_sentence(section))
