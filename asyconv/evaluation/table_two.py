"""Table II of the paper in its form: framework by limb, error and time, the paper's own figures beside ours.

The paper's errors cannot well be pixels of the 128x96 maps, as it says (paper.md 11), and come from real infants and a
split that is not by infant: they are shown, never compared. Its times are of another computer.
"""

from collections.abc import Sequence
from typing import Any, Final

from asyconv.evaluation.error_tables import number
from asyconv.evaluation.joint_errors import Evaluation
from asyconv.notice import NOTICE
from asyconv.pose.model_file import Model
from asyconv.skeleton import LIMBS
from asyconv.words import counted

Row = dict[str, Any]

PAPER: Final = (
    ("the paper's Asy-regression", ((16.90, 2.71), (16.59, 2.43), (16.27, 2.97), (13.99, 4.60)), 0.03),
    ("the paper's regression of Moccia et al.", ((16.59, 3.49), (16.59, 3.45), (16.10, 3.49), (11.95, 5.76)), 0.05),
)
"""Framework, median and IQR by limb in the order of `LIMBS`, seconds a clip: Table II as printed."""

PAPER_DATA: Final = "the paper's, not measured here: 22 real infants, split within infants, unit as printed uncertain"
NAMES: Final = {"asymmetric": "Asy-regression", "3x3x3": "3x3x3 regression"}


def table_two(measured: Sequence[tuple[Model, Evaluation]], times: Sequence[Row]) -> list[Row]:
    """A row for each model in the order given, then the paper's; times are of the model's regression network alone."""
    rows = []
    for model, evaluation in measured:
        own = {row["limb"]: row for row in evaluation.errors if row["predictor"] == "model"}
        limbs: Row = {}
        for limb in LIMBS:
            limbs[f"{limb}_median_px"] = own[limb]["map_px_p50"]
            measurable = own[limb]["map_px_p50"] is not None
            limbs[f"{limb}_iqr_px"] = own[limb]["map_px_p75"] - own[limb]["map_px_p25"] if measurable else None
            limbs[f"{limb}_n_frames"] = own[limb]["n_frames"]
        arch = model.settings.arch
        rows.append(
            {
                "framework": framework(model),
                "data": evaluation.held_out,
                "unit": "px of the 128x96 map",
                **limbs,
                "missed_pct": evaluation.totals["missed_pct"],
                "invented_pct": evaluation.totals["invented_pct"],
                **_times(arch, times),
            }
        )
    return [*rows, *(_paper_row(rows[0], *line) for line in PAPER)]


def framework(model: Model) -> str:
    """What a model's regression network is called in the table and the figure."""
    return f"{NAMES[model.settings.arch]} ({model.name})"


def _times(arch: str, times: Sequence[Row]) -> Row:
    by_implementation = {row["implementation"]: row for row in times if row["network"] == arch}
    columns = {"clip_s": "clip_s_p50", "step_s": "step_s_p50", "epoch_s_extrapolated": "epoch_s_extrapolated"}
    return {
        f"{name}{ending}": by_implementation[implementation][column] if implementation in by_implementation else None
        for name, column in columns.items()
        for ending, implementation in (("", "ours"), ("_plain_conv3d", "plain conv3d"))
    }


def _paper_row(like: Row, name: str, errors: tuple[tuple[float, float], ...], clip_s: float) -> Row:
    row: Row = dict.fromkeys(like) | {"framework": name, "data": PAPER_DATA, "unit": "px, as printed", "clip_s": clip_s}
    for limb, (median, iqr) in zip(LIMBS, errors, strict=True):
        row |= {f"{limb}_median_px": median, f"{limb}_iqr_px": iqr}
    return row


def markdown(rows: Sequence[Row], times: Sequence[Row], measured: Sequence[tuple[Model, Evaluation]]) -> str:
    """Table II with what must be known to read it."""
    titles = ["framework", *(limb.replace("_", " ") for limb in LIMBS), "s per clip", "s per clip, plain conv3d"]
    lines = [_cells(titles), "|---" * len(titles) + "|"]
    for row in rows:
        limbs = [f"{number(row[f'{limb}_median_px'])} ({number(row[f'{limb}_iqr_px'])})" for limb in LIMBS]
        lines.append(
            _cells([row["framework"], *limbs, number(row["clip_s"], 3), number(row["clip_s_plain_conv3d"], 3)])
        )
    notes = [
        f"Errors of ours: median RMSD (IQR) of a limb in px of the 128x96 map, on {measured[0][1].held_out}, "
        f"{measured[0][1].frames} frames. "
        + " ".join(
            f"{model.name}: {rmsd_n(evaluation)} frames by limb, missed {number(evaluation.totals['missed_pct'])} %, "
            f"invented {number(evaluation.totals['invented_pct'])} %, width {model.settings.width:g}."
            for model, evaluation in measured
        ),
        f"Rows of the paper: {PAPER_DATA}. Whether its seconds hold the detection network is not said.",
    ]
    return "\n\n".join(["\n".join(lines), *notes, *_time_text(times), NOTICE]) + "\n"


def rmsd_n(evaluation: Evaluation) -> str:
    """Frames that count for each limb."""
    return " / ".join(str(row["n_frames"]) for row in evaluation.errors if row["predictor"] == "model")


def _time_text(times: Sequence[Row]) -> list[str]:
    if not times:
        return ["Times were not measured in this run."]
    first, last = times[0], times[-1]
    titles = ["network", "implementation", "parameters", "s per clip", "s per training step", "epoch, extrapolated, h"]
    lines = [_cells(titles), "|---" * len(titles) + "|"]
    for row in times:
        epoch_h = None if row["epoch_s_extrapolated"] is None else row["epoch_s_extrapolated"] / 3600
        figures = [number(row["clip_s_p50"], 3), number(row["step_s_p50"], 3), number(epoch_h, 1)]
        lines.append(_cells([row["network"], row["implementation"], f"{row['parameters']:,}", *figures]))
    words = (
        f"Times: medians over {first['n_clips']} single clips and {last['n_steps']} training steps of "
        f"{counted(last['step_clips'], 'clip')}, measured in this run, "
        f"{first['width']:g} times the paper's channels, {first['map']} maps, {first['device']}, "
        f"{first['threads'] or 'no'} threads, torch {first['torch']}. A clip's time is that of the regression network; "
        "the detection network, the same in both frameworks, comes on top. An epoch (16,478 clips) was not run."
    )
    return [words, "\n".join(lines), _reductions(times)]


def _reductions(times: Sequence[Row]) -> str:
    by = {(row["network"], row["implementation"]): row for row in times}
    parts = []
    for implementation in ("ours", "plain conv3d"):
        a, b = by["asymmetric", implementation], by["3x3x3", implementation]
        clip, step = (100 * (a[key] / b[key] - 1) for key in ("clip_s_p50", "step_s_p50"))
        parts.append(f"{implementation}: {clip:+.0f} % a clip, {step:+.0f} % a training step")
    gains = [
        f"{arch}: {by[arch, 'plain conv3d']['clip_s_p50'] / by[arch, 'ours']['clip_s_p50']:.2f} times a clip, "
        f"{by[arch, 'plain conv3d']['step_s_p50'] / by[arch, 'ours']['step_s_p50']:.2f} times a step"
        for arch in NAMES
    ]
    return (
        f"What the idea gave (asymmetric against 3x3x3): {'; '.join(parts)}; the paper says -40 % (0.05 to 0.03 s) and "
        f"-66 % in training. What the engineering gave (plain conv3d against ours): {'; '.join(gains)}."
    )


def _cells(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
