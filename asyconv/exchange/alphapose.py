"""Key points of AlphaPose: one JSON list with an entry for each person in each frame."""

from pathlib import Path

from asyconv.errors import InputError
from asyconv.exchange.frame_numbers import last_number
from asyconv.exchange.joint_names import COCO_17, HALPE_26
from asyconv.exchange.json_files import entries, key_points, read_any
from asyconv.exchange.people import poses_of
from asyconv.exchange.poses import Floats, Poses


def read(path: Path) -> Poses:
    """Read ``alphapose-results.json``; people have names where the tracker gave them an ``idx``.

    A frame in which nobody was found has no entry: it is a lost frame.
    """
    found: dict[int, list[tuple[str | None, Floats]]] = {}
    lists: tuple[tuple[str, ...], ...] = (COCO_17, HALPE_26)
    for number, person in enumerate(entries(path, {"people": read_any(path)}, "people"), 1):
        where = f"{path}, entry {number}"
        frame = last_number(str(person.get("image_id", "")), where)
        if frame is None:
            raise InputError(f"{where}: expected an image_id with the number of the frame")
        names, points = key_points(person.get("keypoints"), lists, where)
        lists = (names,)  # the same in every entry
        idx = person.get("idx")
        name = str(idx) if isinstance(idx, int | float) else None
        found.setdefault(frame, []).append((name, points))
    if not found:
        raise InputError(f"{path}: expected a person in some frame, found none")
    return poses_of(found, lists[0])
