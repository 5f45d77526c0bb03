"""Open a depth recording; `asyconv.recordings` does the work."""

from asyconv.recordings.recording import Frame, Intrinsics, Recording, open_recording

__all__ = ["Frame", "Intrinsics", "Recording", "open_recording"]
