"""How many frames a second are read, by format: one simulated recording is written in each, and read."""

import platform
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from asyconv.kernels.timing import commit
from asyconv.recordings.converting import convert
from asyconv.recordings.opening import open_recording
from asyconv.recordings.stored import needed
from asyconv.recordings.stream import Frame
from asyconv.simulation.simulate import simulate
from asyconv.system import cores, processor

SEED: Final = 12
READ_TIMES: Final = 5

_IMAGE: Final = "sensor_msgs/msg/Image"


def reading_rows(folder: Path, seconds: float) -> Iterator[dict[str, object]]:
    """Frames per second (median of five) of each format, all files being in the computer's memory.

    Frames are decoded on a thread of their own, FFV1 on two more. The time begins when the file is open.
    """
    (source,) = simulate(folder, 1, seconds, SEED)
    with open_recording(source) as recording:
        frames = list(recording.frames())
        for name in ("copy.mkv", "pictures"):
            convert(recording, folder / name, lambda done, total: None)
    _write_hdf5(folder / "copy.h5", frames, pieces=None)
    _write_hdf5(folder / "by_frame.h5", frames, pieces=(1, *frames[0].depth.shape))
    _write_bag(folder / "copy.bag", frames)
    for what, name in {
        "OpenNI .oni, 16zT": source.name,
        "folder of 16-bit PNG": "pictures",
        "FFV1 in Matroska": "copy.mkv",
        "HDF5, lzf, in the pieces that h5py chooses": "copy.h5",
        "HDF5, lzf, a frame in each piece": "by_frame.h5",
        "ROS 1 bag, 16UC1": "copy.bag",
    }.items():
        path = folder / name
        _read(path, frames)  # so that the files are in memory, and what is compiled is compiled
        times_s = sorted(_read(path, frames) for _ in range(READ_TIMES))
        files = [path] if path.is_file() else list(path.iterdir())
        yield {
            "format": what,
            "frames": len(frames),
            "width_px": frames[0].depth.shape[1],
            "height_px": frames[0].depth.shape[0],
            "kib_per_frame": round(sum(file.stat().st_size for file in files) / 1024 / len(frames)),
            "frames_per_s": round(len(frames) / times_s[READ_TIMES // 2]),
            "cpu": processor() or platform.machine(),
            "cores": cores(),
            "python": platform.python_version(),
            "commit": commit(),
        }


def _read(path: Path, expected: list[Frame]) -> float:
    """Seconds that all frames take; they must be those that were written."""
    with open_recording(path) as recording:
        recording.clock()
        begun_s = time.perf_counter()
        (last,) = deque(recording.frames(), maxlen=1)
        spent_s = time.perf_counter() - begun_s
    assert np.array_equal(last.depth, expected[-1].depth)
    return spent_s


def _write_hdf5(path: Path, frames: list[Frame], pieces: tuple[int, ...] | None) -> None:
    height_px, width_px = frames[0].depth.shape
    with needed("h5py", path.name).File(path, "w") as file:
        depth = np.stack([frame.depth for frame in frames])
        file.create_dataset("depth", data=depth, chunks=pieces, compression="lzf")
        file["ts"] = [1000 * frame.time_s for frame in frames]
        file.attrs.update({"depth_scale": 0.001, "width": width_px, "height": height_px})


def _write_bag(path: Path, frames: list[Frame]) -> None:
    types = needed("rosbags.typesys", path.name)
    store = types.get_typestore(types.Stores.ROS1_NOETIC)
    with needed("rosbags.rosbag1", path.name).Writer(path) as bag:
        topic = bag.add_connection("/depth/image_raw", _IMAGE, typestore=store)
        for frame in frames:
            height_px, width_px = frame.depth.shape
            time_ns = 10**18 + round(frame.time_s * 1e9)
            stamp = store.types["builtin_interfaces/msg/Time"](sec=time_ns // 10**9, nanosec=time_ns % 10**9)
            header = store.types["std_msgs/msg/Header"](seq=frame.number, stamp=stamp, frame_id="depth")
            picture = store.types[_IMAGE](
                header=header, height=height_px, width=width_px, encoding="16UC1", is_bigendian=0, step=2 * width_px,
                data=frame.depth.view(np.uint8).reshape(-1),
            )  # fmt: skip
            bag.write(topic, time_ns, store.serialize_ros1(picture, _IMAGE))
