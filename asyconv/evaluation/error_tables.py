"""Errors as text for a terminal of 120 columns, and as CSV with the data they were measured on in every row."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from asyconv.evaluation.joint_errors import Evaluation, Row
from asyconv.evaluation.keypoints import NO_COCO
from asyconv.notice import NOTICE
from asyconv.skeleton import LIMBS
from asyconv.whole_files import write_whole

TABLES = ("errors", "joints", "infants", "masks", "reliability")


def text(evaluation: Evaluation) -> str:
    """RMSD of model and baselines, shares of missed and invented joints, the other measures, errors by joint."""
    totals = evaluation.totals
    far_pct = totals["invented_far_pct"]  # not known where people labelled: they label what they see
    lines = [
        f"{evaluation.model_name} ({evaluation.weights_hash[:12]}) on {evaluation.held_out}",
        f"{evaluation.frames} frames, {totals['visible_pct']:.1f} % of joints visible; map px (1 map px = 5 native px)",
        "",
        rmsd_text(evaluation),
        "",
        f"missed visible joints {number(totals['missed_pct'])} %, "
        f"invented joints {number(totals['invented_pct'])} % of predictions"
        + ("" if far_pct is None else f" ({number(far_pct)} % more than 4 map px from the hidden joint)"),
        f"{number(totals['far_off_pct'])} % of predictions of visible joints beyond 4 map px; "
        f"{number(totals['limb_frames_far_off_pct'])} % of limbs' frames with an RMSD beyond 2 map px",
        f"{number(totals['limbs_covered_pct'], 0)} % of limbs whole in at least 70 % of the frames "
        f"({number(totals['limbs_covered_if_perfect_pct'], 0)} % if every visible joint were found)",
        f"PCK {number(totals['pck_0.1_trunk_pct'], 1)} % within 0.1 and {number(totals['pck_0.2_trunk_pct'], 1)} % "
        "within 0.2 trunk lengths, missed joints counting as wrong",
        _oks_text(evaluation),
        *(
            f"detection masks of {kind}s: Dice {number(totals[f'{kind}_dice_pct'], 1)} %, "
            f"recall {number(totals[f'{kind}_recall_pct'], 1)} % (mean over masks)"
            for kind in ("joint", "connection")
        ),
        f"expected calibration error {number(totals['calibration_error'], 3)} ({len(evaluation.reliability)} bins of "
        "equal count; right = within 3 map px of a visible joint)",
        "",
        _joint_text(evaluation.joints),
    ]
    return "\n".join(lines)


def rmsd_text(evaluation: Evaluation) -> str:
    """Median RMSD (IQR) of each predictor and limb, with n; the model's also in native px and mm."""
    lines = [f"{'median RMSD (IQR)':26}" + "".join(f"{limb:>20}" for limb in LIMBS)]
    for name in dict.fromkeys(row["predictor"] for row in evaluation.errors):
        lines.append(_line(f"{name}, map px", [rmsd_cell(row, "map_px") for row in _rows(evaluation, name)]))
    own = _rows(evaluation, "model")
    for unit, words in _OTHER_UNITS:
        if any(row[f"{unit}_p50"] is not None for row in own):
            lines.append(_line(f"model, {words}", [rmsd_cell(row, unit) for row in own]))
    lines.append(_line("n frames / joints", [f"{row['n_frames']} / {row['n_joints']}" for row in own]))
    return "\n".join(lines)


_OTHER_UNITS = (("native_px", "native px"), ("mm", "mm"))


def _rows(evaluation: Evaluation, predictor: str) -> list[Row]:
    return [row for row in evaluation.errors if row["predictor"] == predictor]


def _line(name: str, cells: Sequence[str]) -> str:
    return f"{name:26}" + "".join(f"{cell:>20}" for cell in cells)


def rmsd_cell(row: Row, unit: str) -> str:
    """Median (IQR) of one limb."""
    if row[f"{unit}_p50"] is None:
        return "-"
    return f"{row[f'{unit}_p50']:.2f} ({row[f'{unit}_p75'] - row[f'{unit}_p25']:.2f})"


def number(value: float | None, digits: int = 2) -> str:
    """A number, or a dash where nothing counts for it."""
    return "-" if value is None else f"{value:.{digits}f}"


def _oks_text(evaluation: Evaluation) -> str:
    totals = evaluation.totals
    if totals["oks_ap"] is None:
        return NO_COCO
    ap, ap50, ap75, ar = (number(totals[f"oks_{name}"], 3) for name in ("ap", "ap50", "ap75", "ar"))
    return f"OKS-AP {ap} (AP50 {ap50}, AP75 {ap75}, AR {ar}; COCO's sigmas, area = box of the visible joints)"


def _joint_text(rows: Sequence[Row]) -> str:
    titles = ("n", "median px", "P95 px", "median mm", "missed %", "invented %", "PCK 0.1 %", "calibration")
    keys = (
        "n_joints", "error_map_px_p50", "error_map_px_p95", "error_mm_p50", "missed_pct", "invented_pct",
        "pck_0.1_trunk_pct", "calibration_error",
    )  # fmt: skip
    digits = (0, 2, 2, 1, 2, 2, 1, 3)
    lines = [f"{'joint (map px)':18}" + "".join(f"{title:>12}" for title in titles)]
    for row in rows:
        cells = (number(row[key], places) for key, places in zip(keys, digits, strict=True))
        lines.append(f"{row['joint']:18}" + "".join(f"{cell:>12}" for cell in cells))
    return "\n".join(lines)


def write_tables(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write every table of one model as CSV into `folder`."""
    said = {"model": evaluation.model_name, "weights": evaluation.weights_hash[:12], "held_out": evaluation.held_out}
    tables = {**{name: getattr(evaluation, name) for name in TABLES}, "totals": [dict(evaluation.totals)]}
    return [write_rows(folder / f"{name}.csv", [{**said, **row} for row in rows]) for name, rows in tables.items()]


def write_rows(path: Path, rows: Sequence[Row]) -> Path:
    """Write rows with the same keys as CSV; the notice stands in the last column of each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    writer = csv.DictWriter(text, [*rows[0], "notice"], lineterminator="\n")
    writer.writeheader()
    writer.writerows({**{key: _plain(value) for key, value in row.items()}, "notice": NOTICE} for row in rows)
    return write_whole(path, text.getvalue())


def _plain(value: object) -> object:
    return f"{value:.5g}" if isinstance(value, float) else value
