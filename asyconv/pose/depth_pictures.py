"""Depth pictures of the frames of tracks, in colours that an eye can read."""

import contextlib
from collections.abc import Collection, Iterator

import cv2
import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.recordings.stream import Frame, Recording
from asyconv.tracks import Tracks

Picture = npt.NDArray[np.uint8]
Depth = npt.NDArray[np.uint16]


def frames_of(tracks: Tracks, depth: Recording, input_sha256: str | None = None) -> Iterator[Frame]:
    """The frames of `tracks` in order, read from `depth`, the recording that the tracks were made from.

    Another recording is refused, by its size, frames and times and, after the last frame and where `input_sha256` is
    known, by its bytes.
    """
    expected = (int(tracks.meta["width_px"]), int(tracks.meta["height_px"]))
    name, size = depth.path.name, (depth.width_px, depth.height_px)
    if size != expected:
        raise InputError(f"{name}: expected the recording of these tracks, {expected} pixels, found {size}")
    wanted = iter(zip(tracks.frame.tolist(), tracks.time_s.tolist(), strict=True))
    number, time_s = next(wanted, (0, 0.0))
    with contextlib.closing(depth.frames()) as frames:  # type: ignore[type-var]
        for frame in frames:
            if frame.number != number:
                continue
            if abs(frame.time_s - time_s) > 1e-3:
                raise InputError(
                    f"{name}, frame {number}: expected the recording of these tracks, at {time_s:.3f} s, "
                    f"found {frame.time_s:.3f} s"
                )
            yield frame
            number, time_s = next(wanted, (0, 0.0))
    if number:
        raise InputError(f"{name}: expected the recording of these tracks, with frame {number}, found no such frame")
    if input_sha256 not in (None, depth.sha256):
        raise InputError(f"{name}: expected the recording of these tracks, found another (its SHA-256)")


def range_of(depth: Depth) -> tuple[float, float]:
    """Depths between which nearly all of a picture lies, in counts."""
    depths = depth[depth > 0]
    low, high = np.percentile(depths, [1, 99]) if len(depths) else (0.0, 1.0)
    return float(low), max(float(high), float(low) + 1)


def false_colours(frame: Frame, low: float, high: float) -> Picture:
    """Colour a frame (BGR): near is bright; no depth is black."""
    coloured = cv2.applyColorMap(grey(frame.depth, low, high), cv2.COLORMAP_CIVIDIS)
    coloured[frame.depth == 0] = 0
    return np.asarray(coloured, np.uint8)


def jpegs(frames: Iterator[Frame], rows: Collection[int]) -> dict[int, bytes]:
    """Pictures (JPEG) of those `frames` whose places are `rows`: grey, so that coloured marks stand out on them.

    The first frame fixes the scale. All frames are read.
    """
    pictures = {}
    scale: tuple[float, float] | None = None
    for row, frame in enumerate(frames):
        scale = scale or range_of(frame.depth)
        if row in rows:
            picture = grey(frame.depth, *scale)
            pictures[row] = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
    return pictures


def grey(depth: Depth, low: float, high: float) -> Picture:
    """A picture in grey: near is bright; no depth is black."""
    share = np.clip((high - depth.astype(np.float32)) / (high - low), 0, 1)
    return np.where(depth > 0, (share * 190 + 20).astype(np.uint8), np.uint8(0))
