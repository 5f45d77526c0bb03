"""A recording made longer by repeating its frames, to measure time and memory; as movement it means nothing."""

from pathlib import Path

from asyconv.recordings.oni_writer import OniWriter
from asyconv.recordings.opening import open_recording
from asyconv.simulation.infant import FPS_HZ, HFOV_RAD, VFOV_RAD


def write_repeated(source: Path, path: Path, frames: int, first: int = 0) -> None:
    """Write so many frames of a simulated recording, over and over from its frame `first` on."""
    with open_recording(source) as recording:
        depths = [frame.depth for frame in recording.frames()]
    height_px, width_px = depths[0].shape
    with OniWriter(path, width_px, height_px, FPS_HZ, hfov_rad=HFOV_RAD, vfov_rad=VFOV_RAD, simulated=True) as writer:
        for number in range(frames):
            writer.write(depths[(first + number) % len(depths)], round(number * 1e6 / FPS_HZ))
