"""COCO key points (JSON): an image for each frame, and an annotation for each frame with a joint, in pixels."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from asyconv.coco_points import CATEGORY, annotation
from asyconv.errors import InputError
from asyconv.exchange.facts import facts_in, facts_of
from asyconv.exchange.frame_numbers import last_number
from asyconv.exchange.json_files import entries, numbers, read_object
from asyconv.exchange.people import poses_of
from asyconv.exchange.poses import Floats, Poses
from asyconv.tracks import Tracks
from asyconv.whole_files import write_whole


def write(tracks: Tracks, path: Path) -> list[str]:
    """Write v = 2 for a joint that was found and ``0, 0, 0`` for one that was not, as the format demands.

    ``time_s`` of an image and ``keypoint_scores`` of an annotation are additions that readers of COCO pass over. The
    names of images are made up of recording and frame: no picture is written.
    """
    recording_id = tracks.meta["recording_id"]
    size = {name: int(tracks.meta[f"{name}_px"]) for name in ("width", "height") if tracks.meta.get(f"{name}_px")}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    xy_px = np.stack([_short(tracks.x_px), _short(tracks.y_px)], axis=2)
    for row, frame in enumerate(tracks.frame.tolist()):
        name = f"{recording_id}/{frame:06d}.png"
        images.append({"id": frame, "file_name": name, "time_s": float(tracks.time_s[row]), **size})
        made = annotation(frame, xy_px[row])
        if made["num_keypoints"]:
            scores = _short(tracks.confidence[row]).tolist()
            annotations.append(made | {"keypoint_scores": [None if math.isnan(score) else score for score in scores]})
    facts = facts_of(tracks, "px") | {"missing": "a joint that was not found is 0, 0, 0, as in COCO"}
    content = {
        "info": {"description": facts["notice"], "asyconv": facts},
        "images": images,
        "annotations": annotations,
        "categories": [CATEGORY],
    }
    write_whole(path, json.dumps(content, allow_nan=False, separators=(",", ":")) + "\n")
    return []


def _short(values: npt.NDArray[np.float32]) -> Floats:
    """Numbers of single precision as those of double precision with the fewest digits that give them back."""
    return values.astype(str).astype(np.float64)


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
    for number, one in enumerate(annotations, 1):
        where = f"{path}, annotation {number}"
        if one.get("category_id") != categories[0].get("id"):
            continue
        if one.get("image_id") not in found:
            raise InputError(f"{where}: expected an image that the file lists, found {one.get('image_id')!r}")
        points = numbers(one.get("keypoints"), 3 * len(names), where).reshape(-1, 3)
        missing, scores = points[:, 2] == 0, one.get("keypoint_scores")
        points[:, 2] = 1.0 if scores is None else numbers(scores, len(names), where)
        points[missing, :2] = np.nan
        points[missing, 2] = points[missing, 2] if scores is not None else 0.0
        track = one.get("track_id")
        found[one["image_id"]].append((None if track is None else str(track), points))
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
