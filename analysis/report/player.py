"""Player: the skeleton in its body frame, packed small enough to lie inside the report; no pixel of the infant.

The page's own script (player.js) draws it. Without the script nothing is missing: the strips show the same time.
"""

from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from asyconv.analysis.formulas.gaps import whole
from asyconv.analysis.report.canvas import LIMB_COLOURS, Floats
from asyconv.analysis.report.postures import head_up, median_pose
from asyconv.analysis.report.strip_layout import LEFT, RIGHT
from asyconv.skeleton import JOINTS, LIMBS

if TYPE_CHECKING:
    from asyconv.analysis.tables.movement import Movement

RATE_HZ: Final = 10.0
FRAMES_MAX: Final = 3000
MISSING: Final = -32768
TRUNK: Final = (
    ("right_shoulder", "left_shoulder"),
    ("right_hip", "left_hip"),
    ("right_shoulder", "right_hip"),
    ("left_shoulder", "left_hip"),
)


def player(movement: "Movement") -> dict[str, Any] | None:
    """Data of the script; None where no joint was seen.

    Frames are int16, little endian, base64: [M, 12, 3], x towards the infant's left (right on the page), y towards its
    feet, z out of its front, whole mm from the middle of the trunk; without a body frame x and y in pixels and z 0.
    """
    points = _placed(movement)
    step = max(1, round(movement.clean.time.fs_hz / RATE_HZ))
    sampled = points[::step][:FRAMES_MAX]
    seen = whole(sampled)
    if not seen.any():
        return None
    frames = np.where(seen[..., None], np.clip(np.nan_to_num(sampled).round(), -32000, 32000), MISSING)
    time_s = movement.clean.time.time_s
    hz = movement.clean.time.fs_hz / step
    return {
        "frames": b64encode(frames.astype("<i2").tobytes()).decode("ascii"),
        "count": len(sampled),
        "hz": round(hz, 4),
        "unit": "mm" if movement.clean.body is not None and not movement.clean.in_plane else "px",
        "bones": _bones(),
        "axis": [float(time_s[0]), float(max(time_s[-1], time_s[0] + 1)), LEFT, RIGHT],
        "seconds": len(sampled) / hz,
        "cut": len(points) > len(sampled) * step,
    }


def _placed(movement: "Movement") -> Floats:
    """Joints [N, 12, 3] as the page draws them: about the trunk, or in the picture about their median posture."""
    clean = movement.clean
    if clean.body is not None and not clean.in_plane:
        return np.asarray(clean.body.turn(clean.smooth_mm - clean.body.origin_mm) * np.array([-1.0, 1.0, 1.0]))
    flat = clean.smooth_px * np.array([-1.0 if movement.meta.get("mirrored") else 1.0, 1.0])
    turned = flat @ head_up(flat, movement.meta).T
    pose = median_pose(turned)
    middle = pose[whole(pose)].mean(axis=0) if whole(pose).any() else np.zeros(2)
    return np.concatenate([turned - middle, np.zeros((*turned.shape[:2], 1))], axis=-1)


def _bones() -> str:
    """`first second colour dashed` of every line to draw, joints by number; left limbs are dashed."""
    trunk = [f"{JOINTS.index(a)} {JOINTS.index(b)} #5b6773 0" for a, b in TRUNK]
    limbs = [
        f"{a} {b} {LIMB_COLOURS[name]} {int(name.startswith('left'))}"
        for name, (root, middle, end) in LIMBS.items()
        for a, b in ((root, middle), (middle, end))
    ]
    return ",".join([*trunk, *limbs])
