"""Open a depth recording; `asyconv.recordings` does the work."""

from asyconv.recordings.opening import open_recording
from asyconv.recordings.stream import Frame, Intrinsics, Recording

__all__ = ["Frame", "Intrinsics", "Recording", "open_recording"]
