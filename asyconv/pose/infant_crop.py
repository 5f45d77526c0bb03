"""The part of the picture round the infant: what the networks see, so that an infant is about as large in every recording.

A camera 900 mm away, or a small infant, leaves most of the map to the mattress; inside the crop the infant has more map
pixels. The crop is a constant of a recording: what moves in the map moves in the picture.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.pose.geometry import MAP_HEIGHT, MAP_WIDTH, Crop, MapGeometry

SPAN: Final = 1.35
"""How much larger the crop is than the rectangle round all joints: room for movement that was not looked at."""
LEAST: Final = 0.35
"""The smallest crop, as a share of the picture."""
OUTERMOST_PCT: Final = 1.0
POINTS_MIN: Final = 24

Array = npt.NDArray[np.float64]


def infant_crop(
    xy_map: npt.ArrayLike, geometry: MapGeometry, span: float = SPAN, shift: tuple[float, float] = (0.0, 0.0)
) -> Crop | None:
    """The part of the picture round joints `xy_map` [..., 2], places on the map of the whole picture; NaN = not found.

    It is `span` times as large as the rectangle round them, in the shape of the map, and moved by `shift` of its size.
    None = the whole picture: too few joints to tell, or an infant who fills it.
    """
    points = np.asarray(xy_map, np.float64).reshape(-1, 2)
    points = points[np.isfinite(points).all(axis=1)]
    if len(points) < POINTS_MIN:
        return None
    size = np.array([MAP_WIDTH, MAP_HEIGHT])
    low, high = np.percentile(points, [OUTERMOST_PCT, 100 - OUTERMOST_PCT], axis=0)
    share = max(span * float(((high - low) / size).max()), LEAST, 1 / geometry.scale_px)
    if share >= 1:
        return None
    half = share * size / 2
    middle = np.clip((low + high) / 2 + np.array(shift) * share * size, half - 0.5, size - 0.5 - half)
    corners = geometry.to_px(np.stack([middle - half, middle + half]))
    first = np.maximum(np.floor(corners.min(axis=0) + 0.5), 0).astype(int)
    last = np.ceil(corners.max(axis=0) + 0.5).astype(int)
    last = np.minimum(last, [geometry.width_px, geometry.height_px])
    return Crop(int(first[0]), int(first[1]), int(last[0] - first[0]), int(last[1] - first[1]))
