"""Read recordings with chance damage in a process of its own: ``python -m tests.helpers.mutations``.

Arguments: FORMAT FIRST COUNT FOLDER.

Prints the seed of each before it is read, so that a crash or hang names it; last the outcomes and the peak of memory.
"""

import random
import signal
import sys
import warnings
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np

from asyconv.errors import InputError
from asyconv.recordings.oni_writer import OniWriter
from asyconv.recordings.opening import open_recording
from asyconv.recordings.png_folder import write_png_folder
from asyconv.recordings.video import write_ffv1
from tests.helpers.ros_bags import BEGIN_NS, ROS1, ROS2, STEP_NS, image, write_bag
from tests.helpers.ward import write_h5

N_FRAMES = 12
WITHIN_S = 20


def undamaged(kind: str, place: Path) -> Path:
    """Write a small recording with a slope, noise and holes."""
    rng = np.random.default_rng(0)
    slope = 500 + np.add.outer(np.arange(48), np.arange(64))
    depth = (slope + rng.integers(0, 9, (N_FRAMES, 48, 64))).astype(np.uint16)
    depth[:, 10:14, 20:30] = 0
    if kind == "oni":
        with OniWriter(place / "whole.oni", 64, 48, 30.0, hfov_rad=1.0, vfov_rad=0.8) as writer:
            for n, frame in enumerate(depth):
                writer.write(frame, round(n * 1e6 / 30))
        return place / "whole.oni"
    if kind == "png":
        write_png_folder(place / "whole", depth)
        lines = (f"{n},{round(n * 1e6 / 30)}\n" for n in range(1, N_FRAMES + 1))
        (place / "whole" / "timestamps.csv").write_text("frame,time_us\n" + "".join(lines))
        return place / "whole"
    times_ms = np.arange(N_FRAMES) * 1000 / 30
    if kind == "hdf5":
        return write_h5(place / "whole.h5", depth, times_ms)
    if kind == "npz":
        np.savez_compressed(place / "whole.npz", depth=depth, time_ms=times_ms)
        return place / "whole.npz"
    if kind in ("bag", "db3", "mcap"):
        store = ROS1 if kind == "bag" else ROS2
        stamps_ns = [BEGIN_NS + n * STEP_NS for n in range(N_FRAMES)]
        film = [(stamp, image(store, stamp, one, "16UC1")) for stamp, one in zip(stamps_ns, depth, strict=True)]
        return write_bag(place / f"whole.{kind}", {"/depth/image": film})
    write_ffv1(place / "whole.mkv", depth, fps_hz=30.0)
    return place / "whole.mkv"


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Flip, overwrite, cut out, double, insert or cut off a few stretches."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        if not out:
            break
        at = min(chance.randrange(len(out)), chance.choice((len(out), 64, 1024)))
        n = chance.choice((1, 1, 2, 4, 8, 100))
        match chance.randrange(7):
            case 0:
                out[at : at + 1] = bytes([out[min(at, len(out) - 1)] ^ (1 << chance.randrange(8))])
            case 1:
                out[at : at + n] = chance.randbytes(n)
            case 2:
                out[at : at + n] = chance.choice((b"\0", b"\xff", b"\x7f")) * n
            case 3:
                del out[at : at + n]
            case 4:
                out[at:at] = out[at : at + n]
            case 5:
                out[at:at] = chance.randbytes(n)
            case _:
                del out[chance.randrange(len(out)) :]
    return bytes(out)


def write_damaged(whole: Path, place: Path, chance: random.Random) -> Path:
    """Write a damaged copy; of a folder of pictures, with one of them or their times damaged."""
    if whole.is_file():
        path = place / f"damaged{whole.suffix}"
        path.write_bytes(damaged(whole.read_bytes(), chance))
        return path
    folder = place / "damaged"
    folder.mkdir(exist_ok=True)
    hurt = chance.choice(sorted(whole.iterdir()))
    for file in whole.iterdir():
        data = file.read_bytes()
        (folder / file.name).write_bytes(damaged(data, chance) if file == hurt else data)
    return folder


def outcome(path: Path) -> str:
    """Read everything: ``refused``, ``flagged`` or ``whole``; anything else is an exception."""
    try:
        with open_recording(path) as recording:
            times_s = [frame.time_s for frame in recording.frames()]
            if len(times_s) == N_FRAMES and not recording.warnings:
                return "whole"  # a changed depth that no format's check covers
            gap = any(later - time_s > 1.5 / recording.clock().rate_hz for time_s, later in pairwise(times_s))
            missing = N_FRAMES - len(times_s)
            assert missing <= 1 or gap or recording.warnings, f"{missing} of {N_FRAMES} frames missing and no word"
            return "flagged"
    except InputError as refused:
        sentence = str(refused)
    assert path.name in sentence, f"refused without its name: {sentence}"
    return "refused"


def main() -> None:
    """Read the damaged recordings of seeds FIRST to FIRST + COUNT - 1."""
    warnings.simplefilter("error")
    kind, first, count, place = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    whole = undamaged(kind, place)
    assert outcome(whole) == "whole"
    found: Counter[str] = Counter()
    for seed in range(first, first + count):
        print(seed, flush=True)
        signal.alarm(WITHIN_S)
        found[outcome(write_damaged(whole, place, random.Random(f"{kind} {seed}")))] += 1
        signal.alarm(0)
    print(*(f"{name}={n}" for name, n in sorted(found.items())), f"peak_kib={peak_kib()}")


def peak_kib() -> int:
    """Peak of this process's memory; its resource usage would begin with the peak of the process that started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


if __name__ == "__main__":
    main()
