"""COCO key points (JSON): an image for each frame, and an annotation for each frame with a joint, in pixels."""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from asyconv.exchange.facts import facts_of
from asyconv.skeleton import CONNECTIONS, JOINTS
from asyconv.tracks import Tracks
from asyconv.whole_files import write_whole

CATEGORY: Final = {
    "id": 1,
    "name": "person",
    "supercategory": "person",
    "keypoints": list(JOINTS),
    "skeleton": [[a + 1, b + 1] for a, b in CONNECTIONS],
}


def write(tracks: Tracks, path: Path) -> list[str]:
    """Write v = 2 for a joint that was found and ``0, 0, 0`` for one that was not, as the format demands.

    ``time_s`` of an image and ``keypoint_scores`` of an annotation are additions that readers of COCO pass over. The
    names of images are made up of recording and frame: no picture is written.
    """
    recording_id = tracks.meta["recording_id"]
    size = {name: int(tracks.meta[f"{name}_px"]) for name in ("width", "height") if tracks.meta.get(f"{name}_px")}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for row, frame in enumerate(tracks.frame.tolist()):
        name = f"{recording_id}/{frame:06d}.png"
        images.append({"id": frame, "file_name": name, "time_s": float(tracks.time_s[row]), **size})
        xy = np.stack([tracks.x_px[row], tracks.y_px[row]], axis=1)
        found = np.isfinite(xy).all(axis=1)
        if not found.any():
            continue
        low, high = xy[found].min(axis=0), xy[found].max(axis=0)
        width, height = (float(side) for side in high - low)
        annotations.append(
            {
                "id": frame,
                "image_id": frame,
                "category_id": 1,
                "keypoints": [v for (x, y), seen in zip(xy, found, strict=True) for v in _point(x, y, seen)],
                "keypoint_scores": [_short(value) for value in tracks.confidence[row]],
                "num_keypoints": int(found.sum()),
                "bbox": [_short(low[0]), _short(low[1]), width, height],
                "area": width * height,
                "iscrowd": 0,
            }
        )
    facts = facts_of(tracks, "px") | {"missing": "a joint that was not found is 0, 0, 0, as in COCO"}
    content = {
        "info": {"description": facts["notice"], "asyconv": facts},
        "images": images,
        "annotations": annotations,
        "categories": [CATEGORY],
    }
    write_whole(path, json.dumps(content, allow_nan=False, separators=(",", ":")) + "\n")
    return []


def _point(x: np.float32, y: np.float32, found: np.bool_) -> tuple[float | int | None, ...]:
    return (_short(x), _short(y), 2) if found else (0, 0, 0)


def _short(value: np.float32) -> float | None:
    """A number of single precision in the fewest digits that give it back; None for NaN."""
    return float(str(value)) if np.isfinite(value) else None
