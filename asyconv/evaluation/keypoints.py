"""Measures of key points that other work reports: PCK and the average precision by object key point similarity.

Deviations that must stand beside the numbers: PCK is relative to the trunk (mid-shoulder to mid-hip) of the truth, and
a visible joint that is not predicted counts as wrong. OKS has COCO's standard deviations, made for adults, and takes
the area that the labels state, else the box round the visible joints; there is one infant in a picture.
"""

import contextlib
import io
import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.evaluation.held_out import NATIVE_PX
from asyconv.skeleton import JOINTS, LIMBS

PCK_SHARES: Final = (0.1, 0.2)
_SIGMA: Final = {"shoulder": 0.079, "elbow": 0.072, "wrist": 0.062, "hip": 0.107, "knee": 0.087, "ankle": 0.089}
OKS_SIGMAS: Final = tuple(_SIGMA[name.split("_")[1]] for name in JOINTS)
"""Of COCO's 17 key points, those of our 12 joints."""

NO_COCO: Final = "OKS-AP needs pycocotools: pip install 'asyconv[coco]'"

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def trunk_map(truth: Array) -> Array:
    """Distance from mid-shoulder to mid-hip, [...], of joints [..., 12, 2]."""
    shoulders, hips = ([chain[0] for limb, chain in LIMBS.items() if part in limb] for part in ("arm", "leg"))
    return np.asarray(np.linalg.norm(truth[..., shoulders, :].mean(-2) - truth[..., hips, :].mean(-2), axis=-1))


def labelled_trunk_map(truth: Array, visible: Bools, infant: npt.NDArray[np.int64]) -> Array:
    """Trunk of each frame [n, 3] where hidden joints have no known place: the infant's median; NaN = never seen whole.

    Joints are [n, 3, 12, 2], `infant` [n] numbers each clip's infant.
    """
    ends = [joint for chain in LIMBS.values() for joint in chain[:1]]
    seen = np.where(visible[..., ends].all(axis=-1), trunk_map(truth), np.nan)
    out = np.full(seen.shape, np.nan)
    for number in np.unique(infant):
        own = seen[infant == number]
        if np.isfinite(own).any():
            out[infant == number] = np.nanmedian(own)
    return out


def within(xy_map: Array, truth: Array, share: float, trunks_map: Array | None = None) -> Bools:
    """Whether each joint [..., 12] is predicted within `share` of the trunk, by default that of the truth."""
    error = np.linalg.norm(xy_map - truth, axis=-1)
    trunks = trunk_map(truth) if trunks_map is None else trunks_map
    return np.asarray(error <= share * trunks[..., None])


def oks_ap(
    xy_map: Array, truth: Array, visible: Bools, confidence: Array, area_map: Array | None = None
) -> dict[str, float] | None:
    """AP, AP50, AP75 and AR over frames [n, 12] by pycocotools; None where it is not installed.

    `area_map` [n] is the infant's area in map px squared; NaN or None = not stated. A frame without a visible joint
    counts for nothing. A frame's score is the mean confidence of its predicted joints.
    """
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError:
        return None
    xy, truth = NATIVE_PX * xy_map, NATIVE_PX * truth
    area_px2 = np.full(len(truth), np.nan) if area_map is None else NATIVE_PX**2 * area_map
    seen = np.flatnonzero(visible.any(axis=1))
    given = [i for i in seen if np.isfinite(xy[i, :, 0]).any()]
    if not given:
        return dict.fromkeys(("ap", "ap50", "ap75", "ar"), 0.0)
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "info": {},
            "images": [{"id": int(i)} for i in seen],
            "categories": [{"id": 1, "name": "infant", "keypoints": list(JOINTS)}],
            "annotations": [_annotation(int(i), truth[i], visible[i], float(area_px2[i])) for i in seen],
        }
        coco.createIndex()
        judged = COCOeval(coco, coco.loadRes([_result(int(i), xy[i], confidence[i]) for i in given]), "keypoints")
        judged.params.kpt_oks_sigmas = np.array(OKS_SIGMAS)
        judged.params.areaRng, judged.params.areaRngLbl = [[0, 1e10]] * 3, ["all", "medium", "large"]
        judged.evaluate()
        judged.accumulate()
        judged.summarize()
    return {name: float(judged.stats[i]) for name, i in (("ap", 0), ("ap50", 1), ("ap75", 2), ("ar", 5))}


def _annotation(image: int, truth: Array, visible: Bools, area_px2: float) -> dict[str, Any]:
    low, high = truth[visible].min(axis=0), truth[visible].max(axis=0)
    size = np.maximum(high - low, 1.0)
    points = np.where(visible[:, None], np.column_stack([truth, np.full(len(truth), 2.0)]), 0.0)
    return {
        "id": image + 1,  # COCO takes 0 for "no match"
        "image_id": image,
        "category_id": 1,
        "iscrowd": 0,
        "area": float(size.prod()) if math.isnan(area_px2) else area_px2,
        "bbox": [*low.tolist(), *size.tolist()],
        "num_keypoints": int(visible.sum()),
        "keypoints": points.ravel().tolist(),
    }


def _result(image: int, xy: Array, confidence: Array) -> dict[str, Any]:
    given = np.isfinite(xy[:, 0])
    far = np.where(given[:, None], xy, -1e6)  # a joint that is not predicted is nowhere near
    return {
        "image_id": image,
        "category_id": 1,
        "score": float(confidence[given].mean()),
        "keypoints": np.column_stack([far, np.ones(len(far))]).ravel().tolist(),
    }
