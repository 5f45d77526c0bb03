"""How far off the joints are on simulated infants never trained on, beside the trivial baselines (paper.md 10 and 14).

RMSD of one frame and limb: root of the mean squared distance over the limb's joints that are visible and predicted, in
map pixels; reported as median and interquartile range over frames. Missed: visible joints without a prediction.
Invented: predictions of joints that are not visible, as a share of all predictions. All results here
are of simulated infants.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.geometry import MAP_HEIGHT, MAP_WIDTH
from asyconv.inference import Inference
from asyconv.joints import find_joints
from asyconv.simulate import TEST_SEED, TUNE_SEED, ClipSet, make_clips
from asyconv.skeleton import LIMBS
from asyconv.weights import Model

BASELINE_INFANTS: Final = 40
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Predictions:
    """Joints of clips, [n, 3, 12, 2] map px (NaN = missing) and their raw scores [n, 3, 12], before the threshold."""

    xy_map: Array
    score: Array


def predict(model: Model, clips: ClipSet, *, corrected: bool = True) -> Predictions:
    """Joints of `clips` by `model`; `corrected` subtracts its bias by position in the clip."""
    settings = model.settings
    shape = clips.visible.shape
    xy, score = np.empty((*shape, 2)), np.empty(shape)
    inference = Inference(model)
    for start in range(0, len(clips.depth), inference.batch):
        depth_mm = clips.depth[start : start + inference.batch].astype(np.float32) / 10.0
        for offset, maps in enumerate(inference.maps(depth_mm)):
            for position in range(3):
                joints = find_joints(
                    maps[position], settings.joint_threshold, settings.link_threshold, settings.nms_window_map
                )
                xy[start + offset, position], score[start + offset, position] = joints.xy_map, joints.score
    if corrected:
        xy -= np.asarray(settings.position_bias_map)
    return Predictions(xy, score)


def limb_rmsd(xy_map: Array, truth: Array, visible: npt.NDArray[np.bool_]) -> dict[str, Array]:
    """RMSD of each frame, by limb, map px [frames], NaN where no joint is both visible and predicted."""
    squared = ((xy_map - truth) ** 2).sum(-1)
    squared = np.where(visible, squared, np.nan).reshape(-1, squared.shape[-1])
    out = {}
    for limb, chain in LIMBS.items():
        values = squared[:, list(chain)]
        count = np.isfinite(values).sum(axis=1)
        total = np.nansum(values, axis=1)
        out[limb] = np.sqrt(np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0))
    return out


@dataclass(frozen=True)
class Evaluation:
    """Errors of one model on simulated infants: RMSD by limb (model and baselines), missed and invented shares."""

    model_name: str
    weights_hash: str
    seed: int
    infants: int
    frames: int
    visible_pct: float
    rmsd_map: dict[str, dict[str, tuple[float, float, float]]]  # predictor -> limb -> P25, P50, P75
    missed_pct: float
    invented_pct: float

    def table(self) -> str:
        """The figures as text; a limb that was never both visible and predicted has none."""
        lines = [
            f"{self.model_name} ({self.weights_hash[:12]}) on {self.infants} SIMULATED infants of seed {self.seed}, "
            "never trained on",
            f"{self.frames} frames, {self.visible_pct:.1f} % of joints visible; map px (1 map px = 5 native px)",
            f"{'median RMSD (IQR)':26}" + "".join(f"{limb:>20}" for limb in LIMBS),
        ]
        for name, limbs in self.rmsd_map.items():
            cells = "".join(f"{_cell(limbs.get(limb)):>20}" for limb in LIMBS)
            lines.append(f"{name:26}{cells}")
        medians = self.median_map()
        native = "".join(f"{f'{5 * medians[limb]:.1f} px' if limb in medians else '-':>20}" for limb in LIMBS)
        lines.append(f"{'model, native':26}{native}")
        lines.append(
            f"missed visible joints {self.missed_pct:.2f} %, invented joints {self.invented_pct:.2f} % of predictions"
        )
        return "\n".join(lines)

    def median_map(self) -> dict[str, float]:
        """Median RMSD of the model by limb, map px."""
        return {limb: round(values[1], 3) for limb, values in self.rmsd_map["model"].items()}


def _cell(quartiles: tuple[float, float, float] | None) -> str:
    return "-" if quartiles is None else f"{quartiles[1]:.2f} ({quartiles[2] - quartiles[0]:.2f})"


def evaluate(model: Model, infants: int = 40, clips: int = 16, seed: int = TEST_SEED) -> Evaluation:
    """Errors of `model` on `clips` clips of each of `infants` simulated infants of `seed`."""
    sets = [make_clips(seed, number, clips) for number in range(infants)]
    together = joined(sets)
    found = predict(model, together)
    truth = together.xy_map.astype(np.float64)
    visible = together.visible
    given = np.isfinite(found.xy_map[..., 0])
    others = _mean_pose([make_clips(TUNE_SEED, number, 4) for number in range(BASELINE_INFANTS)])
    same = np.concatenate([np.broadcast_to(_own_mean(one), (clips, 3, *others.shape)) for one in sets])
    centre = np.array([(MAP_WIDTH - 1) / 2, (MAP_HEIGHT - 1) / 2])
    predictors = {
        "model": found.xy_map,
        "same infant's mean": same,
        "other infants' mean": np.broadcast_to(others, truth.shape),
        "image centre": np.broadcast_to(centre, truth.shape),
    }
    rmsd = {name: _quartiles(limb_rmsd(xy, truth, visible)) for name, xy in predictors.items()}
    return Evaluation(
        model_name=model.name,
        weights_hash=model.weights_hash,
        seed=seed,
        infants=infants,
        frames=visible.shape[0] * 3,
        visible_pct=100 * float(visible.mean()),
        rmsd_map=rmsd,
        missed_pct=100 * float((visible & ~given).sum() / visible.sum()),
        invented_pct=100 * float((given & ~visible).sum() / max(1, given.sum())),
    )


def joined(sets: list[ClipSet]) -> ClipSet:
    """Several clip sets as one."""
    return ClipSet(*(np.concatenate([getattr(one, name) for one in sets]) for name in ("depth", "xy_map", "visible")))


def _quartiles(rmsd: dict[str, Array]) -> dict[str, tuple[float, float, float]]:
    out = {}
    for limb, values in rmsd.items():
        known = values[np.isfinite(values)]
        if len(known):
            low, middle, high = np.percentile(known, [25, 50, 75])
            out[limb] = (float(low), float(middle), float(high))
    return out


def _mean_pose(sets: list[ClipSet]) -> Array:
    """Mean position of each joint over infants, each counting once, [12, 2] map px."""
    return np.asarray(np.nanmean([_own_mean(one, 1.0) for one in sets], axis=0))


def _own_mean(clips: ClipSet, share: float = 0.75) -> Array:
    """Mean visible position of each joint over the first `share` of the clips; a joint never seen has its true mean."""
    first = max(1, round(share * len(clips.xy_map)))
    xy, visible = clips.xy_map[:first].reshape(-1, 12, 2).astype(np.float64), clips.visible[:first].reshape(-1, 12)
    seen = visible.sum(axis=0)[:, None]
    mean: Array = np.where(visible[..., None], xy, 0.0).sum(axis=0) / np.maximum(seen, 1)
    return np.where(seen > 0, mean, xy.mean(axis=0))
