"""A model against labelled infants: errors with intervals over infants, and what its card then says.

Infants that the model was trained on, or whose labels chose its best step, are known by their frames and left out.
Intervals are Student's over the infants' own values: they say what another infant of the same kind may have.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from asyconv import __version__
from asyconv.errors import InputError
from asyconv.evaluation.calibration import TRAINED_FRAMES, export_with, frame_hashes
from asyconv.evaluation.held_out import NATIVE_PX, HeldOutClips
from asyconv.evaluation.joint_errors import Evaluation, median_of
from asyconv.evaluation.keypoints import labelled_trunk_map
from asyconv.labels.annotations import ANNOTATED_FPS_HZ
from asyconv.pose.model_file import Model
from asyconv.pose.validated import Section, middle_distance_mm, validation_sentence
from asyconv.skeleton import LIMBS

INFANTS_FOR_INTERVAL: Final = 3
Array = npt.NDArray[np.float64]
Row = dict[str, Any]


def never_trained(model: Model, data: HeldOutClips) -> tuple[HeldOutClips, int]:
    """The clips of infants of whom `model` has seen no frame, and how many infants it has seen."""
    known = set(model.card.get(TRAINED_FRAMES, ()))
    frames = np.array([name in known for name in frame_hashes(data.clips)]).reshape(data.clips.depth.shape[:2])
    numbers = np.unique(data.infant)
    seen = [number for number in numbers if frames[data.infant == number].any()]
    if len(seen) == len(numbers):
        raise InputError(
            "labels: expected an infant that the model was not trained on, found none; label other infants"
        )
    return part_of(data, ~np.isin(data.infant, seen)), len(seen)


def part_of(data: HeldOutClips, kept: npt.NDArray[np.bool_]) -> HeldOutClips:
    """All clips of some of the infants, [n] says which; the infants are numbered anew."""
    numbers, infant = np.unique(data.infant[kept], return_inverse=True)
    names = data.infant_names
    return dataclasses.replace(
        data,
        clips=data.clips.part(kept),
        infant=infant,
        mm_per_map=data.mm_per_map[kept],
        what=data.what.replace(f"{len(np.unique(data.infant))} ", f"{len(numbers)} ", 1),
        has_truth=None if data.has_truth is None else data.has_truth[kept],
        infant_names=None if names is None else tuple(names[number] for number in numbers),
        area_map=None if data.area_map is None else data.area_map[kept],
        pictures=tuple(data.pictures[number] for number in numbers) if data.pictures else (),
    )


def interval(values: Sequence[float | None]) -> tuple[float, float, float] | None:
    """Mean over infants and its 95 % interval; None for fewer than three infants with a value."""
    given = np.array([value for value in values if value is not None and np.isfinite(value)])
    if len(given) < INFANTS_FOR_INTERVAL:
        return None
    half = float(student.ppf(0.975, len(given) - 1) * given.std(ddof=1) / np.sqrt(len(given)))
    return float(given.mean()), float(given.mean()) - half, float(given.mean()) + half


def errors_px(evaluation: Evaluation, data: HeldOutClips) -> Array:
    """Distance of each visible joint that was found from its label, native px as in 640x480, [n, 3, 12]; else NaN."""
    apart = np.linalg.norm(evaluation.xy_map - data.clips.xy_map, axis=-1)
    return np.where(data.clips.visible, NATIVE_PX * apart, np.nan)


def interval_rows(evaluation: Evaluation, data: HeldOutClips) -> list[Row]:
    """Errors over all joints and of each limb, pooled and as the mean over infants with its interval."""
    px = errors_px(evaluation, data)
    trunks = labelled_trunk_map(data.clips.xy_map.astype(np.float64), data.clips.visible, data.infant)
    units = {"px": px, "mm": px / NATIVE_PX * data.mm_per_map, "trunk lengths": px / NATIVE_PX / trunks[..., None]}
    rows = []
    for part, joints in {"all": list(range(px.shape[-1])), **{k: list(v) for k, v in LIMBS.items()}}.items():
        for unit, error in units.items():
            own = [median_of(error[data.infant == number][..., joints]) for number in np.unique(data.infant)]
            rows.append(_row(f"median error, {unit}", part, median_of(error[..., joints]), own))
    for key in ("missed_pct", "invented_pct", "pck_0.1_trunk_pct"):
        rows.append(_row(key, "all", evaluation.totals[key], [row[key] for row in evaluation.infants]))
    return rows


def _row(measure: str, part: str, pooled: float | None, own: Sequence[float | None]) -> Row:
    found, most = interval(own), 100.0 if measure.endswith("_pct") else np.inf
    mean, low, high = (found[0], max(0.0, found[1]), min(most, found[2])) if found else (None, None, None)
    return {"measure": measure, "part": part, "pooled": pooled, "mean_of_infants": mean, "low": low, "high": high}


def validated_section(evaluation: Evaluation, data: HeldOutClips, fx_px: float | None, width_px: int) -> Section:
    """What the card says of a validation; no name and no picture of an infant is in it."""
    rows = interval_rows(evaluation, data)
    pooled = {row["measure"]: row["pooled"] for row in rows if row["part"] == "all"}
    distances = [middle_distance_mm(data.clips.depth[data.infant == number]) / 10 for number in np.unique(data.infant)]
    return {
        "frames": evaluation.frames,
        "infants": len(distances),
        "simulated": data.simulated,
        "median_mm": pooled["median error, mm"],
        "median_px": pooled["median error, px"],
        "errors": [{key: _rounded(value) for key, value in row.items()} for row in rows],
        "totals": {key: _rounded(value) for key, value in evaluation.totals.items()},
        "reliability": [{key: _rounded(value) for key, value in row.items()} for row in evaluation.reliability],
        "fx_px": fx_px,
        "width_px": width_px,
        "distance_mm": [round(min(distances), 1), round(max(distances), 1)],
        "fps_hz": ANNOTATED_FPS_HZ,
        "asyconv": __version__,
    }


def _rounded(value: Any) -> Any:
    return float(f"{value:.5g}") if isinstance(value, float) else value


def export_validated(path: Path, model: Model, section: Section) -> Model:
    """Write `model` with the section in its card; the weights stay, the hash over weights and card changes."""
    words = {} if section["simulated"] else {"model_validation": validation_sentence(section)}
    return export_with(path, model, {"validated": section, **words})


def validation_text(evaluation: Evaluation, section: Section) -> str:
    """Errors with their intervals and each infant's, for a terminal."""
    n = section["infants"]
    lines = [
        f"{'':28}{'part':>12}{'all joints':>12}{f'mean of {n} infants (95 % interval)':>38}",
        *(_line(row) for row in section["errors"] if row["pooled"] is not None),
        "",
        f"{'infant':16}{'frames':>8}{'median px':>12}{'median mm':>12}{'missed %':>12}{'invented %':>12}",
    ]
    for row in evaluation.infants:
        keys = ("error_native_px_p50", "error_mm_p50", "missed_pct", "invented_pct")
        cells = "".join(f"{'-' if row[key] is None else format(row[key], '.1f'):>12}" for key in keys)
        lines.append(f"{row['infant']!s:16}{row['n_frames']:>8}{cells}")
    return "\n".join(lines)


def _line(row: Row) -> str:
    about = "-" if row["low"] is None else f"{row['mean_of_infants']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
    return f"{row['measure'].replace('_pct', ', %'):28}{row['part']:>12}{row['pooled']:>12.2f}{about:>38}"
