"""RMSD of limbs (paper.md 10): of one frame, over the joints of a limb that are visible and predicted.

Root of the mean squared distance between prediction and truth; n in the paper's sum is joints here. Reported as median
and quartiles over frames, in map px, in native px and in mm across the picture at the joint's true distance.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from asyconv.evaluation.held_out import NATIVE_PX
from asyconv.skeleton import LIMBS

Array = npt.NDArray[np.float64]


def limb_rmsd(
    xy_map: Array, truth: Array, visible: npt.NDArray[np.bool_], unit: Array | float = 1.0
) -> dict[str, Array]:
    """RMSD of each frame [frames] by limb; NaN where no joint is both visible and predicted.

    In map px times `unit`, one number or one for each joint.
    """
    squared = ((xy_map - truth) ** 2).sum(-1) * np.square(unit)
    squared = np.where(visible, squared, np.nan).reshape(-1, squared.shape[-1])
    out = {}
    for limb, chain in LIMBS.items():
        values = squared[:, list(chain)]
        count = np.isfinite(values).sum(axis=1)
        total = np.nansum(values, axis=1)
        out[limb] = np.sqrt(np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0))
    return out


def rmsd_rows(
    predictor: str, xy_map: Array, truth: Array, visible: npt.NDArray[np.bool_], mm_per_map: Array
) -> list[dict[str, Any]]:
    """A row for each limb: frames and joints that count, quartiles in each unit; None where nothing counts."""
    units: dict[str, Array | float] = {"map_px": 1.0, "native_px": NATIVE_PX, "mm": mm_per_map}
    by_unit = {unit: limb_rmsd(xy_map, truth, visible, scale) for unit, scale in units.items()}
    counted = visible & np.isfinite(xy_map[..., 0])
    return [
        {
            "predictor": predictor,
            "limb": limb,
            "n_frames": int(np.isfinite(by_unit["map_px"][limb]).sum()),
            "n_joints": int(counted[..., list(chain)].sum()),
            **{key: value for unit in units for key, value in quartiles(by_unit[unit][limb], unit).items()},
        }
        for limb, chain in LIMBS.items()
    ]


def quartiles(values: Array, unit: str) -> dict[str, float | None]:
    """P25, P50 and P75 of the finite values, named after the unit."""
    finite = values[np.isfinite(values)]
    parts = [float(v) for v in np.percentile(finite, [25, 50, 75])] if len(finite) else [None] * 3
    return {f"{unit}_{name}": part for name, part in zip(("p25", "p50", "p75"), parts, strict=True)}
