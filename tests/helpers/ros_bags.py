"""Bags of ROS 1 and 2, written by the package rosbags from messages that it packs itself."""

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from rosbags.rosbag1 import Writer as Writer1
from rosbags.rosbag2 import StoragePlugin
from rosbags.rosbag2 import Writer as Writer2
from rosbags.typesys import Stores, get_typestore

ROS1, ROS2 = get_typestore(Stores.ROS1_NOETIC), get_typestore(Stores.ROS2_HUMBLE)
IMAGE, CODED, CAMERA = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage", "sensor_msgs/msg/CameraInfo"
TAIL = struct.pack("<f", 0.00025)
"""The unit of depth in metres that librealsense appends."""

STEP_NS = 33_333_333
BEGIN_NS = 1_700_000_000 * 10**9


def header(store: Any, stamp_ns: int) -> Any:
    stamp = store.types["builtin_interfaces/msg/Time"](sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9)
    more = {"seq": 7} if store is ROS1 else {}
    return store.types["std_msgs/msg/Header"](stamp=stamp, frame_id="depth_frame", **more)


def image(
    store: Any, stamp_ns: int, depth: npt.NDArray[Any], encoding: str, *, swapped: bool = False, pad: int = 0
) -> Any:
    """Make a picture; `swapped`: big-endian, said so; `pad`: bytes at the end of each row."""
    rows = depth.byteswap() if swapped else depth
    data = np.pad(rows.view(np.uint8).reshape(len(depth), -1), ((0, 0), (0, pad)), constant_values=170)
    return store.types[IMAGE](
        header=header(store, stamp_ns), height=depth.shape[0], width=depth.shape[1], encoding=encoding,
        is_bigendian=int(swapped), step=data.shape[1], data=data.reshape(-1),
    )  # fmt: skip


def coded(
    store: Any, stamp_ns: int, depth: npt.NDArray[np.uint16], encoding: str = "16UC1", a: float = 0, b: float = 0
) -> Any:
    """Make a picture of compressedDepth."""
    data = struct.pack("<iff", 0, a, b) + cv2.imencode(".png", depth)[1].tobytes()
    return store.types[CODED](
        header=header(store, stamp_ns), format=f"{encoding}; compressedDepth png", data=np.frombuffer(data, np.uint8)
    )


def camera(store: Any, shape: tuple[int, int], k: Iterable[float]) -> Any:
    upper = store is ROS2
    names = {name: name.lower() if upper else name for name in "DKRP"}
    roi = store.types["sensor_msgs/msg/RegionOfInterest"](x_offset=0, y_offset=0, height=0, width=0, do_rectify=False)
    return store.types[CAMERA](
        header=header(store, BEGIN_NS), height=shape[0], width=shape[1], distortion_model="plumb_bob",
        binning_x=0, binning_y=0, roi=roi,
        **{
            names["D"]: np.zeros(5), names["K"]: np.array(list(k), np.float64), names["R"]: np.eye(3).reshape(-1),
            names["P"]: np.zeros(12),
        },
    )  # fmt: skip


def write_bag(path: Path, topics: dict[str, list[tuple[int, Any]]], *, tail: bytes = b"", lz4: bool = False) -> Path:
    """Write messages (time of recording, message) by topic; the ending tells the format; `tail` goes after pictures."""
    store: Any = ROS1 if path.suffix == ".bag" else ROS2
    folder = path.with_suffix(".folder")
    if path.suffix == ".bag":
        writer: Any = Writer1(path)
        if lz4:
            writer.set_compression(Writer1.CompressionFormat.LZ4)
    else:
        plugin = StoragePlugin.MCAP if path.suffix == ".mcap" else StoragePlugin.SQLITE3
        writer = Writer2(folder, version=8, storage_plugin=plugin)
    with writer:
        queue = []
        for topic, items in topics.items():
            kind = items[0][1].__msgtype__
            connection = writer.add_connection(topic, kind, typestore=store)
            queue += [(stamp_ns, connection, kind, item) for stamp_ns, item in items]
        for stamp_ns, connection, kind, item in sorted(queue, key=lambda entry: entry[0]):
            data = bytes(store.serialize_ros1(item, kind) if store is ROS1 else store.serialize_cdr(item, kind))
            writer.write(connection, stamp_ns, data + (tail if kind == IMAGE else b""))
    if path.suffix != ".bag":
        next(folder.glob(f"*{path.suffix}")).rename(path)
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    return path
