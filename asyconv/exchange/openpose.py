"""Key points of OpenPose: a JSON file for each frame, in one folder."""

from pathlib import Path

from asyconv.errors import InputError
from asyconv.exchange.frame_numbers import last_number
from asyconv.exchange.joint_names import OPENPOSE_18, OPENPOSE_25
from asyconv.exchange.json_files import entries, key_points, read_object
from asyconv.exchange.people import poses_of
from asyconv.exchange.poses import Floats, Poses


def files_of(path: Path) -> list[Path]:
    """The files of a folder, one for each frame."""
    return sorted(file for file in path.glob("*.json") if file.is_file()) if path.is_dir() else []


def read(path: Path) -> Poses:
    """Read a folder of ``..._keypoints.json``; a point whose confidence is 0 is missing. People have no names."""
    files = files_of(path)
    if not files:
        raise InputError(f"{path}: expected a folder with a JSON file of OpenPose for each frame, found none")
    found: dict[int, list[tuple[str | None, Floats]]] = {}
    lists: tuple[tuple[str, ...], ...] = (OPENPOSE_25, OPENPOSE_18)
    for place, file in enumerate(files):
        stated = last_number(file.stem, str(file))
        number = place if stated is None else stated
        if number in found:
            raise InputError(f"{file}: expected a number of its own for each frame, found {number} again")
        found[number] = []
        for person in entries(file, read_object(file), "people"):
            if person.get("pose_keypoints_2d") != []:
                names, points = key_points(person.get("pose_keypoints_2d"), lists, str(file))
                lists = (names,)  # the same in every frame
                found[number].append((None, points))
    return poses_of(found, lists[0])
