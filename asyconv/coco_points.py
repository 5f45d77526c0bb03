"""What is written alike into every COCO file: the skeleton as a category, the joints of a picture as an annotation."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.skeleton import CONNECTIONS, JOINTS

CATEGORY: Final = {
    "id": 1,
    "name": "person",
    "supercategory": "person",
    "keypoints": list(JOINTS),
    "skeleton": [[a + 1, b + 1] for a, b in CONNECTIONS],
}


def annotation(number: int, xy_px: npt.NDArray[np.float64]) -> dict[str, Any]:
    """The joints [12, 2] of image `number`, with v = 2, or ``0, 0, 0`` for NaN; the box is that of the joints."""
    seen = np.asarray(np.isfinite(xy_px).all(axis=1))
    points = xy_px[seen] if seen.any() else np.zeros((1, 2))
    low, high = points.min(axis=0), points.max(axis=0)
    return {
        "id": number,
        "image_id": number,
        "category_id": CATEGORY["id"],
        "iscrowd": 0,
        "keypoints": [
            value for (x, y), found in zip(xy_px.tolist(), seen, strict=True) for value in _point(x, y, found)
        ],
        "num_keypoints": int(seen.sum()),
        "bbox": [*low.tolist(), *(high - low).tolist()],
        "area": float(np.prod(high - low)),
    }


def _point(x: float, y: float, found: np.bool_) -> tuple[float, float, int]:
    return (x, y, 2) if found else (0, 0, 0)
