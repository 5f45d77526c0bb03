"""Errors of a model on the same simulated infants under different conditions of a ward: cloths, hands, tilted cameras.

What the simulator cannot do: anything a real sensor, a real hand or a real infant does that was not thought of.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from asyconv.evaluation.error_tables import number
from asyconv.evaluation.held_out import held_out
from asyconv.evaluation.keypoints import within
from asyconv.evaluation.predictions import given_joints, predict
from asyconv.evaluation.rmsd import limb_rmsd, quartiles
from asyconv.evaluation.seen_clips import seen_by
from asyconv.pose.model_file import Model
from asyconv.simulation.cameras import CAMERAS
from asyconv.simulation.scene import BARE, CALM_INFANT, Condition
from asyconv.skeleton import JOINTS, LIMBS

Row = dict[str, Any]

CONDITIONS: Final = {
    "calm": CALM_INFANT,
    "varied bodies, postures and movement": Condition(varied=True),
    "varied, camera at 900 mm": Condition(varied=True, distance_mm=900.0),
    "varied, on the side": Condition(varied=True, lying="side"),
    "varied, on the belly": Condition(varied=True, lying="prone"),
    "varied, on the back, turned 45 deg": Condition(varied=True, lying="supine", turn_deg=45.0),
    "varied, swaddled": Condition(varied=True, swaddled=True),
    "varied, on the back, floor beside the bed": Condition(varied=True, lying="supine", floor_mm=800.0),
    **{f"varied, on the back, {camera}": Condition(varied=True, lying="supine", camera=camera) for camera in CAMERAS},
    "nothing covered, no hands": BARE,
    "both wrists covered": Condition(covered=(JOINTS.index("right_wrist"), JOINTS.index("left_wrist"))),
    "both knees covered": Condition(covered=(JOINTS.index("right_knee"), JOINTS.index("left_knee"))),
    "operator's hand all the time": Condition(hand=True),
    "rolled 25 deg to the left": Condition(roll_deg=25.0),
    "rolled 25 deg to the right": Condition(roll_deg=-25.0),
    "camera tilted 10 deg": Condition(tilt_deg=10.0),
    "camera at 480 mm": Condition(distance_mm=480.0),
    "camera at 700 mm": Condition(distance_mm=700.0),
    "3 times the noise, 10 times the holes": Condition(noise=3.0, holes=10.0),
}
"""What each condition sets; everything else is as of a calm infant."""

MOVEMENT_CONDITIONS: Final = {
    name: CONDITIONS[name] for name in ("calm", "nothing covered, no hands", "varied bodies, postures and movement")
} | {
    "3 times the noise": Condition(noise=3.0),
    "cloth that moves over an elbow": Condition(covered=(JOINTS.index("right_elbow"),), cloth_sway_mm=4.0),
    "hand that rests on a forearm": Condition(resting_on=JOINTS.index("right_wrist")),
    **{name: condition for name, condition in CONDITIONS.items() if condition.camera is not None},
}
"""The conditions under which amounts of movement are compared."""


def evaluate_conditions(model: Model, infants: int, clips: int, seed: int) -> Iterator[Row]:
    """Errors of `model` under one condition after another."""
    for name, condition in CONDITIONS.items():
        data = held_out(seed, infants, clips, condition)
        seen = seen_by(model, data)
        predictions = seen.on_the_whole(predict(model, seen.clips))
        truth, visible = data.clips.xy_map.astype(np.float64), data.clips.visible
        given = given_joints(predictions)
        near = visible & within(predictions.xy_map, truth, 0.1)
        rmsd = limb_rmsd(predictions.xy_map, truth, visible)
        yield {
            "condition": name,
            "held_out": data.what,
            "n_frames": truth.shape[0] * truth.shape[1],
            "visible_pct": 100 * float(visible.mean()),
            **{f"{limb}_{key}": value for limb in LIMBS for key, value in quartiles(rmsd[limb], "map_px").items()},
            "missed_pct": 100 * float((visible & ~given).sum() / max(1, visible.sum())),
            "invented_pct": 100 * float((given & ~visible).sum() / max(1, given.sum())),
            "pck_0.1_trunk_pct": 100 * float(near.sum() / max(1, visible.sum())),
        }


def conditions_text(rows: Sequence[Row]) -> str:
    """Median RMSD by limb and the shares, a line for each condition; the first line says what it was measured on."""
    heads = [*(limb.replace("_", " ") for limb in LIMBS), "visible %", "missed %", "invented %"]
    lines = [
        f"{rows[0]['held_out']}, {rows[0]['n_frames']} frames a condition; median RMSD in map px",
        f"{'condition':42}" + "".join(f"{head:>11}" for head in heads),
    ]
    keys = [*(f"{limb}_map_px_p50" for limb in LIMBS), "visible_pct", "missed_pct", "invented_pct"]
    for row in rows:
        cells = (number(row[key], 2 if "px" in key else 1) for key in keys)
        lines.append(f"{row['condition']:42}" + "".join(f"{cell:>11}" for cell in cells))
    return "\n".join(lines)
