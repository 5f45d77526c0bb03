"""Key points of AlphaPose: one JSON list with an entry for each person in each frame."""

from pathlib import Path

import numpy as np

from asyconv.errors import InputError
from asyconv.exchange.frame_numbers import last_number
from asyconv.exchange.joint_names import COCO_17, HALPE_26, by_count
from asyconv.exchange.json_files import entries, numbers, read_any
from asyconv.exchange.people import poses_of
from asyconv.exchange.poses import Floats, Poses


def read(path: Path) -> Poses:
    """Read ``alphapose-results.json``; people have names where the tracker gave them an ``idx``.

    A frame in which nobody was found has no entry: it is a lost frame.
    """
    found: dict[int, list[tuple[str | None, Floats]]] = {}
    names: tuple[str, ...] = COCO_17
    for number, person in enumerate(entries(path, {"people": read_any(path)}, "people"), 1):
        where = f"{path}, entry {number}"
        frame = last_number(str(person.get("image_id", "")), where)
        if frame is None:
            raise InputError(f"{where}: expected an image_id with the number of the frame")
        values = numbers(person.get("keypoints"), None, where)
        names = by_count(len(values) // 3, (COCO_17, HALPE_26), path)
        points = values[: 3 * len(names)].reshape(-1, 3)
        points[points[:, 2] <= 0, :2] = np.nan
        idx = person.get("idx")
        name = str(idx) if isinstance(idx, int | float) else None
        found.setdefault(frame, []).append((name, points))
    if not found:
        raise InputError(f"{path}: expected a person in some frame, found none")
    if len({len(points) for people in found.values() for _, points in people}) > 1:
        raise InputError(f"{path}: expected the same key points in every entry, found 17 and 26")
    return poses_of(found, names)
