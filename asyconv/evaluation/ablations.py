"""Gain of each setting in which the useful preset differs from the paper's: short trainings without that difference.

All trainings see the same clips in the same order from the same first weights for the same number of steps, far fewer
than a model needs: the table says which way a difference points early on, not what it is worth in the end.
"""

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from asyconv.evaluation.calibration import NMS_WINDOW_MAP
from asyconv.evaluation.reliability import NEAR_MAP
from asyconv.labels.clip_set import ClipSet
from asyconv.pose.joints import find_joints
from asyconv.pose.networks import folded
from asyconv.training.data import Report, whole_batches
from asyconv.training.loop import begin, make_stage, run_stage
from asyconv.training.losses import stacked_input
from asyconv.training.processes import CPU
from asyconv.training.recipe import Recipe, changed
from asyconv.training.stage import Stage

ANY_PEAK: Final = 1e-3

ABLATIONS: Final[Sequence[tuple[str, str, tuple[str, ...]]]] = (
    ("useful preset", "detection", ()),
    ("clips neither mirrored nor shifted", "detection", ("mirror=false", "shift_map=0")),
    ("clips not shaken", "detection", ("shake_map=0",)),
    ("weights not averaged", "detection", ("averaging=0",)),
    (
        "Adam at 0.01 in steps of epochs",
        "detection",
        ("detection.optimiser=adam", "detection.rate=0.01", "detection.schedule=step"),
    ),
    ("discs of radius 6", "detection", ("detection.radius_map=6",)),
    ("useful preset", "regression", ()),
    ("clips not shaken", "regression", ("shake_map=0",)),
    ("sigma 18", "regression", ("regression.sigma_map=18",)),
    ("every pixel weighs the same", "regression", ("regression.peak_weight=0",)),
    (
        "SGD at 0.01 with momentum 0.98",
        "regression",
        ("regression.optimiser=sgd", "regression.rate=0.01", "regression.schedule=step"),
    ),
)
"""What is put back to the paper's, in which network, as changes of the recipe."""


@dataclass(frozen=True)
class Gain:
    """One short training: median error and share of found joints among the visible joints of the tuning infants."""

    network: str
    put_back: str
    steps: int
    batch: int
    width: float
    median_error_map: float
    found_pct: float


def measure_ablations(
    out: Path, recipe: Recipe, clips: ClipSet, tuning: ClipSet, detection: nn.Module, steps: int, workers: int,
    report: Report | None = None,
) -> list[Gain]:  # fmt: skip
    """Train each of `ABLATIONS` for `steps` steps; regressions behind `detection`. Rows go to ``differences.csv``."""
    gains = []
    for number, (name, network, changes) in enumerate(ABLATIONS):
        ablated = recipe
        for change in (*changes, f"{network}.steps={steps}", f"{network}.validate_every={steps}"):
            ablated = changed(ablated, change)
        frozen = folded(detection) if network == "regression" else None
        stage = _trained(out / f"{number}-{network}", ablated, network, frozen, clips, tuning, workers, report)
        error = _errors(folded(stage.average), frozen, ablated, network, tuning)[tuning.visible]
        found_pct = 100 * float((error < NEAR_MAP).mean())
        batch = ablated.stage(network).batch
        gains.append(Gain(network, name, stage.steps, batch, ablated.width, float(np.nanmedian(error)), found_pct))
    with (out / "differences.csv").open("w", encoding="utf8", newline="") as file:
        writer = csv.DictWriter(file, list(asdict(gains[0])), lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(gain) for gain in gains)
    return gains


def _trained(
    folder: Path, recipe: Recipe, network: str, frozen: nn.Module | None, clips: ClipSet, tuning: ClipSet, workers: int,
    report: Report | None,
) -> Stage:  # fmt: skip
    begin(folder, recipe)
    stage = make_stage(network, recipe, len(clips.depth), None, CPU)
    run_stage(stage, frozen, folder, recipe, clips, tuning, CPU, workers, report)
    return stage


def _errors(
    network: nn.Module, frozen: nn.Module | None, recipe: Recipe, stage: str, tuning: ClipSet
) -> npt.NDArray[np.float64]:
    """Distance of each joint [n, 3, 12], map px, from the strongest peak of its map; NaN = no peak."""
    error = np.full(tuning.visible.shape, np.nan)
    row = 0
    with torch.inference_mode():
        for batch in whole_batches(tuning, recipe, stage, 4):
            raw = torch.sigmoid(network(batch.x)) if frozen is None else network(stacked_input(frozen, batch.x))
            for maps in raw.permute(0, 2, 1, 3, 4).contiguous().numpy():
                for frame in range(3):
                    xy_map = find_joints(maps[frame], ANY_PEAK, ANY_PEAK, NMS_WINDOW_MAP).xy_map
                    error[row, frame] = np.linalg.norm(xy_map - tuning.xy_map[row, frame], axis=-1)
                row += 1
    return error
