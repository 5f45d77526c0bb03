"""PCK and OKS-AP against values worked out by hand."""

import builtins
import contextlib
import io
import math
from typing import Any

import numpy as np
import pytest

from asyconv.evaluation.keypoints import OKS_SIGMAS, oks_ap, trunk_map, within
from asyconv.skeleton import JOINTS


def body() -> np.ndarray:
    """One frame [1, 12, 2]: shoulders at y = 60, hips at y = 40, so that the trunk is 20 map px long."""
    xy = np.zeros((1, 12, 2))
    for index, name in enumerate(JOINTS):
        right, arm = name.startswith("right"), name.split("_")[1] in ("shoulder", "elbow", "wrist")
        xy[0, index] = (70 if right else 50), (60 if arm else 40)
        if "shoulder" not in name and "hip" not in name:
            xy[0, index, 0] += (10 if right else -10) * (1 if name.split("_")[1] in ("elbow", "knee") else 2)
    return xy


ALL = np.ones((1, 12), bool)


def test_pck_counts_within_a_share_of_the_trunk() -> None:
    truth = body()
    assert trunk_map(truth).tolist() == [20.0]
    found = truth.copy()
    found[0, 0, 0] += 2.0  # exactly a tenth
    found[0, 1, 0] += 2.01
    found[0, 2] = np.nan
    assert within(found, truth, 0.1)[0].tolist() == [True, False, False, *[True] * 9]


def similarity(error_px: float, joint: int, area_px: float) -> float:
    """COCO's definition: exp(-d^2 / (2 area (2 sigma)^2))."""
    return math.exp(-(error_px**2) / (2 * area_px * (2 * OKS_SIGMAS[joint]) ** 2))


@pytest.mark.parametrize(("wanted", "thresholds"), [(0.97, 10), (0.82, 7), (0.52, 1), (0.4, 0)])
def test_average_precision_is_the_share_of_thresholds_that_the_similarity_passes(
    wanted: float, thresholds: int
) -> None:
    truth = body()
    visible = np.zeros((1, 12), bool)
    visible[0, [2, 9]] = True  # a shoulder and the other side's hip: a box of 20 x 20 map px
    area_px = (5 * 20.0) ** 2
    found = truth.copy()
    for joint in (2, 9):
        found[0, joint, 0] += math.sqrt(-2 * area_px * (2 * OKS_SIGMAS[joint]) ** 2 * math.log(wanted)) / 5
        assert similarity(5 * (found - truth)[0, joint, 0], joint, area_px) == pytest.approx(wanted)
    result = oks_ap(found, truth, visible, np.ones((1, 12)))
    assert result is not None
    assert result["ap"] == pytest.approx(thresholds / 10)
    assert result["ar"] == pytest.approx(thresholds / 10)


def test_missing_joints_frames_without_a_joint_and_no_prediction_at_all() -> None:
    truth = np.concatenate([body(), body()])
    visible = np.concatenate([ALL, ~ALL])
    found = truth.copy()
    whole = oks_ap(found, truth, visible, np.ones((2, 12)))
    assert whole is not None
    assert whole["ap"] == pytest.approx(1.0)  # the second frame shows nothing
    found[0, :6] = np.nan  # half of the joints missing: a similarity of 0.5 passes the lowest threshold only
    half = oks_ap(found, truth, visible, np.ones((2, 12)))
    assert half is not None
    assert half["ap"] == pytest.approx(0.1)
    none = oks_ap(np.full_like(truth, np.nan), truth, visible, np.ones((2, 12)))
    assert none == {"ap": 0.0, "ap50": 0.0, "ap75": 0.0, "ar": 0.0}


def test_without_pycocotools_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any, **named: Any) -> Any:
        if name.startswith("pycocotools"):
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)
    assert oks_ap(body(), body(), ALL, np.ones((1, 12))) is None


def test_the_area_that_the_labels_state_gives_the_numbers_of_pycocotools() -> None:
    """An area of its own, the box round the joints, gave other numbers than those of the same file in pycocotools."""
    coco_of = pytest.importorskip("pycocotools.coco").COCO
    judge_of = pytest.importorskip("pycocotools.cocoeval").COCOeval
    rng = np.random.default_rng(1)
    truth = 5 * (body().repeat(40, 0) + rng.normal(0, 3, (40, 12, 2)))
    found = truth + rng.normal(0, 12, truth.shape)
    area_px2 = rng.uniform(4e3, 4e4, 40)
    points = [np.column_stack([one, np.full(12, 2.0)]).ravel().tolist() for one in truth]
    same = {"iscrowd": 0, "bbox": [0, 0, 1, 1], "num_keypoints": 12}

    def of(n: int) -> dict[str, int]:
        return {"image_id": n, "category_id": 1}

    with contextlib.redirect_stdout(io.StringIO()):
        coco = coco_of()
        coco.dataset = {
            "info": {},
            "images": [{"id": n} for n in range(40)],
            "categories": [{"id": 1, "name": "infant", "keypoints": list(JOINTS)}],
            "annotations": [
                {"id": n + 1, "area": float(area_px2[n]), "keypoints": points[n], **of(n), **same} for n in range(40)
            ],
        }
        coco.createIndex()
        placed = [np.column_stack([one, np.ones(12)]).ravel().tolist() for one in found]
        results = [{"score": 1.0, "keypoints": placed[n], **of(n)} for n in range(40)]
        judge = judge_of(coco, coco.loadRes(results), "keypoints")
        judge.params.kpt_oks_sigmas = np.array(OKS_SIGMAS)
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    everything = np.ones((40, 12), bool)
    ours = oks_ap(found / 5, truth / 5, everything, np.ones((40, 12)), area_px2 / 25)
    own = oks_ap(found / 5, truth / 5, everything, np.ones((40, 12)))
    assert ours is not None
    assert ours["ap"] == pytest.approx(judge.stats[0])
    assert ours["ap50"] == pytest.approx(judge.stats[1])
    assert own is not None
    assert abs(own["ap"] - ours["ap"]) > 0.02
