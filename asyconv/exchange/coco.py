"""COCO key points (JSON): an image for each frame, and an annotation for each frame with a joint, in pixels."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from asyconv.errors import InputError
from asyconv.exchange.facts import facts_in, facts_of
from asyconv.exchange.frame_numbers import last_number
from asyconv.exchange.json_files import entries, numbers, read_object
from asyconv.exchange.people import poses_of
from asyconv.exchange.poses import Floats, Poses
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


def read(path: Path) -> Poses:
    """Read images in the order of the numbers in their names, else of the file; a point with v = 0 is missing.

    People are followed by the ``track_id`` of the annotations where all have one.
    """
    content = read_object(path)
    images, annotations = entries(path, content, "images"), entries(path, content, "annotations")
    categories = [one for one in entries(path, content, "categories") if isinstance(one.get("keypoints"), list)]
    if len(categories) != 1:
        raise InputError(f"{path}: expected one category with key points, found {len(categories)}")
    names = tuple(map(str, categories[0]["keypoints"]))
    ids = [*(image.get("id") for image in images), *(annotation.get("image_id") for annotation in annotations)]
    if any(not isinstance(one, int | str) for one in ids):
        raise InputError(f"{path}: expected a number or a name as id of each image and as image_id of each annotation")
    found: dict[Any, list[tuple[str | None, Floats]]] = {image["id"]: [] for image in images}
    for number, annotation in enumerate(annotations, 1):
        where = f"{path}, annotation {number}"
        if annotation.get("category_id") != categories[0].get("id"):
            continue
        if annotation.get("image_id") not in found:
            raise InputError(f"{where}: expected an image that the file lists, found {annotation.get('image_id')!r}")
        points = numbers(annotation.get("keypoints"), 3 * len(names), where).reshape(-1, 3)
        missing, scores = points[:, 2] == 0, annotation.get("keypoint_scores")
        points[:, 2] = 1.0 if scores is None else numbers(scores, len(names), where)
        points[missing, :2] = np.nan
        points[missing, 2] = points[missing, 2] if scores is not None else 0.0
        track = annotation.get("track_id")
        found[annotation["image_id"]].append((None if track is None else str(track), points))
    order = _order(images, str(path))
    poses = poses_of({order[k]: found[image.get("id")] for k, image in enumerate(images)}, names)
    times = {order[k]: image.get("time_s") for k, image in enumerate(images)}
    time_s = None
    if all(isinstance(times[frame], int | float) for frame in poses.frame.tolist()):
        time_s = np.array([times[frame] for frame in poses.frame.tolist()], np.float64)
    sizes = {(image.get("width"), image.get("height")) for image in images}
    (size,) = sizes if len(sizes) == 1 else [(None, None)]
    size_px = (size[0], size[1]) if isinstance(size[0], int) and isinstance(size[1], int) else None
    info = content.get("info")
    facts = facts_in(info.get("asyconv")) if isinstance(info, dict) else {}
    return replace(poses, time_s=time_s, size_px=size_px, facts=facts)


def _order(images: list[dict[str, Any]], where: str) -> list[int]:
    """Number of each image's frame, from 0: the last number in its name, where all have one of their own."""
    found = [last_number(Path(str(image.get("file_name", ""))).stem, where) for image in images]
    stated = [number for number in found if number is not None]
    if len(set(stated)) < len(images) or not images:
        return list(range(len(images)))
    return [number - min(stated) for number in stated]
