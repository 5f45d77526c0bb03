"""Read depth from bags of ROS 1 (.bag, also those of RealSense and Orbbec) and ROS 2 (.db3 and .mcap).

The topic with depth is chosen by its name and the encoding of its pictures, or by the user. Times are those in the
pictures' own headers. The package rosbags reads the files and is imported when it is needed.
"""

import contextlib
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from asyconv.errors import InputError
from asyconv.recordings import ros_messages as messages
from asyconv.recordings.clock import UNITS
from asyconv.recordings.not_depth import kind_of
from asyconv.recordings.stored import Depth, Stored, needed
from asyconv.recordings.stream import Intrinsics, check_sides

_IMAGES: Final = {"sensor_msgs/msg/Image": messages.image, "sensor_msgs/msg/CompressedImage": messages.coded_image}
_CAMERA: Final = "sensor_msgs/msg/CameraInfo"
_DEPTH: Final = re.compile(r"depth|frametype_3(?![0-9])")  # the name of depth in bags of Orbbec


@dataclass(frozen=True)
class _Topic:
    """Where the depth of a bag lies."""

    path: Path
    form: str
    name: str
    kind: str

    def pictures(self) -> Iterator[messages.Image]:
        """Read all pictures in the order of the bag, without those that are stored twice."""
        last_ns = -1
        with _opened(self.path, self.form) as bag:
            for place, (_, data) in enumerate(_of(bag, self.path, self.name), start=1):
                picture = _read(self, data, place)
                if picture.stamp_ns != last_ns or not last_ns:
                    yield picture
                last_ns = picture.stamp_ns


def read_bag(path: Path, form: str, stream: str | None = None) -> Stored:
    """Read the first picture of each topic, and what the bag says of the camera."""
    warnings: list[str] = []
    with _opened(path, form) as bag:
        topic, first = _depth_topic(bag, path, form, stream)
        count = sum(one.msgcount for one in bag.connections if one.topic == topic.name)
        intrinsics = _intrinsics(bag, topic, path, first)
        unit_mm = messages.own_unit_mm(first) or _option_unit_mm(bag, path)
        others = sorted({one.topic for one in bag.connections if one.msgtype in _IMAGES} - {topic.name})
        begin_ns, length_s = int(bag.start_time), (bag.end_time - bag.start_time) / 1e9
    check_sides(path.name, first.width_px, first.height_px)

    @functools.cache
    def stamps() -> Any:
        stamps_ns = np.array([picture.stamp_ns for picture in topic.pictures()], np.int64)
        if not stamps_ns.any():
            with _opened(path, form) as bag:
                stamps_ns = np.array([recorded_ns for recorded_ns, _ in _of(bag, path, topic.name)], np.int64)
            warnings.append("the pictures hold no times: those at which they were recorded were used")
        if len(stamps_ns) < count:
            warnings.append(f"{count - len(stamps_ns)} of {count} frames are stored twice; the first of each was used")
        return stamps_ns

    def span() -> tuple[float, float]:
        return begin_ns / 1e9, begin_ns / 1e9 + length_s

    return Stored(
        path=path,
        format=form,
        width_px=first.width_px,
        height_px=first.height_px,
        count=count,
        pictures=lambda: _pixels(topic),
        stamps=stamps,
        ticks_per_s=UNITS["nanoseconds"],
        span=span,
        length_s=length_s,
        unit_mm=unit_mm,
        unit_is_sure=first.encoding == messages.METRES,
        intrinsics=intrinsics,
        camera=topic.name,
        warnings=warnings,
        beside=[f"topic {name}" for name in others],
    )


def _pixels(topic: _Topic) -> Iterator[Depth]:
    for place, picture in enumerate(topic.pictures(), start=1):
        try:
            yield messages.pixels(picture)
        except ValueError as error:
            raise InputError(f"{topic.path.name}, frame {place}: expected a depth picture, found {error}") from error


def _depth_topic(bag: Any, path: Path, form: str, stream: str | None) -> tuple[_Topic, messages.Image]:
    """Topic with depth and its first picture; refuses none and several."""
    found: dict[_Topic, messages.Image] = {}
    others = []
    for name, kind in sorted({(one.topic, one.msgtype) for one in bag.connections if one.msgtype in _IMAGES}):
        topic = _Topic(path, form, name, kind)
        data = next(_of(bag, path, name), None)
        if data is None or stream not in (None, name):
            continue
        try:
            picture = _IMAGES[kind](data[1], is_ros2=form != "bag")
        except ValueError as error:
            others.append(f"{name} ({error})")
            continue
        if messages.is_depth(picture.encoding):
            found[topic] = picture
        else:
            others.append(f"{name} ({picture.encoding})")
    named = [topic for topic in found if _DEPTH.search(topic.name.lower())]
    plain = [topic for topic in named or found if kind_of(topic.name) is None]
    chosen = plain or named
    raw = [topic for topic in chosen if topic.kind == "sensor_msgs/msg/Image"]
    chosen = raw or chosen
    if len(chosen) > 1:
        which = " and ".join(topic.name for topic in chosen)
        raise InputError(f"{path.name}: expected one topic with depth, found {which}; choose one with --stream")
    if not chosen:
        found_instead = ", ".join([*others, *(topic.name for topic in found)][:5]) or "no pictures"
        raise InputError(f"{path.name}: expected a topic with 16-bit or 32FC1 depth pictures, found {found_instead}")
    return chosen[0], found[chosen[0]]


def _intrinsics(bag: Any, topic: _Topic, path: Path, first: messages.Image) -> Intrinsics | None:
    """Intrinsics by the CameraInfo whose topic has the longest beginning in common with that of the pictures."""
    names = {one.topic for one in bag.connections if one.msgtype == _CAMERA}
    folder = topic.name.lower()

    def common(name: str) -> int:
        return next((n for n, (a, b) in enumerate(zip(name.lower(), folder, strict=False)) if a != b), len(name))

    for name in sorted(names, key=common, reverse=True):
        beginning = name[: common(name)].rpartition("/")[0]
        if not beginning or (_DEPTH.search(folder) and not _DEPTH.search(beginning.lower()) and len(names) > 1):
            return None  # that of another camera
        data = next(_of(bag, path, name), None)
        if data is None:
            continue
        with contextlib.suppress(ValueError):
            height_px, width_px, k = messages.camera_matrix(data[1], is_ros2=topic.form != "bag")
            fits = (height_px, width_px) == (first.height_px, first.width_px)
            if fits and np.isfinite(k).all() and k[0] > 0 and k[4] > 0:
                return Intrinsics(k[0], k[4], k[2], k[5], source="file")
    return None


def _option_unit_mm(bag: Any, path: Path) -> float | None:
    """Unit of depth among the options that a RealSense stores, each a topic of its own."""
    for name in sorted(one.topic for one in bag.connections if one.topic.endswith("/option/Depth_Units/value")):
        for _, data in _of(bag, path, name):
            return messages.unit_mm(data)
    return None


def _read(topic: _Topic, data: bytes, place: int) -> messages.Image:
    try:
        return _IMAGES[topic.kind](data, is_ros2=topic.form != "bag")
    except ValueError as error:
        raise InputError(f"{topic.path.name}, frame {place}: expected a depth picture, found {error}") from error


def _of(bag: Any, path: Path, name: str) -> Iterator[tuple[int, bytes]]:
    """Messages of a topic, each with the time at which it was recorded."""
    place = 0
    try:
        for _, recorded_ns, data in bag.messages([one for one in bag.connections if one.topic == name]):
            place += 1
            yield recorded_ns, bytes(data)
    except Exception as error:  # rosbags, SQLite and the compressions raise many kinds
        raise InputError(f"{path.name}, frame {place + 1}: expected a whole bag, found a damaged one") from error


@contextlib.contextmanager
def _opened(path: Path, form: str) -> Iterator[Any]:
    reader = needed("rosbags.rosbag1" if form == "bag" else "rosbags.rosbag2", path.name).Reader
    if form != "bag" and path.suffix != f".{form}":
        raise InputError(f"{path.name}: expected the ending .{form} of a bag of ROS 2, found {path.suffix or 'none'}")
    if form == "db3" and not _pages_are_there(path):
        raise InputError(f"{path.name}: expected a whole bag, found one that is cut off")
    try:
        bag = reader(path)
        bag.open()
    except Exception as error:  # as above
        mend = "; `rosbag reindex` mends one that was not closed" if form == "bag" else ""
        raise InputError(f"{path.name}: expected a whole bag, found one that is cut off or damaged{mend}") from error
    try:
        yield bag
    finally:
        with contextlib.suppress(Exception):
            bag.close()


def _pages_are_there(path: Path) -> bool:
    """Whether an SQLite database is as long as its header says."""
    with path.open("rb") as file:
        head = file.read(32)
    page_bytes = int.from_bytes(head[16:18], "big")
    return path.stat().st_size >= (65_536 if page_bytes == 1 else page_bytes) * int.from_bytes(head[28:32], "big")
