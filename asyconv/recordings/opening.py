"""Open a recording of any format.

Formats: OpenNI ``.oni`` (oni.py), a folder of 16-bit gray PNG pictures (png_folder.py), and lossless 16-bit
video, FFV1 or Azure Kinect (video.py). A format is recognised by content, never by the name of the file.
"""

from pathlib import Path

from asyconv.errors import InputError
from asyconv.recordings.formats import describe, file_format
from asyconv.recordings.stream import Recording


def open_recording(
    path: Path | str,
    *,
    depth_unit_mm: float | None = None,
    fps_hz: float | None = None,
    stream: str | None = None,
) -> Recording:
    """Open a recording; only its headers are read.

    Parameters
    ----------
    path : an .oni file, a lossless 16-bit video, or a folder of 16-bit gray PNG pictures.
    depth_unit_mm : millimetres per count; overrides what the file says.
    fps_hz : frames per second, where the recording holds no times; one that contradicts its times is refused.
    stream : of a video, the title or the number of the stream with depth.

    Raises
    ------
    InputError : nothing there, an unknown format, no depth in it, no clock, or damaged before the first frame.
    """
    path = Path(path)
    for name, value in (("depth_unit_mm", depth_unit_mm), ("fps_hz", fps_hz)):
        if value is not None and not 0 < value < float("inf"):
            raise InputError(f"{name}: expected a number above 0, got {value}")
    if not path.exists():
        raise InputError(f"{path.name}: expected a recording, found nothing at this place")
    if path.is_dir():
        from asyconv.recordings.png_folder import open_png_folder

        return open_png_folder(path, depth_unit_mm=depth_unit_mm, fps_hz=fps_hz)
    match file_format(path):
        case "oni":
            from asyconv.recordings.oni import open_oni

            return open_oni(path, depth_unit_mm=depth_unit_mm, fps_hz=fps_hz)
        case "video":
            from asyconv.recordings.video import open_video

            return open_video(path, depth_unit_mm=depth_unit_mm, fps_hz=fps_hz, stream=stream)
    expected = "an .oni file, a 16-bit video or a folder of 16-bit gray PNG pictures"
    raise InputError(f"{path.name}: expected {expected}, found {describe(path)}")
