"""How far off a model's joints are on held-out infants, beside the trivial baselines (paper.md 10 and 14).

RMSD of one frame and limb: see `asyconv.evaluation.rmsd`. Missed: visible joints without a prediction. Invented:
predictions of joints that are not visible, as a share of all predictions; "far" of those that are more than 4 map px
from where the hidden joint truly is. What the errors were measured on stands in every table.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.evaluation.baselines import baselines
from asyconv.evaluation.held_out import NATIVE_PX, HeldOutClips
from asyconv.evaluation.keypoints import PCK_SHARES, labelled_trunk_map, oks_ap, trunk_map, within
from asyconv.evaluation.predictions import Predictions, given_joints, predict
from asyconv.evaluation.reliability import calibration_error, confidence_of, reliability_rows, right_joints
from asyconv.evaluation.rmsd import limb_rmsd, rmsd_rows
from asyconv.evaluation.seen_clips import seen_by
from asyconv.labels.clip_set import ClipSet
from asyconv.pose.model_file import Model
from asyconv.skeleton import CONNECTIONS, JOINTS, LIMBS, N_JOINTS

Row = dict[str, Any]
Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Evaluation:
    """Errors of one model; a number that nothing counts for is None.

    Attributes
    ----------
    held_out : what they were measured on, in words.
    totals : shares in percent, PCK, OKS-AP, Dice and recall of the detection masks, expected calibration error.
    errors : RMSD of limbs by predictor ("model" and the baselines).
    joints, infants, masks, reliability : rows of the other tables.
    rmsd_map : RMSD of each frame by limb, map px, NaN = none.
    xy_map : predicted joints of the clips [n, 3, 12, 2], map px, NaN = missing.
    seen : the clips as the networks saw them.
    """

    model_name: str
    weights_hash: str
    held_out: str
    frames: int
    totals: dict[str, float | None]
    errors: list[Row]
    joints: list[Row]
    infants: list[Row]
    masks: list[Row]
    reliability: list[Row]
    rmsd_map: dict[str, Array]
    xy_map: Array
    seen: ClipSet

    def median_map(self) -> dict[str, float]:
        """Median RMSD of the model by limb, map px."""
        own = [row for row in self.errors if row["predictor"] == "model" and row["map_px_p50"] is not None]
        return {row["limb"]: round(row["map_px_p50"], 3) for row in own}

    def card(self) -> Row:
        """The part that belongs into a model's card."""
        return {"held_out": self.held_out, "frames": self.frames, "totals": self.totals, "errors": self.errors}


def evaluate_on(model: Model, data: HeldOutClips) -> Evaluation:
    """Errors of `model` on held-out clips."""
    seen = seen_by(model, data)
    predictions = seen.on_the_whole(predict(model, seen.clips))
    if data.has_truth is not None:
        predictions = replace(predictions, xy_map=np.where(data.has_truth[..., None], predictions.xy_map, np.nan))
    truth, visible = data.clips.xy_map.astype(np.float64), data.clips.visible
    confidence = confidence_of(predictions.score, model.settings)
    right = right_joints(predictions.xy_map, truth, visible)
    masks = _mask_rows(predictions.masks)
    trunks = trunk_map(truth) if data.hidden_known else labelled_trunk_map(truth, visible, data.infant)
    errors = [
        row
        for name, xy in {"model": predictions.xy_map, **baselines(data)}.items()
        for row in rmsd_rows(name, xy, truth, visible, data.mm_per_map)
    ]
    flat = (predictions.xy_map.reshape(-1, N_JOINTS, 2), truth.reshape(-1, N_JOINTS, 2), visible.reshape(-1, N_JOINTS))
    area_map = None if data.area_map is None else data.area_map.ravel()
    found_ap = oks_ap(*flat, confidence.reshape(-1, N_JOINTS), area_map)
    precision = found_ap or dict.fromkeys(("ap", "ap50", "ap75", "ar"))
    totals: dict[str, float | None] = {
        "visible_pct": 100 * float(visible.mean()),
        **_shares(predictions, truth, visible, trunks),
        **_far_off(predictions, truth, visible, data.hidden_known),
        **_covered(predictions, visible, data),
        "calibration_error": calibration_error(confidence, right),
        **{f"oks_{name}": value for name, value in precision.items()},
        **_mask_means(masks),
    }
    return Evaluation(
        model_name=model.name,
        weights_hash=model.weights_hash,
        held_out=data.what,
        frames=len(flat[0]),
        totals=totals,
        errors=errors,
        joints=_joint_rows(predictions, truth, visible, confidence, right, data, trunks),
        infants=_infant_rows(predictions, truth, visible, data, trunks),
        masks=masks,
        reliability=reliability_rows(confidence, right),
        rmsd_map=limb_rmsd(predictions.xy_map, truth, visible),
        xy_map=predictions.xy_map,
        seen=seen.clips,
    )


def _shares(
    predictions: Predictions, truth: Array, visible: Bools, trunks: Array, where: Any = ...
) -> dict[str, float | None]:
    """Missed and invented joints and PCK, in percent, over the part `where` of all joints [n, 3, 12]."""
    given, seen = given_joints(predictions)[where], visible[where]
    measured = (visible & np.isfinite(trunks)[..., None])[where]
    near = {share: within(predictions.xy_map, truth, share, trunks)[where] for share in PCK_SHARES}
    return {
        "missed_pct": _percent((seen & ~given).sum(), seen.sum()),
        "invented_pct": _percent((given & ~seen).sum(), given.sum()),
        **{f"pck_{share:g}_trunk_pct": _percent((measured & ok).sum(), measured.sum()) for share, ok in near.items()},
    }


FAR_OFF_MAP: Final = 4.0
FAR_OFF_LIMB_MAP: Final = 2.0
COVERED: Final = 0.7
"""Share of the frames in which a limb must be whole for amounts of its movement to be given."""


def _far_off(predictions: Predictions, truth: Array, visible: Bools, hidden_known: bool) -> dict[str, float | None]:
    """Predictions more than 4 map px off, of visible and of hidden joints; limbs' frames with an RMSD beyond 2; %."""
    distance = _distances(predictions, truth, visible)
    hidden = _distances(predictions, truth, ~visible)
    limbs = np.concatenate(
        [values[np.isfinite(values)] for values in limb_rmsd(predictions.xy_map, truth, visible).values()]
    )
    return {
        "invented_far_pct": _percent((hidden > FAR_OFF_MAP).sum(), given_joints(predictions).sum() * hidden_known),
        "far_off_pct": _percent((distance > FAR_OFF_MAP).sum(), np.isfinite(distance).sum()),
        "limb_frames_far_off_pct": _percent((limbs > FAR_OFF_LIMB_MAP).sum(), len(limbs)),
    }


def _covered(predictions: Predictions, visible: Bools, data: HeldOutClips) -> dict[str, float | None]:
    """Limbs of all infants that are whole in at least 70 % of the frames, percent: predicted, and truly visible."""
    out: dict[str, float | None] = {}
    for name, given in (("limbs_covered_pct", given_joints(predictions)), ("limbs_covered_if_perfect_pct", visible)):
        whole = np.stack([given[..., list(joints)].all(axis=-1) for joints in LIMBS.values()], axis=-1)
        shares = [whole[data.infant == number].mean(axis=(0, 1)) for number in np.unique(data.infant)]
        covered = np.stack(shares) >= COVERED
        out[name] = _percent(covered.sum(), covered.size)
    return out


def median_of(values: Array) -> float | None:
    """Median of the values that are numbers; None where none is."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else None


def _percent(part: Any, whole: Any) -> float | None:
    return 100 * float(part) / float(whole) if whole else None


def _distances(predictions: Predictions, truth: Array, visible: Bools) -> Array:
    """Distance of each joint from the truth, map px [n, 3, 12]; NaN where not `visible` or not predicted."""
    return np.where(visible, np.linalg.norm(predictions.xy_map - truth, axis=-1), np.nan)


def _error_columns(distance: Array, mm_per_map: Array) -> dict[str, float | int | None]:
    finite = np.isfinite(distance)
    parts = [float(v) for v in np.percentile(distance[finite], [50, 95])] if finite.any() else None
    return {
        "n_joints": int(finite.sum()),
        "error_map_px_p50": parts[0] if parts else None,
        "error_map_px_p95": parts[1] if parts else None,
        "error_native_px_p50": NATIVE_PX * parts[0] if parts else None,
        "error_mm_p50": median_of(distance * mm_per_map),
    }


def _joint_rows(
    predictions: Predictions, truth: Array, visible: Bools, confidence: Array, right: Bools, data: HeldOutClips,
    trunks: Array,
) -> list[Row]:  # fmt: skip
    distance = _distances(predictions, truth, visible)
    rows = []
    for index, joint in enumerate(JOINTS):
        own = (..., index)
        rows.append(
            {
                "joint": joint,
                "visible_pct": 100 * float(visible[own].mean()),
                **_error_columns(distance[own], data.mm_per_map[own]),
                **_shares(predictions, truth, visible, trunks, own),
                "calibration_error": calibration_error(confidence[own], right[own]),
            }
        )
    return rows


def _infant_rows(
    predictions: Predictions, truth: Array, visible: Bools, data: HeldOutClips, trunks: Array
) -> list[Row]:
    distance = _distances(predictions, truth, visible)
    rows = []
    for number in np.unique(data.infant):
        own = data.infant == number
        rmsd = limb_rmsd(predictions.xy_map[own], truth[own], visible[own])
        rows.append(
            {
                "infant": int(number) if data.infant_names is None else data.infant_names[number],
                "n_frames": int(own.sum()) * distance.shape[1],
                "visible_pct": 100 * float(visible[own].mean()),
                **_error_columns(distance[own], data.mm_per_map[own]),
                **_shares(predictions, truth, visible, trunks, own),
                **{f"{limb}_rmsd_map_px_p50": median_of(values) for limb, values in rmsd.items()},
            }
        )
    return rows


def _mask_rows(counts: npt.NDArray[np.int64]) -> list[Row]:
    names = [*JOINTS, *(f"{JOINTS[a]} - {JOINTS[b]}" for a, b in CONNECTIONS)]
    rows = []
    for index, (name, (hit, extra, left)) in enumerate(zip(names, counts.tolist(), strict=True)):
        dice, recall = _percent(2 * hit, 2 * hit + extra + left), _percent(hit, hit + left)
        kind = "joint" if index < N_JOINTS else "connection"
        rows.append({"mask": name, "kind": kind, "dice_pct": dice, "recall_pct": recall})
    return rows


def _mask_means(rows: list[Row]) -> dict[str, float | None]:
    out: dict[str, float | None] = {}
    for kind in ("joint", "connection"):
        for measure in ("dice_pct", "recall_pct"):
            given = [row[measure] for row in rows if row["kind"] == kind and row[measure] is not None]
            out[f"{kind}_{measure}"] = float(np.mean(given)) if given else None
    return out
