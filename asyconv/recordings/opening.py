"""Open a recording of any format.

Formats: OpenNI ``.oni`` (oni.py), a folder of 16-bit gray PNG pictures (png_folder.py), lossless 16-bit video, FFV1 or
Azure Kinect (video.py), and those whose frames a library reads (readers.py). A format is recognised by content, never
by the name of the file.
"""

from pathlib import Path

from asyconv.errors import InputError
from asyconv.recordings.finding import search
from asyconv.recordings.formats import container, describe
from asyconv.recordings.joining import joined, parts_of, read_parts
from asyconv.recordings.png_files import holds_depth_pictures
from asyconv.recordings.readers import STORED, read_stored
from asyconv.recordings.stored import recording_of
from asyconv.recordings.stream import Recording


def open_recording(
    path: Path | str,
    *,
    depth_unit_mm: float | None = None,
    fps_hz: float | None = None,
    stream: str | None = None,
    join: bool = False,
    lossy_mm: tuple[float, float] | None = None,
) -> Recording:
    """Open a recording; only its headers are read.

    Parameters
    ----------
    path : a file of any of the formats, a folder of 16-bit gray PNG pictures, a folder below which there is one
        recording, or the name of a joined recording (joining.py).
    depth_unit_mm : millimetres per count; overrides what the file says.
    fps_hz : frames per second, where the recording holds no times; one that contradicts its times is refused.
    stream : where a file holds several: of a video the title or the number of the stream with depth, of a bag the
        topic, of an .npz file the array.
    lossy_mm : take a video of 8 bits whose darkest and brightest level stand for these depths (lossy_video.py).
    join : the files below a folder are one recording, even where they do not follow each other at once.

    Raises
    ------
    InputError : nothing there, an unknown format, no depth in it, no clock, or damaged before the first frame.
    """
    path = Path(path)
    for name, value in (("depth_unit_mm", depth_unit_mm), ("fps_hz", fps_hz)):
        if value is not None and not 0 < value < float("inf"):
            raise InputError(f"{name}: expected a number above 0, got {value}")
    parts = parts_of(path)
    if len(parts) > 1:
        return recording_of(path, read_parts(parts, stream), depth_unit_mm=depth_unit_mm, fps_hz=fps_hz)
    if not path.exists():
        raise InputError(f"{path.name}: expected a recording, found nothing at this place")
    if path.is_dir():
        found = None if holds_depth_pictures(path) else search(path)
        below = [] if found is None else joined(found.recordings, force=join)
        if found is not None and len(below) == 1:
            recording = open_recording(
                below[0], depth_unit_mm=depth_unit_mm, fps_hz=fps_hz, stream=stream, lossy_mm=lossy_mm
            )
            recording.beside += [f"{count} videos: {kind}" for kind, count in sorted(found.aside.items())]
            return recording
        if below:
            raise InputError(f"{path.name}: expected one recording below this folder, found {len(below)}; name one")
        from asyconv.recordings.png_folder import open_png_folder

        return open_png_folder(path, depth_unit_mm=depth_unit_mm, fps_hz=fps_hz)
    match container(path):
        case "oni":
            from asyconv.recordings.oni import open_oni

            return open_oni(path, depth_unit_mm=depth_unit_mm, fps_hz=fps_hz)
        case "video":
            from asyconv.recordings.video import open_video

            return open_video(path, depth_unit_mm=depth_unit_mm, fps_hz=fps_hz, stream=stream, lossy_mm=lossy_mm)
        case str(name) if name in STORED:
            return recording_of(path, [read_stored(path, name, stream)], depth_unit_mm=depth_unit_mm, fps_hz=fps_hz)
    expected = "an .oni file, a 16-bit video, a folder of 16-bit gray PNG pictures or another recording of depth"
    raise InputError(f"{path.name}: expected {expected}, found {describe(path)}")
