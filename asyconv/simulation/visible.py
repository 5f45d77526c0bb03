"""Which joints of a simulated infant are seen in a picture of depth."""

from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.simulation.body import PART
from asyconv.simulation.infant import FOCAL_PX, HEIGHT_PX, WIDTH_PX, Infant, project
from asyconv.skeleton import JOINTS

_LIMB_PART: Final = [
    PART[f"{name.split('_')[0]}_{'arm' if name.split('_')[1] in ('wrist', 'elbow', 'shoulder') else 'leg'}"]
    for name in JOINTS
]
_ON_TRUNK: Final = ["shoulder" in name or "hip" in name for name in JOINTS]
TRUNK_ABOVE_MM: Final = 58.0
LIMB_ABOVE_MM: Final = 30.0
"""More of its own body than this between camera and joint, at 32 weeks, hides it: shoulder and hip, other joints."""

_SEEN_RADIUS_MM: Final = [9.0 if "wrist" in name or "ankle" in name else 13.0 for name in JOINTS]
SEEN_SHARE: Final = 0.5


def visible_joints(
    infant: Infant, index: int, z_mm: npt.NDArray[np.float32], part: npt.NDArray[np.uint8]
) -> npt.NDArray[np.bool_]:
    """Whether each joint is seen, [12]: at least half of a disc round it shows its own limb (or trunk, at the root).

    These count only where they lie no higher above the joint than its own flesh: a joint under the body is hidden, and
    so is an ankle under its own thigh.
    """
    camera = infant.to_camera(infant.joints_bed[index])
    xy = project(camera)
    seen = np.zeros(len(JOINTS), bool)
    for joint in range(len(JOINTS)):
        if not np.isfinite(xy[joint]).all():
            continue
        radius = max(3, round(_SEEN_RADIUS_MM[joint] * infant.anatomy.scale * FOCAL_PX / camera[joint, 2]))
        x, y = int(round(xy[joint, 0])), int(round(xy[joint, 1]))
        if not (radius <= x < WIDTH_PX - 8 - radius and radius <= y < HEIGHT_PX - radius):
            continue
        disc = np.hypot(*np.mgrid[-radius : radius + 1, -radius : radius + 1]) <= radius
        region = (slice(y - radius, y + radius + 1), slice(x - radius, x + radius + 1))
        patch, above_mm = part[region][disc], camera[joint, 2] - z_mm[region][disc]
        own = (patch == _LIMB_PART[joint]) | (_ON_TRUNK[joint] & (patch == PART["trunk"]))
        own &= above_mm < (TRUNK_ABOVE_MM if _ON_TRUNK[joint] else LIMB_ABOVE_MM) * infant.anatomy.scale
        bare = patch == PART["none"]  # bed beside a thin limb hides nothing
        seen[joint] = own.sum() >= SEEN_SHARE * max(1, (~bare).sum()) and own.sum() >= 0.25 * disc.sum()
    return seen
