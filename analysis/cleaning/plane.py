"""The picture's plane, with the infant's own trunk as the ruler: for tracks in pixels only.

Where no joint has millimetres, pixels are scaled so that the trunk has the length that it usually has. Every limit in
millimetres then means the same share of the infant, whatever the camera and its distance. Results are given in trunk
lengths, never in millimetres. Movement towards the camera is not seen.
"""

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning.body_frame import middles
from asyconv.analysis.cleaning.positions import Positions
from asyconv.analysis.formulas.gaps import whole

Floats = npt.NDArray[np.float64]

TRUNK_MM: Final = 130.0  # the middle between P5 at 28 and P95 at 36 weeks, see measures/plausible.py
SAMPLES_MIN: Final = 10
IN_PLANE: Final = "in the picture plane, not in 3-D"


def px_per_mm_of_trunk(at: Positions, gate: float) -> float | None:
    """Pixels per millimetre if the trunk is `TRUNK_MM` long; None where it was hardly ever seen."""
    shoulders, hips = middles(np.where(at.confidence[..., None] >= gate, at.px, np.nan))
    length_px = np.linalg.norm(hips - shoulders, axis=-1)
    length_px = length_px[np.isfinite(length_px) & (length_px > 0)]
    return float(np.median(length_px)) / TRUNK_MM if len(length_px) >= SAMPLES_MIN else None


def in_plane(at: Positions, px_per_mm: float, mirrored: bool) -> Positions:
    """`at` with its pixels as millimetres [N, 12, 3] of the unmirrored picture, all in the plane z = 0."""
    sides = np.array([-1.0 if mirrored else 1.0, 1.0])
    return replace(at, mm=with_z(at.px * sides / px_per_mm))


def with_z(xy: Floats) -> Floats:
    """Points [N, 12, 2] of the plane as [N, 12, 3]; z = 0 where there is a point."""
    return np.concatenate([xy, np.where(whole(xy), 0.0, np.nan)[..., None]], axis=-1)
