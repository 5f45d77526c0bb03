"""asyconv evaluate, the parts about joint positions: errors, errors by condition, and comparison of models."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from asyconv.cli.messages import note
from asyconv.cli.progress import progress

if TYPE_CHECKING:
    from asyconv.evaluation.held_out import HeldOutClips
    from asyconv.evaluation.joint_errors import Evaluation
    from asyconv.pose.model_file import Model


def print_errors(models: "Sequence[Model]", data: "HeldOutClips", output: Path | None) -> None:
    """Print each model's errors; with an output, write tables, curves and the worst frames."""
    from asyconv.evaluation.error_tables import text
    from asyconv.evaluation.joint_errors import evaluate_on

    for model, folder in zip(models, folders_of(models, output), strict=True):
        evaluation = evaluate_on(model, data)
        click.echo(text(evaluation))
        if folder is not None:
            write_pose_errors(model, evaluation, data, folder)
            write_worst_frames(model, evaluation, data, folder / "worst_frames.png")


def write_pose_errors(model: "Model", evaluation: "Evaluation", data: "HeldOutClips", folder: Path) -> None:
    """Write the tables of errors, and the curves of reliability and of missed against invented joints."""
    from asyconv.analysis.evaluation.error_plots import reliability_curve, trade_curve
    from asyconv.evaluation.error_tables import write_rows, write_tables
    from asyconv.evaluation.presence_trade import presence_trade

    write_tables(evaluation, folder)
    error = evaluation.totals["calibration_error"] or 0.0
    curve = reliability_curve(evaluation.reliability, error, f"{model.name} on {data.what}")
    (folder / "reliability.png").write_bytes(curve.png())
    trade = presence_trade(model, data, evaluation.seen)
    write_rows(folder / "presence_trade.csv", [{"held_out": data.what, **row} for row in trade])
    (folder / "presence_trade.png").write_bytes(trade_curve(trade, f"{model.name} on {data.what}").png())


def write_worst_frames(model: "Model", evaluation: "Evaluation", data: "HeldOutClips", path: Path) -> None:
    """Write the frames in which the model is most wrong as one picture."""
    import numpy as np

    from asyconv.analysis.evaluation.worst_frames import worst_frames_png

    visible = data.clips.visible
    has_truth = data.has_truth if data.has_truth is not None else np.ones_like(visible)
    depth_mm, truth = data.clips.depth.astype(np.float64) / 10.0, data.clips.xy_map.astype(np.float64)
    title = f"Worst frames of {model.name} on {data.what}"
    path.write_bytes(worst_frames_png(depth_mm, evaluation.xy_map, truth, visible, has_truth, title))


def print_conditions(models: "Sequence[Model]", infants: int, clips: int, seed: int, output: Path | None) -> None:
    """Print each model's errors under each condition."""
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


def print_comparison(
    models: "Sequence[Model]", data: "HeldOutClips", output: Path, timed_clips: int, timed_steps: int, step_clips: int
) -> None:
    """Write Table II and Fig. 4 of the paper into `output`, and print the table."""
    import torch

    from asyconv.analysis.evaluation.error_plots import limb_boxes
    from asyconv.analysis.tables.files import write_csv
    from asyconv.evaluation.clip_timing import time_networks
    from asyconv.evaluation.error_tables import write_rows
    from asyconv.evaluation.joint_errors import evaluate_on
    from asyconv.evaluation.table_two import framework, markdown, table_two

    output.mkdir(parents=True, exist_ok=True)
    measured = [(model, evaluate_on(model, data)) for model in models]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def tell(text: str) -> None:
        note(f"timing: {text}")

    timed = time_networks(device, clips=timed_clips, steps=timed_steps, batch=step_clips, tell=tell)
    times = list(timed) if timed_clips else []
    rows = table_two(measured, times)
    write_rows(output / "table2.csv", rows)
    if times:
        write_rows(output / "times.csv", times)
    text = markdown(rows, times, measured)
    (output / "table2.md").write_text(text, encoding="utf8")
    boxes = limb_boxes({framework(model): evaluation.rmsd_map for model, evaluation in measured}, data.what)
    (output / "fig4.png").write_bytes(boxes.png())
    write_csv(boxes.data, output / "fig4.csv")
    click.echo(text, nl=False)


def folders_of(models: "Sequence[Model]", output: Path | None) -> list[Path | None]:
    """Where the files of each model go: to `output`, or to a folder each below it if there are several."""
    if output is None or len(models) == 1:
        return [output] * len(models)
    return [output / f"{number}-{model.name}" for number, model in enumerate(models, start=1)]
